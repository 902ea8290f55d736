# SPDX-License-Identifier: MIT
# Looking into the containers' network from outside: the documented nsenter with util-linux' own
# program and ours, nsinspect, dial, and the SOCKS listener.
load lib

setup_file() {
	SOCKS=127.0.0.1:$(free_port)
	export SOCKS
	stack_start --inspect-socks="$SOCKS"
	import_small
	real network create --subnet 172.29.7.0/24 apart >/dev/null
	real run -d --name web -p 127.0.0.1::80 small sh -c \
		'mkdir /www; echo "I am $HOSTNAME" >/www/index.html; exec httpd -f -p 80 -h /www' >/dev/null
	real run -d --name lonely --network apart --ip 172.29.7.77 small sh -c \
		'mkdir /www; echo lonely >/www/index.html; exec httpd -f -p 8080 -h /www' >/dev/null
}

teardown_file() { stack_stop; }

through() { curl -s -m 10 --socks5-hostname "$SOCKS" "$@"; }
pid_file() { cat "$XDG_RUNTIME_DIR/docker.pid"; }
HOST_NSENTER=/usr/bin/nsenter

@test "the documented nsenter shows the containers' network, with util-linux' program and with ours" {
	for prog in "$HOST_NSENTER" "$STAGE/bin/nsenter"; do
		run "$prog" -U --preserve-credentials -n -m -t "$(cat "$XDG_RUNTIME_DIR/docker.pid")" ip addr
		echo "$prog: $output"
		[ "$status" = 0 ]
		[[ "$output" == *docker0* ]]
		[[ "$output" == *172.29.7.1/24* ]]
		[[ "$output" == *tap0* ]]
	done
	# and from there the address that inspect shows can be reached
	ip=$(real inspect -f '{{.NetworkSettings.IPAddress}}' web)
	run "$HOST_NSENTER" -U --preserve-credentials -n -m -t "$(pid_file)" curl -s "http://$ip/"
	[ "$output" = "I am $(real inspect -f '{{.Config.Hostname}}' web)" ]
	# the mounts are the engine's
	engine=$(pid_of dockerd)
	[ "$("$HOST_NSENTER" -U --preserve-credentials -m -t "$(pid_file)" readlink /proc/self/ns/mnt)" = \
		"$(readlink "/proc/$engine/ns/mnt")" ]
}

@test "docker.pid stands for dockerd: signals arrive, and a kill kills" {
	kill -HUP "$(pid_file)"
	within 5 grep -q 'reloaded ' "$STACK_LOG"
	old=$(pid_file) engine=$(pid_of dockerd)
	kill -KILL "$old"
	within 10 sh -c "! kill -0 $engine"
	within 10 stack_answers
	[ "$(pid_file)" != "$old" ]
	[ "$(real inspect -f '{{.State.Running}}' web)" = true ]
	# no second gate is left
	[ "$(pgrep -u "$(id -u)" -fc "^netns-gate --netns $XDG_RUNTIME_DIR/")" = 1 ]
}

@test "nsenter without a target enters RootlessKit's child" {
	run nsenter ip -o addr
	[[ "$output" == *docker0* ]]
	[ "$(nsenter id -u)" = 0 ]
	run nsenter sh -c 'exit 7'
	[ "$status" = 7 ]
	[ "$(nsenter -n readlink /proc/self/ns/mnt)" = "$(readlink /proc/self/ns/mnt)" ]
	[ "$(nsenter -n readlink /proc/self/ns/net)" = "$(nsenter readlink /proc/self/ns/net)" ]
	[ "$(nsenter -m readlink /proc/self/ns/net)" = "$(readlink /proc/self/ns/net)" ]
	# from inside, too
	[[ "$(nsenter nsenter ip -o addr)" == *docker0* ]]
	[ "$(cd "$HOME" && nsenter -w="$HOME" pwd)" = "$HOME" ]
	DOCKERD_ROOTLESS_ROOTLESSKIT_STATE_DIR=/nonexistent run nsenter true
	[ "$status" = 1 ]
	[[ "$output" == *"no RootlessKit runs with the state directory /nonexistent"* ]]
}

