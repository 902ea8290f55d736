# SPDX-License-Identifier: MIT
# doctor: every need that it knows is taken away and has to be named. Most are taken away in a
# user namespace made for it (unshare): sysctls of namespaces belong to it, and files are covered
# by mounts, also those by which a kernel says what it is: where a kernel of another kind is imitated
# the test says so. NFS is in tests/vm/nfs.sh; what only a filter can show, as a kernel without
# bridges, in tests/unit/rootless/test_doctor.c.
load lib

setup() {
	export BATS_FILE_TMPDIR=$BATS_TEST_TMPDIR
	stack_env
	X=$BATS_TEST_TMPDIR/x
	mkdir -p "$X"
	id=$(id -u):$(id -g)
}

status_of() { jq -r --arg id "$1" '.[] | select(.check == $id) | .status' <<<"$output"; }
said() { jq -r --arg id "$1" '.[] | select(.check == $id) | "\(.found) \(.cause) \(.lost) \(.mend)"' <<<"$output"; }

# named CHECK STATUS TEXT: the last run named this need with this status, and TEXT among its words
named() {
	[ "$(status_of "$1")" = "$2" ] && [[ "$(said "$1")" == *"$3"* ]] || { echo "$1: $output"; return 1; }
}

# as_root COMMANDS [OPTIONS...]: doctor as root of a new user namespace after COMMANDS
as_root() {
	local first=$1
	shift
	run unshare -Urm sh -c "$first; exec thimble doctor --json $*"
}

# as_user COMMANDS [OPTIONS...]: the same, and doctor as the user again, in a namespace within
as_user() {
	local first=$1
	shift
	run unshare -Urm sh -c "$first; exec unshare -U --map-user=${id%:*} --map-group=${id#*:} thimble doctor --json $*"
}

@test "on this host the engine can start, and doctor says so" {
	run thimble doctor
	[ "$status" = 0 ]
	[ "${lines[-1]}" = "The engine can start here." ]
	run thimble doctor --json
	[ "$status" = 0 ]
	[ "$(jq -r '[.[] | select(.status == "missing")] | length' <<<"$output")" = 0 ]
	[ "$(jq -r '[.[] | select(.status != "ok" and (.found == "" or .lost == ""))] | length' <<<"$output")" = 0 ]
	[ -z "$(ls -A "$HOME")" ] # it leaves nothing
}

@test "checks can be named; one that is not there is an error" {
	run thimble doctor home space
	[ "$status" = 0 ]
	[ "${#lines[@]}" = 3 ]
	run thimble doctor frob
	[ "$status" = 2 ]
	run thimble doctor --frob
	[ "$status" = 2 ]
}

@test "user-namespaces: a sysctl forbids them" {
	as_root 'echo 0 >/proc/sys/user/max_user_namespaces'
	[ "$status" = 1 ]
	named user-namespaces missing "user.max_user_namespaces is 0"
	named user-namespaces missing "sudo sysctl --system"
}

@test "user-namespaces: forbidden in Debian's way, or for no reason that a file names" {
	# the sysctl is Debian's own; here it is imitated, and another one forbids
	local forbid="echo 0 >/proc/sys/user/max_user_namespaces; mount -t tmpfs t /proc/sys/user; mount -t tmpfs t /proc/sys/kernel"
	as_root "$forbid; echo 0 >/proc/sys/kernel/unprivileged_userns_clone" user-namespaces
	[ "$status" = 1 ]
	named user-namespaces missing "kernel.unprivileged_userns_clone is 0"
	named user-namespaces missing "/etc/sysctl.d/50-rootless.conf"
	as_root "$forbid" user-namespaces
	named user-namespaces missing "a kernel with CONFIG_USER_NS"
	named user-namespaces missing "No space left"
}

