# SPDX-License-Identifier: MIT
# The way from rootless Docker to thimble and back upon one data root, with the real dockerd of
# Debian's packages (build/fixtures/dockerd-20.tar.gz: bookworm's 20.10; dockerd-28.tar.gz: sid's 28),
# run rootless by thimble's own rootlesskit: its maps of ids are Docker's. iptables is left out, so
# the host needs none. Each test has a data root of its own.
load lib

setup_file() {
	[ -e "$STAGE/fixtures/small.tar.gz" ] || skip "no busybox root file system (package busybox-static)"
	local v
	for v in 20 28; do
		[ -e "$STAGE/fixtures/dockerd-$v.tar.gz" ] || continue
		mkdir -p "$BATS_FILE_TMPDIR/dockerd-$v"
		tar -C "$BATS_FILE_TMPDIR/dockerd-$v" -xzf "$STAGE/fixtures/dockerd-$v.tar.gz"
		# what dockerd 20.10 insists on in RootlessKit; 3 is where it waits for the listener
		printf '#!/bin/sh\nprintf "0\\n" >&3\nexec sleep 1000\n' >"$BATS_FILE_TMPDIR/dockerd-$v/rootlesskit-docker-proxy"
		chmod 755 "$BATS_FILE_TMPDIR/dockerd-$v/rootlesskit-docker-proxy"
	done
}

setup() { stack_env; }

teardown() {
	stack_halt || true
	[ -z "${DATA:-}" ] || rootlesskit rm -rf "$DATA" >/dev/null 2>&1 || true
	rm -f "$BATS_FILE_TMPDIR/stack.pid"
}

# dockerd_start VERSION OPTIONS: the real one, in the place of the stack
dockerd_start() {
	local dir=$BATS_FILE_TMPDIR/dockerd-$1
	shift
	PATH=$dir:$PATH rootlesskit --state-dir="$XDG_RUNTIME_DIR/dockerd-rootless" --net=usernet --disable-host-loopback \
		--port-driver=builtin --copy-up=/etc --copy-up=/run --propagation=rslave \
		sh -c 'rm -f /run/docker /run/containerd /run/xtables.lock; exec dockerd "$@"' sh \
		--rootless --iptables=false --userland-proxy=false "$@" >>"$STACK_LOG" 2>&1 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/stack.pid"
	within 30 stack_answers_or_ended && stack_answers || { stack_logs; return 1; }
}

# what Docker has that thimble leaves alone: its bytes
untouched() {
	thimble rootlesskit sh -c 'cd "$1" && find network/files buildkit containerd -type f \( -name "*.db" -o -path "*/blobs/*" \) |
		sort | xargs sha256sum' sh "$DATA"
}

FACTS='{{.Name}} {{.State.Status}} {{.State.ExitCode}} {{.Config.Hostname}} {{json .Config.Env}} {{json .Config.Labels}} {{.Config.User}}
	{{json .HostConfig.Binds}} {{json .HostConfig.PortBindings}} {{json .HostConfig.RestartPolicy}} {{json .HostConfig.LogConfig}}
	{{json .HostConfig.CapAdd}} {{json .HostConfig.ShmSize}} {{json .HostConfig.Links}} {{.Image}} {{.RestartCount}} {{.State.FinishedAt}}
	{{range .Mounts}}
{{.Type}} {{.Source}} {{.Destination}} {{.Mode}} {{.RW}}{{end}}'

# facts NAMES...: what both engines have to tell of stopped containers, images and volumes
facts() {
	local name
	for name in "$@"; do
		# (the order of mounts is chance in Docker)
		real inspect -f "$FACTS" "$name" | sort
		real diff "$name" | sort
		real logs -t "$name" 2>&1
	done
	real image inspect -f '{{.Id}} {{json .RootFS}} {{json .Config.Cmd}} {{json .Config.Labels}} {{.Comment}} {{.Author}}' small two
	real images --format '{{.Repository}}:{{.Tag}} {{.ID}}' | sort
	real volume ls -q
	real volume inspect -f '{{json .Options}} {{json .Labels}}' vol tvol
}

