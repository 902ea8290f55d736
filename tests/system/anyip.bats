# SPDX-License-Identifier: MIT
# The fast path for TCP out of containers: N's kernel ends the connection, usernet splices it to a
# host socket; held until the host has answered. What programs make of it is in netreal.bats.
load lib

setup_file() {
	[ -w /dev/net/tun ] || skip "/dev/net/tun cannot be opened"
	[ -e "$STAGE/fixtures/small.tar.gz" ] || skip "no small image"
	HOST=$(hostname -I 2>/dev/null | tr ' ' '\n' | grep -m1 '^[0-9.]*$') || skip "the host has only loopback"
	export HOST PORT PEER=$BATS_TEST_DIRNAME/netpeer.py
	stack_start
	export STATE=$XDG_RUNTIME_DIR/dockerd-rootless
	PORT=$(free_port)
	python3 "$PEER" serve "$HOST" "$PORT" 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/server.pid"
	real import "$STAGE/fixtures/small.tar.gz" small >/dev/null
	real run -d --name one small sleep 900 >/dev/null
	real run -d --name two small sleep 900 >/dev/null
	within 5 in_one python3 "$PEER" put "$HOST" "$PORT" 1
}

teardown_file() {
	stack_stop
	kill "$(cat "$BATS_FILE_TMPDIR/server.pid")" 2>/dev/null || true
}

# the host's programs in a container's network namespace, and in N
in_netns_of() {
	local pid
	pid=$(real inspect -f '{{.State.Pid}}' "$1")
	shift
	nsenter --preserve-credentials -U -n -t "$pid" "$@"
}
in_one() { in_netns_of one "$@"; }
in_n() {
	local child
	child=$(cat "$STATE/child_pid")
	nsenter --preserve-credentials -U -t "$child" nsenter --net="/proc/$child/root$STATE/netns" "$@"
}
rules() { in_n ip rule | grep -c "dport ${1:-}" || true; }

# Python with what the tests below share
prelude() {
	cat <<-PY
	import os, socket, struct, sys, time
	host, port, here = "$HOST", $PORT, "$BATS_TEST_TMPDIR/"
	def go():
	    open(here + "go", "w").close()
	def wait_for_go():
	    while not os.path.exists(here + "go"):
	        time.sleep(0.02)
	# the server's ports, when it listens
	def listens(*ports):
	    open(here + "new", "w").write(" ".join(map(str, ports)))
	    os.rename(here + "new", here + "ports")
	# a listener that answers nobody until it accepts
	def silent():
	    s = socket.create_server((host, 0), backlog=0)
	    full = [socket.socket() for _ in range(3)]
	    for f in full:
	        f.setblocking(False)
	        f.connect_ex(s.getsockname())
	    # of a listener tcpi_unacked is who waits to be accepted
	    while struct.unpack_from("I", s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104), 24)[0] == 0:
	        time.sleep(0.01)
	    listens(s.getsockname()[1])
	    return s, full
	def reset(s):
	    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
	    s.close()
	PY
}
# py IN ARGUMENTS: the script on stdin, in a network namespace
py() {
	{ prelude; cat; } >"$BATS_TEST_TMPDIR/client.py"
	"$1" python3 "$BATS_TEST_TMPDIR/client.py" "${@:2}"
}
# serve: the script on stdin, on the host, until the test ends; waits until it listens, sets SERVED to its ports
serve() {
	{ prelude; cat; } >"$BATS_TEST_TMPDIR/server.py"
	python3 "$BATS_TEST_TMPDIR/server.py" 3>&- &
	echo $! >"$BATS_TEST_TMPDIR/pid"
	within 10 test -e "$BATS_TEST_TMPDIR/ports"
	SERVED=$(cat "$BATS_TEST_TMPDIR/ports")
}

teardown() {
	touch "$BATS_TEST_TMPDIR/go"
	[ ! -e "$BATS_TEST_TMPDIR/pid" ] || kill "$(cat "$BATS_TEST_TMPDIR/pid")" 2>/dev/null || true
}

