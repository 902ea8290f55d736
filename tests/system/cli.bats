# SPDX-License-Identifier: MIT
# The everyday path of a user, step by step, with one client (CLIENT=real: the Docker CLI;
# CLIENT=ours: thimble docker): log in to a registry over TLS, pull a Debian image with nginx,
# run it with a published port, look at it, copy, stop, remove.
load lib

setup_file() {
	[ -e "$STAGE/fixtures/nginx.tar.gz" ] || return 0
	stack_start
	registry_start
	registry_trust
	push_image debian-nginx:1 "$STAGE/fixtures/nginx.tar.gz" \
		'{ "Cmd": ["nginx", "-g", "daemon off;"], "Env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
		   "ExposedPorts": { "80/tcp": {} }, "StopSignal": "SIGQUIT" }'
	PORT=$(free_port)
	export PORT IMAGE=$REGISTRY/debian-nginx:1
}

teardown_file() {
	[ -e "$STAGE/fixtures/nginx.tar.gz" ] || return 0
	registry_stop
	stack_stop
}

setup() {
	[ -e "$STAGE/fixtures/nginx.tar.gz" ] || skip "no Debian root file system (debootstrap needs root once)"
}

page() { curl -sf --max-time 30 "http://127.0.0.1:$PORT/$1"; }

@test "$CLIENT: version names a server with API 1.51" {
	run docker version
	[ "$status" = 0 ]
	[[ "$output" == *Server* && "$output" == *1.51* ]]
}

@test "$CLIENT: info answers and says rootless" {
	run docker info
	[ "$status" = 0 ]
	[[ "$output" == *rootless* ]]
}

@test "$CLIENT: pull without login is refused" {
	# a refused pull makes the Docker CLI ask for a user name; at an end of input it would wait for ever
	run docker pull "$IMAGE" <<<""
	[ "$status" != 0 ]
}

@test "$CLIENT: login with a wrong password is refused" {
	run docker login -u "$REGISTRY_USER" -p wrong "$REGISTRY"
	[ "$status" != 0 ]
}

@test "$CLIENT: login" {
	run docker login -u "$REGISTRY_USER" --password-stdin "$REGISTRY" <<<"$REGISTRY_PASSWORD"
	[ "$status" = 0 ]
	[[ "$output" == *"Login Succeeded"* ]]
}

@test "$CLIENT: pull from the registry over TLS with basic auth" {
	run docker pull "$IMAGE"
	echo "$output"
	[ "$status" = 0 ]
	[[ "$output" == *"Digest: sha256:"* && "$output" == *"Downloaded newer image"* ]]
	run docker images
	[[ "$output" == *debian-nginx* ]]
}

@test "$CLIENT: a second pull finds everything there" {
	run docker pull "$IMAGE"
	[ "$status" = 0 ]
	[[ "$output" == *"Image is up to date"* ]]
}

@test "$CLIENT: run -d -p serves pages" {
	run docker run -d --name web -p "$PORT:80" "$IMAGE"
	echo "$output"
	[ "$status" = 0 ]
	within 10 page ""
	[[ "$(page "")" == *nginx* ]]
}

@test "$CLIENT: ps shows it with its port" {
	run docker ps
	[[ "$output" == *web* && "$output" == *"$PORT->80/tcp"* && "$output" == *Up* ]]
}

@test "$CLIENT: inspect" {
	[ "$(docker inspect -f '{{.State.Status}}' web)" = running ]
	[ "$(docker inspect web | jq -r '.[0].Config.StopSignal')" = SIGQUIT ]
}

@test "$CLIENT: exec gives output and exit code" {
	[ "$(docker exec web cat /etc/hostname)" = "$(docker inspect -f '{{.Config.Hostname}}' web)" ]
	run docker exec web sh -c 'echo out; echo err >&2; exit 7'
	[ "$status" = 7 ]
	[[ "$output" == *out* && "$output" == *err* ]]
}

@test "$CLIENT: exec -i passes standard input and its end" {
	[ "$(printf 'a\nb\nc\n' | docker exec -i web wc -l)" = 3 ]
}

@test "$CLIENT: exec -it under a terminal" {
	run script -qec "$(declare -f docker real ours); STAGE=$STAGE CLIENT=$CLIENT docker exec -it web tty" /dev/null
	[ "$status" = 0 ]
	[[ "$output" == */dev/pts/* ]]
}

ticked() { [ "$(grep -c tick "$BATS_TEST_TMPDIR/ticks")" -ge "$1" ]; }

@test "$CLIENT: logs -f follows" {
	local pid following="$STAGE/tools/docker"
	[ "$CLIENT" = real ] || following="$STAGE/bin/thimble docker"
	docker run -d --name talker --entrypoint sh "$IMAGE" -c 'while echo tick; do sleep 0.2; done'
	$following logs -f talker >"$BATS_TEST_TMPDIR/ticks" 3>&- &
	pid=$!
	within 10 ticked 5
	within 10 ticked $(($(grep -c tick "$BATS_TEST_TMPDIR/ticks") + 5))
	kill "$pid"
	[ "$(docker logs --tail 2 talker | wc -l)" = 2 ]
	docker rm -f talker
}

@test "$CLIENT: cp into the container" {
	echo "hello from outside" >"$BATS_TEST_TMPDIR/hello.html"
	docker cp "$BATS_TEST_TMPDIR/hello.html" web:/var/www/html/hello.html
	[ "$(page hello.html)" = "hello from outside" ]
}

@test "$CLIENT: cp out of the container" {
	docker cp web:/etc/nginx "$BATS_TEST_TMPDIR/out"
	[ -s "$BATS_TEST_TMPDIR/out/nginx.conf" ]
}

@test "$CLIENT: stop by the image's signal ends with code 0" {
	docker stop -t 120 web # its code is the subject
	[ "$(docker inspect -f '{{.State.ExitCode}}' web)" = 0 ]
	run page ""
	[ "$status" != 0 ]
}

@test "$CLIENT: restart serves again, with what was copied" {
	docker restart web
	within 10 page hello.html
	[ "$(page hello.html)" = "hello from outside" ]
}

@test "$CLIENT: stats and update" {
	run docker stats --no-stream --format '{{.Name}} {{.PIDs}} {{.MemUsage}}' web
	[[ $output =~ ^web\ [1-9][0-9]*\ [1-9] ]]
	docker stats --no-stream web | grep -q "CPU %"
	docker update --restart on-failure:3 web
	[ "$(docker inspect --format '{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}' web)" = "on-failure 3" ]
	docker update --restart no web
	run docker update -m 1m web
	[ "$status" != 0 ]
	[[ $output == *"Minimum memory limit allowed is 6MB"* ]]
}

@test "$CLIENT: rm refuses a running container, rm -f removes it" {
	run docker rm web
	[ "$status" != 0 ]
	docker rm -f web
	run docker inspect web
	[ "$status" != 0 ]
	run page ""
	[ "$status" != 0 ]
}

@test "$CLIENT: run --rm leaves nothing, passes the exit code on" {
	run docker run --rm --name once "$IMAGE" sh -c 'exit 42'
	[ "$status" = 42 ]
	within 5 bash -c "! $STAGE/bin/thimble docker inspect once"
}

@test "$CLIENT: rmi" {
	docker rmi "$IMAGE"
	[ -z "$(docker images -q "$IMAGE")" ]
	[ -z "$(ls "$DATA"/image/*/imagedb/content/sha256/ 2>/dev/null | head -n 1)" ]
}
