# SPDX-License-Identifier: MIT
# The Docker CLIs 28 and 20.10 (Debian bookworm's): each step below with both; then ssh:// with a real
# sshd (and our own client), and skopeo's docker-daemon:.
load lib

setup_file() {
	stack_start
	import_small
}

teardown_file() { stack_stop; }

teardown() {
	local all
	[ -z "${SSHD:-}" ] || kill "$SSHD" 2>/dev/null || true
	all=$(ours ps -aq)
	[ -z "$all" ] || ours rm -f $all >/dev/null
}

new() { d() { real "$@"; }; "$@"; }
old() {
	clients_need
	d() { timeout --foreground 240 "$STAGE/fixtures/clients/bin/docker" "$@"; }
	"$@"
}

# is WORD... = what COMMAND prints: one line, words single-spaced
is() {
	local want=$1 got
	shift
	got=$("$@" 2>&1 | xargs) || true
	[ "$got" = "$want" ] || { echo "$*: $got, not $want"; return 1; }
}

# says TEXT COMMAND...: it fails with TEXT
says() {
	local want=$1
	shift
	run "$@"
	[ "$status" != 0 ] && [[ "$output" == *"$want"* ]] || { echo "$*: $status: $output"; return 1; }
}

life() {
	d container create --name c1 -p 127.0.0.1::80 -p 127.0.0.1::90/udp --label l=1 small sh -c 'trap "exit 3" TERM; while :; do sleep 0.1; done'
	is created d container inspect -f '{{.State.Status}}' c1
	is c1 d container start c1
	d container rename c1 c2
	[[ "$(d container port c2 80)" =~ ^127.0.0.1:[0-9]+$ ]]
	[ "$(d port c2 | wc -l)" = 2 ]
	d top c2 | grep -q 'while'
	is "PID COMMAND" bash -c "$(declare -f d real); $(declare -p STAGE); d top c2 -o pid,comm | head -n 1"
	d exec c2 sh -c 'echo x >/made; rm /bin/vi'
	is "C /bin D /bin/vi A /made" bash -c "$(declare -f d real); $(declare -p STAGE); d diff c2 | sort -k2"
	d container stats --no-stream --format '{{.Name}}' c2 | grep -qx c2
	d stats --no-stream --format '{{json .}}' c2 | jq -e '.Name == "c2"' >/dev/null
	is c2 d update --restart on-failure:2 c2
	is "on-failure 2" d inspect -f '{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}' c2
	d update --restart no c2
	run d pause c2
	if [ "$status" = 0 ]; then
		is paused d inspect -f '{{.State.Status}}' c2
		says "is paused" d exec c2 true
		d unpause c2
	else
		[[ "$output" == *cgroup* ]]
	fi
	d wait c2 >"$BATS_TEST_TMPDIR/code" 3>&- &
	local pid=$!
	d container stop -t 120 c2
	wait $pid
	[ "$(cat "$BATS_TEST_TMPDIR/code")" = 3 ]
	is 3 d wait c2
	d container restart -t 0 c2
	d kill -s KILL c2
	is "exited 137" d inspect -f '{{.State.Status}} {{.State.ExitCode}}' c2
	says "is not running" d kill c2
	says "No such container: nobody" d start nobody
	is c2 d container ls -a --filter status=exited --filter label=l=1 --format '{{.Names}}'
	d container prune -f --filter label=l=1 | grep -q 'Total reclaimed space'
	is "" d ps -aq
}

