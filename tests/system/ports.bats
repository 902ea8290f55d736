# SPDX-License-Identifier: MIT
# Published ports: who the container sees, where they are bound, what is said when they cannot be,
# and that they come and go with their container. The host is a network namespace (ports.host).
load lib

setup_file() {
	[ -n "${CLIENTS:-}" ] || skip "the namespaces of host and clients need root"
	[ -w /dev/net/tun ] || skip "/dev/net/tun cannot be opened"
	export TELL=$STAGE/tools/peertell
	stack_start
	import_small
	real network create --ipv6 --subnet 172.30.0.0/24 --subnet fd30::/64 six >/dev/null
	teller four -p 8080:9000/tcp -p 8080:9000/udp -p 8081:9000/udp
	teller six --network six -p 8090:9000/tcp -p 8090:9000/udp
	within 10 tell tcp 10.77.0.1 8090
}

teardown_file() { stack_stop; }

# teller NAME OPTIONS...: a container that tells its clients who they are
teller() {
	local name=$1
	shift
	real run -d --name "$name" -v "$TELL:/peertell:ro" "$@" small /peertell serve 9000 >/dev/null
}

clients() { nsenter --preserve-credentials -U -n -t "$CLIENTS" "$@"; }
tell() { clients "$TELL" "$@"; }

# true_client PROTO ADDR PORT FROM [SPORT]: is seen as it is
true_client() {
	local mine seen port
	read -r mine seen port < <(tell "$@")
	[ "$seen $port" = "$4 $mine" ] || { echo "$*: seen as $seen $port, is $4 $mine"; return 1; }
}

# hidden_client GATEWAY COMMAND...: is seen as the gateway
hidden_client() {
	local gateway=$1 seen
	shift
	seen=$("$@" | cut -d' ' -f2)
	[ "$seen" = "$gateway" ] || { echo "$*: seen as $seen, not $gateway"; return 1; }
}

