# SPDX-License-Identifier: MIT
# usernet with the command line of slirp4netns, each option of it, as an unprivileged user on
# network namespaces that unshare(1) made.
load lib

setup_file() {
	command -v python3 >/dev/null || skip "python3 is not installed"
	stack_env
	[ -w /dev/net/tun ] || skip "/dev/net/tun cannot be opened"
	unshare -r -n true 2>/dev/null || skip "user namespaces are not to be had"
	export PEER=$BATS_TEST_DIRNAME/netpeer.py PORT
	PORT=$(free_port)
	python3 "$PEER" serve 127.0.0.1 "$PORT" 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/server.pid"
	within 5 python3 "$PEER" udp 127.0.0.1 "$PORT"
}

teardown_file() {
	[ ! -e "$BATS_FILE_TMPDIR/server.pid" ] || kill "$(cat "$BATS_FILE_TMPDIR/server.pid")" 2>/dev/null || true
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	unshare -r -n sleep 600 3>&- &
	target=$!
	within 5 eval '[ "$(readlink /proc/$target/ns/net)" != "$(readlink /proc/self/ns/net)" ]'
	within 5 in_ns true
}

teardown() {
	local all
	all=$(jobs -p)
	[ -z "$all" ] || kill $all 2>/dev/null || true
}

in_ns() { nsenter --preserve-credentials -U -n -t "$target" "$@"; }

# start [OPTIONS]: slirp4netns -c for the target, returns when it is ready
start() { start_raw -c "$@" "$target" tap0; }

start_raw() {
	mkfifo ready
	slirp4netns -r 9 "$@" >log 2>&1 3>&- 9>ready &
	slirp=$!
	[ "$(timeout 10 cat ready)" = 1 ] || { cat log; return 1; }
	rm ready
}

# refused MESSAGE OPTIONS...: slirp4netns must end with 1 and say MESSAGE
refused() {
	local message=$1
	shift
	run timeout 5 slirp4netns "$@"
	echo "$output"
	[ "$status" = 1 ] && [[ $output == *"$message"* ]]
}

# api REQUEST: the answer at api.sock
ask_api() {
	python3 - "$1" <<-'PY'
	import socket, sys
	s = socket.socket(socket.AF_UNIX)
	s.connect("api.sock")
	s.sendall(sys.argv[1].encode())
	s.shutdown(socket.SHUT_WR)
	print(s.makefile().read())
	PY
}

# who PORT FAMILY: in the namespace, a server that tells each client its address
who() {
	cat >who.py <<-'PY'
	import socket, sys
	s = socket.create_server(("", int(sys.argv[1])), family=getattr(socket, sys.argv[2]))
	while True:
	    c, a = s.accept()
	    c.sendall(a[0].encode())
	    c.close()
	PY
	nsenter --preserve-credentials -U -n -t "$target" python3 who.py "$1" "$2" 3>&- & # a job itself, for teardown
	within 5 in_ns python3 -c "import socket; socket.create_connection(('localhost' if '$2' == 'AF_INET' else '::1', $1))"
}

asks() { python3 -c 'import socket, sys; print(socket.create_connection((sys.argv[1], int(sys.argv[2])), 5).makefile().read())' "$1" "$2"; }

host_addr() { hostname -I 2>/dev/null | tr ' ' '\n' | grep -m1 '^[0-9.]*$'; }

@test "texts that callers look for" {
	run slirp4netns --help
	[ "$status" = 0 ]
	for o in --configure --exit-fd --ready-fd --mtu --enable-ipv6 --api-socket --cidr --disable-host-loopback \
		--netns-type --userns-path --enable-sandbox --enable-seccomp --outbound-addr --outbound-addr6 \
		--disable-dns --macaddress --target-type; do
		[[ $output == *"$o"* ]] || { echo "no $o"; return 1; }
	done
	run slirp4netns --version
	[ "$status" = 0 ]
	[[ ${lines[0]} =~ ^slirp4netns\ version\ 1\.[0-9]+\.[0-9]+$ ]]
}

