# SPDX-License-Identifier: MIT
# usernet and netns-helper by themselves: traffic out of N and published ports into it, the
# confinement of both, and what happens when one of them dies.
load lib

setup_file() {
	command -v python3 >/dev/null || skip "python3 is not installed"
	stack_env
	export PEER=$BATS_TEST_DIRNAME/netpeer.py PORT STATE=$BATS_FILE_TMPDIR/state
	PORT=$(free_port)
	python3 "$PEER" serve 127.0.0.1 "$PORT" 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/server.pid"
	# the gateway's address leads to the host's 127.0.0.1 here
	rootlesskit --state-dir="$STATE" --net=usernet --port-driver=builtin --detach-netns \
		--disable-host-loopback=false sleep 600 >"$BATS_FILE_TMPDIR/rk.log" 2>&1 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/rk.pid"
	within 10 test -S "$STATE/api.sock"
	within 10 in_n true
}

teardown_file() {
	local f
	for f in rk server; do
		[ ! -e "$BATS_FILE_TMPDIR/$f.pid" ] || kill "$(cat "$BATS_FILE_TMPDIR/$f.pid")" 2>/dev/null || true
	done
}

# in_n COMMAND: in N, with the child's capabilities over it
in_n() {
	local child
	child=$(cat "$STATE/child_pid")
	nsenter --preserve-credentials -U -t "$child" nsenter --net="/proc/$child/root$STATE/netns" "$@"
}

need_tun() { in_n test -e /sys/class/net/tap0 || [ -w /dev/net/tun ] || skip "/dev/net/tun cannot be opened"; }

# of_stack APPLET: its process below this rootlesskit
of_stack() {
	local p
	for p in $(pgrep -P "$(cat "$BATS_FILE_TMPDIR/rk.pid"),$(cat "$STATE/child_pid")") $(pgrep -f "^$1 "); do
		tr '\0' '\n' <"/proc/$p/cmdline" 2>/dev/null | head -n 1 | grep -qx "$1" || continue
		[ "$(awk '/^PPid/ { print $2 }' "/proc/$p/status")" = "$(cat "$BATS_FILE_TMPDIR/rk.pid")" ] ||
			[ "$(awk '/^PPid/ { print $2 }' "/proc/$p/status")" = "$(cat "$STATE/child_pid")" ] || continue
		echo "$p"
		return
	done
}

@test "100 MB out and 100 MB in arrive as they were sent; half-close works" {
	need_tun
	in_n python3 "$PEER" put 10.0.2.2 "$PORT" 100000000
	in_n python3 "$PEER" get 10.0.2.2 "$PORT" 100000000
}

@test "sixteen at a time" {
	need_tun
	local pids=() p
	for i in $(seq 16); do
		in_n python3 "$PEER" put 10.0.2.2 "$PORT" 3000000 &
		pids+=($!)
	done
	for p in "${pids[@]}"; do wait "$p"; done
}

@test "a refused port is refused, loopback is closed" {
	need_tun
	in_n python3 "$PEER" refused 10.0.2.2 1
	in_n python3 "$PEER" refused 10.0.2.9 80
}

@test "datagrams of every size are echoed" {
	need_tun
	in_n python3 "$PEER" udp 10.0.2.2 "$PORT"
}

@test "an address of the host that is not loopback" {
	need_tun
	local addr port
	addr=$(hostname -I 2>/dev/null | tr ' ' '\n' | grep -m1 '^[0-9.]*$') || skip "the host has only loopback"
	port=$(free_port)
	python3 "$PEER" serve "$addr" "$port" 3>&- &
	within 5 python3 "$PEER" udp "$addr" "$port"
	in_n python3 "$PEER" put "$addr" "$port" 1000000
	in_n python3 "$PEER" udp "$addr" "$port"
	kill %1
}

@test "published ports: TCP and UDP, both ways, and removal" {
	local port
	port=$(free_port)
	in_n ip link set lo up
	in_n python3 "$PEER" serve 127.0.0.1 7777 3>&- &
	echo $! >"$BATS_TEST_TMPDIR/pid"
	within 5 in_n python3 "$PEER" udp 127.0.0.1 7777
	run rootlessctl --socket="$STATE/api.sock" add-ports "127.0.0.1:$port:7777/tcp" "127.0.0.1:$port:7777/udp"
	[ "$status" = 0 ]
	python3 "$PEER" put 127.0.0.1 "$port" 100000000
	python3 "$PEER" get 127.0.0.1 "$port" 100000000
	python3 "$PEER" udp 127.0.0.1 "$port"
	rootlessctl --socket="$STATE/api.sock" remove-ports $output
	python3 "$PEER" refused 127.0.0.1 "$port"
	kill $(pgrep -P "$(cat "$BATS_TEST_TMPDIR/pid")")
}

