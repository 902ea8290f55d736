# old.sh: run in the machine of tests/vm/run with the kernel of Debian 11 (5.10), which has no
# overlayfs for user namespaces: VM_RELEASE=bullseye VM_CHECKS=tests/vm/old.sh tests/vm/run
. /tools

falls_back() {
	starts
	has "$(docker info)" "Storage Driver: vfs"
	fails grep "could write to the engine" /tmp/log
	docker import "$HOME/small.tar" small
	is "$(docker run --rm small sh -c 'rm /bin/nproc && ls /bin/nproc || echo hello' 2>/dev/null)" hello
	docker run --rm small ls /bin/nproc
}
stops_again() { stops; }
nothing_is_left() {
	sleep 0.5
	is "$(pid_of dockerd)$(pid_of rootlesskit)$(pid_of usernet)" ""
	[ ! -e "$XDG_RUNTIME_DIR/docker.sock" ]
	[ ! -e "$HOME/.local/share/docker/overlay2/.probe" ]
}
rootlesskit_works() {
	is "$(rootlesskit id -u)" 0
	rootlesskit cat /proc/self/uid_map
	has "$(rootlesskit cat /proc/self/uid_map | tr -s ' ')" "1 100000 65536"
	rootlesskit --net=usernet --copy-up=/etc --copy-up=/run ip addr show tap0 | grep 10.0.2.100
	rootlesskit --net=none --pidns --cgroupns --utsns --ipcns sh -c 'mount -t proc proc /proc && is_first() { [ "$(cut -d" " -f1 /proc/self/stat)" -lt 20 ]; }; is_first'
}
exit_code_is_passed() {
	code=0
	rootlesskit sh -c 'exit 7' || code=$?
	is "$code" 7
}
host=192.0.2.1 host6=2001:db8::1
serves() { netbench who $host 5201; }
kit() { rootlesskit --net=usernet --disable-host-loopback --port-driver=builtin --copy-up=/etc --copy-up=/run "$@"; }
network_works() {
	netbench serve 5201 >/dev/null 2>&1 &
	within 5 serves
	kit sh -ec "for v in put get udp; do netbench \$v $host 5201 300 1400; done; netbench who $host 5201; ping -c 1 -W 5 $host
		netbench put $host6 5201 300; netbench who $host6 5201; ping6 -c 1 -W 5 $host6; ! netbench rr $host 1 1"
}
served() { netbench who $host 8080; }
ports_are_published() {
	kit -p 0.0.0.0:8080:5201/tcp -p 0.0.0.0:8080:5201/udp netbench serve 5201 &
	within 10 served
	netbench put $host 8080 300
	netbench get $host 8080 300
	kill "$(pid_of rootlesskit)"
	within 5 fails served
}

tap falls_back "without overlayfs the engine copies layers (vfs), and containers run"
tap stops_again "it stops"
tap nothing_is_left "nothing of it is left"
tap rootlesskit_works "rootlesskit makes its namespaces"
tap exit_code_is_passed "rootlesskit passes the exit code on"
tap network_works "usernet carries TCP, UDP and ping of both families out of N"
tap ports_are_published "ports are published"
