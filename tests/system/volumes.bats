# SPDX-License-Identifier: MIT
# Volumes and mounts: what may be mounted, with which options, who sees it and when it goes. The
# texts are those of Docker 28.
load lib
one_stack

refused() { # refused TEXT COMMAND...
	local text=$1
	shift
	output=$("$@" 2>&1) && return 1
	[[ "$output" == *"$text"* ]] || { echo "not \"$text\": $output"; return 1; }
}

@test "cp into a stopped container's volumes that are mounts of their own" {
	mkdir "$BATS_TEST_TMPDIR/src"
	real volume create -o type=none -o o=bind -o "device=$BATS_TEST_TMPDIR/src" there
	real volume create -o type=tmpfs -o device=tmpfs -o o=size=64k cpram
	real volume create -o type=none -o o=bind -o "device=$BATS_TEST_TMPDIR/no" cpno
	real create --name cpv -v there:/t -v cpram:/m small cat /t/f
	echo text >"$BATS_TEST_TMPDIR/f"
	real cp "$BATS_TEST_TMPDIR/f" cpv:/t/f
	[ "$(cat "$BATS_TEST_TMPDIR/src/f")" = text ]
	[ -z "$(ls "$DATA/volumes/there/_data")" ] # nothing is left mounted
	real cp cpv:/t/f "$BATS_TEST_TMPDIR/back"
	[ "$(cat "$BATS_TEST_TMPDIR/back")" = text ]
	# as in Docker: gone with the mount
	real cp "$BATS_TEST_TMPDIR/f" cpv:/m/f
	refused "Could not find the file /m/f in container cpv" real cp cpv:/m/f "$BATS_TEST_TMPDIR/x"
	[ "$(real start -a cpv)" = text ]
	# one that another container has mounted stays so
	real run -d --name other -v cpram:/m small sleep 100
	real cp "$BATS_TEST_TMPDIR/f" cpv:/m/f
	[ "$(real exec other cat /m/f)" = text ]
	[ "$(real run --rm -v cpram:/m small cat /m/f)" = text ]
	real create --name cpn -v cpno:/m small true
	refused "failed to mount local volume: mount $BATS_TEST_TMPDIR/no:" real cp "$BATS_TEST_TMPDIR/f" cpn:/f
	real export cpn >/dev/null
	real rm -f cpv cpn other
	real volume rm there cpram cpno
}

made() { # made IMAGE SCRIPT: small, and what the script does
	real run --name maker small sh -ec "$2"
	real commit maker "$1"
	real rm maker
}

@test "a tmpfs volume is one file system for all that use it, and empty when none does" {
	real volume create -o type=tmpfs -o device=tmpfs -o o=size=1m,uid=1000,mode=0700 ram
	[ "$(real volume inspect -f '{{.Options.o}}' ram)" = size=1m,uid=1000,mode=0700 ]
	real run -d --name one -v ram:/m small sh -c 'echo text >/m/x; sleep 100'
	within 5 real run --rm -v ram:/m:ro small cat /m/x
	run real run --rm -v ram:/m small sh -c 'stat -c "%u %a" /m; grep " /m " /proc/mounts'
	[ "${lines[0]}" = "1000 700" ]
	[[ "${lines[1]}" == *"size=1024k"* ]]
	refused "volume is in use" real volume rm ram
	real rm -f one
	[ -z "$(real run --rm -v ram:/m small ls /m)" ]
	real volume rm ram
}

@test "a bind volume shows the directory, and its removal leaves that alone" {
	mkdir -p "$BATS_TEST_TMPDIR/mine"
	echo text >"$BATS_TEST_TMPDIR/mine/x"
	real volume create -o type=none -o o=bind -o "device=$BATS_TEST_TMPDIR/mine" mine
	[ "$(real run --rm -v mine:/m small cat /m/x)" = text ]
	real create --name holder -v mine:/m small true
	real start -a holder
	real rm holder
	real volume rm mine
	sleep 0.3
	[ "$(cat "$BATS_TEST_TMPDIR/mine/x")" = text ]
	real volume create -o type=none -o o=bind,ro -o "device=$BATS_TEST_TMPDIR/mine" mine
	refused "Read-only file system" real run --rm -v mine:/m small touch /m/y
	real volume rm mine
}

@test "what a rootless engine cannot mount is refused at the start, with the reason" {
	real volume create -o type=nfs -o o=addr=192.0.2.1 -o device=:/path far
	refused "failed to mount local volume: mount :/path:" real run --rm -v far:/m small true
	refused "rootless: tmpfs and bind only" real run --rm -v far:/m small true
	refused 'missing required option: "device"' real volume create -o type=tmpfs other
	refused 'invalid option: "foo"' real volume create -o foo=bar other
	real volume create -o type=none -o o=bind -o "device=$BATS_TEST_TMPDIR/absent" absent
	refused "flags: 0x1000: no such file or directory" real run --rm -v absent:/m small true
	real volume rm far absent
}

@test "a new volume gets the image's content, owner, mode, links and attributes, unless told not to" {
	made filled 'mkdir -p /d/e; echo text >/d/e/f; ln /d/e/f /d/hard; ln -s e /d/soft; chown -R 5:6 /d; chmod 2750 /d'
	run real run --rm -v fresh:/d filled sh -c 'stat -c "%u:%g %a" /d; cat /d/hard; readlink /d/soft; stat -c %u:%g /d/e/f'
	[ "${lines[*]}" = "5:6 2750 text e 5:6" ]
	[ -z "$(real run --rm -v empty:/d:nocopy filled ls /d)" ]
	[ -z "$(real run --rm --mount type=volume,src=empty2,dst=/d,volume-nocopy filled ls /d)" ]
	real volume rm fresh empty empty2
}