@test "apparmor: the sysctl is set, and user namespaces are refused or powerless" {
	# only Ubuntu's kernels have the sysctl, so a file stands in for it. AppArmor lets a program without
	# a profile make the namespace, and forbids what it would do there, first of all mounts
	local sysctl="mount -t tmpfs t /proc/sys/kernel; echo 1 >/proc/sys/kernel/apparmor_restrict_unprivileged_userns"
	run unshare -Urm sh -c "$sysctl; exec python3 deny.py mount=EACCES -- thimble doctor --json"
	[ "$status" = 1 ]
	for c in apparmor user-namespaces; do
		named $c missing "kernel.apparmor_restrict_unprivileged_userns is 1"
		named $c missing "flags=(unconfined) {"
		named $c missing "the engine cannot start"
	done
	named user-namespaces missing "no AppArmor profile allows this program"
	as_root "$sysctl; echo 0 >/proc/sys/user/max_user_namespaces" apparmor
	[ "$status" = 1 ]
	named apparmor missing "programs with a profile"
	as_root "$sysctl" apparmor
	[ "$status" = 0 ]
	named apparmor ok "a profile allows this program"
}

@test "seccomp: a kernel that names no actions" {
	as_root 'mount -t tmpfs t /proc/sys/kernel' seccomp
	named seccomp lacking "CONFIG_SECCOMP_FILTER"
	named seccomp lacking "seccomp=unconfined"
}

@test "namespaces: each kind" {
	for kind in pid net ipc uts cgroup; do
		as_user "echo 0 >/proc/sys/user/max_${kind}_namespaces" namespaces
		[ "$status" = 1 ]
		named namespaces missing "no $kind namespace can be made"
		named namespaces missing "user.max_${kind}_namespaces=28633"
	done
	as_user 'echo 1 >/proc/sys/user/max_mnt_namespaces' namespaces
	named namespaces missing "no mnt namespace can be made"
}

@test "proc: the host's own is covered in part" {
	as_user 'mount --bind /dev/null /proc/uptime' proc
	[ "$status" = 1 ]
	named proc missing "covered by other mounts"
}

@test "network-devices: no network namespace to make them in" {
	as_user 'echo 0 >/proc/sys/user/max_net_namespaces' network-devices
	named network-devices lacking "no bridge or veth pair"
}

@test "newuidmap, newgidmap: not there" {
	mkdir "$X/bin"
	for p in sh unshare id jq; do ln -s "$(command -v $p)" "$X/bin/$p"; done
	PATH=$X/bin run "$STAGE/bin/thimble" doctor --json
	for n in newuidmap newgidmap; do
		named $n lacking "$n is not installed"
		named $n lacking "apt-get install -y uidmap"
	done
	named id-map "$(status_of id-map)" "newuidmap is not installed"
}

@test "newuidmap, newgidmap: without privilege" {
	mkdir "$X/bin"
	for n in newuidmap newgidmap; do cp "$(command -v $n)" "$X/bin/"; done
	PATH=$X/bin:$PATH run thimble doctor --json
	for n in newuidmap newgidmap; do
		named $n lacking "neither setuid root nor has a file capability"
		named $n lacking "sudo chmod u+s $X/bin/$n"
	done
	[ "$(status_of id-map)" != ok ]
	run setpriv --no-new-privs thimble doctor --json
	named newuidmap lacking "no_new_privs is set"
	mkdir "$X/m"
	PATH=$X/m:$PATH as_root "mount -t tmpfs -o nosuid t $X/m; cp $X/bin/* $X/m; chmod u+s $X/m/*" newuidmap newgidmap
	for n in newuidmap newgidmap; do named $n lacking "mounted nosuid"; done
}

@test "subuid, subgid: none, too few, overlapping" {
	user=$(id -un)
	echo "$user:500000:1000" >"$X/few"
	printf '%s\n' "$user:500000:65536" "other:530000:65536" >"$X/over"
	: >"$X/none"
	for f in subuid subgid; do
		as_user "mount --bind $X/none /etc/$f" $f id-map
		named $f lacking "0 subordinate"
		named $f lacking "sudo usermod --add-${f}s "
		as_user "mount --bind $X/few /etc/$f" $f
		named $f lacking "1000 subordinate"
		as_user "mount --bind $X/over /etc/$f" subid-overlap
		named subid-overlap lacking "a range in /etc/$f is also other's"
	done
}

@test "id-map: the ids are not ours to map" {
	echo "$(id -un):4000000:65536" >"$X/ids"
	as_user "mount --bind $X/ids /etc/subuid; mount --bind $X/ids /etc/subgid" id-map
	named id-map lacking "one id is"
	named id-map lacking "Operation not permitted"
}

