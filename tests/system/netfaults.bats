# SPDX-License-Identifier: MIT
# The network's parts killed during traffic, the host's network changing below it, limits reached:
# what happens is what is said here, nothing is left behind, nobody spins afterwards.
load lib

setup_file() {
	[ -e "$STAGE/fixtures/net.tar.gz" ] || skip "no root file system with the network programs"
	[ -w /dev/net/tun ] || skip "/dev/net/tun cannot be opened"
	HOST=$(hostname -I 2>/dev/null | tr ' ' '\n' | grep -m1 '^[0-9.]*$') || skip "the host has only loopback"
	export HOST PEER=$BATS_TEST_DIRNAME/netpeer.py OUT IN
	OUT=$(free_port)
	ulimit -n "$(ulimit -Hn)"
	python3 "$PEER" serve "$HOST" "$OUT" 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/server.pid"
	stack_start
	real import "$STAGE/fixtures/net.tar.gz" net >/dev/null
	IN=$(free_port)
	real run -d --name one -v "$PEER:/netpeer.py" -p "$IN:7000/tcp" -p "$IN:7000/udp" --ulimit nofile=20000:20000 \
		net python3 /netpeer.py serve 0.0.0.0 7000 >/dev/null
	within 10 outward
	within 10 published
	links_and_rules >"$BATS_FILE_TMPDIR/before"
}

teardown_file() {
	[ ! -e "$BATS_FILE_TMPDIR/server.pid" ] || kill "$(cat "$BATS_FILE_TMPDIR/server.pid")" || true
	stack_stop
}

in_one() { timeout 60 "$STAGE/tools/docker" exec one python3 /netpeer.py "$@"; }
outward() { in_one put "$HOST" "$OUT" "${1:-1000}"; }
published() { timeout 20 python3 "$PEER" put "$HOST" "$IN" "${1:-1000}"; }
datagrams() { in_one udp "$HOST" "$OUT" && python3 "$PEER" udp "$HOST" "$IN"; }

# stack_n COMMAND: in N, with the capabilities of the stack's child over it
stack_n() {
	local state=$XDG_RUNTIME_DIR/dockerd-rootless child
	child=$(cat "$state/child_pid")
	nsenter --preserve-credentials -U -t "$child" nsenter --net="/proc/$child/root$state/netns" "$@"
}
links_and_rules() { # of N, without the numbers that change
	stack_n ip -o link | sed 's/^[0-9]*: //; s/@if[0-9]*//; s/veth[0-9a-f]*/veth/; s/ .*//'
	stack_n ip rule
	stack_n ip -6 rule
	stack_n ip route show table all | sed 's/veth[0-9a-f]*/veth/' | grep -v fe80: # which come late
}

other_than() { local p; p=$(pid_of "$1"); [ -n "$p" ] && [ "$p" != "$2" ]; }

ticks() { for p in "$@"; do cut -d' ' -f14,15 "/proc/$p/stat" 2>/dev/null || true; done | awk '{ s += $1 + $2 } END { print s + 0 }'; }

quiet() { # the stack uses less than 2 % of a processor
	local pids before after
	pids=$(stack_pids)
	before=$(ticks $pids)
	sleep 3
	after=$(ticks $pids)
	echo "$((after - before)) ticks in 3 s"
	[ $((after - before)) -le 6 ]
}

# sockets STATE...: of this host with the test's server
sockets() { ss -Htn "$@" "( dport = :$OUT or sport = :$IN )" | wc -l; }
no_sockets() { [ "$(sockets state connected exclude time-wait)" = 0 ]; }

@test "usernet killed: connections end at once, the next ones work" {
	local old pids=() p start
	old=$(pid_of usernet)
	in_one slow "$HOST" "$OUT" 1000000 &
	pids+=($!)
	python3 "$PEER" slow "$HOST" "$IN" 1000000 &
	pids+=($!)
	sleep 1
	kill -9 "$old"
	start=$SECONDS
	within 5 other_than usernet "$old"
	within 5 outward 1000000
	within 5 published 1000000
	within 5 datagrams
	for p in "${pids[@]}"; do ! wait "$p"; done
	[ $((SECONDS - start)) -lt 15 ]
	within 10 no_sockets
	quiet
}

