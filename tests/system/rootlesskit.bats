# SPDX-License-Identifier: MIT
# rootlesskit, rootlessctl and dockerd-rootless.sh by themselves: ids, exit codes, copy-up,
# networks, the REST API, signals, and what a kill -9 leaves.
load lib

setup() {
	stack_env
	export TMPDIR=$BATS_TEST_TMPDIR
	STATE=$BATS_TEST_TMPDIR/state
	unset _DOCKERD_ROOTLESS_CHILD ROOTLESSKIT_STATE_DIR
}

teardown() {
	[ -z "${RK:-}" ] || kill -KILL "$RK" 2>/dev/null || true
}

# rk_start OPTIONS... COMMAND: in the background; RK is its pid, returns when the command runs.
rk_start() {
	rootlesskit --state-dir="$STATE" "$@" >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	RK=$!
	within 5 test -e "$STATE/api.sock"
}

gone() { ! kill -0 "$1" 2>/dev/null; }
zombie_or_gone() { gone "$1" || grep -q '^State:.Z' "/proc/$1/status"; }
in_file() { grep -q -- "$2" "$1"; }
child_pid() { cat "$STATE/child_pid"; }

@test "the command runs as root, alone, and leaves no state directory" {
	run --separate-stderr rootlesskit sh -c 'id -u; id -g'
	[ "$status" = 0 ]
	[ "$output" = $'0\n0' ]
	[ -z "$stderr" ]
	! ls -d "$TMPDIR"/rootlesskit* 2>/dev/null
}

@test "every subordinate range is mapped" {
	run rootlesskit cat /proc/self/uid_map
	[ "$(awk '{ n += $3 } END { print n }' <<<"$output")" = "$(awk -F: -v u="$(id -un)" '$1 == u { n += $3 } END { print n + 1 }' /etc/subuid)" ]
	[ "$(awk 'NR == 1 { print $1, $2, $3 }' <<<"$output")" = "0 $(id -u) 1" ]
	run rootlesskit cat /proc/self/gid_map
	[ "$(awk '{ n += $3 } END { print n }' <<<"$output")" = "$(awk -F: -v u="$(id -un)" '$1 == u { n += $3 } END { print n + 1 }' /etc/subgid)" ]
}

@test "files of subordinate owners are made and removed" {
	rootlesskit sh -c "mkdir $BATS_TEST_TMPDIR/d && touch $BATS_TEST_TMPDIR/d/f && chown -R 1000:1000 $BATS_TEST_TMPDIR/d && chmod 700 $BATS_TEST_TMPDIR/d"
	first=$(awk -F: -v u="$(id -un)" '$1 == u { print $2; exit }' /etc/subuid)
	[ "$(stat -c %u "$BATS_TEST_TMPDIR/d")" = $((first + 999)) ]
	fails rm -rf "$BATS_TEST_TMPDIR/d" 2>/dev/null
	rootlesskit rm -rf "$BATS_TEST_TMPDIR/d"
	[ ! -e "$BATS_TEST_TMPDIR/d" ]
}

@test "the exit code is passed on" {
	run rootlesskit sh -c 'exit 7'
	[ "$status" = 7 ]
	[[ "$output" == *"[rootlesskit:child ] error: command [sh -c exit 7] exited: exit status 7"* ]]
	[[ "$output" == *"[rootlesskit:parent] error: child exited: exit status 7"* ]]
	run rootlesskit sh -c 'kill -9 $$'
	[ "$status" = 255 ]
	[[ "$output" == *"signal: killed"* ]]
	run rootlesskit no-such-program
	[ "$status" = 1 ]
	[[ "$output" == *'executable file not found in $PATH'* ]]
}

@test "bad command lines name what is wrong" {
	run rootlesskit
	[ "$status" = 1 ]
	[[ "$output" == *"no command specified"* ]]
	run rootlesskit --net=foo true
	[[ "$status" = 1 && "$output" == *"unknown network mode: foo"* ]]
	run rootlesskit --net=lxc-user-nic true
	[[ "$status" = 1 && "$output" == *"not supported"* ]]
	run rootlesskit -p 127.0.0.1:1:1/tcp true
	[[ "$status" = 1 && "$output" == *'port driver "none" does not support publishing ports'* ]]
	run rootlesskit --net=host --port-driver=builtin true
	[[ "$status" = 1 && "$output" == *"port driver requires non-host network"* ]]
}

