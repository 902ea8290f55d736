# SPDX-License-Identifier: MIT
# Hostile images and registries: refused or contained, with a clear error, within bounded time
# and memory; nothing is written outside the layer, nothing is left behind.
load lib

setup_file() {
	stack_start
	registry_start
	registry_trust
	mkdir -p "$HOME/.docker"
	real login -u "$REGISTRY_USER" --password-stdin "$REGISTRY" <<<"$REGISTRY_PASSWORD" >/dev/null 2>&1
}

teardown_file() {
	registry_stop
	stack_stop
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	mkdir in
	layers_before=$(layer_count)
}

teardown() { [ ! -e bad.pid ] || kill "$(cat bad.pid)" 2>/dev/null || true; }

layer_count() { ls "$DATA/overlay2" 2>/dev/null | grep -vc '^l$' || true; }
memory_mb() { awk '/^VmHWM:/ { print int($2 / 1024) }' "/proc/$(pid_of dockerd)/status"; }

# refused TAR: import fails with a message, no layer stays
refused() {
	run timeout 300 "$STAGE/tools/docker" import "$1" evil
	echo "$output"
	[ "$status" != 0 ] && [ -n "$output" ]
	[ "$(layer_count)" = "$layers_before" ]
}

# contained TAR: either refused, or unpacked with everything inside the layer
contained() {
	run timeout 300 "$STAGE/tools/docker" import "$1" evil
	echo "$output"
	[ "$status" = 0 ] || [ "$(layer_count)" = "$layers_before" ]
	[ ! -e "$BATS_TEST_TMPDIR/outside" ] && [ ! -e /tmp/thimble-evil ] && [ ! -e "$DATA/thimble-evil" ] &&
		[ ! -e "$DATA/overlay2/thimble-evil" ]
}

@test "a name with ../ does not leave the layer" {
	echo evil >in/file
	tar -P -C in --transform='s,.*,../../thimble-evil,' -cf evil.tar file
	contained evil.tar
	tar -P -C in --transform='s,.*,a/../../../../../../../../../../tmp/thimble-evil,' -cf evil.tar file
	contained evil.tar
}

@test "an absolute name does not leave the layer" {
	echo evil >in/file
	tar -P -C in --transform='s,.*,/tmp/thimble-evil,' -cf evil.tar file
	contained evil.tar
}

@test "a file through an absolute symlink does not leave the layer" {
	ln -s "$BATS_TEST_TMPDIR" in/link
	tar -C in -cf evil.tar link
	rm in/link && mkdir in/link && echo evil >in/link/outside
	tar -C in -rf evil.tar link/outside
	contained evil.tar
}

@test "a file through a relative symlink does not leave the layer" {
	ln -s ../../../../../../../../../../../../tmp in/link
	tar -C in -cf evil.tar link
	rm in/link && mkdir in/link && echo evil >in/link/thimble-evil
	tar -C in -rf evil.tar link/thimble-evil
	contained evil.tar
}

@test "looping symlinks end" {
	ln -s b in/a && ln -s a in/b
	tar -C in -cf evil.tar a b
	rm in/a in/b && mkdir in/a && echo x >in/a/file
	tar -C in -rf evil.tar a/file
	contained evil.tar
}

@test "a hard link to a file outside is refused" {
	echo x >in/passwd && ln in/passwd in/copy
	tar -P -C in --transform='s,^passwd$,/etc/passwd,;s,^copy$,copy,' -cf evil.tar passwd copy
	tar -P -C in --delete -f evil.tar /etc/passwd 2>/dev/null || true
	contained evil.tar
	! ours run --rm evil cat /copy 2>/dev/null | grep -q "^root:.*:/bin/bash"
}

@test "device nodes and setuid bits give no power on the host" {
	printf '#!/bin/sh\n' >in/tool && chmod 4755 in/tool
	tar -C in -cf evil.tar tool
	tar -P --transform='s,.*,null,' -rf evil.tar /dev/null
	contained evil.tar
	[ -z "$(find "$DATA/overlay2" -type c -name null 2>/dev/null)" ]
	[ -z "$(find "$DATA/overlay2" -name tool -perm -4000 -user root 2>/dev/null)" ]
}

@test "100,000 entries" {
	(cd in && seq 100000 | xargs touch)
	tar -C in -cf many.tar .
	run timeout 600 "$STAGE/tools/docker" import many.tar many
	echo "$output"
	[ "$status" = 0 ]
	[ "$(memory_mb)" -lt 100 ]
	real rmi many
}

@test "10 GB of claimed size, truncated" {
	truncate -s 10G in/big
	tar -C in -cf - big 2>/dev/null | head -c 1048576 >short.tar || true
	refused short.tar
	[ "$(memory_mb)" -lt 100 ]
}

@test "a truncated gzip layer" {
	head -c 200000 /dev/urandom >in/random && tar -C in -czf whole.tar.gz random
	head -c 100000 whole.tar.gz >cut.tar.gz
	refused cut.tar.gz
}

