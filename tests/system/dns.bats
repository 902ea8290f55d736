# SPDX-License-Identifier: MIT
# DNS for containers: names at 127.0.0.11, the host's resolvers (dnsmasq) as they are now, and what
# host-gateway means. Runs on a host of its own: scripts/test-system, host_of_its_own.
load lib

setup_file() {
	[ -n "${HOST_OF_ITS_OWN:-}" ] || skip "needs a network and an /etc of its own (run as root)"
	command -v dig >/dev/null && command -v dnsmasq >/dev/null || skip "dig or dnsmasq is not installed"
	[ -w /dev/net/tun ] || skip "/dev/net/tun cannot be opened"
	resolv "nameserver 127.0.0.53" "search corp.example"
	upstream 127.0.0.53 198.51.100.1
	upstream 192.0.2.10 198.51.100.2
	stack_start
	import_small
	real network create front >/dev/null
	real network create back >/dev/null
	real network create --internal inner >/dev/null
	real network create --ipv6 six >/dev/null
	start web --network front --network-alias www
	start api --network front --network-alias www --hostname apihost
	start db --network back
	start iso --network inner
	real network create --ipv6 --ipv4=false six-only >/dev/null
	start v6 --network six-only
	start both --network six --add-host hg:host-gateway
	start plain --add-host hg:host-gateway
	real network connect back api
}

teardown_file() {
	local f
	stack_stop
	for f in "$BATS_FILE_TMPDIR"/*.upstream; do
		[ ! -e "$f" ] || kill "$(cat "$f")" 2>/dev/null || true
	done
}

# resolv LINE...: the host's resolv.conf, replaced as resolver programs do it
resolv() { printf '%s\n' "$@" >/etc/resolv.conf.new && mv /etc/resolv.conf.new /etc/resolv.conf; }

# upstream ADDRESS ANSWER: a nameserver of the host that knows .test
upstream() {
	dnsmasq -C /dev/null -k --no-resolv --no-hosts --bind-interfaces --listen-address="$1" \
		--pid-file= --user="$(id -un)" --local=/test/ --address="/one.test/$2" --dns-forward-max=5000 \
		--edns-packet-max=4096 --txt-record=big.test,"$(printf 'x%.0s' {1..250})","$(printf 'y%.0s' {1..250})","$(printf 'z%.0s' {1..250})" \
		>"$BATS_FILE_TMPDIR/dnsmasq.log" 2>&1 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/$1.upstream"
	within 5 dig +time=1 +tries=1 @"$1" one.test
}

start() { # NAME OPTIONS...
	local name=$1
	shift
	real run -d --name "$name" "$@" small sleep 9999 >/dev/null
}

# in_net CONTAINER COMMAND...: in its network namespace, with the host's files
in_net() {
	local c=$1
	shift
	nsenter --preserve-credentials -U -t "$(real inspect -f '{{.State.Pid}}' "$c")" -n "$@"
}

# ask CONTAINER DIG-ARGUMENTS: the addresses; status CONTAINER ...: the rcode
ask() { local c=$1; shift; in_net "$c" dig +short +time=10 +tries=1 @127.0.0.11 "$@"; }
status() {
	local c=$1
	shift
	in_net "$c" dig +time=10 +tries=1 @127.0.0.11 "$@" | sed -n 's/.*status: \([A-Z]*\),.*/\1/p'
}
ip_of() { real inspect -f "{{.NetworkSettings.Networks.$2.IPAddress}}" "$1"; }

@test "names, aliases, hostname and short id, over UDP and TCP, in any case" {
	local want name
	want=$(ip_of api front)
	for name in api API apihost "$(real inspect -f '{{.Id}}' api | cut -c 1-12)" api.front Api.Front; do
		[ "$(ask web "$name")" = "$want" ]
		[ "$(ask web "$name" +tcp)" = "$want" ]
	done
	real exec web ping -c 1 -w 60 api | grep -qF "($want)"
	in_net web dig @127.0.0.11 api | grep -qE '^api\.\s+600\s+IN\s+A'
}

