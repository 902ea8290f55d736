# SPDX-License-Identifier: MIT
# thimble storage migrate: images and a stopped container of one storage driver brought to another,
# with their ids, over an interruption.
load lib

setup() { stack_env; }

teardown() {
	stack_halt || true
	rootlesskit rm -rf "$DATA" >/dev/null 2>&1 || true
}

# contents IMAGE: what docker save gives, file by file
contents() { real save "$1" | tar -x --to-command='echo "$TAR_FILENAME $(sha256sum)"' | sort; }

# brought FROM TO
brought() {
	local ids saved changed kid n
	[ "$1" != fuse-overlayfs ] && [ "$2" != fuse-overlayfs ] ||
		{ command -v fuse-overlayfs && [ -w /dev/fuse ]; } >/dev/null ||
		skip "fuse-overlayfs is not installed or /dev/fuse cannot be opened"
	stack_start --storage-driver="$1"
	import_small
	real run --name base small sh -c 'mkdir -p d/e hidden; echo one >d/one; echo two >d/e/two; echo x >hidden/x
		ln d/one hard; chmod 4755 d/one; chown -R 7:8 d/e; echo gone >gone' >/dev/null
	real commit -c 'LABEL a=b' base mid >/dev/null
	real rm base >/dev/null
	real run --name top mid sh -c 'rm gone; rm -r hidden; mkdir hidden; echo y >hidden/y' >/dev/null
	real commit top top:tag >/dev/null
	real rm top >/dev/null
	real tag top:tag other
	real run --name box top:tag sh -c 'echo mine >mine; rm d/e/two; rm -r hidden; mkdir hidden; echo z >hidden/z' >/dev/null
	# (drivers of whole trees have no keep-id: its unit tests say what becomes of such a container)
	kid=kid
	[[ "$1 $2" != *vfs* ]] || kid=
	[ -z "$kid" ] || real run --name kid --security-opt userns=keep-id:uid=1000,gid=1000 -u 0 top:tag \
		sh -c 'mkdir k; touch k/root k/user; chown 1000:1000 k/user'
	ids=$(real images -a --no-trunc --format '{{.ID}} {{.Repository}}:{{.Tag}}' | sort)
	saved=$(contents top:tag)
	changed=$(real diff box | grep -v hidden | sort)
	stack_halt
	# --- the engine says what there is
	: >"$STACK_LOG"
	stack_start --storage-driver="$2"
	grep "has images of another storage driver, $1 (3 layers).*thimble storage migrate" "$STACK_LOG"
	[ -z "$(real images -q)" ]
	run -2 thimble storage migrate
	[[ "$output" == *"in use by another engine"* ]]
	stack_halt
	# --- cut short, more than once, then to the end
	for n in 1 2 3; do timeout -s KILL "0.$n" thimble storage migrate --from "$1" --to "$2" || true; done
	within 5 fails pgrep -u "$(id -u)" -f "thimble storage migrate"
	run -0 thimble storage migrate --to "$2"
	run -0 thimble storage migrate --to "$2" --from "$1"
	[[ "$output" == "0 brought from $1 to $2, 0 not" ]]
	run thimble fsck --check-content
	echo "$output"
	[ -z "$output" ]
	# --- the same images, the same container
	stack_start --storage-driver="$2"
	[ "$(real images -a --no-trunc --format '{{.ID}} {{.Repository}}:{{.Tag}}' | sort)" = "$ids" ]
	[ "$(contents top:tag)" = "$saved" ]
	[ "$(real run --rm other sh -c 'cat d/one d/e/two hidden/y; ls hidden; ls -d gone; stat -c "%a %h" d/one; stat -c %u:%g d/e/two')" = "$(printf 'one\ntwo\ny\ny\n4755 2\n7:8')" ]
	[ "$(real diff box | grep -v hidden | sort)" = "$changed" ]
	real commit box from-box >/dev/null
	[ "$(real run --rm from-box sh -c 'cat mine hidden/z; ls hidden d/e')" = "$(printf 'mine\nz\nd/e:\n\nhidden:\nz')" ]
	real start -a box
	[ "$(real cp box:/mine - | tar -xOf -)" = mine ]
	if [ -n "$kid" ]; then
		[ "$(real cp kid:/k - | tar tvf - --numeric-owner | awk '{ print $2 }' | xargs)" = "0/0 0/0 1000/1000" ]
		[ "$(real diff kid | xargs)" = "A /k A /k/root A /k/user" ]
		real start -a kid
	fi
	real rm box $kid >/dev/null
	real rmi other from-box top:tag mid small >/dev/null
	stack_halt
	# --- the old ones are where they were
	stack_start --storage-driver="$1"
	[ "$(real images -a --no-trunc --format '{{.ID}} {{.Repository}}:{{.Tag}}' | sort)" = "$ids" ]
}

@test "overlay2 to vfs" { brought overlay2 vfs; }
@test "vfs to overlay2" { brought vfs overlay2; }
@test "overlay2 to fuse-overlayfs" { brought overlay2 fuse-overlayfs; }
@test "fuse-overlayfs to vfs" { brought fuse-overlayfs vfs; }

@test "what cannot be brought is named" {
	stack_start --storage-driver=vfs
	import_small
	real tag small again
	real run -d --name alive small sleep 1000 >/dev/null
	kill -9 "$(pid_of dockerd)" "$(cat "$BATS_FILE_TMPDIR/stack.pid")" || true
	within 10 fails stack_answers
	sleep 1
	run thimble storage migrate --to overlay2
	[ "$status" = 1 ]
	[[ "$output" == *"it ran when the engine ended"*"1 brought from vfs to overlay2, 1 not" ]]
	run -2 thimble storage migrate --from nothing
	run -2 thimble storage migrate --from vfs --to vfs
	run -2 thimble storage other
	stack_start --storage-driver=vfs
	real rm -f alive >/dev/null
}
