# SPDX-License-Identifier: MIT
# Hosts that lack something: the engine starts all the same, says what is lost, and does the rest.
load lib

setup_file() {
	export BARE=$BATS_FILE_TMPDIR/bare # PATH without newuidmap
	mkdir "$BARE"
	for dir in /sbin /usr/sbin /bin /usr/bin /usr/local/bin; do
		find "$dir/" -maxdepth 1 ! -type d -exec ln -sf -t "$BARE" {} + 2>/dev/null || true
	done
	rm -f "$BARE/newuidmap" "$BARE/newgidmap" "$BARE/getsubids"
}

setup() {
	export BATS_FILE_TMPDIR=$BATS_TEST_TMPDIR
	stack_env
}

teardown() { stack_stop; }

# start PROGRAM...: as stack_start, through PROGRAM
start() {
	"$@" >>"$STACK_LOG" 2>&1 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/stack.pid"
	within 20 stack_answers_or_ended && stack_answers || { stack_logs; return 1; }
}

# one_id_engine [OPTIONS...]: an engine without newuidmap
one_id_engine() { start env PATH="$STAGE/bin:$BARE" dockerd-rootless.sh "$@"; }

# import_owned: the image "owned", with a file of 1000:1000
import_owned() {
	mkdir -p "$BATS_TEST_TMPDIR/owned"
	gzip -dc "$STAGE/fixtures/small.tar.gz" >"$BATS_TEST_TMPDIR/owned.tar"
	echo mine >"$BATS_TEST_TMPDIR/owned/mine"
	tar -C "$BATS_TEST_TMPDIR/owned" --owner=1000 --group=1000 -rf "$BATS_TEST_TMPDIR/owned.tar" mine
	real import -c 'CMD ["/bin/sh"]' -c 'ENV PATH=/bin' "$BATS_TEST_TMPDIR/owned.tar" owned
}

@test "no newuidmap: one id, said by log, info and doctor; root's images run" {
	[ -e "$STAGE/fixtures/small.tar.gz" ] || skip "no busybox root file system"
	one_id_engine
	grep -q 'only one id is mapped' "$STACK_LOG"
	grep -q 'newuidmap is not installed' "$STACK_LOG"
	[[ "$(docker info 2>&1)" == *"WARNING: only one id is mapped"* ]]
	import_small
	[ "$(docker run --rm small id -u)" = 0 ]
	docker run -d --name web -p 127.0.0.1:0:80 small sh -c 'echo hello >/tmp/f; exec httpd -f -p 80 -h /tmp'
	port=$(docker port web 80 | sed 's/.*://')
	within 5 curl -sf "http://127.0.0.1:$port/f"
	[ "$(docker exec web id -u)" = 0 ]
	run docker run --rm -t small sh -c 'tty; stty size'
	[[ "$status" = 0 && "$output" == *"/dev/pts/"* ]]
	docker rm -f web
	PATH=$STAGE/bin:$BARE run thimble doctor
	[ "$status" = 0 ]
	[[ "$output" == *"newuidmap is not installed"* ]]
}

@test "no newuidmap: what needs more ids fails with the cause" {
	[ -e "$STAGE/fixtures/small.tar.gz" ] || skip "no busybox root file system"
	one_id_engine
	run import_owned
	[ "$status" != 0 ]
	[[ "$output" == *"mine belongs to 1000:1000, which has no subordinate id here"* ]]
	[[ "$output" == *"--single-id-xattr"* ]]
	import_small
	run docker run --rm -u 1000:1000 small true
	[ "$status" != 0 ]
	[[ "$output" == *"has no subordinate id here"* ]]
}

@test "--single-id-xattr: owners are kept in an attribute" {
	[ -e "$STAGE/fixtures/small.tar.gz" ] || skip "no busybox root file system"
	one_id_engine --single-id-xattr
	import_owned
	[ "$(docker run --rm owned stat -c '%u:%g' /mine)" = 0:0 ]
	[ "$(docker run --rm owned cat /mine)" = mine ]
	file=$(find "$DATA/overlay2" -path '*/diff/mine' 2>/dev/null || true)
	[ "$(python3 -c 'import os, sys; print(os.getxattr(sys.argv[1], "user.containers.override_stat").decode())' "$file")" = 1000:1000:0644 ]
}

@test "no subordinate ids: one id" {
	mkdir "$BATS_TEST_TMPDIR/ids"
	printf '#!/bin/sh\nexit 1\n' >"$BATS_TEST_TMPDIR/ids/getsubids"
	chmod 755 "$BATS_TEST_TMPDIR/ids/getsubids"
	PATH=$BATS_TEST_TMPDIR/ids:$PATH run rootlesskit --subid-source=dynamic cat /proc/self/uid_map
	[ "$status" = 0 ]
	[[ "$output" == *"only one id is mapped"* ]]
	[ "$(tail -n 1 <<<"$output" | awk '{ print $1, $2, $3 }')" = "0 $(id -u) 1" ]
}

@test "no XDG_RUNTIME_DIR: ~/.docker/run" {
	unset XDG_RUNTIME_DIR DOCKER_HOST
	dockerd-rootless.sh >>"$STACK_LOG" 2>&1 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/stack.pid"
	XDG_RUNTIME_DIR=$HOME/.docker/run
	within 20 stack_answers
	grep -q "$HOME/.docker/run stands in for it" "$STACK_LOG"
	DOCKER_HOST=unix://$HOME/.docker/run/docker.sock ours version >/dev/null
}

@test "no /dev/net/tun: containers of the host's network run, and it is said" {
	[ -e "$STAGE/fixtures/small.tar.gz" ] || skip "no busybox root file system"
	start unshare -Urm sh -c "mount -t tmpfs t /dev/net; exec unshare -U --map-user=$(id -u) --map-group=$(id -g) dockerd-rootless.sh"
	import_small
	[ "$(docker run --rm --network host small echo out)" = out ]
	grep -q '/dev/net/tun' "$STACK_LOG"
	docker info >"$BATS_TEST_TMPDIR/info" 2>&1
	cat "$BATS_TEST_TMPDIR/info" "$STACK_LOG"
	grep -q 'WARNING: /dev/net/tun cannot be used' "$BATS_TEST_TMPDIR/info"
}