@test "wrong options are refused as slirp4netns refuses them" {
	refused "PID, PATH or FD of the target is missing"
	refused "TAPNAME is missing" 1
	refused "PID must be a positive integer" x tap0
	refused "PID must be a positive integer" 0 tap0
	refused "existing path expected when --netns-type=path" --netns-type=path /nonexistent tap0
	refused "userns path doesn't exist" --userns-path=/nonexistent "$target" tap0
	refused "invalid CIDR" --cidr 24 "$target" tap0
	refused "invalid CIDR" --cidr 10.0.2.0 "$target" tap0
	refused "CIDR needs to be a network address like 10.0.2.0/24, not like 10.0.2.100/24" --cidr 10.0.2.100/24 "$target" tap0
	refused "prefix length needs to be 1-25" --cidr 10.0.2.0/26 "$target" tap0
	refused "MTU must be a positive integer (< 65522)" -m 65522 "$target" tap0
	refused "exit-fd must be a non-negative integer" -e x "$target" tap0
	refused "--macaddr cannot be specified when --configure or -c is not specified" --macaddress 0e:d4:18:d9:38:fb "$target" tap0
	refused "is an invalid MAC address" -c --macaddress 0e:d4 "$target" tap0
	refused "outbound-addr has to be valid ipv4 address or interface name" --outbound-addr nosuch0 "$target" tap0
	refused "--target-type must be either" --target-type=x "$target" tap0
	refused "conflicts with --target-type=bess" --target-type=bess -c path
	refused "API socket path is too long" -a "$(printf 'a%.0s' {1..120})" "$target" tap0
	refused "unknown" --nosuch "$target" tap0
	refused "" 999999999 tap0
}

@test "-c: address, route, lo; TCP and UDP to the host's loopback by the gateway" {
	start
	in_ns ip -br addr show lo | grep -q 127.0.0.1
	in_ns ip addr show tap0 | grep -q 'mtu 1500'
	in_ns ip addr show tap0 | grep -qF 'inet 10.0.2.100/24'
	in_ns ip route | grep -q '^default via 10.0.2.2 dev tap0'
	[ -z "$(in_ns ip addr show tap0 | grep fd00)" ]
	in_ns python3 "$PEER" put 10.0.2.2 "$PORT" 100000000
	in_ns python3 "$PEER" get 10.0.2.2 "$PORT" 100000000
	in_ns python3 "$PEER" udp 10.0.2.2 "$PORT"
	in_ns python3 "$PEER" refused 10.0.2.2 1
	in_ns ping -c 1 -W 3 10.0.2.2
	grep -q 'WARNING: 127.0.0.1:\* on the host is accessible as 10.0.2.2' log
}

@test "the tap takes large segments" {
	start
	in_ns python3 "$PEER" get 10.0.2.2 "$PORT" 50000000
	# at 1500 bytes each there would be some 34,000 packets
	[ "$(in_ns cat /sys/class/net/tap0/statistics/rx_packets 2>/dev/null || in_ns ip -s link show tap0 | awk '/RX:/ { getline; print $2 }')" -lt 10000 ]
}

@test "without -c the interface is made and left alone" {
	start_raw "$target" tap7
	in_ns ip link show tap7 | grep -q 'state DOWN'
	! in_ns ip addr show tap7 | grep -q inet
}

@test "the gateway and the nameserver are answered for by ARP, nobody else" {
	start
	in_ns ping -c 1 -W 2 10.0.2.3
	in_ns ip neigh show 10.0.2.3 | grep -q 52:55:0a:00:02:02
	fails in_ns ping -c 1 -W 1 10.0.2.50
	! in_ns ip neigh show 10.0.2.50 | grep -q lladdr
}

@test "--mtu, --cidr, --macaddress" {
	start --mtu 9000 --cidr 10.77.0.128/25 --macaddress 0e:d4:18:d9:38:fb
	in_ns ip addr show tap0 | grep -q 'mtu 9000'
	in_ns ip addr show tap0 | grep -qF 'inet 10.77.0.228/25'
	in_ns ip addr show tap0 | grep -q 0e:d4:18:d9:38:fb
	in_ns python3 "$PEER" get 10.77.0.130 "$PORT" 10000000
	in_ns python3 "$PEER" udp 10.77.0.130 "$PORT"
}

@test "DHCP gives address 15" {
	command -v busybox >/dev/null && busybox udhcpc --help >/dev/null 2>&1 || skip "no udhcpc"
	start_raw "$target" tap0
	in_ns ip link set tap0 up
	in_ns timeout 10 busybox udhcpc -q -f -n -i tap0 -s /bin/true 2>&1 | tee dhcp.log
	grep -q 10.0.2.15 dhcp.log
}

@test "--disable-host-loopback: the gateway has no service, but answers ping" {
	start --disable-host-loopback
	in_ns ping -c 1 -W 3 10.0.2.2
	run in_ns python3 -c "import socket; socket.create_connection(('10.0.2.2', $PORT), 5)"
	[[ $output == *"Network is unreachable"* ]]
	run in_ns python3 -c "import socket; socket.create_connection(('127.0.0.2', $PORT), 5)"
	[[ $output == *"refused"* ]] # its own loopback, not the host's
}