# both OPTIONS...: util-linux' nsenter and ours end alike and say the same
both() {
	local a b code
	a=$("$HOST_NSENTER" "$@" 2>&1) && code=0 || code=$?
	code2=0; output=$("$STAGE/bin/nsenter" "$@" 2>&1) || code2=$?
	status=$code2
	echo "nsenter $*: $code $a / $status $output"
	[ "$status" = "$code" ]
	[ "${output//$STAGE\/bin\/}" = "${a//\/usr\/bin\/nsenter:/nsenter:}" ]
}

@test "nsenter answers as util-linux' nsenter does" {
	pid=$(pid_file) inside=$(real inspect -f '{{.State.Pid}}' lonely)
	both -t "$pid" -U id
	both -t "$pid" -U --preserve-credentials id
	both -t "$pid" -U -S 5 -G 6 id
	both --target="$pid" --user --mount --net readlink /proc/self/ns/user /proc/self/ns/mnt /proc/self/ns/net
	both -t "$pid" -U -n"/proc/$pid/ns/net" readlink /proc/self/ns/net
	both -t "$pid" -U -m -r pwd
	both -t "$pid" -U -m -w readlink /proc/self/cwd
	both -t "$pid" -U -m --wd=/tmp pwd
	both -t "$pid" -U -m -W /etc pwd
	both -t "$inside" -U -p sh -c 'exit 9'
	both -t "$inside" -U -p sh -c 'echo $PPID'
	both -t "$inside" -U -p -F sh -c 'exit 4'
	both -t "$inside" -U -p sh -c 'kill -TERM $$'
	both -t "$inside" -U -m -n -p -r -w /bin/busybox ip -4 -o addr show eth0
	both -t "$pid" -n true
	both -t 4194305 -n true
	both -t "$pid" -U sh -c 'kill -9 $$'
	both -t "$pid" -U /nonexistent
	both -t "$pid" -U /
	both -t abc -n true
	both -S abc -t "$pid" -U true
	both -t "$pid" -U -n/etc/passwd true
	both --frobnicate
	both -y
	both -t
	both --target
	both -n/nonexistent true
}

@test "nsenter takes the target's environment, and refuses what it cannot do" {
	pid=$(pid_file)
	# util-linux' refuses this to a user: it wants to join what it is in already
	[ "$(nsenter -t "$pid" -a readlink /proc/self/ns/net)" = "$(nsenter readlink /proc/self/ns/net)" ]
	run nsenter -t "$pid" -e sh -c 'echo $ROOTLESSKIT_STATE_DIR'
	[ "$output" = "$XDG_RUNTIME_DIR/dockerd-rootless" ]
	run nsenter -t "$pid" -Z true
	[ "$status" = 1 ]
	[[ "$output" == *SELinux* ]]
	if [ "$(stat -fc %T /sys/fs/cgroup)" != cgroup2fs ]; then
		run nsenter -t "$pid" -U -c true
		[ "$status" = 1 ]
		[[ "$output" == *"only supported in cgroup v2"* ]]
	fi
}

