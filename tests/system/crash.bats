# SPDX-License-Identifier: MIT
# dockerd killed with -9 while containers run: they keep running, the next dockerd (started by
# rootlesskit's child) controls them, logs are complete, exit codes of the meantime are known.
load lib

setup_file() {
	stack_start
	import_small
}

teardown_file() {
	stack_stop
}

@test "containers and their logs outlive dockerd" {
	local old
	real run -d --name counter small sh -c 'i=0; while sleep 0.05; do i=$((i+1)); echo $i; done'
	real run -d --name short small sh -c 'sleep 1; exit 23'
	init=$(real inspect -f '{{.State.Pid}}' counter)
	old=$(pid_of dockerd)
	kill -KILL "$old"
	kill -0 "$init"
	sleep 1.5
	within 20 curl -sf --unix-socket "$XDG_RUNTIME_DIR/docker.sock" http://localhost/_ping || { stack_logs; false; }
	[ "$(pid_of dockerd)" != "$old" ]
	[ "$(real inspect -f '{{.State.Pid}}' counter)" = "$init" ]
	[ "$(real inspect -f '{{.State.Running}}' counter)" = true ]
	[ "$(real inspect -f '{{.State.ExitCode}}' short)" = 23 ]
	[ "$(real exec counter echo in)" = in ]
	# the log has every number once, in order
	real logs counter >"$BATS_TEST_TMPDIR/log"
	awk '$1 != NR { exit 1 }' "$BATS_TEST_TMPDIR/log"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/log")" -gt 10 ]
	real stop -t 1 counter
	[ "$(real inspect -f '{{.State.Running}}' counter)" = false ]
}
