# SPDX-License-Identifier: MIT
# Real programs through the network, out of a container and, through published ports, into it.
# Two containers of one image run the same servers (netserve): "in" on the default bridge, its ports
# published; "srv" in the host's network, which plays the host and whatever lies beyond it.
# THIMBLE_LONG=1 leaves SSH idle for 10 minutes and sends 1 GB over the bad line.
load lib

setup_file() {
	[ -e "$STAGE/fixtures/net.tar.gz" ] || skip "no root file system with the network programs"
	[ -w /dev/net/tun ] || skip "/dev/net/tun cannot be opened"
	HOST=$(hostname -I 2>/dev/null | tr ' ' '\n' | grep -m1 '^[0-9.]*$') || skip "the host has only loopback"
	export HOST SIZE=64 OUT_BASE IN_BASE DATADIR=$BATS_FILE_TMPDIR/data
	OUT_BASE=$(free_base)
	IN_BASE=$((OUT_BASE + 10))
	make_data
	stack_start
	real import "$STAGE/fixtures/net.tar.gz" net >/dev/null
	local volumes=(-v "$DATADIR:/data" -v "$BATS_TEST_DIRNAME/netserve:/netserve" -v "$BATS_TEST_DIRNAME/netpeer.py:/netpeer.py")
	real run -d --name srv --network host "${volumes[@]}" net /netserve "$HOST" "$OUT_BASE" >/dev/null
	real run -d --name in "${volumes[@]}" -p "$IN_BASE-$((IN_BASE + 7)):8000-8007" -p "$IN_BASE-$((IN_BASE + 7)):8000-8007/udp" \
		net /netserve 0.0.0.0 8000 "$HOST:$OUT_BASE" >/dev/null
	within 30 up srv "$OUT_BASE"
	within 30 up srv "$IN_BASE"
}

teardown_file() { stack_stop; }

teardown() {
	[ ! -e "$BATS_TEST_TMPDIR/pid" ] || kill "$(cat "$BATS_TEST_TMPDIR/pid")" 2>/dev/null || true
}

up() { # CONTAINER BASE: every server answers it
	local i
	for i in 0 1 2 3 4 5 6 7; do exec_in "$1" bash -c ": </dev/tcp/$HOST/$(($2 + i))" || return 1; done
}

free_base() { # 20 ports in a row
	local base i
	for base in $(shuf -i 1000-1900 -n 20); do
		base=$((base * 10))
		for i in $(seq 20); do
			! (: <"/dev/tcp/$HOST/$((base + i - 1))") 2>/dev/null || continue 2
		done
		echo "$base"
		return
	done
}

make_data() {
	local d=$DATADIR repo=$DATADIR/repo p=$BATS_FILE_TMPDIR/package
	mkdir -p "$d" "$repo" "$p/DEBIAN" "$p/usr/share/thimble-test"
	head -c ${SIZE}M /dev/urandom >"$d/big"
	for i in $(seq 20); do head -c $((i * 9973)) /dev/urandom >"$d/small$i"; done
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=thimble -keyout "$d/key" -out "$d/cert" 2>/dev/null
	head -c 3M /dev/urandom >"$p/usr/share/thimble-test/file"
	printf 'Package: thimble-test\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.com>\nDescription: x\n' >"$p/DEBIAN/control"
	dpkg-deb -Znone --root-owner-group -b "$p" "$repo/thimble-test.deb" >/dev/null
	ssh-keygen -q -t ed25519 -N '' -f "$d/ssh"
	(cd "$d" && sha256sum big small*) >"$d/sums"
	chmod -R a+rX "$d"
}

exec_in() { real exec "$@"; }

# both COMMAND: in "in" with BASE of the host's servers, then in "srv" with that of the published
both() {
	exec_in -e HOST="$HOST" -e BASE="$OUT_BASE" in timeout 120 bash -euc "$1"
	exec_in -e HOST="$HOST" -e BASE="$IN_BASE" srv timeout 120 bash -euc "$1"
}

@test "curl, HTTP/1.1: a large file and many small ones over one connection" {
	both 'cd $(mktemp -d); curl -sS --http1.1 -O "http://$HOST:$BASE/big" -O "http://$HOST:$BASE/small[1-20]"; sha256sum --quiet -c /data/sums'
}

@test "curl, HTTP/2 with TLS: twenty at a time" {
	both 'cd $(mktemp -d); curl -sSkZ --http2 --parallel-max 21 -w "%{http_version}\n" -O "https://$HOST:$((BASE + 1))/big" \
		-O "https://$HOST:$((BASE + 1))/small[1-20]" >/tmp/versions; sha256sum --quiet -c /data/sums; ! grep -v "^2$" /tmp/versions'
}

