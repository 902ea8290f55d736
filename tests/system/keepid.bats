# SPDX-License-Identifier: MIT
# userns=keep-id: the user's files are the container user's, the image's stay root's, and every way
# into such a container and out of it tells the owners that the container sees.
load lib
one_stack

K="--security-opt userns=keep-id:uid=1000,gid=1000"

@test "an image's user 1000 and the user own the same files in a bind mount" {
	mkdir -m 700 "$BATS_TEST_TMPDIR/mine"
	echo text >"$BATS_TEST_TMPDIR/mine/hers"
	run real run --rm $K -v "$BATS_TEST_TMPDIR/mine:/m" small sh -ec 'id -u; stat -c %u:%g /m/hers /bin/busybox /etc /; echo more >/m/its; echo more >>/m/hers'
	[ "$status" = 0 ]
	[ "${lines[*]}" = "1000 1000:1000 0:0 0:0 0:0" ]
	[ "$(stat -c %u:%g "$BATS_TEST_TMPDIR/mine/its")" = "$(id -u):$(id -g)" ]
	rm -r "$BATS_TEST_TMPDIR/mine"
}

@test "without numbers the id is the user's own; -u and the image's user come first" {
	[ "$(real run --rm --security-opt userns=keep-id small id -u)" = "$(id -u)" ]
	[ "$(ours run --rm --userns keep-id:uid=5,gid=6 small sh -c 'id -u; id -g' | xargs)" = "5 6" ]
	[ "$(real run --rm -u 0 $K small id -u)" = 0 ]
	run real run --rm $K small touch /root/x
	[ "$status" != 0 ]
	run real run --rm --security-opt userns=keep small true
	[[ "$output" == *'invalid user namespace "keep"'* ]]
	run real run --rm -v "$BATS_TEST_TMPDIR:/m:idmap" small true
	[[ "$output" == *mount_setattr*keep-id* ]]
}

@test "exec, cp, diff, export, commit, restart, volumes and ports of such a container" {
	local port
	port=$(free_port)
	real run -d --name kept $K -u 0 -v vol:/etc -p "127.0.0.1:$port:8000" small \
		sh -c 'chmod "$(stat -c %a /bin)" /bin; mkdir /d; echo root >/d/r; touch /d/u; chown 1000:1000 /d/u; chown 5:6 /d; cd /d; exec httpd -f -p 8000'
	within 5 curl -sf "http://127.0.0.1:$port/r"
	owners() { tar tvf - --numeric-owner | awk '$6 ~ /^d\// { print $2 }' | xargs; }
	[ "$(real exec -u 1000 kept stat -c %u:%g /d /d/u /etc/passwd | xargs)" = "5:6 1000:1000 0:0" ]
	[ "$(real cp kept:/d - | owners)" = "5/6 0/0 1000/1000" ]
	[ "$(real diff kept | xargs)" = "A /d A /d/r A /d/u" ]
	[ "$(real export kept | owners)" = "5/6 0/0 1000/1000" ]
	real restart -t 0 kept
	within 5 curl -sf "http://127.0.0.1:$port/r"
	real stop -t 0 kept
	# an engine that starts anew knows it
	stack_halt
	stack_start
	[ "$(real cp kept:/d - | owners)" = "5/6 0/0 1000/1000" ]
	touch "$BATS_TEST_TMPDIR/in"
	tar -C "$BATS_TEST_TMPDIR" --owner=8 --group=9 -cf - in | real cp - kept:/d
	[ "$(real cp kept:/d/in - | tar tvf - --numeric-owner | awk '{ print $2 }')" = 8/9 ]
	real commit kept image
	real rm kept
	[ "$(real run --rm image stat -c %u:%g /d /d/r /d/u /d/in | xargs)" = "5:6 0:0 1000:1000 8:9" ]
	real rmi image
	real volume rm vol
}

@test "an image's copies are made once and go with it" {
	real commit "$(real create small true)" other
	real run --rm $K other true
	links() { find "$DATA/overlay2/l" -name '*-3e8-3e8' -printf '%f %C@\n' | sort; }
	n=$(links)
	[ -n "$n" ]
	real run --rm $K other true
	[ "$(links)" = "$n" ]
	real rm $(real ps -aq)
	real rmi other small
	within 5 eval '[ -z "$(links)" ]'
	[ -z "$(find "$DATA/overlay2/l" -xtype l)" ]
}