@test "it finds itself through a link and behind the binary's own name" {
	ln -s "$STAGE/bin/thimble" "$BATS_TEST_TMPDIR/rootlesskit"
	run "$BATS_TEST_TMPDIR/rootlesskit" --net=none --detach-netns id -u
	[ "$output" = 0 ]
	run "$STAGE/bin/thimble" rootlesskit --net=none id -u
	[ "$output" = 0 ]
}

@test "copy-up: entries can be removed and made, the host keeps its own" {
	run rootlesskit --copy-up=/etc --copy-up=/run --propagation=rslave sh -c \
		'set -e; cat /etc/passwd >/dev/null; rm /etc/passwd; echo x >/etc/passwd; mkdir /run/docker; test -d /etc/ssl; cat /etc/passwd'
	[ "$status" = 0 ]
	[ "$output" = x ]
	grep -q root /etc/passwd
}

@test "namespaces are made as asked" {
	run rootlesskit --pidns --ipcns --utsns --cgroupns sh -c \
		'hostname in-there; hostname; for n in pid ipc uts cgroup net; do readlink /proc/self/ns/$n; done; cat /proc/1/comm >/dev/null && ps -e | wc -l'
	[ "$status" = 0 ]
	[ "${lines[0]}" = in-there ]
	[ "${lines[1]}" != "$(readlink /proc/self/ns/pid)" ]
	[ "${lines[2]}" != "$(readlink /proc/self/ns/ipc)" ]
	[ "${lines[3]}" != "$(readlink /proc/self/ns/uts)" ]
	[ "${lines[4]}" != "$(readlink /proc/self/ns/cgroup)" ]
	[ "${lines[5]}" = "$(readlink /proc/self/ns/net)" ]
	[ "${lines[6]}" -lt 8 ]
}

@test "an orphan in a pid namespace is reaped" {
	run rootlesskit --pidns --reaper=true sh -c '(sleep 0.1 &) ; sleep 0.4; ps -e -o stat | grep -c Z'
	[ "${lines[0]}" = 0 ]
}

@test "net=none has a loopback device and nothing else" {
	run rootlesskit --net=none sh -c 'ls /sys/class/net; cat /sys/class/net/lo/operstate; ip -o link show lo'
	[ "${lines[0]}" = lo ]
	[[ "${lines[2]}" == *UP* ]]
}

@test "net=usernet has a tap and a resolver" {
	[ -w /dev/net/tun ] || skip "/dev/net/tun is not for everyone here"
	run rootlesskit --net=usernet --disable-host-loopback --copy-up=/etc sh -c \
		'cat /etc/resolv.conf; ip -4 -o addr show tap0; ip route show default'
	[ "$status" = 0 ]
	[ "${lines[0]}" = "nameserver 10.0.2.3" ]
	[[ "${lines[1]}" == *"10.0.2.100/24"* ]]
	[[ "${lines[2]}" == *tap0* ]]
}

@test "a detached network namespace is kept beside the command" {
	rk_start --net=none --detach-netns sh -c 'readlink /proc/self/ns/net; sleep 60'
	within 5 in_file "$BATS_TEST_TMPDIR/out" net:
	[ "$(cat "$BATS_TEST_TMPDIR/out")" = "$(readlink /proc/self/ns/net)" ]
	run nsenter -t "$(child_pid)" -U --preserve-credentials -m nsenter --net="$STATE/netns" ls /sys/class/net /proc/self/net/dev_snmp6
	[[ "$output" == *lo* ]]
	run nsenter -t "$(child_pid)" -U --preserve-credentials -m nsenter --net="$STATE/netns" readlink /proc/self/ns/net
	[ "$status" = 0 ]
	[ "$output" != "$(readlink /proc/self/ns/net)" ]
}

@test "the netns-helper is started again" {
	rk_start --net=none --detach-netns sleep 60
	helper=$(pgrep -P "$(child_pid)" -f netns-helper)
	nsenter -t "$(child_pid)" -U --preserve-credentials kill -9 "$helper"
	within 5 pgrep -P "$(child_pid)" -f netns-helper
	[ "$(pgrep -P "$(child_pid)" -f netns-helper)" != "$helper" ]
}

