# SPDX-License-Identifier: MIT
# Who may reach whom: every cell of the table probed by packets, also by a hostile container with
# raw sockets and any source address (isolation.py, which has netns-helper make the networks).
load lib

setup_file() {
	command -v python3 >/dev/null || skip "python3 is not installed"
	stack_env
	export STATE=$BATS_FILE_TMPDIR/state TABLE=$BATS_FILE_TMPDIR/table
	rootlesskit --state-dir="$STATE" --net=usernet --port-driver=builtin --detach-netns \
		--disable-host-loopback \
		--copy-up=/run sleep 900 >"$BATS_FILE_TMPDIR/rk.log" 2>&1 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/rk.pid"
	within 10 test -S "$STATE/api.sock"
	local child addr
	child=$(cat "$STATE/child_pid")
	addr=$(hostname -I 2>/dev/null | tr ' ' '\n' | grep -m1 '^[0-9.]*$') || addr=-
	within 10 nsenter --preserve-credentials -U -m -t "$child" "$STAGE/tools/netnsctl" \
		"$STATE/netns-helper.sock" list bridges
	nsenter --preserve-credentials -U -t "$child" python3 "$BATS_TEST_DIRNAME/isolation.py" \
		"$STAGE/tools/netnsctl" "$STATE/netns-helper.sock" "/proc/$child/root$STATE/netns" \
		"$addr" >"$TABLE" 2>&1 3>&- || true
}

teardown_file() {
	kill "$(cat "$BATS_FILE_TMPDIR/rk.pid")" 2>/dev/null || true
}

# cells PATTERN: the table's lines with it are there, and none is bad
cells() {
	grep -E "^(ok|BAD)" "$TABLE" | grep -E "$1" >"$BATS_TEST_TMPDIR/cells" || { cat "$TABLE"; return 1; }
	! grep "^BAD" "$BATS_TEST_TMPDIR/cells"
}

@test "containers of one network, and of different ones" {
	cells "(tcp|udp) to (172.2|fd2)"
}
@test "own and other gateways, N's own addresses" {
	cells "gateway of|to (10.0.2.100|fd00::100)"
}
@test "the host's loopback and its other address" {
	cells "host's"
}
@test "raw packets into other networks, from an internal one, past ICC=false" {
	cells "any source"
}
@test "raw packets to N" {
	cells "spoofed|N's loopback|N, any"
}
@test "a neighbour's loopback behind route_localnet, and what shows without its rule" {
	cells "its loopback"
	cells "no rule"
}
@test "a neighbour's MAC address claimed" {
	cells "MAC claimed"
}
@test "disconnect and removal" {
	cells "connected|removed"
}
@test "nothing else is bad" {
	tail -n 1 "$TABLE" | grep -x "0 lines are bad" || { cat "$TABLE"; false; }
}