# a second engine: second_home, second_start COMMAND..., second DOCKER ARGUMENTS..., second_stop
second_home() {
	export SECOND=$BATS_TEST_TMPDIR/second
	mkdir -p "$SECOND/home"
	chmod 700 "$SECOND"
}
second_start() {
	HOME=$SECOND/home XDG_RUNTIME_DIR=$SECOND "$@" >"$SECOND/log" 2>&1 3>&- &
	echo $! >"$SECOND/pid"
	within 20 second version || { cat "$SECOND/log"; return 1; }
	second import "$STAGE/fixtures/small.tar.gz" small >/dev/null
}
second() { DOCKER_HOST=unix://$SECOND/docker.sock "$STAGE/tools/docker" "$@"; }
second_stop() {
	second rm -f low
	kill "$(cat "$SECOND/pid")"
	timeout 20 tail --pid="$(cat "$SECOND/pid")" -s 0.05 -f /dev/null
	rootlesskit rm -rf "$SECOND/home"
}

@test "TCP: the container sees the true client, over IPv4 and IPv6" {
	true_client tcp 10.77.0.1 8080 10.77.0.2
	true_client tcp 10.77.0.1 8090 10.77.0.3
	true_client tcp fd77::1 8090 fd77::2
	true_client tcp fd77::1 8090 fd77::3
}

@test "TCP: two clients with the same source port are kept apart" {
	true_client tcp 10.77.0.1 8080 10.77.0.2 5555
	true_client tcp 10.77.0.1 8080 10.77.0.3 5555
	true_client tcp fd77::1 8090 fd77::2 5555
	true_client tcp fd77::1 8090 fd77::3 5555
}

@test "TCP: a client that comes back from the same port at once" {
	for _ in 1 2 3 4 5; do true_client tcp 10.77.0.1 8080 10.77.0.2 5556; done
}

@test "TCP: loopback and another family appear as the gateway" {
	hidden_client 172.17.0.1 "$TELL" tcp 127.0.0.1 8080
	hidden_client 172.17.0.1 "$TELL" tcp ::1 8080
	hidden_client 172.17.0.1 tell tcp fd77::1 8080
	hidden_client 172.30.0.1 "$TELL" tcp 127.0.0.1 8090
	hidden_client fd30::1 "$TELL" tcp ::1 8090
}

@test "TCP: 50 MB echoed, byte for byte in number" {
	tell tcp 10.77.0.1 8080 10.77.0.2 0 50000000
	tell tcp fd77::1 8090 fd77::2 0 50000000
}

@test "UDP: the container sees the true client, the answer comes from the address asked" {
	true_client udp 10.77.0.1 8080 10.77.0.2
	true_client udp 10.77.0.4 8080 10.77.0.2
	true_client udp fd77::1 8090 fd77::3
	true_client udp 10.77.0.1 8080 10.77.0.2 5555
	true_client udp 10.77.0.1 8080 10.77.0.3 5555
	true_client udp fd77::1 8090 fd77::2 5555
}

@test "UDP: loopback, another family, a second port of the same container" {
	hidden_client 10.0.2.2 "$TELL" udp 127.0.0.1 8080
	hidden_client 10.0.2.2 "$TELL" udp ::1 8080
	hidden_client fd00::2 "$TELL" udp ::1 8090
	hidden_client 10.0.2.2 tell udp fd77::1 8080
	true_client udp 10.77.0.1 8080 10.77.0.2 6000
	hidden_client 10.0.2.2 tell udp 10.77.0.1 8081 10.77.0.2 6000
}

@test "UDP: datagrams of 1, 1400, 9000 and 65000 bytes" {
	for size in 1 1400 9000 65000; do
		tell udp 10.77.0.1 8080 10.77.0.2 0 "$size"
		tell udp fd77::1 8090 fd77::2 0 "$size"
	done
}

@test "nginx logs the true client over IPv4 and IPv6" {
	[ -e "$STAGE/fixtures/nginx.tar.gz" ] || skip "no root file system with nginx"
	real import "$STAGE/fixtures/nginx.tar.gz" nginx >/dev/null
	real run -d --name web --network six -p 8100:80 nginx sh -c \
		"ln -sf /dev/stdout /var/log/nginx/access.log; exec nginx -g 'daemon off;'" >/dev/null
	within 10 clients curl -sf --interface 10.77.0.2 http://10.77.0.1:8100/
	clients curl -sf --interface 10.77.0.3 http://10.77.0.1:8100/four >/dev/null || true
	clients curl -sf --interface fd77::3 'http://[fd77::1]:8100/six' >/dev/null || true
	within 5 sh -c "'$STAGE/tools/docker' logs web | grep -q /six"
	run real logs web
	[[ "$output" == *'10.77.0.3 - '*'/four'* ]]
	[[ "$output" == *'fd77::3 - '*'/six'* ]]
	real rm -f web
}

@test "nobody listens: the client is reset within two seconds; a server that starts late is met" {
	real run -d --name late -v "$TELL:/peertell:ro" -p 8110:9000 small \
		sh -c 'sleep 0.5; exec /peertell serve 9000' >/dev/null
	tell tcp 10.77.0.1 8110
	real run -d --name none -p 8111:9000 small sleep 100 >/dev/null
	local before=$SECONDS
	run -2 tell tcp 10.77.0.1 8111
	[ $((SECONDS - before)) -le 2 ]
	real rm -f late none
}

@test "host addresses: one, loopback, IPv6 only" {
	teller bound -p 10.77.0.4:8120:9000 -p 127.0.0.1:8121:9000 -p '[::1]:8122:9000'
	within 5 tell tcp 10.77.0.4 8120
	run -2 tell tcp 10.77.0.1 8120
	run -2 tell tcp 10.77.0.1 8121
	"$TELL" tcp 127.0.0.1 8121
	"$TELL" tcp ::1 8122
	run -2 "$TELL" tcp 127.0.0.1 8122
	real rm -f bound
}

@test "ranges, one of a range, -P, exact ports before ephemeral ones" {
	teller many -p 8130-8132:9000-9002 -p 8130-8140:9003 -p 127.0.0.1::9004 -p 127.0.0.1:32768:9004 \
		--expose 7000-7001 --expose 53/udp -P
	run real port many
	[[ "$output" == *'9000/tcp -> 0.0.0.0:8130'*'9001/tcp -> 0.0.0.0:8131'*'9002/tcp -> [::]:8132'* ]]
	[[ "$output" == *'9003/tcp -> 0.0.0.0:8133'* ]]
	[[ "$output" == *'9004/tcp -> 127.0.0.1:32768'* ]]
	[[ "$output" == *'7000/tcp -> 0.0.0.0:'*'7001/tcp -> 0.0.0.0:'* && "$output" == *'53/udp -> 0.0.0.0:'* ]]
	within 5 tell tcp 10.77.0.1 8130
	run real run --rm -p 8130-8132:80 small true
	[[ "$output" == *'all ports are allocated'* ]]
	real rm -f many
}

@test "errors name what to do: used by a container, by a program, privileged" {
	run real run --rm --name web -p 8080:80 small true
	[ "$status" = 125 ]
	[[ "$output" == *'driver failed programming external connectivity on endpoint web ('* ]]
	[[ "$output" == *'Bind for 0.0.0.0:8080 failed: port is already allocated (port 8081 is free)'* ]]
	"$TELL" serve 8150 3>&- &
	local server=$!
	within 5 "$TELL" tcp 127.0.0.1 8150
	run real run --rm --name web -p 8150:80 small true
	kill "$server"
	[[ "$output" == *'listen tcp4 0.0.0.0:8150: bind: address already in use (port 8151 is free)'* ]]
	run real run --rm --name web -p 80:80 small true
	[[ "$output" == *"cannot expose privileged port 80, you can add 'net.ipv4.ip_unprivileged_port_start=80' to /etc/sysctl.conf (currently 1024)"* ]]
	[[ "$output" == *LISTEN_FDS* && "$output" == *'; 8081 is free'* ]]
	# nothing of a failed start is left bound
	run real run --rm --name web -p 8160:80 -p 8080:80 small true
	[ "$status" = 125 ]
	real run --rm -p 8160:80 small true
}

@test "a stopped container's connections and ports are gone, a restarted one's are there" {
	teller live -p 8170:9000/tcp -p 8170:9000/udp
	within 5 tell udp 10.77.0.1 8170
	clients sh -c "'$TELL' tcp 10.77.0.1 8170 10.77.0.2 0 4000000000" >/dev/null 2>&1 3>&- &
	local stream=$!
	sleep 0.3
	kill -0 "$stream"
	real stop -t 0 live
	run wait "$stream"
	[ "$status" != 0 ]
	run -2 tell tcp 10.77.0.1 8170
	run tell udp 10.77.0.1 8170
	[ "$status" != 0 ]
	real start live
	within 5 true_client tcp 10.77.0.1 8170 10.77.0.2
	true_client udp 10.77.0.1 8170 10.77.0.2
	real restart -t 0 live
	within 5 true_client tcp 10.77.0.1 8170 10.77.0.3
	real rm -f live
}

@test "usernet killed, netns-helper killed: ports and true clients are back" {
	kill -KILL "$(pid_of usernet)"
	within 5 true_client tcp 10.77.0.1 8080 10.77.0.2
	within 5 true_client udp 10.77.0.1 8080 10.77.0.2
	kill -KILL "$(pid_of netns-helper)"
	within 5 true_client tcp fd77::1 8090 fd77::2
	within 5 true_client udp fd77::1 8090 fd77::2
}

@test "rootlessctl: the four protocols by name, listed, removed" {
	local ip api=$XDG_RUNTIME_DIR/dockerd-rootless/api.sock id
	ip=$(real inspect six -f '{{.NetworkSettings.Networks.six.IPAddress}}')
	ctl() { rootlessctl --socket "$api" "$@"; }
	run ctl add-ports "10.77.0.1:8180:$ip:9000/tcp4" "0.0.0.0:8181:$ip:9000/udp4" \
		"[fd77::1]:8182:$ip:9000/tcp6" "[::]:8183:$ip:9000/udp6"
	[ "$status" = 0 ]
	true_client tcp 10.77.0.1 8180 10.77.0.2
	true_client udp 10.77.0.1 8181 10.77.0.2
	hidden_client 172.30.0.1 tell tcp fd77::1 8182
	hidden_client 10.0.2.2 tell udp fd77::1 8183
	ctl list-ports | grep -E 'udp6 .* 8183 '
	for id in $output; do ctl remove-ports "$id"; done
	run -2 tell tcp 10.77.0.1 8180
}

@test "sockets handed over serve ports below 1024, the API socket stays dockerd's" {
	second_home
	# two for ports (one takes both families), and a unix socket: as systemd passes them
	cat >"$BATS_TEST_TMPDIR/start.py" <<-'PY'
	import fcntl, os, socket, sys
	tcp = socket.socket(socket.AF_INET6); tcp.bind(("::", int(sys.argv[1]))); tcp.listen(9)
	udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); udp.bind(("0.0.0.0", int(sys.argv[1])))
	api = socket.socket(socket.AF_UNIX); api.bind(sys.argv[2]); api.listen(9)
	high = [fcntl.fcntl(s.fileno(), fcntl.F_DUPFD, 50) for s in (tcp, api, udp)]
	for i, f in enumerate(high): os.dup2(f, 3 + i)
	os.environ.update(LISTEN_FDS="3", LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES="publish:docker.socket:publish")
	os.execvp("dockerd-rootless.sh", ["dockerd-rootless.sh", "-H", "fd://"])
	PY
	# the port need not be privileged for this: nobody else can bind it, and that is what counts
	second_start python3 "$BATS_TEST_TMPDIR/start.py" 8190 "$SECOND/docker.sock"
	second run -d --name low -v "$TELL:/peertell:ro" -p 8190:9000 -p 0.0.0.0:8190:9000/udp small /peertell serve 9000
	within 5 true_client tcp 10.77.0.1 8190 10.77.0.2
	hidden_client 172.17.0.1 tell tcp fd77::1 8190
	true_client udp 10.77.0.1 8190 10.77.0.2
	second rm -f low
	run -2 tell tcp 10.77.0.1 8190
	second run -d --name low -v "$TELL:/peertell:ro" -p 8190:9000 small /peertell serve 9000
	within 5 true_client tcp 10.77.0.1 8190 10.77.0.2
	second rm -f low
	second_stop
}

@test "--source-ip-transparent=false hides every client" {
	second_home
	DOCKERD_ROOTLESS_ROOTLESSKIT_FLAGS=--source-ip-transparent=false second_start dockerd-rootless.sh
	second run -d --name low -v "$TELL:/peertell:ro" -p 8195:9000/tcp -p 8195:9000/udp small /peertell serve 9000
	within 5 hidden_client 172.17.0.1 tell tcp 10.77.0.1 8195
	hidden_client 10.0.2.2 tell udp 10.77.0.1 8195
	second_stop
}
