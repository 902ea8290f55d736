# Build settings: compilers, flags and variants. No rules here.
#
# VARIANT=release  static musl, optimised, stripped at the end (the product)
#         asan     host libc with AddressSanitizer and UBSan (make check, make unit)
#         tsan     host libc with ThreadSanitizer, for dockerd; a process that clones or joins
#                  namespaces cannot run with its thread: APPLETS=/another/thimble runs those
#         fuzz     clang, libFuzzer, ASan and UBSan
# CROSS=prefix-    cross compiler prefix, for instance CROSS=aarch64-linux-musl-

VERSION := 0.1.0
VARIANT ?= release
CROSS   ?=

host_cc   := $(CROSS)gcc
host_musl := $(shell $(host_cc) -dumpmachine 2>/dev/null | grep -c musl)
# musl-gcc is the wrapper for a glibc system; a musl system's own compiler needs none
musl_cc   := $(if $(filter 1,$(host_musl))$(CROSS),$(host_cc),musl-gcc)

warnings := -Wall -Wextra -Wshadow -Wformat=2 -Wvla -Wmissing-prototypes -Wstrict-prototypes -Werror
hardening := -fstack-protector-strong -fno-strict-aliasing -fno-strict-overflow
sections := -ffunction-sections -fdata-sections

ifeq ($(VARIANT),release)
CC      := $(musl_cc)
LIBC    := musl
CFLAGS  ?= -Oz -g
# bytes are moved, hashed and parsed in bulk here; the rest is small rather than fast
hot     := lib/archive/%.o $(patsubst %,lib/base/%.o,buf hash map memcpy stream) \
	   lib/container/log.o lib/engine/logs.o lib/http/body.o lib/json/write.o \
	   $(patsubst %.c,%.o,$(wildcard $(patsubst %,lib/usernet/%.c,anyip* dest ether flow frag hostfwd* \
	   icmp limit packet pipes ports* quota relay ring steer tap tcp* tun* udp* wheel)))
# these read what the user or the user's own programs say, not strangers: only their arrays are guarded
home    := applets/docker%.o lib/client/%.o lib/inspect/%.o lib/engine/%.o lib/api/%.o lib/rootless/%.o
# at a fixed address, as static binaries are: tables of pointers stay read-only and shared
fixed   := -fno-pie
tables  := -fno-asynchronous-unwind-tables -fno-unwind-tables
cflags  := $(CFLAGS) $(sections) $(tables) $(fixed) $(hardening) -Wframe-larger-than=4096
# one segment for code and constants: nothing is padded to a page between them
ldflags := -static -no-pie -Wl,--gc-sections -Wl,-z,relro,-z,now,-z,noseparate-code
else ifeq ($(VARIANT),asan)
CC      := $(host_cc)
LIBC    := glibc
cflags  := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
ldflags := -fsanitize=address,undefined
else ifeq ($(VARIANT),tsan)
CC      := $(host_cc)
LIBC    := glibc
# gcc's flow analysis loses track in instrumented code
cflags  := -O1 -g -fsanitize=thread -fno-omit-frame-pointer -Wno-maybe-uninitialized
ifdef APPLETS
cflags  += -DPROC_SELF_EXE='"$(APPLETS)"'
endif
ldflags := -fsanitize=thread
else ifeq ($(VARIANT),fuzz)
CC      := clang
LIBC    := glibc
cflags  := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined \
	   -fno-omit-frame-pointer
ldflags := -fsanitize=address,undefined
else
$(error VARIANT=$(VARIANT) is not one of release, asan, tsan, fuzz)
endif
ifeq ($(host_musl),1)
LIBC := musl
endif

AR      := $(CROSS)ar
STRIP   := $(CROSS)strip
NM      := $(CROSS)nm
DEPS    ?= build/deps
O       := build/$(VARIANT)$(if $(CROSS),-$(patsubst %-,%,$(CROSS)))
depsdir := $(DEPS)/$(LIBC)$(if $(CROSS),-$(patsubst %-,%,$(CROSS)))

cppflags := -D_GNU_SOURCE -Ilib -I. -isystem $(depsdir)/include \
	    -DTHIMBLE_VERSION='"$(VERSION)"' \
	    $(if $(wildcard lib/base/banned.h),-include lib/base/banned.h)
cflags   += -std=gnu11 $(warnings) -ffile-prefix-map=$(CURDIR)/= -pthread
ldlibs   := -L$(depsdir)/lib -lseccomp -lbearssl -lzstd -lz -pthread