@test "nsenter enters the namespace of a socket, the parent of a user namespace, and keeps capabilities" {
	# the newest options of util-linux' nsenter, which the host's may not have
	pid=$(pid_file)
	state=$XDG_RUNTIME_DIR/dockerd-rootless
	python3 -c 'import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM); print(s.fileno(), flush=True); time.sleep(60)' >"$BATS_TEST_TMPDIR/fd" 3>&- &
	host=$!
	nsenter python3 -c 'import socket, os, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM); print(os.getpid(), s.fileno(), flush=True); time.sleep(60)' >"$BATS_TEST_TMPDIR/in" 3>&- &
	inside=$!
	within 10 test -s "$BATS_TEST_TMPDIR/in"
	within 10 test -s "$BATS_TEST_TMPDIR/fd"
	[ "$(nsenter -t "$inside" -U --preserve-credentials -N "$(cut -d' ' -f2 "$BATS_TEST_TMPDIR/in")" readlink /proc/self/ns/net)" = \
		"$(nsenter readlink /proc/self/ns/net)" ]
	run nsenter -t "$inside" -U --net-socket 77 true
	[[ "$status" = 1 && "$output" == "nsenter: pidfd_getfd("*", 77): Bad file descriptor" ]]
	run nsenter -t "$inside" -U --net-socket 0 true
	[[ "$status" = 1 && "$output" == "nsenter: ioctl("*", SIOCGSKNS): "* ]]
	run nsenter -t "$host" -N "$(cat "$BATS_TEST_TMPDIR/fd")" true # the host's own is not this user's
	[[ "$status" = 1 && "$output" == *"SIOCGSKNS): Operation not permitted" ]]
	kill "$host" "$inside"
	# a user namespace within RootlessKit's
	nsenter unshare -U sleep 60 3>&- &
	within 10 sh -c "[ \"\$(readlink /proc/$!/ns/user)\" != \"\$(readlink /proc/$pid/ns/user)\" ] && grep -q sleep /proc/$!/comm"
	for what in "-U --user-parent" "--user-parent" "-n --user-parent"; do
		run nsenter -t $! $what --preserve-credentials readlink /proc/self/ns/user
		echo "$what: $output"
		[ "$output" = "$(readlink "/proc/$pid/ns/user")" ]
	done
	kill $!
	# uid 7 is nobody special there
	effective() { nsenter -t "$pid" -U "$@" awk '/^CapEff/ { print $2 }' /proc/self/status; }
	[ "$(effective)" = "$(effective --keep-caps)" ]
	nsenter -t "$pid" -U --preserve-credentials --keep-caps unshare -n true
	[ "$(nsenter -t "$pid" -U -S 7 -G 7 awk '/^CapEff/ { print $2 }' /proc/self/status)" = 0000000000000000 ]
}

@test "after an upgrade in place docker.pid and the SOCKS listener stand again, and no zombie is left" {
	old=$(pid_file) engine=$(pid_of dockerd)
	kill -USR2 "$old"
	within 20 sh -c "! kill -0 $old 2>/dev/null"
	within 20 stack_answers
	within 10 sh -c "[ \"\$(cat $XDG_RUNTIME_DIR/docker.pid)\" != $old ]"
	[ "$(pid_of dockerd)" = "$engine" ]
	"$HOST_NSENTER" -U --preserve-credentials -n -m -t "$(pid_file)" ip link show docker0
	within 10 through -f http://lonely:8080/
	[ -z "$(ps --ppid "$engine" -o stat= | grep Z)" ]
}

# --- nsinspect ---------------------------------------------------------------

# look SECTION [CONTAINER] FILTER: of the JSON document
look() { nsinspect --json "${@:1:$#-1}" | jq -r ".$1[] | ${*: -1}"; }

@test "nsinspect shows containers as docker inspect does" {
	f='{{range $k, $v := .NetworkSettings.Networks}}{{$k}} {{$v.IPAddress}}/{{$v.IPPrefixLen}} {{$v.MacAddress}} {{$v.Gateway}}{{end}} {{.State.Pid}}'
	for c in web lonely; do
		[ "$(look containers "$c" '"\(.network) \(.ipv4) \(.mac) \(.gateway) \(.pid)"')" = "$(real inspect -f "$f" "$c")" ]
	done
	[ "$(look containers '.name' | sort | xargs)" = "lonely web" ]
	[ "$(look containers 172.29.7.77 '.name')" = lonely ]
	[ "$(look containers "$(real inspect -f '{{slice .Id 0 7}}' web)" '.name')" = web ]
	run nsinspect containers nobody
	[ "$status" = 1 ]
	[[ "$output" == *"No such container: nobody"* ]]
}