@test "a published port leads into the namespace, also to ports added later" {
	one=$(free_port)
	mkdir "$BATS_TEST_TMPDIR/www"
	echo hello >"$BATS_TEST_TMPDIR/www/index.html"
	rk_start --net=usernet --disable-host-loopback --port-driver=builtin -p "127.0.0.1:$one:80/tcp" \
		busybox httpd -f -p 80 -h "$BATS_TEST_TMPDIR/www"
	within 5 curl -sf "http://127.0.0.1:$one/"
	[ "$(curl -s "http://127.0.0.1:$one/")" = hello ]
	two=$(free_port)
	export ROOTLESSKIT_STATE_DIR=$STATE
	[ "$(rootlessctl add-ports "127.0.0.1:$two:80/tcp")" = 2 ]
	[ "$(curl -s "http://127.0.0.1:$two/")" = hello ]
	run rootlessctl list-ports
	[ "$(awk '{ print $1, $2, $3, $4, $5 }' <<<"${lines[2]}")" = "2 tcp 127.0.0.1 $two 80" ]
	[ "$(rootlessctl remove-ports 2)" = 2 ]
	fails curl -s "http://127.0.0.1:$two/"
	[ "$(curl -s "http://127.0.0.1:$one/")" = hello ]
}

@test "usernet is started again and knows the ports" {
	one=$(free_port)
	mkdir "$BATS_TEST_TMPDIR/www"
	echo hello >"$BATS_TEST_TMPDIR/www/index.html"
	rk_start --net=usernet --disable-host-loopback --port-driver=builtin -p "127.0.0.1:$one:80/tcp" \
		busybox httpd -f -p 80 -h "$BATS_TEST_TMPDIR/www"
	within 5 curl -sf "http://127.0.0.1:$one/"
	kill -9 "$(pgrep -P "$RK" -f '^usernet')"
	within 5 curl -sf "http://127.0.0.1:$one/"
}

@test "the REST API answers as RootlessKit's" {
	rk_start --net=none --port-driver=builtin sleep 60
	api() { curl -s --unix-socket "$STATE/api.sock" -o /dev/stdout -w ' %{http_code}' "$@"; }
	run api http://x/v1/info
	[[ "$output" == '{"apiVersion":"1.1.1",'*'"childPID":'"$(child_pid)"*' 200' ]]
	run api http://x/v1/ports
	[ "$output" = "[] 200" ]
	p=$(free_port)
	run api -XPOST -d "{\"proto\":\"tcp\",\"parentIP\":\"127.0.0.1\",\"parentPort\":$p,\"childPort\":80}" http://x/v1/ports
	[ "$output" = "{\"id\":1,\"spec\":{\"proto\":\"tcp\",\"parentIP\":\"127.0.0.1\",\"parentPort\":$p,\"childPort\":80}} 201" ]
	run api -XPOST -d "{\"proto\":\"tcp\",\"parentIP\":\"127.0.0.1\",\"parentPort\":$p,\"childPort\":80}" http://x/v1/ports
	[[ "$output" == *"conflict with ID 1"*" 400" ]]
	run api -XPOST -d '{"proto":"tcp","parentIP":"127.0.0.1","parentPort":1,"childPort":80}' http://x/v1/ports
	[ "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" -le 1 ] || [[ "$output" == *net.ipv4.ip_unprivileged_port_start=1*" 400" ]]
	run api -XPOST -d '{}' http://x/v1/ports
	[[ "$output" == *'unknown proto: \"\"'*" 400" ]]
	run api -XDELETE http://x/v1/ports/1
	[ "$output" = " 200" ]
	run api -XDELETE http://x/v1/ports/1
	[ "$output" = '{"message":"unknown id: 1"} 400' ]
	run api http://x/v1/nothing
	[ "$output" = $'404 page not found\n 404' ]
}

@test "a port in use is refused at the start" {
	rk_start --net=none --port-driver=builtin -p "127.0.0.1:$(free_port):1/tcp" sleep 60
	p=$(rootlessctl --socket "$STATE/api.sock" list-ports | awk 'NR == 2 { print $4 }')
	run rootlesskit --net=none --port-driver=builtin -p "127.0.0.1:$p:1/tcp" true
	[ "$status" = 1 ]
	[[ "$output" == *"listen tcp 127.0.0.1:$p: bind: address already in use"* ]]
}

@test "signals are passed on" {
	rk_start sh -c 'trap "echo hup" HUP; trap "echo term; exit 9" TERM; echo ready; while :; do sleep 0.05; done'
	within 5 in_file "$BATS_TEST_TMPDIR/out" ready
	kill -HUP "$RK"
	within 5 in_file "$BATS_TEST_TMPDIR/out" hup
	kill -TERM "$RK"
	within 5 gone "$RK"
	code=0
	wait "$RK" || code=$?
	[ "$code" = 9 ]
	grep -q term "$BATS_TEST_TMPDIR/out"
	[ ! -e "$STATE" ]
}

@test "kill -9 of the parent takes everything along, and the next start is clean" {
	rk_start --net=usernet --disable-host-loopback --port-driver=builtin --detach-netns sleep 60
	all=$(pgrep -P "$RK"; pgrep -P "$(child_pid)")
	[ "$(wc -w <<<"$all")" -ge 3 ]
	kill -9 "$RK"
	for p in $all; do
		within 5 zombie_or_gone "$p"
	done
	[ -e "$STATE/api.sock" ]
	run rootlesskit --state-dir="$STATE" --net=none --detach-netns id -u
	[ "$output" = 0 ]
	[ ! -e "$STATE/api.sock" ]
}

@test "what outlived a killed rootlesskit in its namespace is ended by the next start" {
	rk_start sh -c 'setsid sleep 61 & echo $! >'"$BATS_TEST_TMPDIR/orphan"'; sleep 60'
	within 5 test -s "$BATS_TEST_TMPDIR/orphan"
	orphan=$(cat "$BATS_TEST_TMPDIR/orphan")
	kill -9 "$RK"
	within 5 gone "$RK"
	kill -0 "$orphan"
	run rootlesskit --state-dir="$STATE" true
	[ "$status" = 0 ]
	within 5 zombie_or_gone "$orphan"
}

@test "one state directory, one rootlesskit" {
	rk_start sleep 60
	run rootlesskit --state-dir="$STATE" true
	[ "$status" = 1 ]
	[[ "$output" == *"another RootlessKit is running with the same state directory?"* ]]
}

@test "systemd's sockets are passed on" {
	run bash -c 'exec 3</dev/null; export LISTEN_FDS=1 LISTEN_PID=$$; exec rootlesskit sh -c "[ \$LISTEN_PID = \$\$ ] && readlink /proc/self/fd/3"'
	[ "$output" = /dev/null ]
}

@test "no process has a capability in the host's user namespace" {
	rk_start --net=usernet --disable-host-loopback --port-driver=builtin --detach-netns sleep 60
	within 5 pgrep -P "$RK" -f '^usernet'
	for p in $RK $(pgrep -P "$RK") $(pgrep -P "$(child_pid)"); do
		[ "$(awk '/^Uid:/ { print $2, $3, $4, $5 }' "/proc/$p/status")" = "$(id -u) $(id -u) $(id -u) $(id -u)" ]
		[ "$(awk 'NR == 1 { print $3 }' "/proc/$p/uid_map")" = 4294967295 ] || continue
		[ "$(awk '/^Cap(Inh|Prm|Eff|Amb):/ { print $2 }' "/proc/$p/status" | sort -u)" = 0000000000000000 ]
	done
}

@test "dockerd-rootless.sh checks the host as the script does" {
	run dockerd-rootless.sh check
	[[ "$status" = 1 && "$output" == "Did you mean 'dockerd-rootless-setuptool.sh check' ?" ]]
	XDG_RUNTIME_DIR=/nonexistent HOME=/proc run dockerd-rootless.sh
	[[ "$status" = 1 && "$output" == "XDG_RUNTIME_DIR needs to be set and writable" ]]
	HOME=/nonexistent run dockerd-rootless.sh
	[[ "$status" = 1 && "$output" == "HOME needs to be set and exist." ]]
	DOCKERD_ROOTLESS_ROOTLESSKIT_NET=host run dockerd-rootless.sh
	[[ "$status" = 1 && "$output" == "Unsupported RootlessKit network driver: host" ]]
}

@test "dockerd-rootless.sh runs dockerd, and runs it again after a crash" {
	cat >"$BATS_TEST_TMPDIR/dockerd" <<-'END'
		#!/bin/sh
		echo "dockerd $*, $(ls -d /run/docker 2>&1 >/dev/null | wc -l)" >>"$T/log"
		[ -e "$T/crashed" ] || { touch "$T/crashed"; kill -9 $$; }
		exit 5
	END
	chmod +x "$BATS_TEST_TMPDIR/dockerd"
	export T=$BATS_TEST_TMPDIR DOCKERD=$BATS_TEST_TMPDIR/dockerd
	DOCKERD_ROOTLESS_ROOTLESSKIT_NET=none DOCKERD_ROOTLESS_ROOTLESSKIT_FLAGS="-p 127.0.0.1:$(free_port):1/tcp" \
		run dockerd-rootless.sh --debug
	[ "$status" = 5 ]
	[ "$(cat "$T/log")" = $'dockerd --debug, 1\ndockerd --debug, 1' ]
	[[ "$output" == *"dockerd crashed (signal: killed)"* ]]
}