@test "--enable-ipv6: the gateway, router advertisements, and the host's ::1" {
	python3 -c 'import socket; socket.create_server(("::1", 0), family=socket.AF_INET6)' 2>/dev/null || skip "the host has no IPv6"
	local port
	port=$(free_port)
	python3 "$PEER" serve ::1 "$port" 3>&- &
	local server=$!
	start -6
	in_ns ip addr show tap0 | grep -qF 'inet6 fd00::100/64'
	in_ns ip -6 route | grep -q '^default via fd00::2 dev tap0'
	in_ns ping -c 1 -W 3 fd00::2
	in_ns python3 "$PEER" get fd00::2 "$port" 10000000
	in_ns python3 "$PEER" put fd00::2 "$port" 10000000
	kill "$server"
	# a second address, made of what the router advertised
	within 10 eval 'in_ns ip addr show tap0 | grep -q "inet6 fd00::.*ff:fe.*/64 scope global dynamic"'
	in_ns ip -6 route | grep -q 'via fe80::2'
}

@test "--disable-dns: the nameserver's address is silent" {
	start --disable-dns
	run in_ns timeout 2 python3 -c "import socket; socket.create_connection(('10.0.2.3', 53))"
	[ "$status" = 124 ]
}

@test "--outbound-addr: connections leave from there" {
	local addr port
	addr=$(host_addr) || skip "the host has only loopback"
	[ -n "$addr" ] || skip "the host has only loopback"
	port=$(free_port)
	cat >server.py <<-'PY'
	import socket, sys
	s = socket.create_server(("", int(sys.argv[1])))
	while True:
	    c, a = s.accept()
	    c.sendall(a[0].encode())
	    c.close()
	PY
	python3 server.py "$port" 3>&- &
	local server=$!
	within 5 python3 -c "import socket; socket.create_connection(('127.0.0.1', $port))"
	start --outbound-addr "$addr"
	[ "$(in_ns python3 -c "import socket; print(socket.create_connection(('10.0.2.2', $port), 5).makefile().read())")" = "$addr" ]
	kill "$slirp"
	wait "$slirp" || true
	start --outbound-addr lo
	[ "$(in_ns python3 -c "import socket; print(socket.create_connection(('10.0.2.2', $port), 5).makefile().read())")" = 127.0.0.1 ]
	kill "$server"
}

@test "--netns-type=path with --userns-path; tapfd" {
	start_raw -c --netns-type=path --userns-path="/proc/$target/ns/user" "/proc/$target/ns/net" tap3
	in_ns ip addr show tap3 | grep -qF 10.0.2.100
	in_ns python3 "$PEER" get 10.0.2.2 "$PORT" 1000
	kill "$slirp"
	wait "$slirp" || true
	refused "TAPFD must be a non-negative integer" --netns-type=tapfd x
}

@test "--exit-fd: the end of it is the end" {
	mkfifo end
	sleep 600 >end 3>&- &
	local holder=$!
	slirp4netns -c -e 8 "$target" tap0 8<end >log 2>&1 3>&- &
	slirp=$!
	within 5 in_ns python3 "$PEER" get 10.0.2.2 "$PORT" 1000
	kill "$holder"
	timeout 5 tail --pid="$slirp" -s 0.05 -f /dev/null
	wait "$slirp"
	within 5 eval '! in_ns ip link show tap0' # the device went with it
}

@test "without its device there is nothing to do" {
	start
	in_ns ip link del tap0
	timeout 5 tail --pid="$slirp" -s 0.05 -f /dev/null
	wait "$slirp"
}

@test "confined with and without --enable-sandbox and --enable-seccomp" {
	start
	grep -qP '^CapPrm:\t0+$' "/proc/$slirp/status"
	grep -qP '^NoNewPrivs:\t1$' "/proc/$slirp/status"
	grep -qP '^Seccomp:\t2$' "/proc/$slirp/status"
	kill "$slirp"
	wait "$slirp" || true
	start --enable-sandbox --enable-seccomp
	grep -qP '^CapPrm:\t0+400$' "/proc/$slirp/status"
	grep -qP '^CapBnd:\t0+400$' "/proc/$slirp/status"
	grep -qP '^Seccomp:\t2$' "/proc/$slirp/status"
	in_ns python3 "$PEER" put 10.0.2.2 "$PORT" 1000000
	# it has joined the target's user namespace, whose root must not get at the host's network by tracing it
	fails in_ns ls "/proc/$slirp/root/"
	fails in_ns python3 -c "import ctypes; assert ctypes.CDLL(None).ptrace(16, $slirp, 0, 0) == 0"
}