@test "nginx in a container as proxy to the outside" {
	[ "$(exec_in srv bash -c "curl -sS http://$HOST:$IN_BASE/proxy/big | sha256sum")" = "$(sha256sum <"$DATADIR/big")" ]
}

@test "apt gets its lists and a package from outside" {
	exec_in srv bash -euc 'cd /data/repo; apt-ftparchive packages . >/tmp/Packages; apt-ftparchive release . >/tmp/Release; cp /tmp/Packages /tmp/Release .'
	exec_in in bash -euc "echo 'deb [trusted=yes] http://$HOST:$OUT_BASE/repo ./' >/etc/apt/sources.list
		apt-get -qq update; apt-get -qq install thimble-test; cmp /usr/share/thimble-test/file <(dpkg-deb --fsys-tarfile /data/repo/thimble-test.deb | tar -xO ./usr/share/thimble-test/file)"
}

@test "PostgreSQL" {
	both 'p="psql -qAt -h $HOST -p $((BASE + 3)) -U postgres"; $p -c "create table t as select i, md5(i::text) m from generate_series(1, 200000) i"
		$p -c "copy t to stdout" >/tmp/t; [ $(wc -l </tmp/t) = 200000 ]; $p -c "create table u (i int, m text)"; $p -c "copy u from stdin" </tmp/t
		[ "$($p -c "select count(*) from t join u using (i, m)")" = 200000 ]
		for i in 1 2 3 4 5 6 7 8; do $p -c "select pg_sleep(0.2), $i" >/dev/null & done; wait'
}

@test "redis" {
	both 'r="redis-cli -h $HOST -p $((BASE + 2))"; head -c 20000000 /data/big >/tmp/v; $r -x set v </tmp/v; $r get v | head -c 20000000 | cmp - /tmp/v
		redis-benchmark -h $HOST -p $((BASE + 2)) -q -n 20000 -c 50 -t ping_mbulk,set,get; redis-benchmark -h $HOST -p $((BASE + 2)) -q -n 50000 -P 32 -t lpush'
}

@test "iperf3: both ways, UDP" {
	# its server takes one client and refuses the next until it has done with the one before: that is no test yet
	both 'i() { local n; for n in 1 2 3 4 5 6 7 8 9; do
			iperf3 -p $((BASE + 4)) -c $HOST -t 1 "$@" >/tmp/i 2>&1 && break
			! grep -q sec /tmp/i && [ $n -lt 9 ] || { cat /tmp/i; return 1; }
			sleep 0.5
		done; cat /tmp/i; }
		i; i -R; i -P 4; i -u -b 50M; i -u -b 50M -R' >"$BATS_TEST_TMPDIR/out" || { cat "$BATS_TEST_TMPDIR/out"; false; }
	[ "$(grep -c receiver "$BATS_TEST_TMPDIR/out")" = 18 ] # of four streams each and their sum
	! grep -E ' 0.00 (Bytes|bits/sec) .*receiver' "$BATS_TEST_TMPDIR/out"
}

@test "dig over UDP and TCP, answers of 3 KB" {
	both 'd="dig @$HOST -p $((BASE + 5)) +short +tries=1"; [ "$($d www.example.com)" = 192.0.2.77 ]; [ "$($d +tcp www.example.com)" = 192.0.2.77 ]
		[ $($d +tcp long.example.com txt | tr -d "\" \n" | wc -c) = 2400 ]; [ $($d +bufsize=4096 +ignore long.example.com txt | tr -d "\" \n" | wc -c) = 2400 ]
		for i in $(seq 50); do [ "$($d www.example.com)" = 192.0.2.77 ]; done'
}

@test "ping" {
	local low high gid
	read -r low high </proc/sys/net/ipv4/ping_group_range
	gid=$(id -g)
	[ "$low" -le "$gid" ] && [ "$gid" -le "$high" ] || skip "net.ipv4.ping_group_range leaves this user out"
	exec_in in ping -q -i 0.2 -c 5 -W 2 "$HOST"
	exec_in in ping -q -c 1 -W 2 -s 4000 "$HOST"
}

@test "an SSH session left idle" {
	local idle=8 pids p
	[ -z "${THIMBLE_LONG:-}" ] || idle=600
	[ -n "${THIMBLE_LONG:-}" ] || echo "# idle for $idle seconds only; THIMBLE_LONG=1 makes it 10 minutes" >&3
	ssh_idle() { # CONTAINER BASE
		exec_in "$1" bash -euc "cp /data/ssh /tmp/id; chmod 600 /tmp/id; (echo one; sleep $idle; echo two; cat /data/small20) |
			ssh -i /tmp/id -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -p $(($2 + 7)) $HOST cat >/tmp/ssh.out
			(echo one; echo two; cat /data/small20) | cmp - /tmp/ssh.out"
	}
	ssh_idle in "$OUT_BASE" &
	pids=($!)
	ssh_idle srv "$IN_BASE" &
	pids+=($!)
	for p in "${pids[@]}"; do wait "$p"; done
}

@test "a storm of 10,000 connections" {
	both 'python3 /netpeer.py storm $HOST $((BASE + 6)) 10000'
}