@test "a network of IPv6 alone" {
	local resolver
	resolver=$(real exec v6 awk '/^nameserver/ { print $2 }' /etc/resolv.conf)
	[ -n "$(in_net v6 dig +short @"$resolver" v6 AAAA)" ]
	[ "$(in_net v6 dig +short @"$resolver" one.test)" = 198.51.100.1 ]
}

@test "several endpoints of one name, in turn" {
	local first='' i
	[ "$(ask web www | sort | tr '\n' ' ')" = "$( (ip_of web front; ip_of api front) | sort | tr '\n' ' ')" ]
	for i in $(seq 20); do first="$first $(ask web www | head -n 1)"; done
	[ "$(tr ' ' '\n' <<<"$first" | grep -c .)" = 20 ]
	[ "$(tr ' ' '\n' <<<"$first" | sort -u | grep -c .)" = 2 ]
}

@test "a name that has only the other family is there, without an address" {
	[ "$(status web api AAAA)" = NOERROR ]
	[ -z "$(ask web api AAAA)" ]
	[ "$(status web api HTTPS)" = NOERROR ]
	[ "$(ask both both AAAA)" = "$(real inspect -f '{{.NetworkSettings.Networks.six.GlobalIPv6Address}}' both)" ]
}

@test "addresses have names" {
	[ "$(ask web -x "$(ip_of api front)")" = api.front. ]
	[ "$(ask api -x "$(ip_of db back)")" = db.back. ]
	[ -z "$(ask web -x "$(ip_of db back)")" ]
}

@test "names of other networks are not known; connect and disconnect at once" {
	[ "$(status web db)" != NOERROR ]
	[ "$(ask api db)" = "$(ip_of db back)" ]
	real network connect back web
	[ "$(ask web db)" = "$(ip_of db back)" ]
	real network disconnect back web
	[ "$(status web db)" != NOERROR ]
	start brief --network front
	[ "$(ask web brief)" = "$(ip_of brief front)" ]
	real rm -f brief >/dev/null
	[ "$(status web brief)" != NOERROR ]
}

@test "an internal network: names, and nothing of the world" {
	[ "$(ask iso iso)" = "$(ip_of iso inner)" ]
	[ "$(status iso one.test)" = SERVFAIL ]
	[ "$(status iso host.docker.internal)" = SERVFAIL ]
}

@test "links are known to one container alone" {
	start linker --network front --link api:backend
	[ "$(ask linker backend)" = "$(ip_of api front)" ]
	[ "$(status web backend)" != NOERROR ]
	real rm -f linker >/dev/null
}

@test "resolv.conf: 127.0.0.11 with ndots:0, the host's search domains, own settings" {
	real exec web cat /etc/resolv.conf >"$BATS_TEST_TMPDIR/r"
	grep -qx "nameserver 127.0.0.11" "$BATS_TEST_TMPDIR/r"
	grep -qx "search corp.example" "$BATS_TEST_TMPDIR/r"
	grep -qx "options ndots:0" "$BATS_TEST_TMPDIR/r"
	grep -qx "# ExtServers: \[host(127.0.0.53)\]" "$BATS_TEST_TMPDIR/r"
	real exec plain cat /etc/resolv.conf | grep -qx "nameserver 10.0.2.3"
	real run --rm --network front --dns 192.0.2.10 --dns-search a.b --dns-option ndots:2 small cat /etc/resolv.conf >"$BATS_TEST_TMPDIR/r"
	grep -qx "search a.b" "$BATS_TEST_TMPDIR/r"
	grep -qx "options ndots:2" "$BATS_TEST_TMPDIR/r"
	grep -qx "# ExtServers: \[192.0.2.10\]" "$BATS_TEST_TMPDIR/r"
	real exec both cat /etc/hosts | grep -qE "^10.0.2.2\s+hg$"
	real exec both cat /etc/hosts | grep -qE "^fd00::2\s+hg$"
}

