# SPDX-License-Identifier: MIT
# dockerd's settings and its dealings with a service manager: daemon.json, SIGHUP, readiness
# (sd_notify), inherited sockets, what SIGTERM does to containers.
load lib

setup() {
	stack_env
	CONFIG=$HOME/.config/docker/daemon.json
	mkdir -p "$(dirname "$CONFIG")"
}

teardown() {
	stack_stop
	rm -f "$CONFIG"
}

pid_file() { cat "$XDG_RUNTIME_DIR/docker.pid"; }
labels() { real info -f '{{json .Labels}}'; }
labels_are() { [ "$(labels)" = "$1" ]; }

@test "daemon.json is read" {
	echo '{"labels":["tier=a"],"log-opts":{"max-size":"1m"},"insecure-registries":["reg.example:5000"],"iptables":false}' >"$CONFIG"
	stack_start
	labels_are '["tier=a"]'
	run real info
	[[ "$output" == *reg.example:5000* ]]
	real pull -q thimble/hello
	id=$(real create thimble/hello)
	[ "$(real inspect -f '{{index .HostConfig.LogConfig.Config "max-size"}}' "$id")" = 1m ]
}

@test "an unknown key or a wrong type ends dockerd with its name" {
	for bad in '{"colour":"red"}' '{"labels":"x"}' '{"mtu":"big"}' '{'; do
		echo "$bad" >"$CONFIG"
		run dockerd-rootless.sh --validate
		echo "$bad: $output"
		[ "$status" = 1 ]
		[[ "$output" == *daemon.json* ]]
	done
	echo '{"colour":"red"}' >"$CONFIG"
	run dockerd-rootless.sh --validate
	[[ "$output" == *"don't match any configuration option: colour"* ]]
}

@test "SIGHUP reads daemon.json again, and keeps the old settings when it is wrong" {
	echo '{"labels":["tier=a"]}' >"$CONFIG"
	stack_start
	echo '{"labels":["tier=b"]}' >"$CONFIG"
	rootlesskit_kill HUP
	within 5 labels_are '["tier=b"]'
	echo '{"labels":' >"$CONFIG"
	rootlesskit_kill HUP
	within 5 grep -q 'settings stay as they were' "$STACK_LOG"
	labels_are '["tier=b"]'
}

# dockerd's pid as this namespace of processes shows it; its owner may signal it
rootlesskit_kill() { kill -"$1" "$(pid_file)"; }

@test "the service manager is told when the engine is ready" {
	command -v python3 >/dev/null || skip "the listener is a Python script (package python3)"
	python3 -c '
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
s.settimeout(600)
while True:
    m = s.recv(4096).decode()
    open(sys.argv[2], "a").write(m + "\n")
    if "STOPPING=1" in m: break
' "$XDG_RUNTIME_DIR/notify" "$BATS_TEST_TMPDIR/told" 3>&- &
	within 5 test -S "$XDG_RUNTIME_DIR/notify"
	NOTIFY_SOCKET=$XDG_RUNTIME_DIR/notify stack_start
	within 5 grep -q READY=1 "$BATS_TEST_TMPDIR/told"
	stack_halt
	within 5 grep -q STOPPING=1 "$BATS_TEST_TMPDIR/told"
}

@test "a socket may be inherited" {
	command -v python3 >/dev/null || skip "the parent is a Python script (package python3)"
	python3 -c '
import os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen(16)
os.dup2(s.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execvp("dockerd-rootless.sh", ["dockerd-rootless.sh", "-H", "fd://"])
' "$XDG_RUNTIME_DIR/docker.sock" >>"$STACK_LOG" 2>&1 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/stack.pid"
	within 10 stack_answers || { stack_logs; false; }
}

@test "SIGTERM stops containers, which come back by their restart policy" {
	stack_start
	import_small
	real run -d --stop-timeout 1 --name stays --restart unless-stopped small sleep 1000
	real run -d --stop-timeout 1 --name ends small sleep 1000
	for i in 1 2 3 4 5; do real run -d --stop-timeout 1 --restart always small sleep 1000; done
	stack_halt
	stack_start
	# the first answer knows them
	[ "$(real ps -q | wc -l)" = 6 ]
	[ "$(real inspect -f '{{.State.Running}}' stays)" = true ]
	[ "$(real inspect -f '{{.State.Running}}' ends)" = false ]
}
