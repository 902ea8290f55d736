# thimble: see README.md; `make help` lists the targets.
# Settings are in config/build.mk. Everything made goes to build/.
.DEFAULT_GOAL := all
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:
include config/build.mk
Q        := $(if $(V),,@)# V=1 shows the commands
say      = $(if $(V),,@printf '  %-3s %s\n' $(1) $(2))

# Rooms, highest level first, so that the archives link in this order (lib/LAYERS).
layers   := $(shell sed 's/\#.*//' lib/LAYERS | sort -k1,1nr -s | awk 'NF==2 {print $$1 ":" $$2}')
rooms    := $(foreach l,$(layers),$(if $(wildcard lib/$(lastword $(subst :, ,$(l)))/*.c),$(lastword $(subst :, ,$(l)))))
level    = $(firstword $(subst :, ,$(filter %:$(1),$(layers))))
# the room itself and the rooms of lower levels: what its tests are linked with
below    = $(1) $(foreach r,$(rooms),$(if $(filter-out $(1),$(r)),$(shell [ $(call level,$(r)) -lt $(call level,$(1)) ] && echo $(r))))

obj      = $(patsubst %.c,$(O)/%.o,$(1))
lib      = $(foreach r,$(1),$(O)/lib$(r).a)
sources  = $(sort $(wildcard lib/$(1)/*.c))
applets  := $(sort $(wildcard applets/*.c))
tests    = $(patsubst %.c,$(O)/%,$(sort $(wildcard tests/unit/$(1)/test_*.c)))
unit_tests := $(foreach r,$(rooms),$(call tests,$(r)))
fuzzers  := $(patsubst tests/fuzz/%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
deps_ok  := $(depsdir)/.stamp

.PHONY: all help deps check unit fuzz replay lint tidy size repro format install \
	run stop test bench bench-net clean unit-bins replay-bins binary

help: ## this list
	@sed -n 's/^\([a-z%-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | sort | \
		awk -F'\t' '{ printf "  %-14s %s\n", $$1, $$2 }'

all: build/thimble ## build/thimble: the static binary

build/thimble: $(if $(filter release,$(VARIANT)),$(O)/thimble)
	$(if $<,,$(MAKE) VARIANT=release build/release/thimble)
	$(STRIP) -o $@.tmp $(or $<,build/release/thimble) && mv $@.tmp $@

binary: $(O)/thimble # the unstripped binary of this variant

$(O)/thimble: $(call obj,$(applets)) $(call lib,$(rooms)) | $(deps_ok)
	$(call say,LD,$@)
	$(Q)$(CC) $(cflags) $(ldflags) -o $@ $^ $(ldlibs)

deps: ## build the dependencies into build/deps (Debian source packages; a musl system's own)
	scripts/deps

$(DEPS)/%/.stamp:
	scripts/deps $(LIBC) $(CROSS)

$(O)/tests/%.o: cflags += -Wno-frame-larger-than
$(addprefix $(O)/,$(hot)): cflags += -O2
$(addprefix $(O)/,$(home)): cflags += -fstack-protector

# --- objects, one archive a room -------------------------------------------
$(O)/%.o: %.c config/build.mk | $(deps_ok)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(cppflags) $(cflags) -MMD -MP -c -o $@ $<

define room_rules
$(O)/lib$(1).a: $(call obj,$(call sources,$(1)))
	@rm -f $$@
	$(Q)$(AR) rcsD $$@ $$^

$(call tests,$(1)): $(O)/%: $(O)/%.o $(O)/tests/unit/harness.o $(call lib,$(call below,$(1)))
	$(call say,LD,$$@)
	$(Q)$(CC) $(cflags) $(ldflags) -o $$@ $$^ $(ldlibs)

.PHONY: unit-$(1)
unit-$(1): $(call tests,$(1))
	@scripts/run-unit $(O) $$^
endef
$(foreach r,$(rooms),$(eval $(call room_rules,$(r))))

# --- tests -----------------------------------------------------------------
unit-bins: $(unit_tests)

check: unit replay ## unit tests and fuzz corpora, under ASan+UBSan and under musl

unit: ## unit tests, under ASan+UBSan and under musl (one room: make unit-ROOM [VARIANT=asan])
	@$(MAKE) --no-print-directory VARIANT=asan unit-bins
	@$(MAKE) --no-print-directory VARIANT=release unit-bins
	@scripts/run-unit build/asan $(patsubst $(O)/%,build/asan/%,$(unit_tests))
	@scripts/run-unit build/release $(patsubst $(O)/%,build/release/%,$(unit_tests))

$(O)/tests/fuzz/fuzz_%: $(O)/tests/fuzz/fuzz_%.o $(O)/tests/fuzz/replay.o $(call lib,$(rooms))
	$(call say,LD,$@)
	$(Q)$(CC) $(cflags) $(ldflags) -o $@ $^ $(ldlibs)

build/fuzz/fuzz_%: build/fuzz/tests/fuzz/fuzz_%.o $(call lib,$(rooms))
	$(call say,LD,$@)
	$(Q)$(CC) $(cflags) $(ldflags) -fsanitize=fuzzer -o $@ $^ $(ldlibs)

replay-bins: $(addprefix $(O)/tests/fuzz/,$(fuzzers))

replay: ## replay the fuzz corpora, each input against a guard page
	@$(MAKE) --no-print-directory VARIANT=asan replay-bins
	@$(MAKE) --no-print-directory VARIANT=release replay-bins
	@scripts/replay build/asan
	@scripts/replay build/release

fuzz: ## fuzz each target for FUZZ_SECONDS (10) with clang's libFuzzer
	@$(MAKE) --no-print-directory VARIANT=fuzz $(addprefix build/fuzz/,$(fuzzers))
	@scripts/fuzz build/fuzz $(or $(FUZZ_SECONDS),10)

test: ## everything: unit, replay, lint, system tests, cgroups in a machine; ends with "N passed, N failed, N skipped"
	@scripts/test

build/bench-client: tests/bench/client.c tests/bench/api.c tests/bench/client.h
build/netbench: tests/bench/netbench.c
build/apifuzz: tests/system/apifuzz.c
build/badregistry: tests/system/badregistry.c
build/lossy: tests/system/lossy.c
build/peertell: tests/system/peertell.c
build/bench-client build/netbench build/apifuzz build/badregistry build/lossy build/peertell: | $(deps_ok)
	$(call say,CC,$<)
	$(Q)$(CC) $(cflags) -D_GNU_SOURCE -isystem $(depsdir)/include -Wno-frame-larger-than $(ldflags) -o $@ $(filter %.c,$^)

build/netnsctl: tests/system/netnsctl.c $(call lib,$(call below,network)) | $(deps_ok)
	$(call say,CC,$<)
	$(Q)$(CC) $(cppflags) $(cflags) -Wno-frame-larger-than $(ldflags) -o $@ $^ $(ldlibs)

bench: ## figures beside the peers (PEERS=DIR), see tests/bench/README.md
	tests/bench/bench

bench-net: ## the network beside the peers (PEERS=DIR), see tests/bench/README.md
	tests/bench/net

# --- checks ----------------------------------------------------------------
lint: ## format, layers, headers, symbols, sizes, mirror, applets, contracts, analysis of changes
	@scripts/lint

tidy: ## clang-tidy over everything (slow)
	scripts/check-analysis --all

format: ## clang-format every source
	git ls-files '*.c' '*.h' | xargs clang-format -i

size: build/thimble ## bytes per room against config/size-budget
	scripts/size build/release

repro: ## build twice in different directories and compare
	scripts/repro

print-%:
	@echo $($*)

# --- use -------------------------------------------------------------------
PREFIX ?= /usr/local
install: build/thimble ## binary, applet links and pages into DESTDIR PREFIX
	install -D -m 755 build/thimble $(DESTDIR)$(PREFIX)/bin/thimble
	build/thimble --install -s $(DESTDIR)$(PREFIX)/bin
	install -d $(DESTDIR)$(PREFIX)/share/man/man8
	install -m 644 $(wildcard applets/*.8) $(DESTDIR)$(PREFIX)/share/man/man8

run: ## build, start the rootless engine, run the embedded image
	scripts/run

stop: ## stop what `make run` started
	scripts/run --stop

clean: ## remove what was built, keep build/deps and build/tools
	rm -rf build/release* build/asan build/tsan build/fuzz build/repro build/thimble

-include $(shell find $(O) -name '*.d' 2>/dev/null)