@test "nsinspect shows interfaces, routes and rules as ip does" {
	nsenter ip -j link | jq -r '.[] | "\(.ifname) \(.mtu) \(.master // "-")"' | sort >"$BATS_TEST_TMPDIR/ip"
	nsinspect --json interfaces |
		jq -r '.interfaces[] | select(.namespace == "rootlesskit") | "\(.name) \(.mtu) \(.master // "-")"' |
		sort >"$BATS_TEST_TMPDIR/ours"
	diff "$BATS_TEST_TMPDIR/ip" "$BATS_TEST_TMPDIR/ours"
	# a container's interface, its other end and what came through
	real exec web ping -c 3 -W 1 -q 172.17.0.1 >/dev/null || true
	peer=$(look interfaces web 'select(.name == "eth0") | .peer')
	nsenter ip link show "$peer" | grep -q docker0
	[ "$(look interfaces web 'select(.name == "eth0") | .addresses[0]')" = "$(real inspect -f '{{.NetworkSettings.IPAddress}}/16' web)" ]
	[ "$(look interfaces web 'select(.name == "eth0") | .tx_packets')" -ge 3 ]
	for family in 4:ipv4 6:ipv6; do
		nsenter ip "-${family%:*}" -j rule | jq -r '.[] | "\(.priority) \(.src)"' | sort >"$BATS_TEST_TMPDIR/ip"
		nsinspect --json rules | jq -r ".rules[] | select(.namespace == \"rootlesskit\" and .family == \"${family#*:}\")
			| \"\(.priority) \(.selector | split(\" \")[1] | split(\"/\")[0])\"" | sort >"$BATS_TEST_TMPDIR/ours"
		diff "$BATS_TEST_TMPDIR/ip" "$BATS_TEST_TMPDIR/ours"
		nsenter ip "-${family%:*}" route show table all | wc -l >"$BATS_TEST_TMPDIR/ip"
		nsinspect --all --json routes |
			jq "[.routes[] | select(.namespace == \"rootlesskit\" and .family == \"${family#*:}\")] | length" >"$BATS_TEST_TMPDIR/ours"
		diff "$BATS_TEST_TMPDIR/ip" "$BATS_TEST_TMPDIR/ours"
	done
	[ "$(look routes lonely 'select(.destination == "default") | .gateway')" = 172.29.7.1 ]
}

@test "nsinspect shows listening sockets with process and container, and published ports" {
	real run -d --name guest --network container:web small httpd -f -p 81 >/dev/null
	within 5 sh -c 'nsinspect sockets | grep -q " 81 "'
	[ "$(look sockets web 'select(.port == 80) | "\(.protocol) \(.process) \(.container) \(.pid)"')" = \
		"tcp6 httpd web $(real inspect -f '{{.State.Pid}}' web)" ]
	[ "$(look sockets guest 'select(.port == 81) | "\(.namespace) \(.process) \(.container)"')" = "web httpd guest" ]
	# a process of nobody's mounts, in a container's network
	nsenter -t "$(real inspect -f '{{.State.Pid}}' web)" -U --preserve-credentials -n python3 -c 'import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", 5353)); time.sleep(30)' 3>&- &
	within 5 sh -c 'nsinspect sockets | grep -q " 5353 "'
	[[ "$(look sockets 'select(.port == 5353) | "\(.namespace) \(.protocol) \(.address) \(.process) \(.container)"')" == "web udp 127.0.0.1 python3"*" null" ]]
	kill %1
	[ "$(look sockets lonely 'select(.port == 8080) | .container')" = lonely ]
	# the names' server in N
	[ "$(look sockets 'select(.port == 53 and .namespace == "rootlesskit") | .protocol' | sort | xargs)" = "tcp udp" ]
	real rm -f guest >/dev/null
	[ "$(look ports web '"\(.host_address):\(.host_port) \(.port)"')" = "$(real port web 80) 80" ]
	[ -z "$(look ports lonely .id)" ]
	[ "$(look counters 'select(.name == "malformed") | .value')" -ge 0 ]
	[ "$(look counters 'select(.kind == "limit" and .name == "ports") | .value')" -gt 0 ]
}

