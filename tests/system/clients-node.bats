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
	export NODE=$node TMPDIR=$BATS_FILE_TMPDIR/tmp TESTCONTAINERS_RYUK_DISABLED=true TESTCONTAINERS_HOST_OVERRIDE=localhost
	mkdir "$TMPDIR"
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
# not_more BEFORE: no number is above that of before (threads and processes may have been ending then)
not_more() {
	local now was i
	read -ra was <<<"$1"
	read -ra now <<<"$(held)"
	for i in 0 1 2; do [ "${now[i]}" -le "${was[i]}" ] || return 1; done
}
at_rest() { # the numbers stay for a second
	RESTS=$(held)
	sleep 1
	[ "$(held)" = "$RESTS" ]
}

@test "dockerode: clients that go away in the middle leave nothing behind" {
	dockerode away # what is made at the first use
	local before
	within 10 at_rest
	before=$RESTS
	dockerode away
	within 10 not_more "$before" || { echo "$before, now $(held)"; return 1; }
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
		-c 'CMD ["sh", "-c", "nc -ll -p 8080 -e /bin/reaper & until grep -q :1F90 /proc/net/tcp /proc/net/tcp6; do sleep 0.05; done; echo Started; wait"]' - reaper
	RYUK_CONTAINER_IMAGE=reaper TESTCONTAINERS_RYUK_DISABLED=false run testcontainers left
	echo "$output"
	[ "$status" = 0 ]
	[[ "$output" =~ ^[0-9a-f]{64}$ ]]
	within 20 nothing_left org.testcontainers=true
}

# --- devcontainer CLI: images as they are; what would have to be built answers the engine's refusal
workspace() { # workspace NAME: its devcontainer.json from stdin
	WORK=$BATS_TEST_TMPDIR/$1
	mkdir -p "$WORK/.devcontainer"
	cat >"$WORK/.devcontainer/devcontainer.json"
}

devcontainer() { # devcontainer COMMAND...: in WORK; features are asked about in a list on the net once
	local data=$BATS_FILE_TMPDIR/devcontainer
	mkdir -p "$data"
	echo '{"disallowedFeatures":[],"featureAdvisories":[]}' >"$data/control-manifest.json"
	timeout 500 "$NODE" "$BATS_FILE_TMPDIR/node_modules/@devcontainers/cli/devcontainer.js" "$1" --user-data-folder "$data" \
		--docker-path "$STAGE/tools/docker" --docker-compose-path "$STAGE/tools/docker-compose" \
		--workspace-folder "$WORK" "${@:2}" 2>"$BATS_TEST_TMPDIR/log" || { set -- $?; tail -n 20 "$BATS_TEST_TMPDIR/log" >&2; return "$1"; }
}

import_debian() {
	[ -e "$STAGE/fixtures/nginx.tar.gz" ] || skip "no Debian root file system"
	real image inspect debian >/dev/null 2>&1 || real import -c 'CMD ["/bin/bash"]' "$STAGE/fixtures/nginx.tar.gz" debian >/dev/null
}

@test "devcontainer: up, exec, read-configuration, the lifecycle commands, up again" {
	local id
	import_debian
	workspace dev <<-'JSON'
	{
		"name": "test", // comments are allowed
		"image": "debian",
		"remoteUser": "root",
		"containerEnv": { "IN": "container" },
		"remoteEnv": { "FAR": "remote-${containerEnv:IN}" },
		"runArgs": ["--hostname", "devhost", "--init"],
		"mounts": ["source=dev-volume,target=/vol,type=volume"],
		"initializeCommand": "echo initialize >>order",
		"onCreateCommand": "echo create >>order",
		"updateContentCommand": ["sh", "-c", "echo update >>order"],
		"postCreateCommand": { "one": "echo postcreate >>order", "two": "touch /vol/two" },
		"postStartCommand": "echo poststart >>order",
		"postAttachCommand": "echo postattach >>order"
	}
	JSON
	run devcontainer up
	echo "$output"
	[ "$(jq -r '"\(.outcome) \(.remoteUser) \(.remoteWorkspaceFolder)"' <<<"$output")" = "success root /workspaces/dev" ]
	id=$(jq -r .containerId <<<"$output")
	[ "$(tr '\n' ' ' <"$WORK/order")" = "initialize create update postcreate poststart postattach " ]
	run devcontainer exec sh -c 'echo $IN $FAR; hostname; pwd; ls -d /vol/two order; readlink /proc/1/exe; exit 5'
	echo "$output"
	[ "$status" = 5 ]
	[ "${output//$'\n'/ }" = "container remote-container devhost /workspaces/dev /vol/two order /usr/sbin/docker-init" ]
	[ "$(devcontainer exec sh -c 'tr a-z A-Z' <<<'through it')" = "THROUGH IT" ]
	run devcontainer read-configuration
	[ "$(jq -r .configuration.remoteEnv.FAR <<<"$output")" = remote-container ]
	# stopped: the same container is started; running: it is found
	real stop -t 0 "$id"
	run devcontainer up
	[ "$(jq -r .containerId <<<"$output")" = "$id" ]
	[ "$(tail -n +7 "$WORK/order" | tr '\n' ' ')" = "initialize poststart postattach " ]
	run devcontainer up --remove-existing-container
	[ "$(jq -r .outcome <<<"$output")" = success ]
	[ "$(jq -r .containerId <<<"$output")" != "$id" ]
	run devcontainer run-user-commands --skip-post-attach
	[ "$(jq -r .outcome <<<"$output")" = success ]
}

@test "devcontainer: with docker compose" {
	[ -x "$STAGE/tools/docker-compose" ] || skip "no docker compose"
	import_debian
	workspace composed <<-'JSON'
	{ "dockerComposeFile": "compose.yml", "service": "app", "workspaceFolder": "/workspace", "remoteUser": "root",
	  "overrideCommand": true, "postCreateCommand": "getent hosts db >/found" }
	JSON
	cat >"$WORK/.devcontainer/compose.yml" <<-'YML'
	services:
	  app: { image: debian, command: "true", volumes: ["..:/workspace"], depends_on: [db] }
	  db: { image: small, command: httpd -f -p 80 }
	YML
	run devcontainer up
	echo "$output"
	[ "$(jq -r '"\(.outcome) \(.composeProjectName)"' <<<"$output")" = "success composed_devcontainer" ]
	[[ "$(devcontainer exec cat /found)" == *" db" ]]
	[ "$(devcontainer exec pwd)" = /workspace ]
}

@test "devcontainer: what needs a build says so" {
	workspace built <<<'{ "build": { "dockerfile": "Dockerfile" } }'
	echo "FROM debian" >"$WORK/.devcontainer/Dockerfile"
	run --separate-stderr devcontainer up
	[ "$(jq -r .outcome <<<"$output")" = error ]
	grep -q 'Error response from daemon: building images is not supported yet' "$BATS_TEST_TMPDIR/log"
}
