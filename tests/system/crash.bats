# SPDX-License-Identifier: MIT
# dockerd killed with -9 while containers run: they keep running, the next dockerd (started by
# rootlesskit's child) controls them, logs are complete, exit codes of the meantime are known.
load lib
one_stack

counted() { real logs counter >"$BATS_TEST_TMPDIR/log" && [ "$(wc -l <"$BATS_TEST_TMPDIR/log")" -gt 10 ]; }

@test "containers and their logs outlive dockerd" {
	local old
	real run -d --name counter small sh -c 'i=0; while sleep 0.05; do i=$((i+1)); echo $i; done'
	real run -d --name short -v "$BATS_TEST_TMPDIR:/b" small sh -c 'until [ -e /b/end ]; do sleep 0.01; done; exit 23'
	init=$(real inspect -f '{{.State.Pid}}' counter)
	old=$(pid_of dockerd)
	kill -KILL "$old"
	kill -0 "$init"
	touch "$BATS_TEST_TMPDIR/end"
	within 20 curl -sf --unix-socket "$XDG_RUNTIME_DIR/docker.sock" http://localhost/_ping || { stack_logs; false; }
	[ "$(pid_of dockerd)" != "$old" ]
	[ "$(real inspect -f '{{.State.Pid}}' counter)" = "$init" ]
	[ "$(real inspect -f '{{.State.Running}}' counter)" = true ]
	[ "$(real wait short)" = 23 ]
	[ "$(real exec counter echo in)" = in ]
	# the log has every number once, in order
	within 10 counted
	awk '$1 != NR { exit 1 }' "$BATS_TEST_TMPDIR/log"
	real stop -t 1 counter
	[ "$(real inspect -f '{{.State.Running}}' counter)" = false ]
}

@test "killed again and again amid creations, starts, stops, removals and execs" {
	ROOTFS=$STAGE/fixtures/small.tar.gz timeout 1200 python3 "$BATS_TEST_DIRNAME/crashes.py" \
		"$XDG_RUNTIME_DIR" "$DATA" 4 || { stack_logs; false; }
}

@test "a shim killed ends its container, which can be started again" {
	real run -d --name orphan -p 127.0.0.1::80 small sleep 100
	init=$(real inspect -f '{{.State.Pid}}' orphan)
	kill -KILL "$(pgrep -u "$(id -u)" -f "^shim .*$(real inspect -f '{{.Id}}' orphan)")"
	within 5 test "$(real wait orphan)" = 137
	within 5 fails kill -0 "$init"
	[ "$(rootlessctl --socket "$XDG_RUNTIME_DIR/dockerd-rootless/api.sock" list-ports --json)" = "" ]
	real start orphan
	[ "$(real exec orphan echo in)" = in ]
	real rm -f orphan
}

hello() { timeout 5 cat <"/dev/tcp/127.0.0.1/$1" | grep -qx hello; }

@test "usernet and netns-helper killed are started again, and published ports with them" {
	local port
	real run -d --name served -p 127.0.0.1::80 small sh -c 'while :; do echo hello | nc -l -p 80; done'
	port=$(real port served 80)
	kill -KILL "$(pid_of usernet)"
	kill -KILL "$(pid_of netns-helper)"
	within 10 hello "${port#*:}"
	within 10 real run --rm small true
	real rm -f served
}