@test "nsinspect needs no engine, and no other tool" {
	engine=$(pid_of dockerd)
	want=$(nsinspect --json containers)
	kill -STOP "$engine"
	got=$(timeout 5 env -i HOME="$HOME" XDG_RUNTIME_DIR="$XDG_RUNTIME_DIR" "$STAGE/bin/nsinspect" --json containers) || true
	all=$(timeout 5 env -i HOME="$HOME" XDG_RUNTIME_DIR="$XDG_RUNTIME_DIR" "$STAGE/bin/nsinspect") || true
	kill -CONT "$engine"
	[ "$got" = "$want" ]
	[[ "$all" == *counters* ]]
	[[ "$all" == *httpd* ]]
	# no rootlesskit: names remain, the rest says why not
	run nsinspect --state-dir /nonexistent --data-root "$DATA" containers
	[ "$status" = 0 ]
	[[ "$output" == *lonely* ]]
	run nsinspect --state-dir /nonexistent --data-root "$DATA" sockets
	[ "$status" = 1 ]
	[[ "$output" == *"no RootlessKit runs"* ]]
}

@test "nsinspect --watch looks again" {
	timeout 10 nsinspect --watch=1 --json containers >"$BATS_TEST_TMPDIR/out" &
	within 5 grep -q . "$BATS_TEST_TMPDIR/out"
	real run -d --name late small sleep 60 >/dev/null
	within 5 grep -q late "$BATS_TEST_TMPDIR/out"
	kill %1
	real rm -f late >/dev/null
	jq -e .containers "$BATS_TEST_TMPDIR/out" >/dev/null
	run nsinspect --watch=0
	[ "$status" = 1 ]
}

# --- dial --------------------------------------------------------------------

get() { printf 'GET / HTTP/1.0\r\n\r\n' | timeout 10 thimble dial "$1"; }

@test "dial reaches a container that publishes nothing: by name, id, address, from a stopped engine too" {
	id=$(real inspect -f '{{.Id}}' lonely)
	for name in lonely "$id" "${id:0:9}" 172.29.7.77; do
		run get "$name:8080"
		echo "$name: $output"
		[ "$status" = 0 ]
		[[ "$output" == *lonely* ]]
	done
	# by no other way
	run curl -s -m 2 http://172.29.7.77:8080/
	[[ "$output" != *lonely* ]]
	run get lonely:9
	[ "$status" = 1 ]
	[[ "$output" == *"Connection refused"* ]]
	run get nobody:80
	[[ "$output" == *"No such container: nobody"* ]]
	run get lonely
	[[ "$output" == *"expected CONTAINER:PORT"* ]]
	engine=$(pid_of dockerd)
	kill -STOP "$engine"
	out=$(get lonely:8080) || true
	kill -CONT "$engine"
	[[ "$out" == *lonely* ]]
}

@test "dial: bytes and ends go both ways, whole" {
	real run -d --name sink small nc -l -p 7 -e sh -c 'cat >/tmp/got; md5sum </tmp/got; echo over' >/dev/null
	head -c 3000000 /dev/urandom >"$BATS_TEST_TMPDIR/data"
	within 5 sh -c 'nsinspect sockets sink | grep -q " 7 "'
	run timeout 20 thimble dial sink:7 <"$BATS_TEST_TMPDIR/data"
	real rm -f sink >/dev/null
	[ "$status" = 0 ]
	[ "${lines[0]%% *}" = "$(md5sum <"$BATS_TEST_TMPDIR/data" | cut -d' ' -f1)" ]
	[ "${lines[1]}" = over ]
}

@test "dial -L serves many clients, on the loopback interface only" {
	port=$(free_port)
	thimble dial -L "$port" lonely:8080 3>&- &
	dial=$!
	within 5 curl -s "http://127.0.0.1:$port/"
	clients=()
	for i in 1 2 3 4 5 6 7 8; do
		curl -s -m 10 "http://127.0.0.1:$port/" >"$BATS_TEST_TMPDIR/$i" &
		clients+=($!)
	done
	wait "${clients[@]}"
	for i in 1 2 3 4 5 6 7 8; do [ "$(cat "$BATS_TEST_TMPDIR/$i")" = lonely ]; done
	# the container is looked for anew
	real restart -t 0 lonely >/dev/null
	within 5 curl -sf -m 2 "http://127.0.0.1:$port/"
	kill "$dial"
	for bad in 0.0.0.0:1080 192.0.2.1:1080 example.com:80; do
		run timeout 5 thimble dial -L "$bad" lonely:8080
		echo "$output"
		[ "$status" = 1 ]
		[[ "$output" == *"loopback interface"* ]]
	done
}