@test "API: published TCP shows the client's address; list and remove" {
	local addr port
	port=$(free_port)
	start -a api.sock --enable-sandbox
	who 80 AF_INET
	[ "$(ask_api "{\"execute\": \"add_hostfwd\", \"arguments\": {\"proto\": \"tcp\", \"host_port\": $port, \"guest_port\": 80}}")" = '{"return":{"id":1}}' ]
	[ "$(asks 127.0.0.1 "$port")" = 10.0.2.2 ]
	addr=$(host_addr)
	[ -z "$addr" ] || [ "$(asks "$addr" "$port")" = "$addr" ]
	ask_api '{"execute": "list_hostfwd"}' | jq -e '.return.entries == [{"id":1,"proto":"tcp","host_addr":"0.0.0.0","host_port":'"$port"',"guest_addr":"10.0.2.100","guest_port":80}]'
	ask_api '{"execute": "remove_hostfwd", "arguments": {"id": 1}}' | jq -e '.return == {}'
	python3 "$PEER" refused 127.0.0.1 "$port"
	ask_api '{"execute": "remove_hostfwd", "arguments": {"id": 1}}' | jq -e '.error.desc == "bad request: remove_hostfwd: bad arguments.id"'
}

@test "API: bulk both ways, a closed port in the namespace, UDP" {
	local port
	port=$(free_port)
	start -a api.sock
	nsenter --preserve-credentials -U -n -t "$target" python3 "$PEER" serve 10.0.2.100 7777 3>&- &
	within 5 in_ns python3 "$PEER" udp 10.0.2.100 7777
	for p in tcp udp; do
		ask_api "{\"execute\": \"add_hostfwd\", \"arguments\": {\"proto\": \"$p\", \"host_addr\": \"127.0.0.1\", \"host_port\": $port, \"guest_port\": 7777}}" | jq -e .return.id
	done
	python3 "$PEER" put 127.0.0.1 "$port" 100000000
	python3 "$PEER" get 127.0.0.1 "$port" 100000000
	python3 "$PEER" slow 127.0.0.1 "$port" 100000
	python3 "$PEER" storm 127.0.0.1 "$port" 1000
	python3 "$PEER" udp 127.0.0.1 "$port"
	local other
	other=$(free_port)
	ask_api "{\"execute\": \"add_hostfwd\", \"arguments\": {\"proto\": \"tcp\", \"host_port\": $other, \"guest_port\": 9}}" | jq -e .return.id
	run python3 -c "import socket; socket.create_connection(('127.0.0.1', $other), 5).recv(1)"
	[[ $output == *"Connection reset"* ]]
	ask_api "{\"execute\": \"add_hostfwd\", \"arguments\": {\"proto\": \"tcp\", \"host_addr\": \"127.0.0.1\", \"host_port\": $port, \"guest_port\": 9}}" |
		tee answer | jq -e '.error.desc | startswith("bad request: add_hostfwd: slirp_add_hostfwd failed: bind 127.0.0.1 port ")' || { cat answer; return 1; }
}

@test "API: tcp6" {
	python3 -c 'import socket; socket.create_server(("::1", 0), family=socket.AF_INET6)' 2>/dev/null || skip "the host has no IPv6"
	local port
	port=$(free_port)
	start -6 -a api.sock
	who 80 AF_INET6
	ask_api "{\"execute\": \"add_hostfwd\", \"arguments\": {\"proto\": \"tcp6\", \"host_port\": $port, \"guest_port\": 80}}" | jq -e .return.id
	[ "$(asks ::1 "$port")" = fd00::2 ]
}

@test "--target-type=bess: frames as messages" {
	slirp4netns --target-type=bess bess.sock >log 2>&1 3>&- &
	slirp=$!
	within 5 test -S bess.sock
	python3 - <<-'PY'
	import socket
	s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
	s.connect("bess.sock")
	mac = b"\2\0\0\0\0\1"
	s.send(b"\xff" * 6 + mac + b"\x08\x06" + b"\0\1\x08\0\6\4\0\1" + mac + bytes([10, 0, 2, 100]) + bytes(6) + bytes([10, 0, 2, 2]))
	s.settimeout(5)
	answer = s.recv(2000)
	assert answer[:6] == mac and answer[20:22] == b"\0\2" and answer[28:32] == bytes([10, 0, 2, 2]), answer
	PY
	timeout 5 tail --pid="$slirp" -s 0.05 -f /dev/null # its one client has gone
}

@test "nothing wakes it while nothing happens" {
	start -a api.sock
	local before after
	sleep 3
	before=$(awk '/ctxt_switches/ { n += $2 } END { print n }' "/proc/$slirp/status")
	sleep 5
	after=$(awk '/ctxt_switches/ { n += $2 } END { print n }' "/proc/$slirp/status")
	[ $((after - before)) -le 1 ]
}
