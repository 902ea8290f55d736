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

idle() { # less than 2 % of a processor
	local pids before after
	pids=$(stack_pids)
	before=$(ticks $pids)
	sleep 3
	after=$(ticks $pids)
	echo "$((after - before)) ticks in 3 s"
	[ $((after - before)) -le 6 ]
}
quiet() { within 20 idle; }

# sockets STATE...: of this host with the test's server
sockets() { ss -Htn "$@" "( dport = :$OUT or sport = :$IN )" | wc -l; }
no_sockets() { [ "$(sockets state connected exclude time-wait)" = 0 ]; }

# A connection each way that lasts four seconds: the clients' pids are in OUTWARD and INWARD. That
# their half-close has arrived says that they are under way.
traffic() {
	in_one slow "$HOST" "$OUT" 1000000 &
	OUTWARD=$!
	python3 "$PEER" slow "$HOST" "$IN" 1000000 &
	INWARD=$!
	within 20 half_closed
}
half_closed() { [ "$(ss -Htn state close-wait "( sport = :$OUT or sport = :$IN )" | wc -l)" = 2 ]; }

# both_ways SECONDS: new connections carry a million bytes, within so long
both_ways() {
	within "$1" outward 1000000
	within "$1" published 1000000
}

over() { # nothing is left of the connections, nobody spins
	within 45 no_sockets # of handshakes given up while they were held, the host's ends go after 30 s
	quiet
}

@test "usernet killed: connections end at once, the next ones work" {
	local old
	old=$(pid_of usernet)
	traffic
	kill -9 "$old"
	fails wait "$OUTWARD"
	fails wait "$INWARD"
	within 10 other_than usernet "$old"
	both_ways 10
	within 10 datagrams
	over
}

@test "netns-helper killed: connections go on, containers start" {
	local old
	old=$(pid_of netns-helper)
	traffic
	kill -9 "$old"
	within 10 other_than netns-helper "$old"
	wait "$OUTWARD"
	wait "$INWARD"
	both_ways 10
	real run --rm -v "$PEER:/netpeer.py" net python3 /netpeer.py put "$HOST" "$OUT" 1000
	over
}

@test "dockerd killed: connections go on, new ones are made while it is away" {
	local old one
	old=$(pid_of dockerd)
	one=$(real inspect --format '{{.State.Pid}}' one)
	traffic
	kill -9 "$old"
	published 1000000
	wait "$INWARD"
	wait "$OUTWARD" || true # what docker exec began ends with its connection to dockerd
	within 10 other_than dockerd "$old"
	within 10 stack_answers
	[ "$(real inspect --format '{{.State.Pid}}' one)" = "$one" ]
	both_ways 1
	datagrams
	over
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
	in_one crowd "$HOST" "$OUT" 9000 /tmp/enough >"$BATS_TEST_TMPDIR/crowd" &
	within 40 grep -q holding "$BATS_TEST_TMPDIR/crowd"
	cat "$BATS_TEST_TMPDIR/crowd"
	[ "$(ss -Htn state established dport = ":$OUT" | wc -l)" -le 8192 ]
	published 1000
	quiet
	real exec one touch /tmp/enough
	wait $!
	outward 1000000
	over
}

@test "70,000 flows of datagrams" {
	in_one scatter "$HOST" "$OUT" 70000
	[ "$(ss -Hun dport = ":$OUT" | wc -l)" -le 8192 ]
	outward 1000000
	datagrams
	quiet
}

# counter NAME: of usernet's
counter() {
	rootlessctl --socket "$XDG_RUNTIME_DIR/dockerd-rootless/api.sock" info --json |
		jq -r ".networkDriver.counters.$1"
}
flows_of_datagrams() { ss -Hun dport = ":$OUT" | wc -l; }
# flows_between LEAST MOST: as many flows, and none comes or goes: what was sent last may still be
# in the tun's queue, and ss, which reads in parts, counts a flow and the one it gave way to
flows_between() {
	local before=$(counter udp_evicted) n=$(flows_of_datagrams)
	echo "$n flows, at most $2; $before have given way"
	[ "$(counter udp_evicted)" = "$before" ] && [ "$n" -ge "$1" ] && [ "$n" -le "$2" ]
}
ended() { ! kill -0 "$1" 2>/dev/null; }

