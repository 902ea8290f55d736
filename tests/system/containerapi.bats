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

# waits_long NAME: it waits for its restart, and 3.2 seconds at least
waits_long() { [ "$(real inspect -f '{{.State.Restarting}} {{ge .RestartCount 6}}' "$1")" = "true true" ]; }

healthy() { [ "$(real inspect -f '{{.State.Health.Status}}' "$1")" = healthy ]; }

@test "requests and their answers, row by row; the engine is the same process after" {
	before=$(pid_of dockerd)
	ask rows "$BATS_TEST_DIRNAME/containerapi.tsv"
	[ "$(pid_of dockerd)" = "$before" ]
}

@test "what older versions had in /info" {
	[ "$(api GET /v1.46/info | head -n 1 | jq -c '[.RegistryConfig | to_entries[] | select(.value == null) | .key]')" = \
		'["AllowNondistributableArtifactsCIDRs","AllowNondistributableArtifactsHostnames","Mirrors"]' ]
	[ "$(api GET /v1.47/info | head -n 1 | jq -c '[.RegistryConfig | to_entries[] | select(.value == null) | .key]')" = '["Mirrors"]' ]
	[ "$(api GET /v1.49/info | head -n 1 | jq -c 'has("BridgeNfIptables")')" = true ]
	[ "$(api GET /v1.50/info | head -n 1 | jq -c 'has("BridgeNfIptables")')" = false ]
}

@test "what is not there, row by row: swarms, plugins, checkpoints, a build cache" {
	ask rows "$BATS_TEST_DIRNAME/absent.tsv"
}

@test "pausing by four clients at once: a pause that cannot be is seen by nobody" {
	ask freezes running
	timeout 60 "$STAGE/tools/docker" exec running true
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
	since=$(($(date +%s) - 5)) # a clock may be set
	real run -d --name life -v vol:/v small sh -c 'exit 0' >/dev/null
	real update --restart always life >/dev/null
	real start life >/dev/null
	within 20 waits_long life
	[ "$(api POST /containers/life/kill)" = $'\n204' ]
	[ "$(real inspect -f '{{.State.Status}}' life)" = exited ]
	api POST '/containers/running/resize?h=5&w=6'
	run real events --since "$since" --until "$(($(date +%s) + 2))" --filter type=volume --filter volume=vol --filter event=mount --format '{{json .Actor}}'
	[ "$(jq -rc '[.ID, .Attributes.destination, .Attributes["read/write"]]' <<<"${lines[0]}")" = '["vol","/v","true"]' ]
	run real events --since "$since" --until "$(($(date +%s) + 2))" --filter event=resize --format '{{.Actor.Attributes.height}}x{{.Actor.Attributes.width}}'
	[ "${lines[-1]}" = 5x6 ]
	real rm life >/dev/null
}

@test "who knows that a container has ended finds that among the events, behind the signal" {
	local since
	real run -d --name mortal small sleep 1000 >/dev/null
	for _ in 1 2 3 4 5; do
		since=$(date +%s.%N)
		[ "$(api POST /containers/mortal/kill)" = $'\n204' ]
		run api GET "/events?since=$since&until=$(date +%s.%N)&filters=%7B%22container%22%3A%5B%22mortal%22%5D%7D"
		echo "$output"
		[ "$(sed '$d' <<<"$output" | jq -r .Action | xargs)" = "kill die" ]
		real start mortal >/dev/null
	done
	real rm -f mortal >/dev/null
}

@test "a probe's events, an exec without its directory, ps in a terminal, devices that nobody gives" {
	since=$(($(date +%s) - 5)) # a clock may be set
	real run -dt --name probed --health-cmd true --health-interval 200ms small sleep 1000 >/dev/null
	within 10 healthy probed
	run real events --since "$since" --until "$(($(date +%s) + 2))" --filter container=probed --format '{{.Action}}'
	echo "$output"
	[ "${lines[*]:2:4}" = "exec_create: /bin/sh -c true exec_start: /bin/sh -c true exec_die health_status: healthy" ]
	run -127 real exec -w /nope probed pwd
	[[ "$output" == *'chdir to cwd ("/nope") set in config.json failed: no such file or directory'* ]]
	run real top probed -o pid,comm
	[[ "$output" == *sleep* ]]
	real rm -f probed >/dev/null
	for client in real ours; do
		run $client run --rm --gpus all small true
		[ "$status" = 125 ] && [[ "$output" == *'could not select device driver "" with capabilities: [[gpu]]'* ]]
		run $client run --rm --device vendor.com/class=name small true
		[ "$status" = 125 ] && [[ "$output" == *"CDI device injection failed: unresolvable CDI devices vendor.com/class=name"* ]]
	done
}

