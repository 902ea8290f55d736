# SPDX-License-Identifier: MIT
# docker compose 2.40 (Debian sid's) with a project as people have them: a web page that counts in redis,
# a worker, a job that runs first; health checks, conditions, profiles, configs, secrets, env files. Then
# 1.29 (Debian bookworm's, in Python) with the same project.
load lib

setup_file() {
	[ -e "$STAGE/fixtures/redis.tar.gz" ] && [ -x "$STAGE/tools/docker-compose" ] || return 0
	stack_start
	real import -c 'ENV PATH=/usr/bin:/bin' "$STAGE/fixtures/redis.tar.gz" shop-base >/dev/null
	PORT=$(free_port)
	export PORT PROJECT=$BATS_FILE_TMPDIR/shop
	mkdir -p "$PROJECT/site/cgi-bin"
	cd "$PROJECT"
	project_files
}

teardown_file() {
	[ -z "${PROJECT:-}" ] || stack_stop
}

setup() {
	[ -n "${PROJECT:-}" ] || skip "no redis (debootstrap needs root once) or no docker-compose of sid"
	cd "$PROJECT"
}

project_files() {
	echo "GREETING=from the project" >.env
	printf 'GREETING=from the env file\nPASSWORD_FILE=/run/secrets/password\n' >web.env
	echo sesame >password.txt
	echo 'A config.' >page.txt
	cat >site/cgi-bin/count <<-'SH'
	#!/bin/sh
	printf 'Content-Type: text/plain\r\n\r\n'
	redis-cli -h store -a "$(cat $PASSWORD_FILE)" --no-auth-warning incr hits
	redis-cli -h store -a "$(cat $PASSWORD_FILE)" --no-auth-warning rpush jobs job >/dev/null
	SH
	chmod 755 site/cgi-bin/count
	cat >compose.yaml <<-'YML'
	name: shop
	x-base: &base
	  image: shop-base
	  stop_grace_period: 1s
	services:
	  prepare:
	    <<: *base
	    command: sh -c 'sleep 0.3; echo ready >/data/prepared'
	    volumes: [data:/data]
	  redis:
	    <<: *base
	    command: sh -c 'exec redis-server --dir /data --appendonly yes --requirepass "$$(cat /run/secrets/password)"'
	    depends_on: { prepare: { condition: service_completed_successfully } }
	    healthcheck:
	      test: redis-cli -a "$$(cat /run/secrets/password)" --no-auth-warning ping | grep PONG
	      interval: 500ms
	      retries: 200
	    volumes: [data:/data]
	    secrets: [password]
	    networks: { back: { aliases: [store] } }
	    tmpfs: /scratch:size=1m
	    ulimits: { nofile: { soft: 1024, hard: 2048 } }
	    sysctls: { net.core.somaxconn: 512 }
	    logging: { driver: json-file, options: { max-size: 1m } }
	  web:
	    <<: *base
	    command: httpd -f -p 80 -h /site
	    init: true
	    env_file: web.env
	    environment: { FROM_DOTENV: "${GREETING}", UNSET: "${NOTHING:-a default}" }
	    ports: ["127.0.0.1:${PORT}:80"]
	    volumes: ["./site:/site:ro"]
	    configs: [{ source: page, target: /etc/page.txt }, { source: inline, target: /etc/inline.txt }]
	    secrets: [password]
	    networks: [front, back]
	    depends_on: { redis: { condition: service_healthy, restart: true } }
	    healthcheck: { test: [CMD, wget, -qO-, "http://127.0.0.1/cgi-bin/count"], interval: 500ms, retries: 200 }
	    labels: { tier: "${TIER:-front}" }
	    hostname: webhost
	    extra_hosts: ["away:192.0.2.9"]
	    restart: unless-stopped
	  worker:
	    <<: *base
	    command: >-
	      sh -c 'while :; do redis-cli -h store -a sesame --no-auth-warning blpop jobs 1 | grep job && echo worked; done'
	    networks: [back]
	    depends_on: { web: { condition: service_started }, redis: { condition: service_healthy } }
	    deploy: { replicas: 1 }
	    read_only: true
	    user: "1000"
	    cap_drop: [ALL]
	  debug:
	    <<: *base
	    command: sleep 1000
	    profiles: [tools]
	    network_mode: service:web
	volumes: { data: { labels: { kept: "yes" } } }
	configs: { page: { file: ./page.txt }, inline: { content: "inline ${GREETING}\n" } }
	secrets: { password: { file: ./password.txt } }
	networks:
	  front: {}
	  back: { internal: true }
	YML
}

compose() { timeout --foreground 400 "$STAGE/tools/docker-compose" --progress plain "$@"; }
page() { curl -sf --max-time 30 "http://127.0.0.1:$PORT/cgi-bin/count"; }
ids() { compose ps -qa | sort; }

@test "the file is read as it is meant" {
	compose config --quiet
	[ "$(compose config --services | sort | xargs)" = "prepare redis web worker" ]
	[ "$(compose --profile tools config --services | sort | xargs)" = "debug prepare redis web worker" ]
}