@test "six containers with 4,096 flows of datagrams each: the largest give way, the host keeps ports" {
	local i first last most before pids=() keeper
	read -r first last </proc/sys/net/ipv4/ip_local_port_range
	most=$(((last - first + 1) / 4 * 3)) before=$(counter udp_evicted)
	i=$(((($(sed -n 's/^Max open files  *[0-9]*  *\([0-9]*\) .*/\1/p' "/proc/$(pid_of usernet)/limits") - 1024) / 3) / 5 * 4))
	[ "$i" -ge "$most" ] || most=$i
	[ "$(ulimit -n)" -ge 20000 ] || skip "the limit of descriptors is $(ulimit -n)"
	[ "$most" -lt 24000 ] || skip "the host has $((last - first + 1)) ports to give"
	in_one keep "$HOST" "$OUT" /tmp/enough-flows 3 >"$BATS_TEST_TMPDIR/kept" & # of a burst some may be lost
	keeper=$!
	for i in 1 2 3 4 5 6; do
		real run -d --name "flows$i" -v "$PEER:/netpeer.py" --ulimit nofile=20000:20000 net \
			sh -c "exec python3 /netpeer.py flows udp $HOST $OUT \$(hostname -i) 1 4096 /tmp/enough" >/dev/null
	done
	for i in 1 2 3 4 5 6; do within 60 eval "real logs flows$i | grep -q 'holding 4096'"; done
	within 10 flows_between $((most - 100)) $((most + 10)) # the test's own ten
	[ "$(counter udp_evicted)" -ge $((before + (6 * 4096 - most) / 2)) ] # some were too many in a millisecond
	both_ways 10
	datagrams
	python3 -c 'import socket; [socket.socket(type=socket.SOCK_DGRAM).bind(("", 0)) for _ in range(100)]'
	quiet
	real rm -f flows1 flows2 flows3 flows4 flows5 flows6
	real exec one touch /tmp/enough-flows
	wait "$keeper" || { cat "$BATS_TEST_TMPDIR/kept"; false; }
}

# a pair goes with its namespace, which the kernel takes apart in its own time
as_before() { links_and_rules | diff "$BATS_FILE_TMPDIR/before" -; }

@test "what is left in N is what was there before" {
	within 10 as_before
	real run --rm net true
	within 10 as_before
	as_before
}

# --- usernet alone in namespaces of this test's own: the host's side can be taken away there
host_script() { # reads the script; $peer, $n (a process in N), $usernet (its process) are set
	cat - >"$BATS_TEST_TMPDIR/body"
	cat >"$BATS_TEST_TMPDIR/script" <<-'SH'
	set -e
	peer="python3 $PEER"
	within() { local end=$((SECONDS + $1)); shift; until "$@" >/dev/null 2>&1; do [ $SECONDS -lt $end ] || { echo "not within time: $*"; return 1; }; sleep 0.05; done; }
	fails() { ! "$@"; }
	in_n() { nsenter -n -t $n "$@"; }
	fds() { ls /proc/$usernet/fd | wc -l; }
	ticks() { awk '{ print $14 + $15 }' /proc/$usernet/stat; }
	no_work() { # usernet uses less than 2 % of a processor
		local before=$(ticks)
		sleep 2
		[ $(($(ticks) - before)) -le 4 ]
	}
	idle() { within 20 no_work; }
	slow() { # a connection of four seconds, which is under way on return
		in_n $peer slow 192.0.2.2 5000 100000 &
		slow=$!
		within 10 eval 'nsenter -n -t $far ss -Htn state close-wait sport = :5000 | grep -q .'
	}
	elsewhere() { [ "$(readlink /proc/$1/ns/net)" != "$(readlink /proc/self/ns/net)" ]; }
	make_link() {
		ip link add a0 type veth peer name b0
		ip addr add 192.0.2.1/24 dev a0
		ip link set b0 netns $far && nsenter -n -t $far sh -c 'ip addr add 192.0.2.2/24 dev b0; ip link set b0 up'
		ip link set a0 up
	}
	unshare -n sleep 1000 &
	far=$!
	[ -z "$PORTS" ] || echo "$PORTS" >/proc/sys/net/ipv4/ip_local_port_range
	ip link set lo up
	within 10 elsewhere $far
	make_link
	nsenter -n -t $far $peer serve 192.0.2.2 5000 &
	mkdir etc && echo nameserver 127.0.0.1 >etc/resolv.conf
	(ulimit -n ${NOFILE:-4096}; exec $peer usernet "$PWD/sock" usernet --tun-fd=3 --resolv-conf="$PWD/etc/resolv.conf") &
	usernet=$!
	within 10 test -S sock
	unshare -n $peer tun "$PWD/sock" &
	n=$!
	within 10 eval 'in_n ip route | grep default'
	within 10 in_n $peer put 192.0.2.2 5000 1000
	base=$(fds)
	SH
	cat "$BATS_TEST_TMPDIR/body" >>"$BATS_TEST_TMPDIR/script"
	echo 'echo well' >>"$BATS_TEST_TMPDIR/script"
	cd "$BATS_TEST_TMPDIR"
	timeout "${LIMIT:-120}" unshare -Urnmpf --mount-proc --kill-child bash -x script >out 2>&1 3>&- || true
	cat out
	tail -n 1 out | grep -qx well
}

