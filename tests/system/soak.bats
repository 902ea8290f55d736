# SPDX-License-Identifier: MIT
# Much of one kind, one after another and at once; afterwards the stack is as it was: memory,
# descriptors, threads, mounts, namespaces, interfaces, rules, cgroups, files, shims.
# THIMBLE_LONG=1 takes the large numbers, which take about ten minutes.
load lib
one_stack

soak() { # CASE SHORT LONG
	local n=$2
	[ -z "${THIMBLE_LONG:-}" ] || n=$3
	ulimit -n "$(ulimit -Hn)"
	timeout 850 python3 "$BATS_TEST_DIRNAME/soak.py" "$XDG_RUNTIME_DIR/docker.sock" \
		"$(cat "$BATS_FILE_TMPDIR/stack.pid")" "$1" "$n" >"$BATS_TEST_TMPDIR/out" 2>&1 ||
		{ cat "$BATS_TEST_TMPDIR/out"; stack_logs; false; }
	grep '^#' "$BATS_TEST_TMPDIR/out" >&3
}

@test "short-lived containers one after another" { soak short 150 10000; }
@test "containers at once" { soak crowd 40 200; }
@test "attached clients and followers of the log" { soak follow 100 500; }
@test "who attaches and follows while the container writes" { soak join 40 300; }
@test "quiet connections to the engine, more than it takes" { soak idle 300 1000; }
@test "listeners to events that do not read" { soak events 600 20000; }