# fill: what a user of Docker may have; every container has ended
fill() {
	real import -c 'CMD ["/bin/sh"]' -c 'ENV PATH=/bin' -c 'LABEL of=docker' "$STAGE/fixtures/small.tar.gz" small
	real tag small registry.example:5000/team/small:v1
	real run --name made small sh -c 'echo hi >/made; mkdir /dir; echo f >/dir/f; rm /etc/group; ln /made /linked
		chown 7:8 /dir/f; chmod 4755 /made; rm -r /home'
	real commit -a me -m words -c 'ENV X=y' -c 'VOLUME /anon' made two
	real volume create --label l=1 --label m= vol
	real volume create -o type=tmpfs -o device=tmpfs -o o=size=1m tvol
	mkdir -p "$HOME/bound"
	echo host >"$HOME/bound/f"
	real run -d --name web --hostname webhost -p "127.0.0.1:$PORT:80" --label x=y --restart unless-stopped -v vol:/v -v "$HOME/bound:/b:ro" \
		--mount type=tmpfs,target=/t,tmpfs-size=1048576 -v tvol:/tv -e E=1 --cap-add NET_ADMIN --shm-size 16m --stop-signal KILL two \
		sh -c 'echo out; echo err >&2; echo w >>/written; echo v >>/v/file; echo a >>/anon/file; exec sleep 1000'
	real run --name ended small sh -c 'echo dying; echo rw >/rwfile; exit 42' || [ $? = 42 ]
	real run --name rotated --log-opt max-size=4k --log-opt max-file=3 --log-opt compress=true small sh -c 'i=0; while [ $i -lt 120 ]; do echo line $i; i=$((i+1)); done; busybox sleep 1'
	real run --name local --log-driver local --log-opt max-size=4k --log-opt max-file=4 small sh -c 'i=0; while [ $i -lt 200 ]; do echo local $i; i=$((i+1)); done; echo err >&2; printf end; busybox sleep 1'
	real network create mynet
	real create --name innet --network mynet small sh
	real create --name linked --link web:w small sh
	real create --name privileged --privileged small grep Seccomp: /proc/self/status
	within 5 real exec web test -s /anon/file
	real kill web
	real wait web
	within 10 compressed
}

# compressed: Docker compresses what it has rotated when the container may long have ended
compressed() {
	local log
	log=$DATA/containers/$(real inspect -f '{{.Id}}' rotated)/$(real inspect -f '{{.Id}}' rotated)-json.log
	rootlesskit sh -c '[ -e "$1.1.gz" ] && [ -e "$1.2.gz" ] && [ ! -e "$1.1" ] && [ ! -e "$1.2" ]' sh "$log"
}

