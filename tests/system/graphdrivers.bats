# SPDX-License-Identifier: MIT
# Storage drivers: each of them upon each file system that graphdrivers.host could mount, with an
# image that has everything a driver may get wrong (layers.py). bats runs this once a test, so each
# has a data root of its own.
load lib

setup_file() {
	[ -e "$STAGE/fixtures/small.tar.gz" ] || skip "no busybox root file system (package busybox-static)"
	command -v python3 >/dev/null || skip "python3 is not installed"
	python3 "$BATS_TEST_DIRNAME/layers.py" "$STAGE/fixtures/small.tar.gz" "$BATS_FILE_TMPDIR/image.tar"
}

setup() { stack_env; }

teardown() {
	[ ! -e "$BATS_FILE_TMPDIR/stack.pid" ] || stack_stop
	[ -z "${DATA:-}" ] || rootlesskit rm -rf "$DATA" >/dev/null 2>&1 || true
	rm -f "$BATS_FILE_TMPDIR/stack.pid"
}

# on DRIVER FS: the stack with this driver upon this file system; FS is "home" for the user's own
on() {
	local data=$HOME/.local/share/docker
	export DRIVER=$1
	if [ "$2" != home ]; then
		[ -n "${GRAPH_FS:-}" ] || skip "file systems of their own need root"
		[ -d "$GRAPH_FS/$2" ] || skip "this kernel or its tools have no $2"
		data=$GRAPH_FS/$2/data
	fi
	[ "$1" != fuse-overlayfs ] || { command -v fuse-overlayfs && [ -w /dev/fuse ]; } >/dev/null ||
		skip "fuse-overlayfs is not installed or /dev/fuse cannot be opened"
	stack_start --data-root="$data" --storage-driver="$1"
	export DATA=$data
}

# in_ns COMMAND...: in the user and mount namespaces of the stack
in_ns() { thimble nsenter -- "$@"; }

# trees: how many trees the driver has
trees() {
	case $DRIVER in
	vfs) in_ns ls "$DATA/vfs/dir" ;;
	btrfs) in_ns ls "$DATA/btrfs/subvolumes" ;;
	*) in_ns ls "$DATA/$DRIVER" | grep -v '^l$' ;;
	esac | grep -c . || true
}

LOOK='cd /; ls -d gone gonefile opaque/old again/old m/two 2>/dev/null
	cat opaque/new opaque/more again/new turned tofolder/in changed later m/one m/closed/in m/nnn*
	stat -c "%n %a %u:%g %s %F" m/one m/setuid m/sticky m/caps m/link m/fifo m/sparse m/closed opaque changed turned
	readlink m/link; stat -c %Y m/one; busybox md5sum m/sparse'

SEEN='new
more
new
a file now
in
second
l
hard
in
long
m/one 644 7:8 5 regular file
m/setuid 4755 0:0 2 regular file
m/sticky 2710 9:0 2 regular file
m/caps 755 0:0 2 regular file
m/link 777 0:0 3 symbolic link
m/fifo 600 0:0 0 fifo
m/sparse 644 0:0 8388608 regular file
m/closed 700 5:0 4096 directory
opaque 711 0:0 4096 directory
changed 600 0:0 7 regular file
turned 644 0:0 11 regular file
one
1700000000
813c54841b7358fa82fbc3c9dd1a7bde  m/sparse'

# seen TEXT: it is what a container has to see; sizes of directories are the file system's matter
seen() {
	local text
	text=$(sed -E 's/ [0-9]+ directory$/ 4096 directory/' <<<"$1")
	diff <(printf '%s\n' "$SEEN") <(printf '%s\n' "$text")
}

# attributes PID: those of m/caps as the container with this first process has it
attributes() {
	in_ns python3 -c 'import os, sys
p = "/proc/%s/root/m/caps" % sys.argv[1]
print(os.getxattr(p, "user.note").decode(), os.getxattr(p, "security.capability").hex())' "$1"
}

