# SPDX-License-Identifier: MIT
# Answers about containers and execs that clients compare word by word (containerapi.tsv), and
# attaching through a WebSocket with a real client.
load lib

setup_file() {
	stack_start
	import_small
	real create --name created small true >/dev/null
	real run -d --name running small sleep 1000 >/dev/null
	real run --name exited small sh -c 'exit 3' >/dev/null || true
}
teardown_file() { stack_stop; }

ask() { python3 "$BATS_TEST_DIRNAME/containerapi.py" "$XDG_RUNTIME_DIR/docker.sock" "$@"; }

# waits_long NAME: it waits for its restart, and 400 ms at least
waits_long() { [ "$(real inspect -f '{{.State.Restarting}} {{ge .RestartCount 3}}' "$1")" = "true true" ]; }

@test "requests and their answers, row by row; the engine is the same process after" {
	before=$(pid_of dockerd)
	ask rows "$BATS_TEST_DIRNAME/containerapi.tsv"
	[ "$(pid_of dockerd)" = "$before" ]
}

@test "attach through a WebSocket: frames, pings, logs, terminals, detaching, the end" {
	python3 -c 'import websockets' || skip "no package python3-websockets"
	real run -d -i --name cat small cat >/dev/null
	real run -d -i --name once small sh -c 'read x; echo got $x' >/dev/null
	real run -d -it --name tty small sh >/dev/null
	real run --name both small sh -c 'echo out; echo err >&2' >/dev/null 2>&1
	ask websocket
}

@test "events of a life: volumes, sizes, a restart called off by kill" {
	since=$(date +%s)
	real run -d --name life -v vol:/v small sh -c 'exit 0' >/dev/null
	real update --restart always life >/dev/null
	real start life >/dev/null
	within 20 waits_long life
	[ "$(api POST /containers/life/kill)" = $'\n204' ]
	[ "$(real inspect -f '{{.State.Status}}' life)" = exited ]
	api POST '/containers/running/resize?h=5&w=6'
	run real events --since "$since" --until "$(($(date +%s) + 1))" --filter type=volume --filter event=mount --format '{{json .Actor}}'
	[ "$(jq -rc '[.ID, .Attributes.destination, .Attributes["read/write"]]' <<<"${lines[0]}")" = '["vol","/v","true"]' ]
	run real events --since "$since" --until "$(($(date +%s) + 1))" --filter event=resize --format '{{.Actor.Attributes.height}}x{{.Actor.Attributes.width}}'
	[ "$output" = 5x6 ]
	real rm life >/dev/null
}