@test "a subpath is followed inside the volume only" {
	real run --rm -v vs:/v small sh -c 'mkdir -p /v/sub/deep; echo text >/v/f; ln -s /etc /v/abs; ln -s ../.. /v/up; ln -s sub /v/rel'
	sub() { real run --rm --mount "type=volume,src=vs,dst=/m,volume-subpath=$1" small "${@:2}"; }
	[ "$(sub sub ls /m)" = deep ]
	[ "$(sub rel ls /m)" = deep ]
	[ "$(sub f cat /m)" = text ]
	refused "path concatenation escapes the base directory" sub abs ls /m
	refused "path concatenation escapes the base directory" sub up ls /m
	refused "subpath must be a relative path within the volume" sub ../x ls /m
	refused "cannot access path $DATA/volumes/vs/_data/none: lstat $DATA/volumes/vs/_data/none: no such file or directory" sub none ls /m
	real volume rm vs
}

@test "another image's files, read-only, or what is below a path of them; it stays while it is mounted" {
	made other 'mkdir -p /a/b; echo text >/a/b/c'
	run real run --rm --mount type=image,src=other,dst=/m small sh -c 'cat /m/a/b/c; touch /m/x'
	[ "$status" = 1 ]
	[[ "$output" == *text*"Read-only file system"* ]]
	[ "$(real run --rm --mount type=image,src=other,dst=/m,image-subpath=a/b small ls /m)" = c ]
	[ "$(real run --rm --mount type=image,src=other,dst=/m,image-subpath=a/b/c small cat /m)" = text ]
	refused "subpath none: open none: No such file or directory" real run --rm --mount type=image,src=other,dst=/m,image-subpath=none small true
	real create --name holder --mount type=image,src=other,dst=/m small true
	[ "$(real inspect -f '{{range .Mounts}}{{.Type}} {{.Name}} {{.RW}}{{end}}' holder)" = "image other false" ]
	refused "is using its referenced image" real rmi other
	id=$(real image inspect -f '{{.Id}}' other)
	real rmi -f other # takes the name only
	real start -a holder
	refused "conflict" real rmi -f "$id"
	real rm holder
	real rmi "$id"
}

@test "tmpfs: size, mode and options; a new directory is everybody's" {
	run real run --rm --mount type=tmpfs,dst=/m,tmpfs-size=64k,tmpfs-mode=700 small sh -c 'stat -c %a /m; grep " /m " /proc/mounts'
	[ "${lines[0]}" = 700 ]
	[[ "${lines[1]}" == *noexec*size=64k* ]]
	[ "$(real run --rm --tmpfs /new small stat -c %a /new)" = 1777 ]
	[ "$(real run --rm --tmpfs /tmp/x:mode=750 small stat -c %a /tmp/x)" = 750 ]
}

@test "binds: propagation, recursion, the missing source" {
	mkdir -p "$BATS_TEST_TMPDIR/b"
	b=type=bind,src=$BATS_TEST_TMPDIR/b,dst=/m
	refused "bind source path does not exist" real run --rm --mount "type=bind,src=$BATS_TEST_TMPDIR/none,dst=/m" small true
	[ ! -e "$BATS_TEST_TMPDIR/none" ]
	real run --rm -v "$BATS_TEST_TMPDIR/none:/m" small true
	[ -d "$BATS_TEST_TMPDIR/none" ]
	refused "Read-only file system" real run --rm --mount "$b,readonly" small touch /m/x
	refused "Read-only file system" real run --rm --mount "$b,readonly,bind-recursive=readonly,bind-propagation=rprivate" small touch /m/x
	refused "Read-only file system" ours run --rm --mount "$b,readonly,bind-recursive=readonly" small touch /m/x
	run real run --rm --mount "$b,bind-propagation=rslave" small grep " /m " /proc/self/mountinfo
	[[ "$output" != *shared:* ]]
	real run --rm --mount "$b,bind-propagation=rshared" small grep " /m .* shared:" /proc/self/mountinfo
	refused "invalid mode: ro,rw" real run --rm -v "$BATS_TEST_TMPDIR/b:/m:ro,rw" small true
}

@test "--volumes-from: several, read-only, and own mounts come first" {
	real create --name src1 -v one:/a -v "$BATS_TEST_TMPDIR:/b" small true
	real create --name src2 -v two:/a small true
	real run --rm --volumes-from src1 small sh -c 'echo 1 >/a/x'
	real run --rm --volumes-from src2 small sh -c 'echo 2 >/a/x'
	[ "$(real run --rm --volumes-from src1 --volumes-from src2 small sh -c 'cat /a/x; ls -d /b')" = "2
/b" ]
	refused "Read-only file system" real run --rm --volumes-from src1:ro small touch /a/y
	[ "$(real run --rm --volumes-from src1 -v two:/a small cat /a/x)" = 2 ]
	real rm src1 src2
	real volume rm one two
}

@test "anonymous volumes go with --rm and rm -v, named ones stay; prune takes the anonymous" {
	count() { real volume ls -q | wc -l; }
	before=$(count)
	real run --rm -v /a -v kept:/b --mount type=volume,dst=/c small true
	[ "$(count)" = $((before + 1)) ]
	real create --name vv -v /a -v kept:/b small true
	real rm -v vv
	[ "$(count)" = $((before + 1)) ]
	real create --name vv -v /a small true
	real rm vv
	real volume create -o type=tmpfs -o device=tmpfs ram
	[ "$(real volume prune -f | grep -cE '^[0-9a-f]{64}$')" = 1 ]
	real volume inspect kept
	real volume prune -af
	[ "$(real volume ls -q --filter name='^(kept|ram)$')" = ram ]
	real volume rm ram
}