@test "the host's resolver by UDP and TCP, at 127.0.0.11 and on the tun" {
	local server
	[ "$(ask web one.test)" = 198.51.100.1 ]
	[ "$(ask web one.test +tcp)" = 198.51.100.1 ]
	for server in 10.0.2.3 fd00::3; do
		[ "$(in_net both dig +short @$server one.test)" = 198.51.100.1 ]
		[ "$(in_net both dig +short +tcp @$server one.test)" = 198.51.100.1 ]
	done
	[ "$(in_net plain dig +short @10.0.2.3 one.test)" = 198.51.100.1 ]
	[ "$(status web absent.test)" = NXDOMAIN ]
}

@test "large answers: EDNS, and truncation with a second question over TCP" {
	in_net web dig +noedns +ignore @127.0.0.11 big.test TXT | grep -q "flags:.* tc"
	[ "$(ask web +noedns big.test TXT | wc -c)" -gt 750 ]
	in_net web dig +bufsize=4096 +notcp @127.0.0.11 big.test TXT | grep -q "MSG SIZE  rcvd: [78]"
	in_net web dig +qr +edns=1 +noednsneg @127.0.0.11 api | grep -q "status: BADVERS"
}

@test "the host's resolv.conf is replaced while containers run" {
	resolv "nameserver 192.0.2.10"
	[ "$(ask web one.test)" = 198.51.100.2 ]
	[ "$(in_net plain dig +short @10.0.2.3 one.test)" = 198.51.100.2 ]
	mkdir -p /etc/links && echo "nameserver 127.0.0.53" >/etc/links/stub
	ln -s links/stub /etc/resolv.conf.new && mv /etc/resolv.conf.new /etc/resolv.conf
	[ "$(ask web one.test)" = 198.51.100.1 ]
	resolv "nameserver 192.0.2.77" "nameserver 127.0.0.53" # the first is silent
	[ "$(ask web one.test)" = 198.51.100.1 ]
	resolv "nameserver 127.0.0.53" "search corp.example"
	[ "$(ask web one.test)" = 198.51.100.1 ]
}

@test "a service of the container has port 53; another container asks it by --dns" {
	in_net web timeout 60 dnsmasq -C /dev/null -k --no-resolv --no-hosts --pid-file= --user= \
		--port=53 --address=/own.test/203.0.113.7 >"$BATS_TEST_TMPDIR/log" 2>&1 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/own.upstream"
	within 5 in_net web dig +time=1 +tries=1 @"$(ip_of web front)" own.test
	[ "$(in_net api dig +short @"$(ip_of web front)" own.test)" = 203.0.113.7 ]
	[ "$(ask web api)" = "$(ip_of api front)" ] # both side by side
	start client --network front --dns "$(ip_of web front)"
	[ "$(ask client own.test)" = 203.0.113.7 ]
	[ "$(ask client own.test +tcp)" = 203.0.113.7 ]
	[ "$(ask client api)" = "$(ip_of api front)" ]
	start stranger --network back --dns "$(ip_of web front)"
	[ "$(status stranger own.test)" != NOERROR ]
	start outside --network front --dns 192.0.2.10
	[ "$(ask outside one.test)" = 198.51.100.2 ]
	start local --network front --dns 127.0.0.53 --dns 0.0.0.0
	[ "$(status local one.test)" = SERVFAIL ] # the host's loopback is no server of theirs
	real rm -f client stranger outside local >/dev/null
	kill "$(cat "$BATS_FILE_TMPDIR/own.upstream")"
}