@test "up -d --wait: conditions in order, all healthy" {
	run compose up -d --wait web worker redis
	echo "$output"
	[ "$status" = 0 ]
	[ "$(compose ps -a --format json | jq -rs 'sort_by(.Service) | .[] | "\(.Service) \(.State) \(.Health) \(.ExitCode)"' | xargs)" = \
		"prepare exited 0 redis running healthy 0 web running healthy 0 worker running 0" ]
	within 10 page
	[[ "$(page)" =~ ^[1-9][0-9]*$ ]]
	compose ps web | grep -q "127.0.0.1:$PORT->80/tcp"
	[ "$(compose port web 80)" = "127.0.0.1:$PORT" ]
	compose images | grep -q shop-base
	compose ls -a --format json | jq -e '.[0] | .Name == "shop" and .Status == "exited(1), running(3)"' || { compose ls -a; false; }
}

@test "environment, configs, secrets, networks, options are inside" {
	run compose exec -T web sh -c 'echo $GREETING; echo $FROM_DOTENV; echo $UNSET; cat /etc/page.txt /etc/inline.txt /run/secrets/password; hostname'
	[ "$output" = $'from the env file\nfrom the project\na default\nA config.\ninline from the project\nsesame\nwebhost' ]
	compose exec -T web grep -q 192.0.2.9 /etc/hosts
	[ "$(compose exec -T redis sh -c 'ulimit -n; cat /proc/sys/net/core/somaxconn /data/prepared')" = $'1024\n512\nready' ]
	run compose exec -T worker sh -c 'id -u; touch /x'
	[ "$status" = 1 ] && [[ "$output" == 1000*"Read-only file system"* ]]
	[ "$(real network inspect -f '{{.Internal}}' shop_back)" = true ]
	[ "$(real volume inspect -f '{{.Labels.kept}}' shop_data)" = yes ]
}

@test "up again changes nothing" {
	local before
	before=$(ids)
	run compose up -d
	echo "$output"
	[ "$status" = 0 ] && [[ "$output" != *Recreate* ]]
	[ "$(ids)" = "$before" ]
}

@test "a changed setting recreates its service only" {
	local before after
	before=$(compose ps -q redis worker | sort) web=$(compose ps -q web)
	TIER=changed run compose up -d --wait web
	echo "$output"
	[ "$status" = 0 ] && [[ "$output" == *"Container shop-web-1  Recreated"* ]]
	[ "$(compose ps -q redis worker | sort)" = "$before" ] && [ "$(compose ps -q web)" != "$web" ]
	[ "$(real inspect -f '{{.Config.Labels.tier}}' shop-web-1)" = changed ]
	compose up -d --wait web
}

@test "scale up, logs of all, scale down" {
	compose up -d --no-recreate --scale worker=3
	[ "$(compose ps -q worker | wc -l)" = 3 ]
	page && page && page
	within 10 bash -c "$(declare -f compose); STAGE=$STAGE compose logs worker | grep -q worked"
	compose logs --no-log-prefix --tail 1 --timestamps prepare
	compose logs --no-color worker | grep -qE '^worker-[123]  \| worked'
	compose scale worker=1
	[ "$(compose ps -q worker | wc -l)" = 1 ]
}

@test "logs -f follows and ends with the container" {
	compose run -d --name talker worker sh -c 'for i in 1 2 3; do echo line $i; sleep 0.2; done' 2>/dev/null
	[ "$(timeout 200 "$STAGE/bin/docker" logs -f talker | tail -n 1)" = "line 3" ]
	real rm -f talker
	(compose logs -f --no-color worker >"$BATS_TEST_TMPDIR/log" 2>&1 3>&- & echo $! >"$BATS_TEST_TMPDIR/pid")
	page
	within 10 grep -q worked "$BATS_TEST_TMPDIR/log"
	within 10 sees_the_end || { cat "$BATS_TEST_TMPDIR/log"; false; }
}

# sees_the_end: compose logs says that a worker ended; it may show logs before it listens for ends
sees_the_end() {
	compose stop worker
	compose start worker
	grep -q 'exited with code' "$BATS_TEST_TMPDIR/log"
}

@test "exec, cp, top, stats" {
	[ "$(echo in | compose exec -T web cat)" = in ]
	run compose exec -T web sh -c 'exit 9'
	[ "$status" = 9 ]
	[ "$(compose exec -T --user 1000 --env A=b --workdir /tmp web sh -c 'id -u; echo $A; pwd' | xargs)" = "1000 b /tmp" ]
	echo copied >"$BATS_TEST_TMPDIR/file"
	compose cp "$BATS_TEST_TMPDIR/file" web:/tmp/there
	compose cp web:/tmp/there "$BATS_TEST_TMPDIR/back"
	cmp "$BATS_TEST_TMPDIR/file" "$BATS_TEST_TMPDIR/back"
	compose top redis | grep -q redis-server
	compose stats --no-stream | grep -q shop-redis-1
}

