# SPDX-License-Identifier: MIT
# Containers want more connections than there may be: one gets its share, together they get all, those
# that stand go on while the rest waits, and everything is given back. All is 65,536 where the hard limit
# of descriptors is 200,000 or more (flows.host raises it where it can); else what usernet makes of it.
load lib

setup_file() {
	local p
	[ -w /dev/net/tun ] || skip "/dev/net/tun cannot be opened"
	HOST=$(hostname -I 2>/dev/null | tr ' ' '\n' | grep -m1 '^[0-9.]*$') || skip "the host has only loopback"
	ulimit -n "$(ulimit -Hn)"
	ALL=$((($(ulimit -n) - 1024) / 3)) SHARE=8192 PORTS= # config/limits.h: USERNET_FLOWS_MAX, USERNET_TCP_MAX
	[ "$ALL" -ge 800 ] || skip "the limit of descriptors is $(ulimit -n)"
	[ "$ALL" -le 65536 ] || ALL=65536
	[ "$ALL" = 65536 ] || echo "# $ALL flows instead of 65536: the limit of descriptors is $(ulimit -n)" >&3
	WANT=$((ALL / 8 + 100)) # each of nine
	export HOST ALL SHARE WANT PORTS
	for p in 1 2 3 4; do # one would run out of the host's ports
		p=$(free_port) PORTS="$PORTS $p"
		"$STAGE/tools/netbench" serve "$p" >/dev/null 2>&1 3>&- &
		echo $! >>"$BATS_FILE_TMPDIR/servers"
		within 5 "$STAGE/tools/netbench" who "$HOST" "$p"
	done
	stack_start
	import_small
	one_way
	usernet_has >"$BATS_FILE_TMPDIR/before"
}

teardown_file() {
	[ ! -e "$BATS_FILE_TMPDIR/servers" ] || kill $(cat "$BATS_FILE_TMPDIR/servers") || true
	stack_stop
}

netbench() { # in a container, until it ends
	real run --rm -v "$STAGE/tools/netbench:/netbench" small /netbench "$@"
}
port() { echo "$PORTS" | cut -d' ' -f$((2 + $1 % 4)); }
one_way() { netbench rr "$HOST" "$(port 0)" 100; }

holds() { # holds NUMBER...: containers, each of which wants WANT
	for i; do
		real run -d --name "c$i" --ulimit nofile=$((WANT + 100)) -v "$STAGE/tools/netbench:/netbench" \
			small /netbench hold "$HOST" "$(port "$i")" "$WANT" >/dev/null
	done
}
# said WORD NUMBER: the number behind the container's word
said() { real logs "c$2" 2>/dev/null | sed -n "s/^$1 //p"; }
have_said() { # WORD NUMBER...
	local word=$1 i
	shift
	for i; do [ -n "$(said "$word" "$i")" ] || return 1; done
}
sum() { # WORD NUMBER...
	local word=$1 i n=0
	shift
	for i; do n=$((n + $(said "$word" "$i"))); done
	echo "$n"
}

sockets() { ss -Htn state connected exclude time-wait src "$HOST" $(printf ' or dport = :%s' $PORTS | sed 's/or/(/')' )' | wc -l; }
usernet_has() {
	local p
	p=$(pid_of usernet)
	echo "usernet: $(open_files "$p") descriptors, $(awk '/^VmRSS/ { print $2 }' "/proc/$p/status") KiB; $(sockets) connections of the host"
}
all_closed() { [ "$(sockets)" = 0 ]; }
# the number before a word of usernet_has
number() { sed -n "s/.*[ ]\([0-9]*\) $1.*/\1/p"; }

as_before() { # but for a few that come with use, and memory the allocator keeps
	local files kib
	files=$(number descriptors <"$BATS_FILE_TMPDIR/before")
	kib=$(number KiB <"$BATS_FILE_TMPDIR/before")
	[ -z "$files" ] || [ "$(usernet_has | number descriptors)" -le $((files + 16)) ] || return 1
	[ "$(usernet_has | number KiB)" -le $((kib + 8192)) ]
}

since() { echo "$((($(date +%s%N) - $1) / 1000000)) ms"; }

@test "one container has its share, its neighbour has room" {
	local start
	start=$(date +%s%N)
	holds 0
	within 200 have_said held 0
	echo "# c0 has $(said held 0) of $WANT after $(since "$start")" >&3
	[ "$(said held 0)" = "$((WANT < SHARE ? WANT : SHARE))" ]
	one_way
}

@test "nine together have all, the rest waits" {
	local start i
	start=$(date +%s%N)
	holds 1 2 3 4 5 6 7 8
	within 600 have_said held 0 1 2 3 4 5 6 7 8
	echo "# $(sum held 0 1 2 3 4 5 6 7 8) of $ALL after $(since "$start"); $(usernet_has)" >&3
	for i in 0 1 2 3 4 5 6 7 8; do echo "c$i: $(said held "$i")"; done
	[ "$(sum held 0 1 2 3 4 5 6 7 8)" -le "$ALL" ]
	[ "$(sum held 0 1 2 3 4 5 6 7 8)" -ge $((ALL - 64)) ]
	[ "$(sockets)" -ge $((ALL - 64)) ]
}

@test "all of them go on" {
	local start i
	start=$(date +%s%N)
	real kill -s USR1 c0 c1 c2 c3 c4 c5 c6 c7 c8 >/dev/null
	within 300 have_said alive 0 1 2 3 4 5 6 7 8
	echo "# a byte each way on all in $(since "$start")" >&3
	for i in 0 1 2 3 4 5 6 7 8; do
		[ "$(said alive "$i")" = "$(said held "$i")" ] || { real logs "c$i" && usernet_has && false; }
	done
}

@test "nothing is left of them, and new ones are made" {
	local start
	start=$(date +%s%N)
	real rm -f c0 c1 c2 c3 c4 c5 c6 c7 c8 >/dev/null
	within 90 all_closed
	echo "# closed after $(since "$start")" >&3
	one_way
	netbench who "$HOST" "$(port 1)"
	within 60 as_before
	echo "# $(usernet_has), before: $(cat "$BATS_FILE_TMPDIR/before")" >&3
}