WRITE='cd /; echo third >changed; rm later; rm -r opaque; mkdir opaque; echo mine >opaque/mine
	ln m/one m/three; chmod 4711 m/caps; echo x >"m/$(printf "%0250d" 1)"; mkdir -p fresh/deep; echo d >fresh/deep/f
	rm -r again; echo file >again; rm turned; mkdir turned; echo t >turned/t
	dd if=/dev/zero of=holes bs=1 count=1 seek=4194303 2>/dev/null; ln -s nowhere dangling; chown 11:12 tofolder/in'

AFTER='cd /; cat changed opaque/mine again turned/t fresh/deep/f m/0*1; ls opaque; ls turned; ls -d later 2>/dev/null
	[ m/one -ef m/three ] && echo linked; stat -c "%a %u:%g" m/caps tofolder/in; stat -c %s holes; readlink dangling'

WRITTEN='third
mine
file
t
d
x
mine
t
linked
4711 0:0
644 11:12
4194304
nowhere'

# the changes that docker diff has to name, whatever the driver is
NAMED='A /dangling
A /fresh
A /fresh/deep
A /fresh/deep/f
A /holes
A /turned/t
C /again
C /changed
C /opaque
C /tofolder
C /tofolder/in
C /turned
D /later'

# mounts of fuse-overlayfs that the stack sees: its containers have theirs to themselves
fuse_mounts() { in_ns grep "^fuse-overlayfs " /proc/mounts; }

matrix() {
	local id pid before left
	on "$@"
	[ "$(real info -f '{{.Driver}}')" = "$1" ]
	# --- load, run
	real load -i "$BATS_FILE_TMPDIR/image.tar"
	before=$(trees)
	seen "$(real run --rm matrix sh -c "$LOOK")"
	real run -d --name look matrix sleep 1000 >/dev/null
	pid=$(real inspect -f '{{.State.Pid}}' look)
	[ "$2" = ramfs ] || [ "$(attributes "$pid")" = "kept 0100000200200000000000000000000000000000" ]
	[ "$2" = ramfs ] || [ "$(real exec look sh -c 'busybox du -k /m/sparse' | cut -f1)" -lt 1000 ]
	[ -z "$(real diff look)" ]
	# --- write, and again after a stop
	real run --name ww matrix sh -c "$WRITE"
	real start ww >/dev/null && real wait ww >/dev/null
	[ "$(real run --rm matrix sh -c "cat changed")" = second ]
	real diff ww | sort >"$BATS_TEST_TMPDIR/diff"
	[ -z "$(comm -23 <(printf '%s\n' "$NAMED") "$BATS_TEST_TMPDIR/diff")" ] || { cat "$BATS_TEST_TMPDIR/diff"; return 1; }
	fails grep -E ' /(later/|.*opq|dev|etc|proc|sys|\.dockerenv|bin)' "$BATS_TEST_TMPDIR/diff"
	[ "$(real inspect -s -f '{{.SizeRw}}' ww)" -ge 4194304 ]
	[ "$(real inspect -s -f '{{.SizeRw}}' ww)" -lt 4300000 ]
	# --- cp with a stopped container and its volumes, export
	echo put >"$BATS_TEST_TMPDIR/put"
	real cp "$BATS_TEST_TMPDIR/put" ww:/fresh/put
	[ "$(real cp ww:/fresh/put - | tar -xOf -)" = put ]
	real export ww | tar -tf - >"$BATS_TEST_TMPDIR/export"
	grep -qx fresh/put "$BATS_TEST_TMPDIR/export"
	grep -qx turned/t "$BATS_TEST_TMPDIR/export"
	fails grep -qE '^(later|opaque/new|again/)' "$BATS_TEST_TMPDIR/export"
	# --- commit
	real commit ww committed >/dev/null
	# (a whole tree compared with the one below it has the new name only, as Docker's)
	case $1 in
	vfs | btrfs) diff <(grep -vx linked <<<"$WRITTEN") <(real run --rm committed sh -c "$AFTER") ;;
	*) diff <(printf '%s\n' "$WRITTEN") <(real run --rm committed sh -c "$AFTER") ;;
	esac
	real rmi committed >/dev/null
	fails fuse_mounts
	# --- the containers live on without dockerd, and are found again
	id=$(pid_of dockerd)
	kill -9 "$id"
	within 20 eval '[ -n "$(pid_of dockerd)" ] && [ "$(pid_of dockerd)" != '"$id"' ] && stack_answers'
	[ "$(real exec look cat /changed)" = second ]
	# --- away
	real rm -f look ww >/dev/null
	[ "$(trees)" = "$before" ]
	real rmi matrix >/dev/null
	[ "$(trees)" = 0 ]
	in_ns ls -A "$DATA/image/$1/layerdb/sha256" "$DATA/image/$1/layerdb/mounts" "$DATA/image/$1/layerdb/tmp" |
		grep -v : | grep -c . | grep -qx 0
	[ "$1" != fuse-overlayfs ] || within 5 fails pgrep -u "$(id -u)" -x fuse-overlayfs
}

