# SPDX-License-Identifier: MIT
# Real clients in Node, unmodified (tests/system/node, versions in its package-lock.json): dockerode
# first; testcontainers with networks, wait strategies, exec, logs and copy; the devcontainer CLI with
# `up`, `exec` and the lifecycle commands. (testcontainers' own reaper image is not to be had without
# the registry that holds it: TESTCONTAINERS_RYUK_DISABLED but for the test with node/reaper.)
load lib

setup_file() {
	local node
	node=$(command -v node) || skip "no node (package nodejs)"
	[ -e "$STAGE/fixtures/node.tar.gz" ] || skip "no Node clients (fetched once by npm)"
	tar -xzf "$STAGE/fixtures/node.tar.gz" -C "$BATS_FILE_TMPDIR"
	cp "$BATS_TEST_DIRNAME"/node/*.mjs "$BATS_FILE_TMPDIR/"
	stack_env
	# testcontainers takes the bridge's gateway for the host when it runs in a container itself
	export NODE=$node TESTCONTAINERS_RYUK_DISABLED=true TESTCONTAINERS_HOST_OVERRIDE=localhost
	registry_start
	registry_trust
	stack_start
	import_small
}
teardown_file() {
	stack_stop
	registry_stop
}

testcontainers() { "$NODE" "$BATS_FILE_TMPDIR/testcontainers.mjs" "$1"; }
dockerode() { "$NODE" "$BATS_FILE_TMPDIR/dockerode.mjs" "$1"; }

@test "dockerode: run with its streams apart, and with a terminal" { dockerode run; }
@test "dockerode: attach: 1 MB in and out, the end of input ends the container" { dockerode attach; }
@test "dockerode: attach with a terminal: resize, detach keys, a second client" { dockerode terminal; }
@test "dockerode: exec with streams, input, terminal, and detached" { dockerode exec; }
@test "dockerode: logs followed to their end; tail, since, until, timestamps" { dockerode logs; }
@test "dockerode: stats once and as a stream" { dockerode stats; }
@test "dockerode: events as they come, and past ones" { dockerode events; }
@test "dockerode: putArchive, getArchive, infoArchive, changes, export" { dockerode archive; }
@test "dockerode: states of a container, and what is refused" { dockerode states; }
@test "dockerode: tag, commit, save, load, import" { dockerode images; }
@test "dockerode: push and pull with passwords given" { dockerode registry; }
@test "dockerode: networks with addresses and names" { dockerode networks; }
@test "dockerode: volumes" { dockerode volumes; }
@test "dockerode: prune" { dockerode prune; }

held() { # descriptors and threads of the engine, processes of the stack
	local p
	p=$(pid_of dockerd)
	echo "$(find "/proc/$p/fd" -type l | wc -l) $(find "/proc/$p/task" -mindepth 1 -maxdepth 1 | wc -l) $(stack_pids | wc -l)"
}
held_as_before() { [ "$(held)" = "$1" ]; }

@test "dockerode: clients that go away in the middle leave nothing behind" {
	dockerode away # what is made at the first use
	local before
	before=$(held)
	dockerode away
	within 10 held_as_before "$before" || { echo "$before, now $(held)"; return 1; }
}

@test "testcontainers: a container with everything set, its port, restart, stop without removal" { testcontainers run; }
@test "testcontainers: wait strategies: ports, log, http, health, command, one shot; errors" { testcontainers waits; }
@test "testcontainers: networks and aliases" { testcontainers networks; }
@test "testcontainers: exec, ten at once too" { testcontainers exec; }
@test "testcontainers: logs and log consumers" { testcontainers logs; }
@test "testcontainers: copy of content, files, directories, archives; bind mounts; commit" { testcontainers copy; }
@test "testcontainers: reuse" { testcontainers reuse; }

@test "testcontainers: pull with the user's credentials" {
	real login -u "$REGISTRY_USER" --password-stdin "$REGISTRY" <<<"$REGISTRY_PASSWORD"
	real tag small "$REGISTRY/tc/small:1"
	real push "$REGISTRY/tc/small:1"
	real rmi "$REGISTRY/tc/small:1"
	IMAGE=$REGISTRY/tc/small:1 testcontainers pull
	rm "$DOCKER_CONFIG/config.json"
}

nothing_left() { [ -z "$(real ps -aq --filter "label=$1")$(real network ls -q --filter "label=$1")" ]; }

@test "testcontainers: a reaper removes what is left, through the engine's socket inside it" {
	local root=$BATS_TEST_TMPDIR/root
	mkdir "$root"
	tar -xzf "$STAGE/fixtures/small.tar.gz" -C "$root"
	cp "$BATS_TEST_DIRNAME/node/reaper" "$root/bin/"
	cp "$STAGE/bin/thimble" "$root/bin/docker"
	tar -C "$root" --owner=0 --group=0 -c . | real import -c 'ENV PATH=/bin' \
		-c 'CMD ["sh", "-c", "echo Started; exec nc -ll -p 8080 -e /bin/reaper"]' - reaper
	RYUK_CONTAINER_IMAGE=reaper TESTCONTAINERS_RYUK_DISABLED=false run testcontainers left
	echo "$output"
	[ "$status" = 0 ]
	[[ "$output" =~ ^[0-9a-f]{64}$ ]]
	within 20 nothing_left org.testcontainers=true
}
