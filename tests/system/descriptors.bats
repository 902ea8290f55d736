# SPDX-License-Identifier: MIT
# The whole stack with 1,024 descriptors a process, soft and hard, and clients that use them up: what
# exists goes on, what is new waits or fails, nobody spins, afterwards all is as before.
load lib

setup_file() {
	[ -e "$STAGE/fixtures/net.tar.gz" ] || skip "no root file system with the network programs"
	[ -w /dev/net/tun ] || skip "/dev/net/tun cannot be opened"
	[ "$(ulimit -Hn)" -ge 4096 ] || skip "the test itself needs 4,096 descriptors, the limit is $(ulimit -Hn)"
	HOST=$(hostname -I 2>/dev/null | tr ' ' '\n' | grep -m1 '^[0-9.]*$') || skip "the host has only loopback"
	export HOST PEER=$BATS_TEST_DIRNAME/netpeer.py OUT IN
	ulimit -n 4096
	OUT=$(free_port)
	python3 "$PEER" serve "$HOST" "$OUT" 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/server.pid"
	stack_env
	(ulimit -n 1024 && ulimit -Hn 1024 && stack_start)
	real import "$STAGE/fixtures/net.tar.gz" net >/dev/null
	IN=$(free_port)
	real run -d --name one -v "$PEER:/netpeer.py" -p "$IN:7000/tcp" -p "$IN:7000/udp" \
		net python3 /netpeer.py serve 0.0.0.0 7000 >/dev/null
	within 20 works
	real run --rm net true
	descriptors >"$BATS_FILE_TMPDIR/before"
	cat "$BATS_FILE_TMPDIR/before"
	! grep ' $' "$BATS_FILE_TMPDIR/before" >&3 || echo "# their descriptors cannot be counted: Linux before 6.2" >&3
}

teardown_file() {
	[ ! -e "$BATS_FILE_TMPDIR/server.pid" ] || kill "$(cat "$BATS_FILE_TMPDIR/server.pid")" || true
	stack_stop
}

in_one() { timeout 600 "$STAGE/tools/docker" exec one python3 /netpeer.py "$@"; }
published() { timeout 300 python3 "$PEER" put "$HOST" "$IN" 1000000; }
works() { in_one put "$HOST" "$OUT" 1000000 && published && real run --rm net true; }

descriptors() { # of each process of the stack
	local p
	for p in dockerd usernet netns-helper; do
		echo "$p $(open_files "$(pid_of "$p")")"
	done
}
as_before() { # but for a few that come with use
	local p n
	while read -r p n; do
		[ -n "$n" ] || continue
		[ "$(descriptors | sed -n "s/^$p //p")" -le $((n + 8)) ] || { descriptors; return 1; }
	done <"$BATS_FILE_TMPDIR/before"
}

ticks() { for p in $(stack_pids); do cut -d' ' -f14,15 "/proc/$p/stat" 2>/dev/null || true; done | awk '{ s += $1 + $2 } END { print s + 0 }'; }
idle() { # less than 2 % of a processor
	local before
	before=$(ticks)
	sleep 3
	[ $(($(ticks) - before)) -le 6 ]
}

@test "the limit is what this file says" {
	local p
	[ "$(uname -r | awk -F. '{ print ($1 * 100 + $2 >= 602) }')" = 0 ] ||
		[ "$(grep -c ' [1-9]' "$BATS_FILE_TMPDIR/before")" = 3 ]
	for p in dockerd usernet netns-helper rootlesskit; do
		grep -q '^Max open files  *1024  *1024 ' "/proc/$(pid_of "$p")/limits"
	done
}

@test "a container wants 900 connections outward" {
	in_one crowd "$HOST" "$OUT" 900 /tmp/enough >"$BATS_TEST_TMPDIR/crowd" 3>&- &
	within 40 grep -q holding "$BATS_TEST_TMPDIR/crowd"
	cat "$BATS_TEST_TMPDIR/crowd"
	published
	real run --rm net true
	within 20 idle
	real exec one touch /tmp/enough
	wait $!
	within 60 works
	within 90 as_before # usernet keeps a few pipes for a minute
}

@test "1,500 clients of a published port" {
	python3 "$PEER" crowd "$HOST" "$IN" 1500 "$BATS_TEST_TMPDIR/enough" >"$BATS_TEST_TMPDIR/crowd" 3>&- &
	within 40 grep -q holding "$BATS_TEST_TMPDIR/crowd"
	cat "$BATS_TEST_TMPDIR/crowd"
	descriptors
	real ps -q | grep -q .
	within 20 idle
	touch "$BATS_TEST_TMPDIR/enough"
	wait $!
	within 60 works
	within 90 as_before # usernet keeps a few pipes for a minute
}

@test "1,500 clients of the engine's socket that say nothing" {
	python3 - "$XDG_RUNTIME_DIR/docker.sock" "$BATS_TEST_TMPDIR" 3>&- <<-'PY' &
	import os, socket, sys, time
	held = []
	for i in range(1500):
	    s = socket.socket(socket.AF_UNIX)
	    s.setblocking(False)
	    try:
	        s.connect(sys.argv[1])
	        held.append(s)
	    except BlockingIOError:
	        break
	open(sys.argv[2] + "/held", "w").write(str(len(held)))
	while not os.path.exists(sys.argv[2] + "/enough"):
	    time.sleep(0.05)
	PY
	within 20 test -s "$BATS_TEST_TMPDIR/held"
	echo "$(cat "$BATS_TEST_TMPDIR/held") clients"
	descriptors
	published
	within 20 idle
	touch "$BATS_TEST_TMPDIR/enough"
	wait $!
	within 60 works
	within 90 as_before # usernet keeps a few pipes for a minute
}
