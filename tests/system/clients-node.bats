# SPDX-License-Identifier: MIT
# Real clients in Node, unmodified (tests/system/node, versions in its package-lock.json): dockerode
# first; testcontainers with networks, wait strategies, exec, logs and copy; the devcontainer CLI with
# `up`, `exec` and the lifecycle commands. (testcontainers' reaper is an image of its own, which is
# not to be had without a network: TESTCONTAINERS_RYUK_DISABLED.)
load lib

setup_file() {
	local node
	node=$(command -v node) || skip "no node (package nodejs)"
	[ -e "$STAGE/fixtures/node.tar.gz" ] || skip "no Node clients (fetched once by npm)"
	tar -xzf "$STAGE/fixtures/node.tar.gz" -C "$BATS_FILE_TMPDIR"
	cp "$BATS_TEST_DIRNAME"/node/*.mjs "$BATS_FILE_TMPDIR/"
	stack_env
	export NODE=$node TESTCONTAINERS_RYUK_DISABLED=true
	registry_start
	registry_trust
	stack_start
	import_small
}
teardown_file() {
	stack_stop
	registry_stop
}

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