@test "home: not set, not there, not writable" {
	run env -u HOME "$STAGE/bin/thimble" doctor --json home
	[ "$status" = 1 ]
	named home missing "no directory: not set"
	HOME=/nowhere run thimble doctor --json home
	[ "$status" = 1 ]
	named home missing "no directory: /nowhere"
	HOME=/proc run thimble doctor --json home
	named home missing "/proc is not writable"
}

@test "runtime-dir: not set, not there, another user's" {
	run env -u XDG_RUNTIME_DIR "$STAGE/bin/thimble" doctor --json runtime-dir
	named runtime-dir lacking "XDG_RUNTIME_DIR is not set"
	named runtime-dir lacking "$HOME/.docker/run is used instead"
	XDG_RUNTIME_DIR=/nowhere run thimble doctor --json runtime-dir
	named runtime-dir lacking "does not exist"
	XDG_RUNTIME_DIR=/run run thimble doctor --json runtime-dir
	named runtime-dir lacking "is another user's"
	named runtime-dir lacking "su or sudo"
}

@test "data-root: not writable, or gone at the next boot" {
	run thimble doctor --json --data-root=/proc/x data-root
	[ "$status" = 1 ]
	named data-root missing "unfit for images"
	mkdir "$X/m"
	as_user "mount -t tmpfs -o mode=777 t $X/m" --data-root="$X/m/d" data-root
	named data-root note "is a tmpfs"
}

@test "data-root: file systems that do not keep owners" {
	mkdir "$X/m" "$X/l" "$X/u" "$X/w"
	as_root "mount -t ramfs r $X/m" --data-root="$X/m/d" data-root
	[ "$status" = 0 ]
	named data-root lacking "(ramfs) is unfit for images"
	named data-root lacking "no extended attributes"
	named data-root lacking "dockerd-rootless.sh --data-root=DIR"
	[ -w /dev/fuse ] && command -v fuse-overlayfs >/dev/null || skip "no fuse-overlayfs"
	as_root "timeout 120 fuse-overlayfs -f -o lowerdir=$X/l,upperdir=$X/u,workdir=$X/w $X/m >/dev/null 2>&1 3>&- &
		until mountpoint -q $X/m; do sleep 0.05; done" --data-root="$X/m/d" data-root
	named data-root lacking "(fuse) is unfit for images"
	named data-root lacking "seldom know subordinate owners"
}

@test "overlay: not upon an overlay" {
	mkdir "$X/a" "$X/u" "$X/w" "$X/m"
	as_user "mount -t overlay -o lowerdir=$X/a,upperdir=$X/u,workdir=$X/w,userxattr o $X/m; mkdir $X/m/d; chmod 777 $X/m/d" --data-root="$X/m/d" overlay
	[ "$status" = 0 ]
	named overlay lacking "overlayfs does not work"
	[[ "$(said overlay)" == *"dockerd takes "* ]]
}

@test "space: little, and almost none" {
	mkdir "$X/m"
	as_user "mount -t tmpfs -o mode=777,size=100m t $X/m" --data-root="$X/m" space
	[ "$status" = 0 ]
	named space lacking "MiB free"
	as_user "mount -t tmpfs -o mode=777,size=4m t $X/m" --data-root="$X/m" space
	[ "$status" = 1 ]
	named space missing "MiB free"
	as_user "mount -t tmpfs -o mode=777,nr_inodes=100 t $X/m" --data-root="$X/m" space
	named space lacking "few inodes"
	run python3 deny.py statfs=EIO fstatfs=EIO -- thimble doctor --json space
	named space lacking "free space of $HOME is unknown"
}

@test "cgroup: covered, so there is none" {
	as_user 'mount -t tmpfs t /sys/fs/cgroup' cgroup
	named cgroup lacking "--memory"
	named cgroup lacking "no cgroup file system is mounted"
}