@test "netns-helper killed: connections go on, containers start" {
	local old pids=() p
	old=$(pid_of netns-helper)
	in_one slow "$HOST" "$OUT" 1000000 &
	pids+=($!)
	python3 "$PEER" slow "$HOST" "$IN" 1000000 &
	pids+=($!)
	sleep 1
	kill -9 "$old"
	within 5 other_than netns-helper "$old"
	for p in "${pids[@]}"; do wait "$p"; done
	within 5 outward 1000000
	within 5 published 1000000
	real run --rm -v "$PEER:/netpeer.py" net python3 /netpeer.py put "$HOST" "$OUT" 1000
	within 10 no_sockets
	quiet
}

@test "dockerd killed: connections go on, new ones are made while it is away" {
	local old pids=() p one
	old=$(pid_of dockerd)
	one=$(real inspect --format '{{.State.Pid}}' one)
	in_one slow "$HOST" "$OUT" 1000000 &
	pids+=($!)
	python3 "$PEER" slow "$HOST" "$IN" 1000000 &
	pids+=($!)
	sleep 1
	kill -9 "$old"
	published 1000000
	wait "${pids[1]}" # what docker exec began ends with its connection to dockerd
	wait "${pids[0]}" || true
	within 10 other_than dockerd "$old"
	within 10 stack_answers
	[ "$(real inspect --format '{{.State.Pid}}' one)" = "$one" ]
	outward 1000000
	published 1000000
	datagrams
	within 10 no_sockets
	quiet
}

@test "all three killed at once, five times" {
	local i p
	for i in 1 2 3 4 5; do
		kill -9 "$(pid_of usernet)" "$(pid_of netns-helper)" "$(pid_of dockerd)"
		within 15 stack_answers
		within 15 outward 100000
		within 15 published 100000
	done
	quiet
}

@test "more connections than one container may have: the rest waits, the neighbours work" {
	ulimit -n "$(ulimit -Hn)"
	[ "$(ulimit -n)" -ge 20000 ] || skip "the limit of descriptors is $(ulimit -n)"
	in_one crowd "$HOST" "$OUT" 9000 >"$BATS_TEST_TMPDIR/crowd" &
	within 40 grep -q holding "$BATS_TEST_TMPDIR/crowd"
	cat "$BATS_TEST_TMPDIR/crowd"
	published 1000
	quiet
	wait $!
	cat "$BATS_TEST_TMPDIR/crowd"
	within 45 no_sockets # of handshakes given up while they were held, the host's ends go after 30 s
	outward 1000000
	quiet
}

@test "70,000 flows of datagrams" {
	in_one scatter "$HOST" "$OUT" 70000
	[ "$(ss -Hun dport = ":$OUT" | wc -l)" -le 8192 ]
	outward 1000000
	datagrams
	quiet
}

@test "what is left in N is what was there before" {
	links_and_rules | diff "$BATS_FILE_TMPDIR/before" -
	real run --rm net true
	links_and_rules | diff "$BATS_FILE_TMPDIR/before" -
}