@test "the host's interface goes away and comes back" {
	host_script <<-'SH'
	slow
	ip link set a0 down # for a moment: the connection survives
	sleep 0.5
	ip link set a0 up
	wait $slow
	ip link del a0
	fails in_n timeout 10 $peer put 192.0.2.2 5000 1000
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
	within 10 in_n $peer ask 10.0.2.3 www.example.com
	for i in 1 2 3; do # renamed over
		echo nameserver 127.0.0.9 >etc/new && mv etc/new etc/resolv.conf
		fails in_n timeout 1 $peer ask 10.0.2.3 www.example.com
		echo nameserver 127.0.0.1 >etc/new && mv etc/new etc/resolv.conf
		within 10 in_n $peer ask 10.0.2.3 www.example.com
	done
	: >etc/resolv.conf
	echo nameserver 127.0.0.1 >etc/resolv.conf # written in place
	within 10 in_n $peer ask 10.0.2.3 www.example.com
	rm etc/resolv.conf
	mkdir run && echo nameserver 127.0.0.1 >run/stub && ln -s ../run/stub etc/resolv.conf
	within 10 in_n $peer ask 10.0.2.3 www.example.com
	idle
	SH
}

@test "descriptors run out: what exists goes on, what is new fails, afterwards all is well" {
	export NOFILE=128
	host_script <<-'SH'
	slow
	in_n $peer crowd 192.0.2.2 5000 400 enough >crowd &
	crowd=$!
	within 30 grep -q holding crowd
	idle
	wait $slow
	touch enough
	wait $crowd
	cat crowd
	within 10 in_n $peer put 192.0.2.2 5000 1000000
	in_n $peer storm 192.0.2.2 5000 300
	within 45 eval '[ $(fds) -le $base ]'
	idle
	SH
}

# many_flows: a script for flows without number. What usernet allows follows from the limit of
# descriptors (config/limits.h): ALL is 65,536 where that is 200,000 or more.
many_flows() {
	NOFILE=$(ulimit -Hn)
	[ "$NOFILE" -le 200000 ] || NOFILE=200000
	ALL=$(((NOFILE - 1024) / 3))
	[ "$ALL" -le 65536 ] || ALL=65536
	[ "$ALL" = 65536 ] || echo "# $ALL flows instead of 65536: the limit of descriptors is $NOFILE" >&3
	export NOFILE ALL PORTS="1024 65535"
	cat - >"$BATS_TEST_TMPDIR/flows"
	host_script <<-SH
	ulimit -n \$NOFILE
	memory() { awk '/VmRSS/ { print \$2 }' /proc/\$usernet/status; }
	flows() { in_n \$peer flows "\$@" enough >holding.\$3.\$4 & within 100 grep holding holding.\$3.\$4; cat holding.\$3.\$4; }
	least() { [ \$1 -le \$2 ] && echo \$1 || echo \$2; }
	for i in 6000 6001; do nsenter -n -t \$far \$peer sink 192.0.2.2 \$i & done
	in_n ip link set lo up
	for i in \$(seq 40); do in_n ip addr add 172.20.0.\$i/32 dev lo; done
	in_n \$peer keep 192.0.2.2 5000 enough \$MAY_LOSE >kept &
	keeper=\$!
	before=\$(memory)
	$(cat "$BATS_TEST_TMPDIR/flows")
	most=\$(memory)
	idle
	touch enough
	wait \$keeper
	cat kept
	within 60 eval '[ \$(fds) -le \$((base + 4)) ]' || {
		ls -l /proc/\$usernet/fd | sed 's/.*-> //; s/[0-9]*//g' | sort | uniq -c
		ss -an | awk '{ print \$1, \$2 }' | sort | uniq -c
		in_n ss -an | awk '{ print \$1, \$2 }' | sort | uniq -c
		false
	}
	idle
	echo "memory: \$before KiB before, \$most KiB with all flows, \$(memory) KiB after"
	[ \$(memory) -le \$((before + 8192)) ]
	SH
}

@test "half as many flows of datagrams again as are allowed, of 24 sources: the oldest give way" {
	many_flows <<-'SH'
	some=$(least 4096 $((ALL * 3 / 2 / 24)))
	may=$(least $((64512 / 4 * 3)) $((ALL / 5 * 4)))
	flows udp 192.0.2.2 6000 172.20.0.1 24 $some
	echo "$(fds) descriptors, $base before; $may flows may be"
	[ $((24 * some)) -gt $may ]
	[ $(fds) -ge $((base + may - 4)) ] && [ $(fds) -le $((base + may + 4)) ]
	in_n $peer put 192.0.2.2 5000 1000000
	in_n $peer udp 192.0.2.2 5000
	SH
}

@test "more connections and flows than are allowed: connections last, datagrams give way, the rest waits" {
	[ -n "${THIMBLE_LONG:-}" ] || [ "$(ulimit -Hn)" -le 70000 ] ||
		skip "so many connections take 1 GB and minutes: THIMBLE_LONG=1 makes them"
	export MAY_LOSE=1000000 # where connections have all, datagrams find nothing to take
	LIMIT=600 many_flows <<-'SH'
	flows udp 192.0.2.2 6000 172.20.0.1 8 $(least 4096 $((ALL / 16)))
	for i in 1 2 3 4 5 6 7 8 9; do
		flows tcp 192.0.2.2 $((6000 + i % 2)) 172.20.0.$((10 + i)) 1 $(least 8000 $((ALL / 8)))
	done
	echo "$(fds) descriptors, $base before; $ALL flows may be"
	[ $(fds) -ge $((base + ALL - 4)) ] && [ $(fds) -le $((base + ALL + 4)) ]
	SH
}