running() {
	printf 'E=file\nF=2\n' >"$BATS_TEST_TMPDIR/env"
	printf 'lab=el\n' >"$BATS_TEST_TMPDIR/labels"
	is "file cli /w here 100 10.87.0.5 other" d run --rm --env-file "$BATS_TEST_TMPDIR/env" -e G=cli -w /w -h here -u 100 \
		--add-host other:10.87.0.5 small sh -c 'echo $E $G; pwd; hostname; id -u; grep other /etc/hosts'
	d run -d --name r1 --label-file "$BATS_TEST_TMPDIR/labels" --cidfile "$BATS_TEST_TMPDIR/cid" -v keep:/v --tmpfs /t \
		--mount type=bind,src="$BATS_TEST_TMPDIR",dst=/b,readonly --health-cmd true --health-interval 1s small sleep 1000
	[ "$(cat "$BATS_TEST_TMPDIR/cid")" = "$(d inspect -f '{{.Id}}' r1)" ]
	is el d inspect -f '{{index .Config.Labels "lab"}}' r1
	is r1 d run --rm --volumes-from r1 --link r1:linked small sh -c 'ls /b/env >/dev/null && ping -c 1 -W 30 linked >/dev/null && echo r1'
	is healthy bash -c "$(declare -f d real within); $(declare -p STAGE); within 15 eval 'd inspect -f {{.State.Health.Status}} r1 | grep -x healthy'; d inspect -f '{{.State.Health.Status}}' r1"
	is typed bash -c "$(declare -f d real); $(declare -p STAGE); echo typed | d run --rm -i small cat"
	run script -qec "$(declare -f d real); $(declare -p STAGE); d run --rm -it small tty" /dev/null
	[[ "$output" == */dev/pts/* ]]
	run -127 d run --rm small not-there
	run d run --rm small /etc
	[ "$status" = 126 ]
	run d run --no-such-flag small
	[ "$status" = 125 ]
	is "one two" d logs -f "$(d run -d small echo one two)"
	is attached bash -c "$(declare -f d real); $(declare -p STAGE); d start -a \$(d create small echo attached)"
	d rm -f r1
	d volume rm keep
}

images() {
	d run --name i1 small sh -c 'echo v1 >/file'
	d commit -m why -a who -c 'ENV K=v' i1 made:1
	d image tag made:1 made:2
	d history --format '{{.Comment}}' made:1 | head -n 1 | grep -qx why
	d history --no-trunc -q made:1 | head -n 1 | grep -q "$(d image inspect -f '{{.Id}}' made:1)"
	d export i1 | d import -c 'CMD ["cat", "/file"]' -m imported - flat:1
	is v1 d run --rm flat:1
	d save made:1 made:2 -o "$BATS_TEST_TMPDIR/saved.tar"
	d image rm made:1 made:2 | grep -q 'Deleted: sha256:'
	d image load -q -i "$BATS_TEST_TMPDIR/saved.tar" | grep -q 'Loaded image: made:2'
	[ "$(d image ls --filter reference='made:*' --format '{{.Repository}}:{{.Tag}}' | sort | xargs)" = "made:1 made:2" ]
	d rmi made:1 made:2 flat:1
	d rm i1
	d images -q --filter dangling=true | xargs -r "$STAGE/bin/docker" rmi
	d image prune -f | grep -q 'Total reclaimed space: 0B'
	says "No such image: none:1" d image inspect none:1
}

objects() {
	d volume create --label k=v --name vol >/dev/null
	is vol d volume ls -q --filter label=k=v
	is local d volume inspect -f '{{.Driver}}' vol
	d network create --subnet 10.87.1.0/24 --label k=v netw >/dev/null
	d run -d --name o1 --network netw --ip 10.87.1.9 --network-alias al -v vol:/v small sleep 1000
	d run -d --name o2 small sleep 1000
	d network connect --alias two netw o2
	d exec o2 ping -c 1 -W 30 al
	d exec o1 ping -c 1 -W 30 two
	d network disconnect netw o2
	says "volume is in use" d volume rm vol
	says "has active endpoints" d network rm netw
	is 10.87.1.9 d inspect -f '{{.NetworkSettings.Networks.netw.IPAddress}}' o1
	d rm -f o1 o2
	d network prune -f --filter label=k=v | grep -qx netw
	d volume rm vol
}

# listens: the client of events shows what is done now
listens() {
	d create --name e0 --label seen=0 small true
	d rm e0
	test -s "$BATS_TEST_TMPDIR/live"
}

events() {
	local since until id
	since=$(($(date +%s) - 5)) # a clock may be set
	d events --filter type=container --filter label=seen --format '{{.Action}} {{.Actor.Attributes.name}}' >"$BATS_TEST_TMPDIR/live" 3>&- &
	local pid=$!
	within 10 listens
	d run --rm --name e1 --cidfile "$BATS_TEST_TMPDIR/e1" --label seen=1 small true
	within 10 grep -q 'destroy e1' "$BATS_TEST_TMPDIR/live"
	kill $pid
	is "create e1 attach e1 start e1 die e1 destroy e1" grep ' e1$' "$BATS_TEST_TMPDIR/live"
	until=$(($(date +%s) + 2))
	id=$(cat "$BATS_TEST_TMPDIR/e1")
	is "die 0" d events --since "$since" --until "$until" --filter container="$id" --filter event=die --format '{{.Action}} {{.Actor.Attributes.exitCode}}'
	d system events --since "$since" --until "$until" --filter container="$id" --format '{{json .}}' | jq -es 'length == 5' >/dev/null
}

systems() {
	d system info --format '{{json .SecurityOptions}}' | grep -q rootless
	d run -d --name s1 --label s=1 -v /data small sleep 1000
	d system df | grep -q 'Local Volumes'
	d system df -v | grep -q 's1'
	d system df --format '{{.Type}} {{.TotalCount}}' | grep -qx 'Containers 1'
	d rm -f s1
	d volume create tobepruned
	d network create tobepruned >/dev/null
	run d system prune -f
	[ "$status" = 0 ] && [[ "$output" == *tobepruned* && "$output" == *"Total reclaimed space"* ]] || { echo "$output"; false; }
	d volume prune -f
	d context create here --docker "host=$DOCKER_HOST" --description mine
	is "unix://$XDG_RUNTIME_DIR/docker.sock" d context inspect -f '{{.Endpoints.docker.Host}}' here
	env -u DOCKER_HOST bash -c "$(declare -f d real); $(declare -p STAGE); d context use here >/dev/null && d ps && d context ls | grep -q 'here \*' && d context use default"
	d --context default version
	d context export here - | d context import copy -
	d context rm here copy
	says "not a swarm manager" d node ls
	says "not a swarm manager" d service ls
	d plugin ls
}

@test "28: a container's life" { new life; }
@test "20.10: a container's life" { old life; }
@test "28: run" { new running; }
@test "20.10: run" { old running; }
@test "28: images" { new images; }
@test "20.10: images" { old images; }
@test "28: volumes and networks" { new objects; }
@test "20.10: volumes and networks" { old objects; }
@test "28: events" { new events; }
@test "20.10: events" { old events; }
@test "28: system, contexts, what a swarm would be" { new systems; }
@test "20.10: system, contexts, what a swarm would be" { old systems; }

# an sshd of the user's own, on loopback, for the user's own key; the session finds our docker
sshd_start() {
	local dir=$BATS_TEST_TMPDIR c=$STAGE/fixtures/clients
	[ -x "$c/bin/sshd" ] || skip "no sshd (bookworm's packages could not be fetched)"
	SSH_PORT=$(free_port)
	ssh-keygen -q -t ed25519 -N '' -f "$dir/key"
	mkdir -p "$HOME/.ssh"
	cp "$dir/key.pub" "$dir/authorized"
	printf '#!/bin/sh\nexport XDG_RUNTIME_DIR=%s HOME=%s PATH=%s:$PATH\nunset DOCKER_HOST\nexec sh -c "$SSH_ORIGINAL_COMMAND"\n' \
		"$XDG_RUNTIME_DIR" "$HOME" "$STAGE/bin" >"$dir/session"
	chmod 755 "$dir/session"
	printf '#!/bin/sh\nexec /usr/bin/ssh -F /dev/null -i %s -p %s -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no -o LogLevel=ERROR "$@"\n' \
		"$dir/key" "$SSH_PORT" >"$dir/ssh"
	chmod 755 "$dir/ssh"
	LD_LIBRARY_PATH=$c/lib "$c/bin/sshd" -D -e -f /dev/null -p "$SSH_PORT" -h "$dir/key" -o ListenAddress=127.0.0.1 \
		-o AuthorizedKeysFile="$dir/authorized" -o StrictModes=no -o PidFile=none -o ForceCommand="$dir/session" \
		>"$dir/sshd.log" 2>&1 3>&- &
	SSHD=$!
	within 10 grep -q listening "$dir/sshd.log"
	export PATH=$dir:$PATH
}

@test "ssh:// with 28, 20.10 and ours; our docker system dial-stdio at the far end" {
	sshd_start
	local at=ssh://$(id -un)@127.0.0.1
	for cli in "$STAGE/tools/docker" "$STAGE/fixtures/clients/bin/docker" "$STAGE/bin/docker"; do
		[ "$(echo far | DOCKER_HOST=$at timeout 240 "$cli" run --rm -i small cat)" = far ] || { cat "$BATS_TEST_TMPDIR/sshd.log"; kill $SSHD; false; }
		run env DOCKER_HOST=$at timeout 240 "$cli" run --rm small sh -c 'exit 6'
		[ "$status" = 6 ]
	done
	kill $SSHD
}

no_ssh() { fails pgrep -u "$(id -u)" -f "^/usr/bin/ssh .* $SSH_PORT "; }

@test "ours: ssh:// with a port and a socket, as a context, and what goes wrong" {
	sshd_start
	local at=ssh://$(id -un)@127.0.0.1:$SSH_PORT pid
	export DOCKER_CONFIG=$BATS_TEST_TMPDIR/config
	unset DOCKER_HOST
	ours context create far --docker "host=$at$XDG_RUNTIME_DIR/docker.sock"
	ours context use far
	ours run -d --name far small sh -c 'echo said; exec sleep 1000'
	[ "$(ours ps --format '{{.Names}}')" = far ]
	within 5 eval '[ "$(ours logs far 2>&1)" = said ]'
	echo copied >"$BATS_TEST_TMPDIR/file"
	ours cp "$BATS_TEST_TMPDIR/file" far:/file
	[ "$(ours exec far cat /file)" = copied ]
	[ "$(ours context ls --format '{{.Current}} {{.DockerEndpoint}}' | sort | tail -n 1)" = "true $at$XDG_RUNTIME_DIR/docker.sock" ]
	# who follows and is ended leaves no ssh behind
	"$STAGE/bin/docker" logs -f far >"$BATS_TEST_TMPDIR/followed" 3>&- &
	pid=$!
	within 10 grep -q said "$BATS_TEST_TMPDIR/followed"
	fails no_ssh
	kill $pid
	within 10 no_ssh
	# no engine there; nobody there
	run ours -H "$at/none.sock" ps
	echo "$output"
	[ "$status" = 1 ]
	[[ "$output" == "error during connect: command [ssh -l $(id -un) -p $SSH_PORT -o ConnectTimeout=30 -T -- 127.0.0.1 docker '--host=unix:///none.sock' system dial-stdio] has exited with exit status 1, make sure the URL is valid, and Docker 18.09 or later is installed on the remote host: stderr="*"/none.sock"* ]]
	kill $SSHD
	within 10 fails eval ": </dev/tcp/127.0.0.1/$SSH_PORT"
	run ours ps
	[ "$status" = 1 ]
	[[ "$output" == *"exit status 255"*"Connection refused"* ]]
	run ours -H ssh://a:b@c ps
	[ "$status" = 1 ]
	[[ "$output" == "Failed to initialize: "*"ssh host connection is not valid: invalid SSH URL: plain-text password is not supported" ]]
}

@test "skopeo docker-daemon: inspect, copy out, copy in" {
	[ -e "$STAGE/fixtures/skopeo" ] || skip "no skopeo of Debian sid"
	skopeo() { timeout 240 "$STAGE/fixtures/skopeo/skopeo" --insecure-policy "$@"; }
	local at=$BATS_TEST_TMPDIR/oci
	[ "$(skopeo inspect --daemon-host "$DOCKER_HOST" docker-daemon:small:latest | jq -r .Os)" = linux ]
	skopeo copy --quiet --src-daemon-host "$DOCKER_HOST" docker-daemon:small:latest "oci:$at:one"
	skopeo copy --quiet --dest-daemon-host "$DOCKER_HOST" "oci:$at:one" docker-daemon:came:back
	[ "$(real image inspect -f '{{json .RootFS.Layers}}' came:back)" = "$(real image inspect -f '{{json .RootFS.Layers}}' small)" ]
	[ "$(real run --rm came:back echo runs)" = runs ]
	skopeo copy --quiet --src-daemon-host "$DOCKER_HOST" --dest-daemon-host "$DOCKER_HOST" docker-daemon:came:back docker-daemon:went:on
	real rmi came:back went:on
	run skopeo inspect --daemon-host "$DOCKER_HOST" docker-daemon:none:1
	[ "$status" != 0 ]
}