# --- usernet alone in namespaces of this test's own: the host's side can be taken away there
host_script() { # reads the script; $peer, $n (a process in N), $usernet (its process) are set
	cat - >"$BATS_TEST_TMPDIR/body"
	cat >"$BATS_TEST_TMPDIR/script" <<-'SH'
	set -e
	peer="python3 $PEER"
	within() { local end=$((SECONDS + $1)); shift; until "$@" >/dev/null 2>&1; do [ $SECONDS -lt $end ] || { echo "not within time: $*"; return 1; }; sleep 0.05; done; }
	in_n() { nsenter -n -t $n "$@"; }
	fds() { ls /proc/$usernet/fd | wc -l; }
	idle() { # usernet uses nothing to speak of
		local before=$(awk '{ print $14 + $15 }' /proc/$usernet/stat)
		sleep 2
		[ $(($(awk '{ print $14 + $15 }' /proc/$usernet/stat) - before)) -le 2 ]
	}
	make_link() {
		ip link add a0 type veth peer name b0
		ip addr add 192.0.2.1/24 dev a0
		ip link set b0 netns $far && nsenter -n -t $far sh -c 'ip addr add 192.0.2.2/24 dev b0; ip link set b0 up'
		ip link set a0 up
	}
	unshare -n sleep 1000 &
	far=$!
	ip link set lo up
	sleep 0.2
	make_link
	nsenter -n -t $far $peer serve 192.0.2.2 5000 &
	mkdir etc && echo nameserver 127.0.0.1 >etc/resolv.conf
	(ulimit -n ${NOFILE:-4096}; exec $peer usernet "$PWD/sock" usernet --tun-fd=3 --resolv-conf="$PWD/etc/resolv.conf") &
	usernet=$!
	within 5 test -S sock
	unshare -n $peer tun "$PWD/sock" &
	n=$!
	within 5 eval 'in_n ip route | grep default'
	within 5 in_n $peer put 192.0.2.2 5000 1000
	base=$(fds)
	SH
	cat "$BATS_TEST_TMPDIR/body" >>"$BATS_TEST_TMPDIR/script"
	echo 'echo well' >>"$BATS_TEST_TMPDIR/script"
	cd "$BATS_TEST_TMPDIR"
	timeout 60 unshare -Urnmpf --mount-proc --kill-child bash -x script >out 2>&1 3>&- || true
	cat out
	tail -n 1 out | grep -qx well
}

@test "the host's interface goes away and comes back" {
	host_script <<-'SH'
	in_n $peer slow 192.0.2.2 5000 100000 &
	slow=$!
	sleep 0.5
	ip link set a0 down # for a moment: the connection survives
	sleep 0.5
	ip link set a0 up
	wait $slow
	ip link del a0
	! in_n timeout 5 $peer put 192.0.2.2 5000 1000
	in_n $peer unreachable 192.0.2.2 5000
	idle
	make_link
	within 10 in_n $peer put 192.0.2.2 5000 1000000
	in_n $peer udp 192.0.2.2 5000
	within 40 eval '[ $(fds) -le $((base + 4)) ]' # five datagram flows may wait for their time
	SH
}

@test "the host's resolv.conf is replaced, emptied, removed, made a link" {
	host_script <<-'SH'
	$peer dns 127.0.0.1 &
	within 5 in_n $peer ask 10.0.2.3 www.example.com
	for i in 1 2 3; do # renamed over
		echo nameserver 127.0.0.9 >etc/new && mv etc/new etc/resolv.conf
		! in_n timeout 1 $peer ask 10.0.2.3 www.example.com
		echo nameserver 127.0.0.1 >etc/new && mv etc/new etc/resolv.conf
		within 3 in_n $peer ask 10.0.2.3 www.example.com
	done
	: >etc/resolv.conf
	sleep 0.2
	echo nameserver 127.0.0.1 >etc/resolv.conf # written in place
	within 3 in_n $peer ask 10.0.2.3 www.example.com
	rm etc/resolv.conf
	sleep 0.2
	mkdir run && echo nameserver 127.0.0.1 >run/stub && ln -s ../run/stub etc/resolv.conf
	within 3 in_n $peer ask 10.0.2.3 www.example.com
	idle
	SH
}

@test "descriptors run out: what exists goes on, what is new fails, afterwards all is well" {
	export NOFILE=128
	host_script <<-'SH'
	in_n $peer slow 192.0.2.2 5000 100000 &
	slow=$!
	sleep 0.3
	in_n timeout 20 $peer crowd 192.0.2.2 5000 400 >crowd &
	crowd=$!
	within 15 grep -q holding crowd
	idle
	wait $slow
	wait $crowd
	cat crowd
	within 10 in_n $peer put 192.0.2.2 5000 1000000
	in_n $peer storm 192.0.2.2 5000 300
	within 10 eval '[ $(fds) -le $base ]'
	idle
	SH
}