@test "overlay2 on the user's own file system" { matrix overlay2 home; }
@test "overlay2 on tmpfs" { matrix overlay2 tmpfs; }
@test "overlay2 on ext4" { matrix overlay2 ext4; }
@test "overlay2 on xfs" { matrix overlay2 xfs; }
@test "overlay2 on btrfs" { matrix overlay2 btrfs; }
@test "fuse-overlayfs on the user's own file system" { matrix fuse-overlayfs home; }
@test "fuse-overlayfs on tmpfs" { matrix fuse-overlayfs tmpfs; }
@test "fuse-overlayfs on xfs" { matrix fuse-overlayfs xfs; }
@test "btrfs" { matrix btrfs btrfs; }
@test "btrfs with user_subvol_rm_allowed" { matrix btrfs btrfs-rm; }
@test "vfs on the user's own file system" { matrix vfs home; }
@test "vfs on tmpfs" { matrix vfs tmpfs; }
@test "vfs on ext4" { matrix vfs ext4; }
@test "vfs on xfs with reflink" { matrix vfs xfs; }
@test "vfs on btrfs" { matrix vfs btrfs; }
@test "vfs on ramfs, without attributes" { matrix vfs ramfs; }

# without_fuse COMMAND...: as if fuse-overlayfs were not installed
without_fuse() {
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	ln -sf "$(command -v newuidmap)" "$(command -v newgidmap)" "$(command -v timeout)" "$STAGE"/bin/* "$BATS_TEST_TMPDIR/bin/"
	PATH=$BATS_TEST_TMPDIR/bin "$@"
}

start_in() {
	dockerd-rootless.sh --data-root="$1" >>"$STACK_LOG" 2>&1 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/stack.pid"
	DATA=$1
}

@test "where overlayfs does not work another driver is taken, and says why" {
	[ -d "${GRAPH_FS:-}/ramfs" ] || skip "file systems of their own need root"
	without_fuse start_in "$GRAPH_FS/ramfs/data"
	within 20 stack_answers
	[ "$(real info -f '{{.Driver}} {{.DriverStatus}}')" = "vfs []" ]
	[ "$(api GET /info | head -n 1 | jq -c .DriverStatus)" = null ]
	real info 2>&1 | grep "WARNING: storage driver vfs copies the image for each container: overlay2: overlayfs does not work in .*no extended attributes.*fuse-overlayfs: the program fuse-overlayfs is not in"
	grep 'storage driver vfs: overlay2: ' "$STACK_LOG"
	run without_fuse "$STAGE/bin/thimble" doctor --data-root="$GRAPH_FS/ramfs/data" overlay
	[[ $output == *"dockerd takes vfs"* ]]
	import_small
	[ "$(real run --rm small echo hello)" = hello ]
}

@test "a driver that was asked for and cannot work: the reason and what to do" {
	run timeout 20 dockerd-rootless.sh --storage-driver=btrfs
	[ "$status" != 0 ]
	[[ $output == *"storage driver btrfs does not work here"*"is not on btrfs (file system "* ]]
	run timeout 20 dockerd-rootless.sh --storage-driver=zfs
	[ "$status" != 0 ] && [[ $output == *"there are overlay2, fuse-overlayfs, btrfs and vfs"* ]]
	run without_fuse timeout 20 dockerd-rootless.sh --storage-driver=fuse-overlayfs
	[ "$status" != 0 ] && [[ $output == *"install the package fuse-overlayfs"* ]]
}

@test "daemon.json names the driver, DOCKER_DRIVER goes before it" {
	mkdir -p "$HOME/.config/docker"
	echo '{"storage-driver": "vfs"}' >"$HOME/.config/docker/daemon.json"
	stack_start
	[ "$(real info -f '{{.Driver}}')" = vfs ]
	stack_halt
	DOCKER_DRIVER=overlay2 stack_start
	rm "$HOME/.config/docker/daemon.json"
	[ "$(real info -f '{{.Driver}}')" = overlay2 ]
}

@test "images stay with their driver and come back with it" {
	local id
	stack_start --storage-driver=vfs
	import_small
	id=$(real images -q small)
	real create --name mine small sh >/dev/null
	stack_halt
	stack_start
	[ "$(real info -f '{{.Driver}}')" = overlay2 ]
	grep 'has images of another storage driver, vfs (1 layer.*thimble storage migrate' "$STACK_LOG"
	[ -z "$(real images -q)$(real ps -aq)" ]
	grep '1 containers of other storage drivers stay as they are' "$STACK_LOG"
	stack_halt
	stack_start --storage-driver=vfs
	[ "$(real images -q small)" = "$id" ]
	[ "$(real ps -a --format '{{.Names}}')" = mine ]
	[ -z "$(real diff mine)" ]
	[ "$(real run --rm small echo hello)" = hello ]
}

# crashes DRIVER: dockerd is killed again and again while containers come and go
crashes() {
	local n pid i
	stack_start --storage-driver="$1"
	export DRIVER=$1
	import_small
	n=$(trees)
	for i in 1 2 3 4; do
		(
			for k in 1 2 3 4; do
				real create --name "c$i-$k" small sh
				real rm -f "c$i-$k"
			done
		) >/dev/null 2>&1 3>&- &
		sleep "0.$((RANDOM % 3))$((RANDOM % 10))"
		pid=$(pid_of dockerd)
		kill -9 "$pid"
		within 20 eval '[ -n "$(pid_of dockerd)" ] && [ "$(pid_of dockerd)" != "'"$pid"'" ] && stack_answers'
		wait $! || true
	done
	real ps -aq | xargs -r "$STAGE/tools/docker" rm -f >/dev/null
	[ "$(trees)" = "$n" ] || { in_ns find "$DATA/$1" -maxdepth 2; return 1; }
	[ -z "$(in_ns find "$DATA/image/$1/layerdb/mounts" "$DATA/image/$1/layerdb/tmp" -mindepth 1 | tee /dev/stderr)" ]
	within 5 eval '[ -z "$(in_ns ls -A "$DATA/$DRIVER/.trash")" ]'
	[ "$(real run --rm small echo hello)" = hello ]
}

@test "overlay2: dockerd killed amid create and rm" { crashes overlay2; }
@test "vfs: dockerd killed amid create and rm" { crashes vfs; }
@test "fuse-overlayfs: dockerd killed amid create and rm" {
	command -v fuse-overlayfs >/dev/null && [ -w /dev/fuse ] || skip "fuse-overlayfs is not installed"
	crashes fuse-overlayfs
}