@test "usernet holds no capability and is confined, the helper holds four of the namespace's" {
	local p
	p=$(of_stack usernet)
	[ -n "$p" ]
	grep -qP '^CapEff:\t0+$' "/proc/$p/status"
	grep -qP '^CapPrm:\t0+$' "/proc/$p/status"
	grep -qP '^NoNewPrivs:\t1$' "/proc/$p/status"
	grep -qP '^Seccomp:\t2$' "/proc/$p/status"
	p=$(of_stack netns-helper)
	[ -n "$p" ]
	# NET_BIND_SERVICE, NET_ADMIN, NET_RAW, SYS_ADMIN
	grep -qP '^CapEff:\t0*203400$' "/proc/$p/status"
	grep -qP '^CapPrm:\t0*203400$' "/proc/$p/status"
	grep -qP '^CapBnd:\t0+$' "/proc/$p/status"
	grep -qP '^NoNewPrivs:\t1$' "/proc/$p/status"
	grep -qP '^Seccomp:\t2$' "/proc/$p/status"
}

@test "nothing wakes usernet while nothing happens" {
	local p before after
	p=$(of_stack usernet)
	sleep 3
	before=$(awk '/ctxt_switches/ { n += $2 } END { print n }' "/proc/$p/status")
	sleep 5
	after=$(awk '/ctxt_switches/ { n += $2 } END { print n }' "/proc/$p/status")
	[ $((after - before)) -le 1 ] # the one is N's neighbour and router discovery
}

@test "usernet or the helper killed: both are started again and serve" {
	need_tun
	local before
	before=$(of_stack netns-helper)
	kill -9 "$before"
	within 5 eval '[ -n "$(of_stack netns-helper)" ] && [ "$(of_stack netns-helper)" != '"$before"' ]'
	before=$(of_stack usernet)
	kill -9 "$before"
	within 10 in_n python3 "$PEER" put 10.0.2.2 "$PORT" 1000
	[ "$(of_stack usernet)" != "$before" ]
}

@test "DNS as the host's resolv.conf says now, and ping, in namespaces of its own" {
	[ -w /dev/net/tun ] || skip "/dev/net/tun cannot be opened"
	cat >"$BATS_TEST_TMPDIR/script" <<-'SH'
	set -e
	ip link set lo up
	ip link add a0 type veth peer name b0
	ip addr add 192.0.2.1/24 dev a0
	ip link set a0 up && ip link set b0 up
	echo 0 0 >/proc/sys/net/ipv4/ping_group_range
	mkdir etc && echo nameserver 127.0.0.9 >etc/resolv.conf
	python3 "$PEER" dns 127.0.0.1 &
	python3 "$PEER" serve 192.0.2.1 5000 &
	python3 "$PEER" usernet "$PWD/sock" usernet --tun-fd=3 --resolv-conf="$PWD/etc/resolv.conf" &
	while [ ! -S sock ]; do sleep 0.05; done
	unshare -n python3 "$PEER" tun "$PWD/sock" &
	n=$!
	while ! nsenter -n -t $n ip route 2>/dev/null | grep -q default; do sleep 0.05; done
	sleep 0.3
	echo nameserver 127.0.0.1 >etc/new && mv etc/new etc/resolv.conf
	nsenter -n -t $n python3 "$PEER" ask 10.0.2.3 www.example.com
	nsenter -n -t $n python3 "$PEER" put 192.0.2.1 5000 10000000
	nsenter -n -t $n python3 "$PEER" get 192.0.2.1 5000 10000000
	nsenter -n -t $n python3 "$PEER" udp 192.0.2.1 5000
	nsenter -n -t $n python3 "$PEER" refused 192.0.2.1 1
	nsenter -n -t $n python3 "$PEER" refused 127.0.0.1 53
	! command -v ping >/dev/null || nsenter -n -t $n ping -c 1 -W 2 192.0.2.1
	echo well
	SH
	cd "$BATS_TEST_TMPDIR"
	timeout 20 unshare -Urnmpf --mount-proc --kill-child bash -x script >out 2>&1 3>&- || true
	cat out
	output=$(cat out)
	[[ "$output" == *"192.0.2.77 192.0.2.77"* && "$output" == *well* ]]
}