@test "cgroup: version 1, both, another's, outside, threaded, few controllers" {
	# directories as they are mounted there
	local v2="mount -t tmpfs t /sys/fs/cgroup; cd /sys/fs/cgroup; echo cpu cpuset io memory pids >cgroup.controllers"
	own() { # own PATH: what /proc/self/cgroup says
		echo "0::$1" >"$X/self"
		echo "mount --bind $X/self /proc/\$\$/cgroup"
	}
	as_user 'mount -t tmpfs t /sys/fs/cgroup; mkdir /sys/fs/cgroup/memory' cgroup
	named cgroup lacking "this host uses cgroup v1"
	as_user 'mount -t tmpfs t /sys/fs/cgroup; mkdir -p /sys/fs/cgroup/memory /sys/fs/cgroup/unified; : >/sys/fs/cgroup/unified/cgroup.controllers' cgroup
	named cgroup lacking "(hybrid)"
	as_user "$v2; mkdir a; $(own /../b)" cgroup
	named cgroup lacking "lies outside of what is mounted"
	as_user "$v2; mkdir a; chmod 555 a; $(own /a)" cgroup
	named cgroup lacking "not delegated to this user"
	named cgroup lacking "cgroup.subtree_control"
	as_user "$v2; mkdir a; echo threaded >a/cgroup.type; $(own /a)" cgroup
	named cgroup lacking "of type threaded"
	as_user "$v2; mkdir a; for f in procs subtree_control; do : >a/cgroup.\$f; done; echo memory pids >a/cgroup.controllers; $(own /a)" cgroup
	named cgroup lacking "cpu cpuset io are not delegated to this user"
}

@test "tun, fuse: not there, or not ours" {
	as_user 'mount -t tmpfs -o mode=755 t /dev/net' tun
	named tun lacking "modprobe tun"
	[ -e /dev/fuse ] || skip "no /dev/fuse"
	as_user 'mount --bind /etc/shadow /dev/fuse; mount --bind /etc/shadow /dev/net/tun' tun fuse
	named fuse note "cannot be opened"
	named fuse note "sudo chmod 666 /dev/fuse"
	named tun lacking "sudo chmod 666 /dev/net/tun"
	as_user 'mount -t tmpfs t /dev' fuse
	named fuse note "sudo modprobe fuse"
}

@test "ping: our group is not in the range" {
	run unshare -Urn sh -c "exec unshare -U --map-user=${id%:*} --map-group=${id#*:} thimble doctor --json ping"
	named ping lacking "net.ipv4.ping_group_range is "
	named ping lacking "ping_group_range = 0 2147483647"
}

@test "low-ports: an ordinary user" {
	run unshare -Urn sh -c "ip link set lo up; exec unshare -U --map-user=${id%:*} --map-group=${id#*:} thimble doctor --json low-ports"
	named low-ports note "ports below 1024 cannot be bound"
	named low-ports note "ip_unprivileged_port_start=80"
}

@test "system-engine: its socket is open to us" {
	as_user 'mount -t tmpfs -o mode=777 t /run; : >/run/docker.sock; chmod 666 /run/docker.sock' system-engine
	named system-engine note "systemctl disable --now docker.service docker.socket"
	named system-engine note "nobody answers there"
	as_user 'mount -t tmpfs -o mode=777 t /run; python3 -c "import socket, time
s = socket.socket(socket.AF_UNIX); s.bind(\"/run/docker.sock\"); s.listen(); time.sleep(120)" 3>&- >/dev/null 2>&1 &
		until [ -S /run/docker.sock ]; do sleep 0.05; done; chmod 666 /run/docker.sock' system-engine
	named system-engine note "a system-wide engine's socket is here"
	[[ "$output" != *"nobody answers"* ]]
}

@test "own-socket: of an engine that runs, and of one that died" {
	python3 -c 'import socket, sys, time
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(); print(flush=True); time.sleep(600)' "$XDG_RUNTIME_DIR/docker.sock" >"$X/up" 3>&- &
	pid=$!
	within 5 test -s "$X/up"
	run thimble doctor --json own-socket
	named own-socket note "an engine runs already"
	kill -9 "$pid"
	wait "$pid" || true
	run thimble doctor --json own-socket
	named own-socket note "left from an engine that ended"
}

@test "service: no systemd; one without linger" {
	run thimble doctor --json service
	named service note "no systemd of this user"
	mkdir "$XDG_RUNTIME_DIR/systemd"
	: >"$XDG_RUNTIME_DIR/systemd/private"
	run thimble doctor --json service
	named service note "linger is not enabled"
}

@test "every check of doctor is taken away in a test" {
	for c in $(thimble doctor --json | jq -r '.[].check'); do
		grep -qE "named $c |for [cfn] in .*$c" "$BATS_TEST_FILENAME" || { echo "$c is not"; missing=1; }
	done
	[ -z "${missing:-}" ]
}