@test "a thousand questions at once" {
	in_net web python3 - <<-'PY'
	import select, socket, struct, time
	def question(i):
	    return struct.pack(">HHHHHH", i, 0x100, 1, 0, 0, 0) + b"\3one\4test\0\0\1\0\1"
	socks, n = [], 1000
	for i in range(n):
	    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	    s.sendto(question(i), ("127.0.0.11", 53))
	    socks.append(s)
	p, end = select.poll(), time.monotonic() + 200
	ids = {s.fileno(): (s, i) for i, s in enumerate(socks)}
	for s in socks: p.register(s, select.POLLIN)
	while ids and time.monotonic() < end:
	    answered = p.poll(5000)
	    for fd, _ in answered:
	        s, i = ids.pop(fd)
	        r = s.recv(512)
	        assert r[:2] == struct.pack(">H", i) and r[-4:] == bytes([198, 51, 100, 1]), r
	        p.unregister(s)
	    if not answered: # a socket's queue may be too short for as many as came while nobody read
	        for s, i in ids.values(): s.sendto(question(i), ("127.0.0.11", 53))
	assert not ids, len(ids)
	PY
}

counter() {
	rootlessctl --socket "$XDG_RUNTIME_DIR/dockerd-rootless/api.sock" info --json |
		jq ".networkDriver.counters.$1"
}

@test "a container that floods is held at its share, and others do not notice" {
	local dropped
	resolv "nameserver 192.0.2.77" # silent
	dropped=$(counter dns_limit)
	in_net web python3 - <<-'PY'
	import socket
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	for i in range(3000):
	    s.sendto(i.to_bytes(2, "big") + b"\1\0\0\1\0\0\0\0\0\0\3one\4test\0\0\1\0\1", ("127.0.0.11", 53))
	PY
	[ "$(ask api web)" = "$(ip_of web front)" ]
	resolv "nameserver 127.0.0.53" "search corp.example"
	[ "$(ask api one.test)" = 198.51.100.1 ]
	within 5 eval '[ "$(counter dns_limit)" -gt '"$dropped"' ]'
	within 15 test_answer web one.test 198.51.100.1
}

test_answer() { [ "$(ask "$1" "$2")" = "$3" ]; }

@test "a container that holds connections is held at its share, and loses them when idle" {
	in_net web timeout 600 python3 - "$BATS_TEST_TMPDIR/held" 3>&- <<-'PY' &
	import socket, sys, time
	held = [socket.create_connection(("127.0.0.11", 53)) for i in range(200)]
	open(sys.argv[1], "w").close()
	def closed(s):
	    s.setblocking(False)
	    try: return s.recv(1) == b""
	    except BlockingIOError: return False
	    except OSError: return True
	while (early := sum(closed(s) for s in held)) < 100:
	    time.sleep(0.05)
	assert early < 200
	while not all(closed(s) for s in held):
	    time.sleep(0.05)
	PY
	local pid=$!
	within 10 test -e "$BATS_TEST_TMPDIR/held"
	[ "$(ask api web +tcp)" = "$(ip_of web front)" ]
	[ "$(ask api one.test +tcp)" = 198.51.100.1 ]
	wait "$pid"
}

@test "nonsense from a container and from the host's server changes nothing" {
	local pid
	pid=$(pid_of usernet)
	python3 "$BATS_TEST_DIRNAME/dnsnoise.py" serve 127.0.0.99 1 >/dev/null 2>&1 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/noise.upstream"
	within 5 eval '[ "$(ss -Hlntu src 127.0.0.99 | wc -l)" = 2 ]'
	resolv "nameserver 127.0.0.99"
	in_net web python3 "$BATS_TEST_DIRNAME/dnsnoise.py" ask 127.0.0.11 2 4
	in_net web python3 "$BATS_TEST_DIRNAME/dnsnoise.py" ask 10.0.2.3 3 4
	kill "$(cat "$BATS_FILE_TMPDIR/noise.upstream")"
	resolv "nameserver 127.0.0.53" "search corp.example"
	[ "$(ask api web)" = "$(ip_of web front)" ]
	[ "$(ask api one.test)" = 198.51.100.1 ]
	[ "$(pid_of usernet)" = "$pid" ]
	[ "$(counter dns_mismatch)" -gt 0 ]
}

@test "usernet killed: the names are there again" {
	local pid
	pid=$(pid_of usernet)
	kill -KILL "$pid"
	within 10 answers web api
	[ "$ANSWER" = NOERROR ] # the first answer is right already
	[ "$(ask web api)" = "$(ip_of api front)" ]
	[ "$(ask web one.test +tcp)" = 198.51.100.1 ]
	[ "$(pid_of usernet)" != "$pid" ]
}

