# old.sh: run in the machine of tests/vm/run with the kernel of Debian 11 (5.10), which has no
# overlayfs for user namespaces: VM_RELEASE=bullseye VM_CHECKS=tests/vm/old.sh tests/vm/run
. /tools

is_refused_clearly() {
	fails timeout 20 dockerd-rootless.sh >/tmp/log 2>&1
	has "$(cat /tmp/log)" "it needs Linux 5.11 or newer with overlayfs"
}
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

tap is_refused_clearly "the engine says what it misses"
tap nothing_is_left "nothing of it is left"
tap rootlesskit_works "rootlesskit makes its namespaces"
tap exit_code_is_passed "rootlesskit passes the exit code on"