# made VERSION: a container made and looked at through it, in one line
made() {
	api POST "/v$1/containers/create?name=made" -H 'Content-Type: application/json' -d '{
		"Image": "small", "Healthcheck": { "Test": ["CMD", "true"], "StartInterval": 1000000000 },
		"HostConfig": { "NetworkMode": "aged", "AutoRemove": true, "PidsLimit": -1, "MemorySwappiness": -1,
			"ConsoleSize": [1, 2], "Annotations": { "x": "y" }, "Mounts": [{ "Type": "bind", "Source": "/tmp",
			"Target": "/t", "ReadOnly": true, "BindOptions": { "NonRecursive": true } }] },
		"NetworkingConfig": { "EndpointsConfig": { "aged": { "GwPriority": 5 } } } }' >/dev/null
	api GET "/v$1/containers/made/json" | head -n 1 | jq -c '.HostConfig + .NetworkSettings.Networks.aged +
		{ start: .Config.Healthcheck.StartInterval, shorts: (.NetworkSettings.Networks.aged.Aliases // [] | length) } |
		[.IpcMode, .AutoRemove, .PidsLimit, .MemorySwappiness, .ConsoleSize[0], .Annotations, .GwPriority, .start,
		.shorts, (.Mounts[0].BindOptions | keys)]'
	real rm made >/dev/null
}

@test "old versions of the API: what they did not know is ignored, their defaults stay" {
	real network create aged >/dev/null
	[ "$(made 1.24)" = '["shareable",false,null,null,0,null,0,null,1,["ReadOnlyNonRecursive"]]' ]
	[ "$(made 1.41)" = '["private",true,null,null,0,null,0,null,1,["NonRecursive","ReadOnlyNonRecursive"]]' ]
	[ "$(made 1.44)" = '["private",true,null,null,1,{"x":"y"},0,1000000000,1,["NonRecursive"]]' ]
	[ "$(made 1.51)" = '["private",true,null,null,1,{"x":"y"},5,1000000000,0,["NonRecursive"]]' ]
	real network rm aged >/dev/null
}

# waits NAME SINCE: the tenths of seconds from each of its ends to its next start
waits() {
	real events --since "$2" --until "$(($(date +%s) + 2))" --filter container="$1" --filter event=die --filter event=start \
		--format '{{json .}}' | jq -rs '[.[] | [.Action, .timeNano]] | [.[:-1], .[1:]] | transpose |
		map(select(.[0][0] == "die") | (.[1][1] - .[0][1]) / 1e8 | floor) | join(" ")'
}
ended() { [ "$(real inspect -f '{{.State.Status}}' "$1")" = exited ]; }

@test "waits before restarts double; after a run of ten seconds they begin anew" {
	since=$(($(date +%s) - 5)) # a clock may be set
	real run -d --name thrice --restart on-failure:3 small false >/dev/null
	if [ -n "${THIMBLE_LONG:-}" ]; then
		real run -d --name anew --restart on-failure:7 small \
			sh -c 'echo >>/n; [ "$(wc -l </n)" = 6 ] && sleep 11; exit 1' >/dev/null
		within 30 ended anew
		run waits anew "$since"
		echo "$output"
		[ "$(wc -w <<<"$output")" = 7 ] && [ "$(cut -d' ' -f5 <<<"$output")" -ge 16 ]
		[ "$(cut -d' ' -f6 <<<"$output")" -lt 32 ] # where it would have doubled
	fi
	within 10 ended thrice
	[ "$(real inspect -f '{{.RestartCount}}' thrice)" = 3 ]
	run waits thrice "$since"
	echo "$output"
	read -r first second third <<<"$output" # a start comes on top of each
	[ "$first" -ge 1 ] && [ "$second" -ge 2 ] && [ "$third" -ge 4 ]
	real rm thrice >/dev/null
}