@test "the first connection takes its port up: rule, listener, and N's kernel at the other end" {
	[ "$(rules "$PORT")" = 1 ]
	in_n ss -Hltn "sport = :$PORT" | grep -q LISTEN
	py in_one 3>&- <<-'PY' &
	s = socket.create_connection((host, port))
	wait_for_go()
	PY
	within 5 eval 'in_n ss -Htn state established | grep -q "$HOST:$PORT "'
	touch "$BATS_TEST_TMPDIR/go"
	wait $!
}

@test "300 MB each way with half-close, sixteen at a time: digests agree" {
	local pids=() p
	in_one python3 "$PEER" put "$HOST" "$PORT" 300000000
	in_one python3 "$PEER" get "$HOST" "$PORT" 300000000
	for p in $(seq 8); do
		in_one python3 "$PEER" put "$HOST" "$PORT" 5000000 3>&- & pids+=($!)
		in_netns_of two python3 "$PEER" get "$HOST" "$PORT" 5000000 3>&- & pids+=($!)
	done
	for p in "${pids[@]}"; do wait "$p"; done
}

@test "a closed port is refused at once, taken up or not" {
	local closed
	closed=$(free_port)
	for i in 1 2 3; do in_one python3 "$PEER" refused "$HOST" "$closed"; done
	[ "$(rules "$closed")" = 1 ]
}

@test "the port is no way to N, to other containers' addresses, to loopback" {
	local a
	for a in 172.17.0.1 172.17.0.3 10.0.2.3 10.0.2.77 127.0.0.1; do in_one python3 "$PEER" refused "$a" "$PORT"; done
	in_one python3 "$PEER" unreachable 10.0.2.100 "$PORT"
}

@test "the host by its name for containers" {
	in_one python3 "$PEER" put 10.0.2.2 "$PORT" 3000000
	in_n ss -Hltn "sport = :$PORT" | grep -q LISTEN
}

@test "held while the host has not answered; then it goes on" {
	serve <<-'PY'
	s, full = silent()
	wait_for_go()
	while True:
	    c, _ = s.accept()
	    c.sendall(b"x")
	PY
	py in_one "$SERVED" <<-'PY'
	s = socket.socket()
	s.settimeout(0.5)
	try:
	    s.connect((host, int(sys.argv[1])))
	    sys.exit("connected to a host that has not answered")
	except TimeoutError:
	    pass
	go()
	s = socket.create_connection((host, int(sys.argv[1])), 100)
	assert s.recv(1) == b"x"
	PY
}

@test "resets pass both ways, and the bytes before them" {
	serve <<-'PY'
	s = socket.create_server((host, 0), backlog=16)
	listens(s.getsockname()[1])
	for _ in range(20):
	    c, _ = s.accept()
	    assert c.recv(1) == b"1"
	    reset(c)
	for _ in range(20):
	    c, _ = s.accept()
	    got = b""
	    try:
	        while b := c.recv(100):
	            got += b
	        sys.exit("no reset, but an end")
	    except ConnectionResetError:
	        pass
	PY
	py in_one "$SERVED" <<-'PY'
	for _ in range(20):
	    s = socket.create_connection((host, int(sys.argv[1])), 60)
	    s.sendall(b"1")
	    try:
	        s.recv(1)
	        sys.exit("no reset")
	    except ConnectionResetError:
	        pass
	for _ in range(20):
	    s = socket.create_connection((host, int(sys.argv[1])), 60)
	    s.sendall(b"22")
	    time.sleep(0.02)
	    reset(s)
	PY
	wait "$(cat "$BATS_TEST_TMPDIR/pid")"
}

# unanswered: how many of the host's connections to the server are not answered yet
unanswered() { ss -Htn state syn-sent dst "$HOST" dport = ":$SERVED" | wc -l; }
in_three() { in_netns_of three "$@"; }