@test "dial reaches containers without a network, and those on the host's" {
	real run -d --name none --network none small sh -c 'mkdir /www; echo nothing >/www/index.html; exec httpd -f -p 80 -h /www' >/dev/null
	port=$(free_port)
	real run -d --name hosted --network host small sh -c "mkdir /www; echo hosted >/www/index.html; exec httpd -f -p 127.0.0.1:$port -h /www" >/dev/null
	within 5 sh -c '[ -n "$(printf "GET / HTTP/1.0\r\n\r\n" | timeout 5 thimble dial none:80)" ]'
	[[ "$(get none:80)" == *nothing* ]]
	within 5 curl -s "http://127.0.0.1:$port/"
	[[ "$(get "hosted:$port")" == *hosted* ]]
	real rm -f none hosted >/dev/null
}

@test "dial -u: datagrams, one by one and for the clients of a socket" {
	tell=$STAGE/tools/peertell
	[ -x "$tell" ] || skip "no peertell"
	real run -d --name gram --network apart -v "$tell:/peertell:ro" small /peertell serve 7 >/dev/null
	within 5 sh -c 'nsinspect sockets gram | grep -q " 7 "'
	# each read is one, each is answered with the address it came from: the gateway's
	run sh -c '{ echo one; sleep 0.2; echo two; } | timeout 10 thimble dial -u gram:7'
	echo "$output"
	[ "$status" = 0 ]
	[ "${#lines[@]}" = 2 ] && [ "${lines[0]}" = "${lines[1]}" ]
	[[ "${lines[0]}" == "172.29.7.1 "* ]]
	run sh -c 'echo x | timeout 10 thimble dial --udp gram:9'
	[ "$status" = 1 ]
	[[ "$output" == *"Connection refused"* ]]
	port=$(free_port)
	thimble dial -u -L "$port" gram:7 3>&- &
	dial=$!
	within 5 "$tell" udp 127.0.0.1 "$port"
	for i in 1 2 3 4 5 6 7 8; do
		"$tell" udp 127.0.0.1 "$port" 127.0.0.1 0 $((i * 8000)) >"$BATS_TEST_TMPDIR/$i"
		# each client has a port of its own there
		[[ "$(cut -d' ' -f2 "$BATS_TEST_TMPDIR/$i")" = 172.29.7.1 ]]
	done
	[ "$(cut -d' ' -f3 "$BATS_TEST_TMPDIR"/[1-8] | sort -u | wc -l)" = 8 ]
	real restart -t 0 gram >/dev/null
	within 5 "$tell" udp 127.0.0.1 "$port"
	kill "$dial"
	real rm -f gram >/dev/null
	run timeout 5 thimble dial -u -L 0.0.0.0:1080 gram:7
	[[ "$status" = 1 && "$output" == *"loopback interface"* ]]
}

# --- SOCKS -------------------------------------------------------------------

