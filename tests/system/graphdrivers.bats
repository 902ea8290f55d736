# SPDX-License-Identifier: MIT
# Storage drivers: each of them upon each file system that graphdrivers.host could mount, with an
# image that has everything a driver may get wrong (layers.py), cell by cell (cells.bash): the table
# is printed at the end. bats runs this once a test, so each has a data root of its own.
load lib
load cells

setup_file() {
	[ -e "$STAGE/fixtures/small.tar.gz" ] || skip "no busybox root file system (package busybox-static)"
	command -v python3 >/dev/null || skip "python3 is not installed"
	local w=$BATS_FILE_TMPDIR/image f
	python3 "$BATS_TEST_DIRNAME/layers.py" "$STAGE/fixtures/small.tar.gz" "$w"
	stack_env
	registry_start
	registry_trust
	mkdir -p "$DOCKER_CONFIG"
	printf '{"auths":{"%s":{"auth":"%s"}}}' "$REGISTRY" "$(printf %s "$REGISTRY_USER:$REGISTRY_PASSWORD" | base64)" >"$DOCKER_CONFIG/config.json"
	for f in "$w"/config.json "$w"/*.tar.gz; do push_blob matrix "$f"; done
	registry_curl -X PUT -H 'Content-Type: application/vnd.docker.distribution.manifest.v2+json' \
		--data-binary @"$w/manifest.json" "https://$REGISTRY/v2/matrix/manifests/1"
	echo "sha256:$(sha256sum <"$w/config.json" | cut -d' ' -f1)" >"$BATS_FILE_TMPDIR/image.id"
}

teardown_file() { registry_stop; }

setup() { stack_env; }

teardown() {
	[ ! -e "$BATS_FILE_TMPDIR/stack.pid" ] || stack_stop
	[ -z "${DATA:-}" ] || rootlesskit rm -rf "$DATA" >/dev/null 2>&1 || true
	rm -f "$BATS_FILE_TMPDIR/stack.pid"
}

# not_here DRIVER FS: why this row cannot be tried here; nothing when it can
not_here() {
	if [ "$2" != home ] && [ ! -d "${GRAPH_FS:-/none}/$2" ]; then
		[ -n "${GRAPH_FS:-}" ] && echo "this kernel or its tools have no $2" || echo "file systems of their own need root"
	elif [ "$1" = fuse-overlayfs ] && ! { command -v fuse-overlayfs && [ -w /dev/fuse ]; } >/dev/null; then
		echo "fuse-overlayfs is not installed or /dev/fuse cannot be opened"
	fi
}

# on DRIVER FS: the stack with this driver upon this file system; FS is "home" for the user's own
on() {
	local data=$HOME/.local/share/docker
	export DRIVER=$1
	[ "$2" = home ] || data=$GRAPH_FS/$2/data
	stack_start --data-root="$data" --storage-driver="$1" || return 1
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

# mounts of fuse-overlayfs that the stack sees: its containers have theirs to themselves
fuse_mounts() { in_ns grep "^fuse-overlayfs " /proc/mounts; }

# the programs that serve this stack's containers, not another's
fuse_programs() { pgrep -u "$(id -u)" -f "^fuse-overlayfs .* $DATA/"; }

@test "overlay2 on the user's own file system" { matrix overlay2 home; }
@test "overlay2 on tmpfs" { matrix overlay2 tmpfs; }
@test "overlay2 on ext4" { matrix overlay2 ext4; }
@test "overlay2 on xfs" { matrix overlay2 xfs; }
@test "overlay2 on btrfs" { matrix overlay2 btrfs; }
@test "overlay2 on ramfs" { matrix overlay2 ramfs "no extended attributes"; }
@test "fuse-overlayfs on the user's own file system" { matrix fuse-overlayfs home; }
@test "fuse-overlayfs on tmpfs" { matrix fuse-overlayfs tmpfs; }
@test "fuse-overlayfs on ext4" { matrix fuse-overlayfs ext4; }
@test "fuse-overlayfs on xfs" { matrix fuse-overlayfs xfs; }
@test "fuse-overlayfs on btrfs" { matrix fuse-overlayfs btrfs; }
@test "btrfs" { matrix btrfs btrfs; }
@test "btrfs with user_subvol_rm_allowed" { matrix btrfs btrfs-rm; }
@test "btrfs on ext4" { matrix btrfs ext4 "is not on btrfs"; }
@test "vfs on the user's own file system" { matrix vfs home; }
@test "vfs on tmpfs" { matrix vfs tmpfs; }
@test "vfs on ext4" { matrix vfs ext4; }
@test "vfs on xfs with reflink" { matrix vfs xfs; }
@test "vfs on btrfs" { matrix vfs btrfs; }
@test "vfs on ramfs, without attributes" { matrix vfs ramfs; }

@test "the matrix has no empty cell" {
	print_matrix | tee "$BATS_TEST_TMPDIR/table" | sed 's/^/# /' >&3
	fails grep -F ' ? ' "$BATS_TEST_TMPDIR/table"
	[ "$(cut -f1 "$BATS_FILE_TMPDIR/matrix" | sort -u | wc -l)" = 20 ]
}

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
	run timeout 200 dockerd-rootless.sh --storage-driver=btrfs
	[ "$status" != 0 ]
	[[ $output == *"storage driver btrfs does not work here"*"is not on btrfs (file system "* ]]
	run timeout 200 dockerd-rootless.sh --storage-driver=zfs
	[ "$status" != 0 ] && [[ $output == *"there are overlay2, fuse-overlayfs, btrfs and vfs"* ]]
	run without_fuse timeout 200 dockerd-rootless.sh --storage-driver=fuse-overlayfs
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
	[ "$(real image inspect -f '{{json .GraphDriver}}' small)" = '{"Data":null,"Name":"vfs"}' ]
	run real create --name kept --security-opt userns=keep-id small sh
	[[ "$status" != 0 && "$output" == *"userns=keep-id needs the storage driver overlay2 or fuse-overlayfs, not vfs"* ]]
	[ -z "$(real ps -aq)$(ls "$DATA/image/vfs/layerdb/mounts")" ] # nothing is left of it
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
