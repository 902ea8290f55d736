# SPDX-License-Identifier: MIT
# Bad input to the API: mutated requests of every route (COUNT of them under ASan) get an answer, a 4xx with a
# message where they are wrong, and the engine survives; under ASan and UBSan, whose
# reports (of leaks at the engine's end, too) would be in the stack's log.
load lib

teardown() {
	[[ $HOME == "$BATS_FILE_TMPDIR"* ]] || return 0 # no stack was started
	stack_stop
	rm -rf "$HOME" "$XDG_RUNTIME_DIR"
}

no_containers() { real ps -aq | xargs -r "$STAGE/tools/docker" rm -f >/dev/null && [ -z "$(real ps -aq)" ]; }

# fuzz COUNT SEED: the requests hit an image, a running container and an exec in it
fuzz() {
	local before
	import_small
	before=$(pid_of dockerd)
	run "$STAGE/tools/apifuzz" "$XDG_RUNTIME_DIR/docker.sock" "$1" "$2" small
	echo "$output"
	[ "$status" = 0 ] || { stack_logs; false; }
	[ "$(pid_of dockerd)" = "$before" ]
	within 20 no_containers # a request that nobody waited for may be under way yet
}

@test "2,000 mutated requests: every answer is right, the engine is the same process after" {
	stack_start
	fuzz 2000 "${SEED:-1}"
}

@test "3,000 mutated requests under ASan and UBSan: no report, no leak" {
	[ -x "$STAGE/asan/thimble" ] || skip "no build for ASan"
	export STACK_BIN=$STAGE/asan ASAN_OPTIONS=detect_leaks=1
	stack_start
	fuzz ${COUNT:-3000} "${SEED:-2}"
	stack_halt
	run grep -E 'ERROR: (Address|Leak)Sanitizer|runtime error:|ERROR: Failed to mmap' "$STACK_LOG"
	echo "$output"
	[ "$status" != 0 ]
}