@test "events, kill, restart, pause" {
	compose events --json >"$BATS_TEST_TMPDIR/events" 2>&1 3>&- &
	local pid=$!
	within 10 test -s "$BATS_TEST_TMPDIR/events" # of a health check, for one
	compose kill -s SIGKILL worker
	compose restart redis
	within 15 jq -es 'map(.action) | contains(["kill", "die", "start"])' "$BATS_TEST_TMPDIR/events"
	kill $pid
	jq -es 'map(select(.service == "worker" and .action == "die")) | length == 1' "$BATS_TEST_TMPDIR/events"
	compose up -d --wait worker
	run compose pause redis
	if [ "$status" = 0 ]; then
		[ "$(real inspect -f '{{.State.Status}}' shop-redis-1)" = paused ]
		compose unpause redis
	else
		[[ "$output" == *cgroup* ]]
	fi
}

@test "run --rm, with dependencies, its exit code; a profile" {
	run compose run --rm -T worker sh -c 'redis-cli -h store -a sesame --no-auth-warning ping; exit 3'
	echo "$output"
	[ "$status" = 3 ] && [[ "$output" == *PONG* ]]
	[ "$(compose ps -aq worker | wc -l)" = 1 ]
	compose --profile tools up -d debug
	[ "$(compose --profile tools exec -T debug wget -qO- http://127.0.0.1/cgi-bin/count | tr -d '0-9')" = "" ]
	compose --profile tools rm -sf debug
}

@test "down keeps the volume, up finds the data again, down -v takes it" {
	local hits
	hits=$(page)
	real run -d --name orphan --label com.docker.compose.project=shop --label com.docker.compose.service=gone \
		--label com.docker.compose.oneoff=False --label com.docker.compose.config-hash=x --label com.docker.compose.container-number=1 shop-base sleep 1000
	compose down
	[ "$(real ps -aq --filter label=com.docker.compose.project=shop | wc -l)" = 1 ]
	[ -n "$(real volume ls -q --filter name=shop_data)" ]
	run compose up -d --wait web worker
	echo "$output"
	[ "$status" = 0 ]
	[ "$(page)" -gt "$hits" ]
	run compose down -v --remove-orphans --timeout 1
	echo "$output"
	[ "$status" = 0 ]
	[ -z "$(real ps -aq)$(real volume ls -q)$(real network ls -q --filter name=shop)" ]
}

@test "a dependency that fails, a health that never comes, a broken file" {
	printf 'services:\n  a: { image: shop-base, command: "false" }\n  b: { image: shop-base, command: sleep 100, depends_on: { a: { condition: service_completed_successfully } } }\n' >"$BATS_TEST_TMPDIR/f.yaml"
	run compose -p failing -f "$BATS_TEST_TMPDIR/f.yaml" up -d
	[ "$status" = 1 ] && [[ "$output" == *"service \"a\" didn't complete successfully: exit 1"* ]]
	compose -p failing -f "$BATS_TEST_TMPDIR/f.yaml" down
	printf 'services:\n  a: { image: shop-base, command: sleep 100, stop_grace_period: 0s, healthcheck: { test: "false", interval: 200ms, retries: 2 } }\n' >"$BATS_TEST_TMPDIR/g.yaml"
	run compose -p failing -f "$BATS_TEST_TMPDIR/g.yaml" up -d --wait
	echo "$output"
	[ "$status" = 1 ] && [[ "$output" == *"is unhealthy"* ]]
	compose -p failing -f "$BATS_TEST_TMPDIR/g.yaml" down
}

# the same file, but for what 1.29 does not know
old_compose() {
	PYTHONPATH=$STAGE/fixtures/clients/python timeout --foreground 400 /usr/bin/python3 -W ignore \
		"$STAGE/fixtures/clients/bin/docker-compose" --ansi never -p old -f old.yaml "$@"
}

@test "1.29 (Debian bookworm's): up, ps, exec, logs, scale, run, down" {
	clients_need
	sed -e '/^name:/d' -e 's/, restart: true//' -e 's/, { source: inline, [^}]*}//' -e 's/, inline: { content.*/ }/' \
		compose.yaml >old.yaml
	old_compose up -d
	within 20 page
	[ "$(real ps -q --filter label=com.docker.compose.project=old | wc -l)" = 3 ]
	[ "$(real inspect -f '{{.State.Health.Status}}' old_redis_1)" = healthy ]
	run old_compose ps -a
	echo "$output"
	grep -Eq "old_web_1 .*Up.*127.0.0.1:$PORT->80/tcp" <<<"$output"
	grep -Eq 'old_prepare_1 .*Exit 0' <<<"$output"
	[ "$(old_compose exec -T web cat /run/secrets/password)" = sesame ]
	within 10 eval 'old_compose logs worker | grep -q "worker_1 .*worked"'
	old_compose up -d --scale worker=3
	[ "$(real ps -q --filter label=com.docker.compose.service=worker | wc -l)" = 3 ]
	run old_compose run --rm -T worker sh -c 'exit 9'
	[ "$status" = 9 ]
	old_compose down -v -t 1
	[ -z "$(real ps -aq)$(real volume ls -q)$(real network ls -q --filter type=custom)" ]
}