@test "IPv6 and IPv4 through a router: TCP, datagrams in bursts, ping, path MTU, the routers on the way" {
	[ -w /dev/net/tun ] || skip "/dev/net/tun cannot be opened"
	cat >"$BATS_TEST_TMPDIR/script" <<-'SH'
	set -e
	forward() { echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding; }
	addresses() { # LINK IPV4 IPV6 [MTU]
		ip addr add "$2" dev "$1"; ip -6 addr add "$3" dev "$1" nodad; ip link set "$1" mtu "${4:-1500}" up
	}
	in_ns() { nsenter -n -t "$@"; }
	export -f forward addresses
	ip link set lo up
	echo 0 0 >/proc/sys/net/ipv4/ping_group_range
	unshare -n sleep 100 & r=$!
	unshare -n sleep 100 & s=$!
	sleep 0.2
	# this host - router - server, the last link narrow
	ip link add h0 type veth peer name r0 netns $r
	addresses h0 203.0.113.1/30 2001:db8:1::1/64
	in_ns $r bash -c 'forward; addresses r0 203.0.113.2/30 2001:db8:1::2/64'
	in_ns $r ip link add r1 type veth peer name s0 netns $s
	in_ns $r bash -c 'addresses r1 198.51.100.2/24 2001:db8:2::2/64 1400'
	in_ns $s bash -c 'addresses s0 198.51.100.1/24 2001:db8:2::1/64 1400; ip link set lo up
		ip route add default via 198.51.100.2; ip -6 route add default via 2001:db8:2::2'
	ip route add 198.51.100.0/24 via 203.0.113.2
	ip -6 route add 2001:db8:2::/64 via 2001:db8:1::2
	in_ns $s python3 "$PEER" serve 198.51.100.1 5000 &
	in_ns $s python3 "$PEER" serve 2001:db8:2::1 5000 &
	python3 "$PEER" usernet "$PWD/sock" usernet --tun-fd=3 &
	while [ ! -S sock ]; do sleep 0.05; done
	unshare -n python3 "$PEER" tun "$PWD/sock" & n=$!
	while ! in_ns $n ip -6 route 2>/dev/null | grep -q default; do sleep 0.05; done
	# a container behind a bridge of N
	unshare -n sleep 100 & c=$!
	sleep 0.2
	in_ns $n bash -c 'forward; ip link add br0 type bridge; addresses br0 172.17.0.1/16 fd01::1/64'
	in_ns $n ip link add v0 type veth peer name eth0 netns $c
	in_ns $n ip link set v0 master br0 up
	in_ns $c bash -c 'ip link set lo up; addresses eth0 172.17.0.2/16 fd01::2/64
		ip route add default via 172.17.0.1; ip -6 route add default via fd01::1'
	sleep 0.5
	for a in 198.51.100.1 2001:db8:2::1; do
		in_ns $c python3 "$PEER" put $a 5000 20000000
		in_ns $c python3 "$PEER" get $a 5000 20000000
		in_ns $c python3 "$PEER" udp $a 5000
		in_ns $c python3 "$PEER" bursts $a 5000
		in_ns $c python3 "$PEER" refused $a 1
		in_ns $c python3 "$PEER" closed $a 1
		! command -v ping >/dev/null || in_ns $c ping -c 1 -W 2 -s 3000 $a
		echo "largest $(in_ns $c python3 "$PEER" largest $a 5000)"
		echo way $(in_ns $c python3 "$PEER" trace $a)
	done
	# no route to there on this host: said at once, and not after a time
	in_ns $c python3 -c 'import socket, time
	t = time.monotonic()
	try: socket.create_connection(("2001:db8:9::1", 80), 5)
	except OSError as e: print("unreachable" if e.errno == 101 and time.monotonic() - t < 1 else e)'
	echo well
	SH
	cd "$BATS_TEST_TMPDIR"
	timeout 60 unshare -Urnmpf --mount-proc --kill-child bash script >out 2>&1 3>&- || true
	cat out
	output=$(cat out)
	[[ "$output" == *well* && "$output" == *unreachable* ]]
	[ "$(grep -c '^largest 1400$' out)" = 2 ]
	grep -qx "way 172.17.0.1 10.0.2.2 203.0.113.2 198.51.100.1" out
	grep -qx "way fd01::1 fd00::2 2001:db8:1::2 2001:db8:2::1" out
}