@test "a layer whose bytes do not have its digest" {
	local blob
	head -c 50000 /dev/urandom >in/random && tar -C in -czf layer.tar.gz random
	push_image wrong:1 layer.tar.gz '{}'
	blob=$(sha256sum <layer.tar.gz | cut -d' ' -f1)
	printf 'damaged' | dd of="$BATS_FILE_TMPDIR/registry/data/docker/registry/v2/blobs/sha256/${blob:0:2}/$blob/data" \
		conv=notrunc bs=1 seek=1000 2>/dev/null
	run timeout 300 "$STAGE/tools/docker" pull "$REGISTRY/wrong:1"
	echo "$output"
	[ "$status" != 0 ]
	[ "$(layer_count)" = "$layers_before" ]
	[ -z "$(real images -q "$REGISTRY/wrong")" ]
}

@test "an image whose DiffID is not the layer's" {
	head -c 5000 /dev/urandom >in/random && tar -C in -czf layer.tar.gz random
	push_image diff:1 layer.tar.gz '{}' 0000000000000000000000000000000000000000000000000000000000000000
	run timeout 300 "$STAGE/tools/docker" pull "$REGISTRY/diff:1"
	echo "$output"
	[ "$status" != 0 ]
	[ "$(layer_count)" = "$layers_before" ]
}

@test "an image's volume does not replace /proc or parts of it" {
	local where
	import_small
	for where in /proc /proc/self /proc/sys/kernel; do
		real import -c "VOLUME $where" -c 'CMD ["/bin/true"]' "$STAGE/fixtures/small.tar.gz" inproc >/dev/null
		run real run --rm inproc
		echo "$output"
		[ "$status" = 125 ]
		[[ "$output" == *"$where"*"cannot be mounted because it is"* ]]
	done
	# links in the root do not help
	mkdir -p in/bin && ln -s /proc/self in/elsewhere && cp "$(command -v busybox)" in/bin/true
	tar -C in -cf link.tar .
	real import -c 'VOLUME /elsewhere' -c 'CMD ["/bin/true"]' link.tar inproc >/dev/null
	run real run --rm inproc
	echo "$output"
	[[ "$status" = 125 && "$output" == *"inside /proc"* ]]
}

@test "an image's volume on /sys is not filled from the host's" {
	real import -c 'VOLUME /sys' "$STAGE/fixtures/small.tar.gz" insys >/dev/null
	run real run --rm insys ls -A /sys
	echo "$output"
	[[ "$status" = 0 && "$output" != *kernel* ]]
}

@test "no descriptor of the host's leads a program or a working directory outside" {
	local n
	import_small
	for n in 3 4 5 6 7 8 9 10 11 12; do
		run ! real run --rm -w /proc/self/fd/$n small true
		run ! real run --rm -w /proc/self/fd/$n/../.. small true
		run ! real run --rm small /proc/self/fd/$n/../../../../../../bin/true
	done
	run real run --rm small sh -c 'echo /proc/1/fd/*'
	[ "$output" = "/proc/1/fd/0 /proc/1/fd/1 /proc/1/fd/2" ] || [ "$output" = "/proc/1/fd/0 /proc/1/fd/1 /proc/1/fd/2 /proc/1/fd/3" ]
	real run -d --name fds small sleep 100
	for n in 3 4 5 6 7 8 9 10 11 12; do
		run ! real exec -w /proc/self/fd/$n/../.. fds true
		run ! real exec fds /proc/self/fd/$n/../../../../../../bin/true
	done
	real rm -f fds
}

@test "a container in the host's pid namespace cannot look into the engine" {
	local p
	import_small
	real run -d --name hostpid --pid host small sleep 100
	for p in $(stack_pids); do
		[ "$(readlink "/proc/$p/ns/pid")" = "$(readlink /proc/self/ns/pid)" ] || continue
		[ "$p" != "$(real inspect -f '{{.State.Pid}}' hostpid)" ] || continue
		run real exec hostpid sh -c "cat /proc/$p/environ /proc/$p/mem; readlink /proc/$p/exe /proc/$p/root /proc/$p/fd/0"
		echo "$p: $output"
		[ "$status" != 0 ]
		[[ "$output" != */*bin/thimble* && "$output" != *HOME=* ]]
	done
	real rm -f hostpid
}

# misbehaves MODE SECONDS: a pull from a registry of that MODE fails in time and memory
misbehaves() {
	local before
	before=$(memory_mb)
	"$STAGE/tools/badregistry" "$1" >port 3>&- &
	echo $! >bad.pid
	within 5 test -s port
	run timeout "$2" "$STAGE/tools/docker" pull "localhost:$(cat port)/x:1"
	kill "$(cat bad.pid)"
	echo "$output"
	[ "$status" != 0 ] && [ "$status" != 124 ]
	[ "$(memory_mb)" -lt $((before + 30)) ]
}

@test "a registry that lies about length" { misbehaves short 200; }
@test "a registry that redirects in a loop" { misbehaves loop 200; }
@test "a registry that sends 1 GB of headers" { misbehaves headers 200; }
@test "a registry that sends a manifest of 1 GB" { misbehaves manifest 200; }
@test "a registry that speaks no HTTP" { misbehaves garbage 200; }
@test "a registry that stalls" { misbehaves stall 120; }