# there and back: dockerd VERSION with the storage driver DRIVER
round() {
	local names="made web ended rotated local innet linked privileged" id
	[ -d "$BATS_FILE_TMPDIR/dockerd-$1" ] || skip "no dockerd $1 (a Debian package)"
	[ "$2" != fuse-overlayfs ] || { command -v fuse-overlayfs && [ -w /dev/fuse ]; } >/dev/null ||
		skip "fuse-overlayfs is not installed or /dev/fuse cannot be opened"
	# --- Docker's
	PORT=$(free_port)
	dockerd_start "$1" --storage-driver="$2"
	fill >"$BATS_TEST_TMPDIR/fill" 2>&1
	facts $names >"$BATS_TEST_TMPDIR/docker"
	stack_halt
	untouched >"$BATS_TEST_TMPDIR/untouched"
	grep -q local-kv.db "$BATS_TEST_TMPDIR/untouched"
	# --- thimble finds it
	: >"$STACK_LOG"
	# (vfs is not taken because of what is there, as in Docker: it was asked for)
	if [ "$2" = vfs ]; then stack_start --storage-driver=vfs; else stack_start; fi
	[ "$(real info -f '{{.Driver}}')" = "$2" ]
	facts $names >"$BATS_TEST_TMPDIR/thimble"
	diff "$BATS_TEST_TMPDIR/docker" "$BATS_TEST_TMPDIR/thimble"
	[ "$(grep -c 'networks of Docker are not taken over.*: mynet"' "$STACK_LOG")" = 1 ]
	[ "$(grep -c 'build cache of Docker is not used and stays as it is' "$STACK_LOG")" = 1 ]
	run real start innet
	[[ $output == *"network mynet not found"* ]]
	# --- and works with it
	real start web
	within 5 eval '[ "$(real exec web busybox wc -l /anon/file)" = "2 /anon/file" ]'
	[ "$(real exec web cat /written)" = "$(printf 'w\nw')" ]
	[ "$(real exec web cat /v/file /anon/file /b/f)" = "$(printf 'v\nv\na\na\nhost')" ]
	[ "$(real exec web sh -c 'busybox df -k /t /dev/shm | tail -n 2 | tr -s " " | cut -d" " -f2' | tr '\n' ' ')" = "1024 16384 " ]
	fails real exec web sh -c 'echo x >/b/f'
	[ "$(real port web 80)" = "127.0.0.1:$PORT" ]
	real start linked privileged
	real wait privileged
	[ "$(real logs privileged 2>&1 | tr -d ' \t')" = Seccomp:0 ]
	real start -a local | tail -n 1 | grep -qx end
	real logs local 2>&1 | grep -c '^local 199$' | grep -qx 2
	real start -a rotated >/dev/null
	real kill web
	real wait web linked
	real tag two mine:1
	real commit -m ours ended three
	real run --name ours --label k=v -v named:/n -v /free --mount type=tmpfs,target=/t,tmpfs-size=2097152,tmpfs-mode=0711 --log-driver local --stop-timeout 7 \
		three sh -c 'cat /rwfile; echo more >/more; echo n >/n/n; rm /etc/group'
	real run --name lines small sh -c 'echo json; echo e >&2'
	real volume create --label by=thimble labelled
	facts $names ours lines | grep -v ' running ' >"$BATS_TEST_TMPDIR/thimble"
	stack_halt
	untouched | diff "$BATS_TEST_TMPDIR/untouched" -
	# --- Docker finds that, and what was its own
	dockerd_start "$1" --storage-driver="$2"
	facts $names ours lines >"$BATS_TEST_TMPDIR/docker"
	diff "$BATS_TEST_TMPDIR/thimble" "$BATS_TEST_TMPDIR/docker"
	[ "$(real volume inspect -f '{{.Labels}}' labelled)" = "map[by:thimble]" ]
	real start web innet
	within 5 eval '[ "$(real exec web busybox wc -l /anon/file)" = "3 /anon/file" ]'
	[ "$(real exec web cat /written)" = "$(printf 'w\nw\nw')" ]
	[ "$(real start -a ours | tail -n 1)" = rw ]
	[ "$(real run --rm three cat /rwfile)" = rw ]
	[ "$(real run --rm mine:1 cat /made /dir/f)" = "$(printf 'hi\nf')" ]
	real rm -f ours lines web >/dev/null
	real rmi three mine:1
	real volume rm labelled
	real run --rm small true
}

@test "Docker 20.10 and back, overlay2" { round 20 overlay2; }
@test "Docker 20.10 and back, fuse-overlayfs" { round 20 fuse-overlayfs; }
@test "Docker 20.10 and back, vfs" { round 20 vfs; }
@test "Docker 28 and back, overlay2" { round 28 overlay2; }
@test "Docker 28 and back, fuse-overlayfs" { round 28 fuse-overlayfs; }
@test "Docker 28 and back, vfs" { round 28 vfs; }

@test "a data root of Docker's containerd image store: named, untouched" {
	[ -d "$BATS_FILE_TMPDIR/dockerd-28" ] || skip "no dockerd 28 (a Debian package)"
	mkdir -p "$HOME/.config/docker"
	echo '{"features": {"containerd-snapshotter": true}}' >"$HOME/.config/docker/daemon.json"
	dockerd_start 28
	real import "$STAGE/fixtures/small.tar.gz" small
	real create --name theirs small sh
	stack_halt
	rm "$HOME/.config/docker/daemon.json"
	untouched >"$BATS_TEST_TMPDIR/untouched"
	grep -q /blobs/ "$BATS_TEST_TMPDIR/untouched"
	: >"$STACK_LOG"
	stack_start
	[ -z "$(real images -q)$(real ps -aq)" ]
	[ "$(grep -c "images in Docker's containerd image store are not taken over" "$STACK_LOG")" = 1 ]
	import_small
	[ "$(real run --rm small echo hello)" = hello ]
	stack_halt
	untouched | diff "$BATS_TEST_TMPDIR/untouched" -
	echo '{"features": {"containerd-snapshotter": true}}' >"$HOME/.config/docker/daemon.json"
	dockerd_start 28
	[ "$(real ps -a --format '{{.Names}} {{.Image}}')" = "theirs small" ]
	rm "$HOME/.config/docker/daemon.json"
}