@test "the SOCKS listener reaches containers by name, id and address" {
	id=$(real inspect -f '{{.Id}}' lonely)
	for name in lonely "${id:0:12}" 172.29.7.77; do
		[ "$(through "http://$name:8080/")" = lonely ]
	done
	ip=$(real inspect -f '{{.NetworkSettings.IPAddress}}' web)
	[ "$(curl -s -m 10 --socks5 "$SOCKS" "http://$ip/")" = "I am $(real inspect -f '{{.Config.Hostname}}' web)" ]
	real run -d --name fresh small httpd -f -p 80 >/dev/null
	within 5 through -f -o /dev/null -w '%{http_code}' http://fresh/nothing || [ "$(through -o /dev/null -w '%{http_code}' http://fresh/nothing)" = 404 ]
	real rm -f fresh >/dev/null
	run through http://fresh/
	[ "$status" = 97 ]
}

@test "the SOCKS listener reaches nothing else" {
	port=$(free_port)
	(cd "$BATS_TEST_TMPDIR" && exec python3 -m http.server --bind 0.0.0.0 "$port" >/dev/null 2>&1 3>&-) &
	within 5 curl -s "http://127.0.0.1:$port/"
	host=$(hostname -I | cut -d' ' -f1)
	for to in 127.0.0.1 localhost "${host:-192.0.2.1}" 10.0.2.2 10.0.2.100 172.17.0.1 172.29.7.1 0.0.0.0 \
		host.docker.internal 10.0.2.3 192.0.2.77 example.com; do
		run through "http://$to:$port/"
		echo "$to: $status $output"
		[ "$status" = 97 ]
	done
	kill %1
	# the answer's code for what is not allowed
	printf '\005\001\000\005\001\000\001\177\000\000\001\000\026' >"$BATS_TEST_TMPDIR/q"
	run bash -c "exec 5<>/dev/tcp/${SOCKS/:/\/}; head -c 3 '$BATS_TEST_TMPDIR/q' >&5; head -c 2 <&5 | xxd -p; tail -c +4 '$BATS_TEST_TMPDIR/q' >&5; timeout 5 cat <&5 | xxd -p"
	[ "${lines[0]}" = 0500 ]
	[ "${lines[1]}" = 05020001000000000000 ]
}

@test "the SOCKS server is confined, comes back when it dies, and stays within its bounds" {
	pid=$(pgrep -u "$(id -u)" -f "^inspect-socks --netns $XDG_RUNTIME_DIR/")
	grep -q '^Seccomp:.*2$' "/proc/$pid/status"
	grep -q '^CapPrm:.*0000000000000000$' "/proc/$pid/status"
	grep -q '^NoNewPrivs:.*1$' "/proc/$pid/status"
	# silent clients are not more than may be, and go away by themselves
	python3 - "$SOCKS" <<-'PY'
	import socket, sys
	host, port = sys.argv[1].split(":")
	many = [socket.create_connection((host, int(port))) for _ in range(80)]
	for s in many[:60]: s.close()
	late = socket.create_connection((host, int(port)))
	late.settimeout(15)
	late.sendall(b"\x05\x01\x00")
	assert late.recv(2) == b"\x05\x00"
	for bad in (b"\x04\x01", b"GET / HTTP/1.0\r\n\r\n", b"\x05\x01\x00\x05\x02\x00\x01\x7f\x00\x00\x01\x00\x50"):
	    s = socket.create_connection((host, int(port))); s.settimeout(15); s.sendall(bad)
	    while s.recv(100): pass
	PY
	[ "$(through http://lonely:8080/)" = lonely ]
	kill -KILL "$pid"
	within 10 through -f http://lonely:8080/
	[ "$(through http://lonely:8080/)" = lonely ]
}

@test "--inspect-socks takes loopback addresses only, in daemon.json too" {
	for bad in 0.0.0.0:1080 192.0.2.1:1080 '[::]:1080'; do
		run env HOME="$BATS_TEST_TMPDIR" XDG_RUNTIME_DIR="$BATS_TEST_TMPDIR" timeout 20 dockerd-rootless.sh --inspect-socks="$bad"
		echo "$output"
		[ "$status" != 0 ]
		[[ "$output" == *"only addresses of the loopback interface"* ]]
	done
	mkdir -p "$BATS_TEST_TMPDIR/.config/docker"
	echo '{"inspect-socks": "0.0.0.0:1"}' >"$BATS_TEST_TMPDIR/.config/docker/daemon.json"
	run env HOME="$BATS_TEST_TMPDIR" XDG_RUNTIME_DIR="$BATS_TEST_TMPDIR" timeout 20 dockerd-rootless.sh
	[[ "$output" == *"only addresses of the loopback interface"* ]]
	rootlesskit rm -rf "$BATS_TEST_TMPDIR/.local" || true
}
