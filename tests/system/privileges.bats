# SPDX-License-Identifier: MIT
# No privilege on the host: no process of the stack has a capability in the host's user
# namespace or runs as another user, and newuidmap and newgidmap are the only setuid programs used.
load lib

setup_file() {
	stack_start
	import_small
	real run -d --name sleeper -p "$(free_port):80" small sleep 1000
}

teardown_file() {
	stack_stop
}

# The initial user namespace maps every id to itself.
in_host_userns() { [ "$(awk '{ print $1, $2, $3 }' "/proc/$1/uid_map")" = "0 0 4294967295" ]; }

@test "the stack's processes are there" {
	for applet in rootlesskit dockerd shim netns-helper; do
		[ -n "$(pid_of $applet)" ] || { echo "no $applet among:"; ps -fp "$(stack_pids | paste -sd,)"; return 1; }
	done
}

@test "no process of the stack runs as another user" {
	for p in $(stack_pids); do
		run awk '/^Uid:/ { print $2, $3, $4, $5 }' "/proc/$p/status"
		[ "$output" = "$(id -u) $(id -u) $(id -u) $(id -u)" ] || { tr '\0' ' ' <"/proc/$p/cmdline"; echo "$output"; return 1; }
	done
}

@test "no process in the host's user namespace has a capability" {
	for p in $(stack_pids); do
		in_host_userns "$p" || continue
		run awk '/^Cap(Inh|Prm|Eff|Amb):/ { print $2 }' "/proc/$p/status"
		[ "$(sort -u <<<"$output")" = 0000000000000000 ] || { tr '\0' ' ' <"/proc/$p/cmdline"; echo "$output"; return 1; }
	done
}

@test "dockerd, the shims and the containers are in a user namespace of the user's" {
	for p in $(pid_of dockerd) $(pid_of shim) $(real inspect -f '{{.State.Pid}}' sleeper); do
		fails in_host_userns "$p"
		[ "$(awk 'NR == 1 { print $1, $2, $3 }' "/proc/$p/uid_map")" = "0 $(id -u) 1" ]
	done
}

@test "thimble has neither setuid bits nor file capabilities" {
	[ "$(stat -c %a "$STAGE/bin/thimble")" -lt 1000 ]
	! command -v getcap >/dev/null || [ -z "$(getcap "$STAGE/bin/thimble")" ]
}

@test "without newuidmap and newgidmap there is no other way to the ids" {
	mkdir "$BATS_TEST_TMPDIR/empty"
	ln -s "$(command -v id)" "$BATS_TEST_TMPDIR/empty/id"
	PATH=$BATS_TEST_TMPDIR/empty run "$STAGE/bin/rootlesskit" --state-dir "$BATS_TEST_TMPDIR/s" id -u
	[ "$status" != 0 ] || [ "${lines[-1]}" = 0 ]
	[[ "$status" = 0 || "$output" == *newuidmap* ]]
}

@test "the container has Docker's 14 capabilities and a seccomp filter" {
	run real exec sleeper cat /proc/1/status
	[[ "$output" == *"CapEff:"*"00000000a80425fb"* ]]
	[ "$(awk '/^Seccomp:/ { print $2 }' <<<"$output")" = 2 ]
}