@test "a container that ends while its SYN is held leaves nothing; its address serves the next" {
	local before pid
	serve <<-'PY'
	s, full = silent()
	wait_for_go()
	while True:
	    s.accept()[0].sendall(b"x")
	PY
	before=$(unanswered)
	real run -d --name three small sleep 900 >/dev/null
	py in_three "$SERVED" 3>&- <<-'PY' &
	s = socket.socket()
	s.bind(("", 40001))
	s.setblocking(False)
	s.connect_ex((host, int(sys.argv[1])))
	while not os.path.exists(here + "held") and not os.path.exists(here + "go"):
	    time.sleep(0.02)
	PY
	pid=$!
	within 10 eval '[ "$(unanswered)" -gt "$before" ]'
	touch "$BATS_TEST_TMPDIR/held"
	wait "$pid"
	real rm -f three >/dev/null
	real run -d --name three small sleep 900 >/dev/null
	py in_three "$SERVED" <<-'PY'
	import select
	s = socket.socket()
	s.bind(("", 40001))
	s.setblocking(False)
	s.connect_ex((host, int(sys.argv[1])))
	go()
	assert select.select([], [s], [], 100)[1], "no answer"
	assert s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
	s.settimeout(100)
	assert s.recv(1) == b"x"
	PY
	real rm -f three >/dev/null
}

# overflows: how many SYNs and handshakes N's kernel had no room for
overflows() {
	in_n awk '/^TcpExt:/ && !n { n = split($0, name); next }
		/^TcpExt:/ { for (i = 2; i <= n; i++) if (name[i] ~ /^(ListenOverflows|ListenDrops|TCPReqQFullDrop)$/) sum += $i }
		END { print sum }' /proc/net/netstat
}

@test "a thousand connections begun at once: none has to try again" {
	[ "$(ulimit -Hn)" -ge 4096 ] || skip "usernet needs three descriptors a connection, the limit is $(ulimit -Hn)"
	local before
	before=$(overflows)
	py in_one <<-'PY'
	import select
	def retransmitted():
	    names, values = [l.split() for l in open("/proc/self/net/netstat") if l.startswith("TcpExt:")]
	    return int(values[names.index("TCPSynRetrans")])
	before, start = retransmitted(), time.monotonic()
	poll, begun = select.epoll(), {}
	for _ in range(1000):
	    s = socket.socket()
	    s.setblocking(False)
	    s.connect_ex((host, port))
	    begun[s.fileno()] = s
	    poll.register(s, select.EPOLLOUT)
	done, end = 0, start + 200
	while done < 1000 and time.monotonic() < end:
	    for fd, _ in poll.poll(1):
	        poll.unregister(fd)
	        assert begun[fd].getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
	        done += 1
	assert done == 1000, done
	# after a second without an answer any kernel tries again
	assert retransmitted() == before or time.monotonic() - start > 0.9, retransmitted() - before
	PY
	[ "$(overflows)" = "$before" ]
}

@test "more ports than there are rules: all are served" {
	serve <<-'PY'
	import select
	made = [socket.create_server((host, 0), backlog=16) for _ in range(100)]
	listens(*(s.getsockname()[1] for s in made))
	while True:
	    for s in select.select(made, [], [])[0]:
	        c, _ = s.accept()
	        c.sendall(c.recv(1))
	PY
	py in_one $SERVED <<-'PY'
	for again in range(2):
	    for p in sys.argv[1:]:
	        s = socket.create_connection((host, int(p)), 60)
	        s.sendall(b"z")
	        assert s.recv(1) == b"z", p
	PY
	[ "$(rules)" -le 64 ]
}

@test "usernet killed: the rules go at once, the next connections work" {
	kill -9 "$(pid_of usernet)"
	within 2 eval '[ "$(rules)" = 0 ] || [ -n "$(pid_of usernet)" ]'
	within 5 in_one python3 "$PEER" put "$HOST" "$PORT" 3000000
	[ "$(rules "$PORT")" = 1 ]
	in_one python3 "$PEER" get "$HOST" "$PORT" 3000000
}

@test "netns-helper killed: connections go on, new ones too, new ports as well" {
	local p
	in_one python3 "$PEER" get "$HOST" "$PORT" 300000000 3>&- &
	p=$!
	kill -9 "$(pid_of netns-helper)"
	in_one python3 "$PEER" put "$HOST" "$PORT" 1000000
	wait "$p"
	p=$(free_port)
	within 5 in_one python3 "$PEER" refused "$HOST" "$p"
	within 5 eval 'in_one python3 "$PEER" refused "$HOST" $(free_port); in_one python3 "$PEER" put "$HOST" "$PORT" 1000'
}
