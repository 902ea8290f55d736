# SPDX-License-Identifier: MIT
# Bad input to the API: 10,000 mutated requests of every route get an answer, a 4xx with a
# message where they are wrong, and the engine survives; first as built for release, then
# under ASan and UBSan, whose reports would be in the stack's log.
load lib

teardown() {
	[[ $HOME == "$BATS_FILE_TMPDIR"* ]] || return 0 # no stack was started
	stack_stop
	rm -rf "$HOME" "$XDG_RUNTIME_DIR"
}

@test "10,000 mutated requests: every answer is right, the engine is the same process after" {
	stack_start
	local before
	before=$(pid_of dockerd)
	run "$STAGE/tools/apifuzz" "$XDG_RUNTIME_DIR/docker.sock" 10000 "${SEED:-1}"
	echo "$output"
	[ "$status" = 0 ] || { stack_logs; false; }
	[ "$(pid_of dockerd)" = "$before" ]
}

@test "under ASan and UBSan: no report, no leak" {
	[ -x "$STAGE/asan/thimble" ] || skip "no build for ASan"
	export STACK_BIN=$STAGE/asan ASAN_OPTIONS=detect_leaks=1
	stack_start
	run "$STAGE/tools/apifuzz" "$XDG_RUNTIME_DIR/docker.sock" 2000 "${SEED:-2}"
	echo "$output"
	[ "$status" = 0 ] || { stack_logs; false; }
	stack_halt
	run grep -E 'ERROR: (Address|Leak)Sanitizer|runtime error:' "$STACK_LOG"
	echo "$output"
	[ "$status" != 0 ]
}