# an answer of any sort; dig's own words, such as that nobody listens, are none
answers() { ANSWER=$(status "$1" "$2") && [ -n "$ANSWER" ]; }

@test "dockerd killed: the names stay, and go with their containers" {
	local pid want
	pid=$(real inspect -f '{{.State.Pid}}' web)
	want=$(ip_of api front)
	kill -KILL "$(pid_of dockerd)"
	[ "$(nsenter --preserve-credentials -U -t "$pid" -n dig +short @127.0.0.11 api)" = "$want" ]
	within 20 stack_answers
	[ "$(ask web api)" = "$(ip_of api front)" ]
	real rm -f db >/dev/null
	[ "$(status api db)" != NOERROR ]
}

@test "host-gateway and host.docker.internal are the host, at its own address" {
	local port engine
	port=$(free_port)
	python3 -m http.server --bind 192.0.2.10 "$port" >/dev/null 2>&1 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/http.upstream"
	python3 -m http.server --bind 127.0.0.1 "$port" >/dev/null 2>&1 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/http2.upstream"
	within 5 curl -sf "http://192.0.2.10:$port/"
	within 5 curl -sf "http://127.0.0.1:$port/"
	real exec web wget -q -O /dev/null "http://host.docker.internal:$port/"
	real exec both wget -q -O /dev/null "http://hg:$port/"
	kill "$(cat "$BATS_FILE_TMPDIR/http.upstream")"
	within 5 not curl -sf "http://192.0.2.10:$port/"
	# on the loopback alone it is not reached, in no form
	for to in host.docker.internal hg 127.0.0.1 0.0.0.0 '[::1]' '[::ffff:127.0.0.1]' '[fd00::2]'; do
		not in_net both curl -sf --max-time 3 --resolve "hg:$port:10.0.2.2" \
			--resolve "host.docker.internal:$port:10.0.2.2" "http://$to:$port/"
	done
	kill "$(cat "$BATS_FILE_TMPDIR/http2.upstream")"
}

not() { ! "$@"; }

# tell_listeners PORT...: what the engine does for each TCP address of its API (usernet/feed.h)
tell_listeners() {
	python3 - "$XDG_RUNTIME_DIR/dockerd-rootless/usernet.sock" "$@" <<-'PY'
	import socket, struct, sys
	s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
	s.connect(sys.argv[1])
	fields = b"".join(struct.pack("<HHB16sxH", 13, 20, 4, bytes(16), int(p)) for p in sys.argv[2:])
	s.send(struct.pack("<II", 1, 5) + fields)
	PY
}

@test "the engine's own TCP listeners are closed to containers" {
	local port
	port=$(free_port)
	python3 -m http.server --bind 0.0.0.0 "$port" >/dev/null 2>&1 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/http3.upstream"
	within 5 in_net web curl -sf "http://192.0.2.10:$port/"
	tell_listeners "$port"
	within 5 not in_net web curl -sf --max-time 3 "http://192.0.2.10:$port/"
	not in_net web curl -sf --max-time 3 "http://10.0.2.2:$port/"
	not in_net both curl -sf --max-time 3 "http://[2001:db8:9::10]:$port/"
	tell_listeners
	within 5 in_net web curl -sf "http://10.0.2.2:$port/"
	kill "$(cat "$BATS_FILE_TMPDIR/http3.upstream")"
}

@test "counters are in rootlesskit's info" {
	rootlessctl --socket "$XDG_RUNTIME_DIR/dockerd-rootless/api.sock" info --json >"$BATS_TEST_TMPDIR/info"
	[ "$(jq .networkDriver.counters.dns_questions "$BATS_TEST_TMPDIR/info")" -gt 0 ]
	[ "$(jq -r '.networkDriver.counters.dns_mismatch | type' "$BATS_TEST_TMPDIR/info")" = number ]
}
