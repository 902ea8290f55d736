# SPDX-License-Identifier: MIT
# Other programs for the packets of N: slirp4netns and pasta where they are installed, and our own
# slirp4netns run as such a program. N has no netfilter: they see the containers' own addresses.
load lib

setup_file() {
	command -v python3 >/dev/null || skip "python3 is not installed"
	stack_env
	[ -w /dev/net/tun ] || skip "/dev/net/tun cannot be opened"
	export PEER=$BATS_TEST_DIRNAME/netpeer.py PORT ADDR
	ADDR=$(hostname -I 2>/dev/null | tr ' ' '\n' | grep -m1 '^[0-9.]*$') || skip "the host has only loopback"
	PORT=$(free_port)
	python3 "$PEER" serve "$ADDR" "$PORT" 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/server.pid"
	within 5 python3 "$PEER" udp "$ADDR" "$PORT"
}

teardown_file() {
	[ ! -e "$BATS_FILE_TMPDIR/server.pid" ] || kill "$(cat "$BATS_FILE_TMPDIR/server.pid")" 2>/dev/null || true
}

teardown() { stack_stop; }

# driver_pid PATTERN: the child of rootlesskit with such a command line
driver_pid() {
	local p
	for p in $(stack_pids); do
		tr '\0' ' ' <"/proc/$p/cmdline" | grep -q "^[^ ]*$1 --conf" && echo "$p"
	done | head -n 1
}

# fetches: two containers at a time, each gets 300,000 bytes from the host, and its first SYN arrives (after a
# second without an answer any kernel sends it again)
fetches() {
	local n
	for n in 1 2; do
		real run -d --name "get$n" "$@" small sh -c "before=\$(cut -d' ' -f1 /proc/uptime | tr -d .)
			echo get 300000 | nc $ADDR $PORT | wc -c
			[ \$((\$(cut -d' ' -f1 /proc/uptime | tr -d .) - before)) -lt 90 ] || { echo slow; exit; }
			awk '/^TcpExt/ { for (; \$n != \"TCPSynRetrans\" && !v; n++); v = \$n } END { print v }' /proc/net/netstat"
	done >/dev/null
	for n in 1 2; do
		[ "$(real wait "get$n")" = 0 ]
		[[ "$(real logs "get$n" | tr '\n' ' ')" =~ ^300064\ (0|slow)\ $ ]]
	done
	real rm -f get1 get2 >/dev/null
}

reaches() { [ "$(real run --rm small sh -c "echo get 100 | nc -w 5 $ADDR $PORT | wc -c")" = 164 ]; }

hello() { timeout 5 cat <"/dev/tcp/127.0.0.1/$1" | grep -qx hello; }

check_driver() {
	local port before
	import_small
	fetches
	real network create apart >/dev/null
	fetches --network apart
	real network rm apart >/dev/null
	port=$(free_port)
	real run -d --name served -p "$port:80" small sh -c 'while :; do echo hello | nc -l -p 80; done' >/dev/null
	within 10 hello "$port"
	real rm -f served >/dev/null
	before=$(driver_pid "$1")
	[ -n "$before" ]
	kill -9 "$before"
	within 10 eval '[ -n "$(driver_pid '"$1"')" ] && [ "$(driver_pid '"$1"')" != '"$before"' ]'
	within 10 reaches
	fetches
}

@test "our slirp4netns as an external program" {
	mkdir -p "$BATS_FILE_TMPDIR/other"
	cp "$STAGE/bin/thimble" "$BATS_FILE_TMPDIR/other/slirp4netns"
	export DOCKERD_ROOTLESS_ROOTLESSKIT_NET=slirp4netns
	export DOCKERD_ROOTLESS_ROOTLESSKIT_FLAGS="--slirp4netns-binary=$BATS_FILE_TMPDIR/other/slirp4netns"
	stack_start
	check_driver slirp4netns
}

@test "the slirp4netns in PATH when NET names it" {
	[ -x /usr/bin/slirp4netns ] || skip "slirp4netns is not installed"
	mkdir -p "$BATS_FILE_TMPDIR/first"
	ln -sf /usr/bin/slirp4netns "$BATS_FILE_TMPDIR/first/slirp4netns"
	for a in dockerd-rootless.sh rootlesskit thimble; do ln -sf "$STAGE/bin/thimble" "$BATS_FILE_TMPDIR/first/$a"; done
	export STACK_BIN=$BATS_FILE_TMPDIR/first DOCKERD_ROOTLESS_ROOTLESSKIT_NET=slirp4netns
	stack_start
	check_driver slirp4netns
}

@test "pasta when NET names it" {
	command -v pasta >/dev/null || skip "pasta is not installed"
	[[ $(pasta --version | head -n 1) =~ 20(2[5-9]|[3-9][0-9])_?[0-9][0-9] ]] || skip "this pasta is too old"
	export DOCKERD_ROOTLESS_ROOTLESSKIT_NET=pasta
	stack_start
	check_driver pasta
}

@test "NET=slirp4netns without another program is what is built in" {
	export DOCKERD_ROOTLESS_ROOTLESSKIT_NET=slirp4netns
	stack_start
	import_small
	fetches
	[ -z "$(driver_pid slirp4netns)" ]
	[ -n "$(pid_of usernet)" ]
}
