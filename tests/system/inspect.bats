# SPDX-License-Identifier: MIT
# Looking into the containers' network from outside: the documented nsenter with util-linux' own
# program and ours, nsinspect, dial, and the SOCKS listener.
load lib

setup_file() {
	stack_start
	import_small
	real network create --subnet 172.29.7.0/24 apart >/dev/null
	real run -d --name web -p 127.0.0.1::80 small sh -c \
		'mkdir /www; echo "I am $HOSTNAME" >/www/index.html; exec httpd -f -p 80 -h /www' >/dev/null
	real run -d --name lonely --network apart --ip 172.29.7.77 small sh -c \
		'mkdir /www; echo lonely >/www/index.html; exec httpd -f -p 8080 -h /www' >/dev/null
}

teardown_file() { stack_stop; }

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
	[ "$(pgrep -u "$(id -u)" -fc '^netns-gate')" = 1 ]
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