@test "wrk at 16 and at 256 connections" {
	both 'for c in 16 256; do wrk -t2 -c$c -d2s --timeout 10s http://$HOST:$BASE/small1; done' | tee "$BATS_TEST_TMPDIR/out"
	[ "$(grep -c Requests/sec "$BATS_TEST_TMPDIR/out")" = 4 ]
	! grep -E 'Socket errors|Non-2xx' "$BATS_TEST_TMPDIR/out"
}

@test "long half-closed transfers, each way" {
	both 'python3 /netpeer.py put $HOST $((BASE + 6)) 50000000; python3 /netpeer.py slow $HOST $((BASE + 6)) 3000000 & python3 /netpeer.py slow $HOST $((BASE + 6)) 1; wait $!'
}

# stack_n COMMAND: in N, with the capabilities of the stack's child over it
stack_n() {
	local state=$XDG_RUNTIME_DIR/dockerd-rootless child
	child=$(cat "$state/child_pid")
	nsenter --preserve-credentials -U -t "$child" nsenter --net="/proc/$child/root$state/netns" "$@"
}

bytes() { if [ -n "${THIMBLE_LONG:-}" ]; then echo 1000000000; else echo 30000000; fi; }

@test "both ways over a line that loses 2 % and reorders as many, between container and bridge" {
	local state=$XDG_RUNTIME_DIR/dockerd-rootless child pid port=$((OUT_BASE + 6))
	[ -n "${THIMBLE_LONG:-}" ] || echo "# 30 MB only; THIMBLE_LONG=1 makes it 1 GB" >&3
	exec_in srv true
	real run -d --name bad --network none -v "$BATS_TEST_DIRNAME/netpeer.py:/netpeer.py" net sleep 1000
	pid=$(real inspect --format '{{.State.Pid}}' bad)
	child=$(cat "$state/child_pid")
	nsenter --preserve-credentials -U -t "$child" "$STAGE/tools/lossy" "/proc/$child/root$state/netns" bad0 "/proc/$pid/ns/net" eth0 2 3>&- &
	echo $! >"$BATS_TEST_TMPDIR/pid"
	within 5 stack_n ip link set bad0 master docker0 up
	nsenter --preserve-credentials -U -t "$child" nsenter --net="/proc/$pid/ns/net" sh -c \
		'ip address add 172.17.0.250/16 dev eth0; ip link set eth0 up; ip route add default via 172.17.0.1'
	exec_in bad timeout 600 python3 /netpeer.py put "$HOST" "$port" "$(bytes)"
	exec_in bad timeout 600 python3 /netpeer.py get "$HOST" "$port" "$(bytes)"
	exec_in bad timeout 60 python3 /netpeer.py storm "$HOST" "$port" 300
	real rm -f bad
}

# The product's fast path is the kernel's TCP; this is usernet's own, which carries what the fast
# path does not.
@test "the same between N and usernet alone" {
	cat >"$BATS_TEST_TMPDIR/script" <<-SH
	set -e
	cd "$BATS_TEST_TMPDIR"
	peer="python3 $BATS_TEST_DIRNAME/netpeer.py"
	ip link set lo up
	ip link add a0 type veth peer name b0
	ip addr add 192.0.2.1/24 dev a0
	ip link set a0 up && ip link set b0 up
	echo nameserver 192.0.2.1 >resolv.conf
	\$peer serve 192.0.2.1 5000 &
	\$peer usernet "\$PWD/sock" usernet --tun-fd=3 --resolv-conf="\$PWD/resolv.conf" &
	while [ ! -S sock ]; do sleep 0.05; done
	unshare -n \$peer tun "\$PWD/sock" &
	n=\$!
	while ! nsenter -n -t \$n ip route 2>/dev/null | grep -q default; do sleep 0.05; done
	unshare -n sleep 1000 &
	c=\$!
	sleep 0.2
	"$STAGE/tools/lossy" /proc/\$n/ns/net bad0 /proc/\$c/ns/net eth0 2 &
	sleep 0.2
	nsenter -n -t \$n sh -c 'ip addr add 10.9.0.1/24 dev bad0; ip link set bad0 up; echo 1 >/proc/sys/net/ipv4/ip_forward'
	nsenter -n -t \$c sh -c 'ip addr add 10.9.0.2/24 dev eth0; ip link set eth0 up; ip route add default via 10.9.0.1'
	nsenter -n -t \$c \$peer put 192.0.2.1 5000 $(bytes)
	nsenter -n -t \$c \$peer get 192.0.2.1 5000 $(bytes)
	nsenter -n -t \$c timeout 60 \$peer storm 192.0.2.1 5000 300
	echo well
	SH
	timeout 900 unshare -Urnmpf --mount-proc --kill-child bash -x "$BATS_TEST_TMPDIR/script" >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- || true
	cat "$BATS_TEST_TMPDIR/out"
	tail -n 1 "$BATS_TEST_TMPDIR/out" | grep -qx well
}
