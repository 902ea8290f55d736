# SPDX-License-Identifier: MIT
# The applets archive and unpack by themselves, in a user namespace made by rootlesskit.
load lib

setup() {
	stack_env
	cd "$BATS_TEST_TMPDIR"
	mkdir -p low/etc low/dir/sub u w m vol src
	echo hello >low/etc/file
	ln -s file low/etc/link
	ln -s /dir low/dlink
	echo s >low/dir/sub/s
	echo v >vol/v
	echo new >src/new
}

teardown() {
	in_ns rm -rf layer u w # owned by subordinate ids, or without rights
}

# in_ns COMMAND...: as uid 0 of a user namespace
in_ns() { rootlesskit --net=host --state-dir="$BATS_TEST_TMPDIR/state" "$@"; }

# of ARGUMENTS...: archive on a stopped container made of the directories above
of() {
	in_ns archive --base="$PWD" --overlay=lowerdir=low,upperdir=u,workdir=w,userxattr \
		--merged="$PWD/m" --bind="$PWD/vol:/mnt/vol:ro" "$@"
}

@test "archive stat says what docker cp asks for" {
	run --separate-stderr of stat /etc/file
	[[ $output == '{"name":"file","size":6,"mode":420,"mtime":"'*'","linkTarget":""}' ]]
	run --separate-stderr of stat /dlink
	[[ $output == *'"linkTarget":"/dir"}' ]]
	run of stat /none
	[ "$status" = 1 ] && [[ $output == *"/none: no such file or directory"* ]]
	run --separate-stderr of stat /mnt/vol/v
	[ "$status" = 0 ]
}

@test "archive get names the top as docker cp expects" {
	of get /dir | tar -tf - | cmp - <(printf 'dir/\ndir/sub/\ndir/sub/s\n')
	of get /dir/. | tar -tf - | cmp - <(printf './\n./sub/\n./sub/s\n')
	of get /dlink/ | tar -tf - | cmp - <(printf 'dlink/\ndlink/sub/\ndlink/sub/s\n')
	of get /mnt/vol | tar -tf - | cmp - <(printf 'vol/\nvol/v\n')
}

@test "archive put writes into the upper directory, not into a read-only volume" {
	tar -cf - -C src . | of put /etc
	[ "$(cat u/etc/new)" = new ]
	[ ! -e low/etc/new ]
	tar -cf src.tar -C src .
	run of put /mnt/vol <src.tar
	[ "$status" = 1 ] && [ ! -e vol/new ]
	run of put /etc/file <src.tar
	[ "$status" = 1 ] && [[ $output == *"extraction point is not a directory"* ]]
}

@test "archive export leaves volumes out" {
	of export | tar -tf - >names
	grep -qx etc/file names
	! grep -q mnt/vol/v names
}

@test "unpack tells digests and makes whiteouts" {
	mkdir -p tree/d layer
	touch tree/d/.wh.gone
	tar -cf l.tar -C tree d
	gzip -kn l.tar
	run --separate-stderr in_ns unpack layer <l.tar.gz
	[ "$status" = 0 ]
	[[ $output == *"digest sha256:$(sha256sum <l.tar.gz | cut -d' ' -f1)"* ]]
	[[ $output == *"diff-id sha256:$(sha256sum <l.tar | cut -d' ' -f1)"* ]]
	[ -c layer/d/gone ]
}

@test "unpack refuses what leads out, is cut off, or is no archive" {
	mkdir layer
	echo evil >file
	tar -P --transform='s,.*,../evil,' -cf evil.tar file
	run in_ns unpack layer <evil.tar
	[ "$status" = 1 ] && [[ $output == *"outside of the root"* ]] && [ ! -e evil ]
	tar -cf - low | gzip -c | head -c 200 >cut.tar.gz
	run in_ns unpack layer <cut.tar.gz
	[ "$status" = 1 ] && [[ $output == *truncated* ]]
	head -c 3000 /dev/urandom >noise
	run in_ns unpack layer <noise
	[ "$status" = 1 ]
}
