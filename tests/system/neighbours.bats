# SPDX-License-Identifier: MIT
# A hostile container sends random Ethernet, IP, fragments, SYNs from forged addresses, ICMP and
# questions for names; its neighbours, one of them in its own network, go on working as before.
# THIMBLE_LONG=1 attacks for 10 minutes.
load lib

setup_file() {
	[ -e "$STAGE/fixtures/net.tar.gz" ] || skip "no root file system with the network programs"
	[ -w /dev/net/tun ] || skip "/dev/net/tun cannot be opened"
	HOST=$(hostname -I 2>/dev/null | tr ' ' '\n' | grep -m1 '^[0-9.]*$') || skip "the host has only loopback"
	export HOST PEER=$BATS_TEST_DIRNAME/netpeer.py WORK=$BATS_TEST_DIRNAME/neighbours.py OUT IN TARGET
	OUT=$(free_port)
	TARGET=$(free_port) # the hostile one's: a server may be brought down by those it serves
	server "$OUT"
	server "$TARGET"
	stack_start
	real import "$STAGE/fixtures/net.tar.gz" net >/dev/null
	IN=$(free_port)
	real network create shared >/dev/null
	real network create other >/dev/null
	container near shared
	container nearer shared
	container far other -p "$IN:7000/tcp" -p "$IN:7000/udp"
	container farther other
	container hostile shared
	within 20 real exec near python3 /netpeer.py put nearer 7000 1000
	within 20 python3 "$PEER" put "$HOST" "$IN" 1000
}

teardown_file() {
	[ ! -e "$BATS_FILE_TMPDIR/servers" ] || kill $(cat "$BATS_FILE_TMPDIR/servers") || true
	stack_stop
}

server() { # on the host, at a port
	python3 "$PEER" serve "$HOST" "$1" 3>&- &
	echo $! >>"$BATS_FILE_TMPDIR/servers"
}

# container NAME NETWORK [OPTIONS]
container() {
	local name=$1 network=$2
	shift 2
	real run -d --name "$name" --network "$network" "$@" -v "$PEER:/netpeer.py" -v "$WORK:/neighbours.py" \
		net python3 /netpeer.py serve 0.0.0.0 7000 >/dev/null
}

# for_long COMMAND...: in a container; as real(), which would end it after four minutes
for_long() { timeout --foreground 800 "$STAGE/tools/docker" exec "$@"; }

address() { real inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$1"; }

# work SECONDS PHASE: the neighbours' and a client's of a published port; a line a kind
work() {
	local log=$BATS_FILE_TMPDIR/$2 pids=()
	for_long near python3 /neighbours.py work "$1" "$HOST" "$OUT" nearer >"$log.near" &
	pids+=($!)
	for_long far python3 /neighbours.py work "$1" "$HOST" "$OUT" farther >"$log.far" &
	pids+=($!)
	python3 "$WORK" work "$1" "$HOST" "$IN" >"$log.published" &
	pids+=($!)
	wait "${pids[@]}"
	(cd "$BATS_FILE_TMPDIR" && grep -H . "$2".*) | sed "s/^$2\.//" | tee "$log"
}

# field PHASE WHO KIND WORD: the number behind a word
field() { sed -n "s/^$2:$3 .*\b$4 \([0-9]*\).*/\1/p" "$BATS_FILE_TMPDIR/$1"; }

# hostile attack|threaten SECONDS
hostile() {
	for_long hostile python3 /neighbours.py "$1" "$2" "${SEED:-$RANDOM}" "$HOST" "$TARGET" \
		"$(address near)" "$(address nearer)" "$(address far)" >"$BATS_FILE_TMPDIR/$1" 3>&- &
	HOSTILE=$!
}

# What follows compares each kind of work with itself in peace, which is measured before and after
# while the hostile one uses as much of the processor. Errors: none. Lost datagrams: at most one in
# 200, for they may be dropped by right. Time: where a neighbour's packets were lost or held up, TCP
# would wait its least timer of 200 ms, and a name or datagram a second; so the slowest of a hundred
# must be faster than that, or no slower than five times what it was in peace, where the machine alone
# makes it slower.
compare() {
	local who kind bad=0 p99 before after lost
	grep 'stood still' "$BATS_FILE_TMPDIR"/{peace,attacked,after} | sed 's/.*\//# /' >&3 || true
	while read -r who kind; do
		p99=$(field attacked "$who" "$kind" p99_us) before=$(field peace "$who" "$kind" p99_us)
		after=$(field after "$who" "$kind" p99_us)
		[ "$after" -le "$before" ] || before=$after
		lost=$(field attacked "$who" "$kind" lost)
		echo "# $who $kind: $(field attacked "$who" "$kind" done) done, $lost lost, p99 $p99 us; in peace $before us" >&3
		[ "$(field attacked "$who" "$kind" errors)" = 0 ] || { echo "$who $kind: errors"; bad=1; }
		[ $((lost * 200)) -le "$(field attacked "$who" "$kind" done)" ] || { echo "$who $kind: lost $lost"; bad=1; }
		[ "$p99" -lt 200000 ] || [ "$p99" -le $((before * 5)) ] || { echo "$who $kind: $p99 us, before $before us"; bad=1; }
	done < <(sed -n 's/^\([a-z]*\):\([a-z]*\) done.*/\1 \2/p' "$BATS_FILE_TMPDIR/peace")
	[ "$bad" = 0 ]
}

@test "in peace everybody works without an error" {
	hostile threaten 12
	work 10 peace
	wait "$HOSTILE"
	[ "$(grep -c ' done ' "$BATS_FILE_TMPDIR/peace")" = 16 ]
	[ "$(grep -c ' errors 0 ' "$BATS_FILE_TMPDIR/peace")" = 16 ]
}

@test "attacked, everybody works as well" {
	local long=${THIMBLE_LONG:+600} seconds usernet helper
	seconds=${long:-20}
	[ -n "$long" ] || echo "# attacked for $seconds seconds only; THIMBLE_LONG=1 makes it 10 minutes" >&3
	usernet=$(pid_of usernet) helper=$(pid_of netns-helper)
	hostile attack $((seconds + 2))
	work "$seconds" attacked
	wait "$HOSTILE"
	sed 's/^/# /' "$BATS_FILE_TMPDIR/attack" >&3
	[ "$(sed -n 's/^sent \([0-9]*\) .*/\1/p' "$BATS_FILE_TMPDIR/attack")" -gt $((seconds * 1000)) ]
	rootlessctl --socket "$XDG_RUNTIME_DIR/dockerd-rootless/api.sock" info --json |
		jq -c '.networkDriver.counters | with_entries(select(.value > 0))' | sed 's/^/# counted: /' >&3
	[ "$(pid_of usernet)" = "$usernet" ] && [ "$(pid_of netns-helper)" = "$helper" ]
	hostile threaten 12
	work 10 after
	wait "$HOSTILE"
	compare
}

@test "afterwards nothing is left of it" {
	real rm -f hostile
	work 5 alone
	[ "$(grep -c ' errors 0 ' "$BATS_FILE_TMPDIR/alone")" = 16 ]
}
