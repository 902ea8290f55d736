# SPDX-License-Identifier: MIT
# Whose files are what a container writes: container root is the user, container uid n is the
# n-th subordinate id (the first one being id 1), and the user can remove all of them.
load lib
one_stack

subuid() { awk -F: -v u="$(id -un)" -v i="$(id -u)" '$1 == u || $1 == i { print $2; exit }' /etc/subuid; }

@test "container root writes the user's files" {
	mkdir "$BATS_TEST_TMPDIR/mine"
	real run --rm -v "$BATS_TEST_TMPDIR/mine:/mine" small touch /mine/file
	[ "$(stat -c %u:%g "$BATS_TEST_TMPDIR/mine/file")" = "$(id -u):$(id -g)" ]
}

@test "container uid 1000 writes files of the 1000th subordinate id" {
	mkdir -m 777 "$BATS_FILE_TMPDIR/shared"
	real run --rm -u 1000:1000 -v "$BATS_FILE_TMPDIR/shared:/shared" small touch /shared/file
	[ "$(stat -c %u "$BATS_FILE_TMPDIR/shared/file")" = $(($(subuid) + 999)) ]
	rootlesskit rm -rf "$BATS_FILE_TMPDIR/shared"
}

@test "the user's files are root's in the container" {
	echo text >"$BATS_TEST_TMPDIR/note"
	[ "$(real run --rm -v "$BATS_TEST_TMPDIR/note:/note:ro" small stat -c %u:%g /note)" = 0:0 ]
	run real run --rm -v "$BATS_TEST_TMPDIR/note:/note:ro" small sh -c 'echo more >>/note'
	[ "$status" != 0 ]
}

@test "rootlesskit sees every file as a container does" {
	run rootlesskit id -u
	[ "${lines[-1]}" = 0 ]
}

@test "a data directory with files of subordinate owners is removed by rootlesskit rm -rf" {
	real run -d --name keeper small sh -c 'mkdir /var/deep; chown 1000 /var/deep; sleep 1000'
	within 5 sh -c "find $DATA -name deep | grep -q ." || true
	real rm -f keeper
	stack_halt
	[ -d "$DATA" ]
	rootlesskit rm -rf "$DATA"
	[ ! -e "$DATA" ]
}
