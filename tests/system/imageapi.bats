# SPDX-License-Identifier: MIT
# Answers about images, networks and volumes that clients compare word by word, as dockerd 28.5.2 gave
# them for the same requests: names and history, filters, conflicts of rmi, prunes, refusals, events.
load lib

setup_file() { stack_start; }
teardown_file() { stack_stop; }

setup() { stack_env; }

teardown() {
	real ps -aq | xargs -r "$STAGE/tools/docker" rm -f >/dev/null
	for _ in 1 2 3 4; do # those that others stand upon go last
		real images -aq | sort -u | xargs -r "$STAGE/tools/docker" rmi -f >/dev/null 2>&1 || true
	done
	real volume prune -af >/dev/null
}

# family: base:1 (labels a=1), child:1 (b=2) upon it, grand:1 upon that, and an unnamed one
family() {
	real import -c 'CMD ["/bin/sh"]' -c 'ENV PATH=/bin' -c 'LABEL a=1' -m words "$STAGE/fixtures/small.tar.gz" base:1 >/dev/null
	real run --name c1 base:1 sh -c 'echo 1 >/one'
	real commit -c 'LABEL b=2' c1 child:1 >/dev/null
	real run --name c2 child:1 sh -c 'echo 2 >/two'
	real commit c2 grand:1 >/dev/null
	real commit c2 >/dev/null
	real rm c1 c2 >/dev/null
}

# shown FILTERS...: the images, one a line
shown() {
	local f=()
	for x in "$@"; do f+=(--filter "$x"); done
	real images -a --format '{{.Repository}}:{{.Tag}}' "${f[@]}" 2>&1 | sort | tr '\n' ' '
}

# prune WHAT FILTERS: the answer, ids as ID, and the status
prune() {
	curl -s -X POST --unix-socket "$XDG_RUNTIME_DIR/docker.sock" -w ' %{http_code}' -G --data-urlencode "filters=$2" \
		"http://localhost/v1.51/$1/prune" | tr -d '\n' | sed -E 's/[0-9a-f]{64}/ID/g; s/"SpaceReclaimed":[1-9][0-9]*/"SpaceReclaimed":N/'
}

@test "names are in the order of what they are in full; history names the images it came through" {
	family
	real tag base:1 zz:1
	real tag base:1 localhost:5000/a:1
	real tag base:1 user/a:1
	[ "$(real image inspect -f '{{json .RepoTags}}' zz:1)" = '["base:1","zz:1","user/a:1","localhost:5000/a:1"]' ]
	[ "$(api GET /images/grand:1/history | head -n 1 | jq -c '[.[]|.Tags]')" = '[["grand:1"],["child:1"],["base:1","zz:1","user/a:1","localhost:5000/a:1"]]' ]
	[ "$(api GET /images/grand:1/history | head -n 1 | jq -r '.[1].Id')" = "$(real images -q --no-trunc child:1)" ]
	run real tag base:1 "sha256:$(printf '%064d' 0)"
	[[ $output == *"refusing to create an ambiguous tag using digest algorithm as name"* ]]
}

@test "filters of the list" {
	family
	[ "$(shown dangling=true)" = "<none>:<none> " ]
	[ "$(shown label=b label=a)" = "<none>:<none> child:1 grand:1 " ]
	[ "$(shown label=a=2)" = "" ]
	[ "$(shown before=child:1)" = "base:1 " ]
	[ "$(shown since=base:1 before=grand:1)" = "child:1 " ]
	[ "$(shown reference='ba*' reference='gr*')" = "base:1 grand:1 " ]
	[ "$(shown until=1h)" = "" ]
	[[ "$(shown 'label!=b')" == *"invalid filter 'label!'"* ]]
	[[ "$(shown until=x)" == *'failed to parse value as time or duration: "x"'* ]]
	[[ "$(shown dangling=maybe)" == *"invalid filter 'dangling=[maybe]'"* ]]
}

@test "conflicts of rmi" {
	local id
	family
	id=$(real images -q --no-trunc base:1)
	run real rmi "$id"
	[[ $output == *"(cannot be forced) - image has dependent child images"* ]]
	real run -d --name runs base:1 busybox sleep 1000 >/dev/null
	run real rmi base:1
	[[ $output == *'unable to remove repository reference "base:1" (must force) - container '*' is using its referenced image '* ]]
	[ "$(real rmi -f base:1)" = "Untagged: base:1" ]
	real tag grand:1 grand:2
	id=$(real images -q --no-trunc grand:1)
	run real rmi "$id"
	[[ $output == *"(must be forced) - image is referenced in multiple repositories"* ]]
	[ "$(real rmi -f "$id" | sed -E 's/[0-9a-f]{64}/ID/')" = "$(printf 'Untagged: grand:1\nUntagged: grand:2\nDeleted: sha256:ID')" ]
}

@test "prunes and their filters" {
	real import -c 'LABEL k=v' "$STAGE/fixtures/small.tar.gz" p:1 >/dev/null
	real tag p:1 p:2
	real import -c 'LABEL k=w' "$STAGE/fixtures/small.tar.gz" >/dev/null
	real create --name pc --label z=1 p:1 true >/dev/null
	real create --name pd --label z=2 p:1 true >/dev/null
	real volume create --label q=1 pv >/dev/null
	[ "$(prune images '{"label":["k=v"]}')" = '{"ImagesDeleted":null,"SpaceReclaimed":0} 200' ]
	[ "$(prune images '{"label":["k=w"]}')" = '{"ImagesDeleted":[{"Deleted":"sha256:ID"}],"SpaceReclaimed":0} 200' ]
	[[ "$(prune images '{"until":["1h","2h"]}')" == '{"message":"more than one until filter specified"}'* ]]
	[[ "$(prune images '{"dangling":["x"]}')" == *"invalid filter 'dangling=[x]'"*400 ]]
	# one name of two goes though containers use the image
	[ "$(prune images '{"dangling":["false"]}')" = '{"ImagesDeleted":[{"Untagged":"p:1"}],"SpaceReclaimed":0} 200' ]
	[ "$(prune containers '{"label":["z=1"]}')" = '{"ContainersDeleted":["ID"],"SpaceReclaimed":0} 200' ]
	[[ "$(prune containers '{"until":["1h","2h"]}')" == '{"message":"more than one until filter specified"}'*400 ]]
	[ "$(prune containers '{"label":["z=1"]}')" = '{"ContainersDeleted":null,"SpaceReclaimed":0} 200' ]
	[ "$(prune containers '{"label!":["z=2"]}')" = '{"ContainersDeleted":null,"SpaceReclaimed":0} 200' ]
	[ "$(prune containers '{"label!":["z=1"]}')" = '{"ContainersDeleted":["ID"],"SpaceReclaimed":0} 200' ]
	[ "$(prune volumes '{}')" = '{"VolumesDeleted":[],"SpaceReclaimed":0} 200' ]
	[[ "$(prune volumes '{"all":["1","0"]}')" == *"invalid filter 'all=[1 0]'"*400 ]]
	[ "$(prune volumes '{"all":["1"],"label":["q=1"]}')" = '{"VolumesDeleted":["pv"],"SpaceReclaimed":0} 200' ]
	[ "$(prune images '{"dangling":["false"]}')" = '{"ImagesDeleted":[{"Untagged":"p:2"},{"Deleted":"sha256:ID"},{"Deleted":"sha256:ID"}],"SpaceReclaimed":N} 200' ]
}

@test "import from a web server" {
	local at pid
	command -v python3 >/dev/null || skip "no web server (package python3)"
	at=127.0.0.1:$(free_port)
	python3 -m http.server -b "${at%:*}" "${at#*:}" -d "$STAGE/fixtures" >"$BATS_TEST_TMPDIR/web" 2>&1 3>&- &
	pid=$!
	within 10 curl -sf "http://$at/"
	run ours import -c 'CMD ["/bin/sh"]' --platform linux/arm64 "http://$at/small.tar.gz" w:1
	echo "$output"
	[[ "$status" = 0 && "$output" == *"Downloading from http://$at/small.tar.gz"*sha256:* ]]
	[ "$(real image inspect -f '{{json .Config.Cmd}} {{.Architecture}} {{.Comment}} {{.DockerVersion}}' w:1)" = "[\"/bin/sh\"] arm64 Imported from http://$at/small.tar.gz 28.5.2" ]
	real import "$STAGE/fixtures/small.tar.gz" w:2 >/dev/null
	[ "$(real image inspect -f '{{.RootFS.Layers}}' w:1)" = "$(real image inspect -f '{{.RootFS.Layers}}' w:2)" ]
	# without http://, and shown as it comes
	run api POST "/images/create?fromSrc=$at/small.tar.gz&repo=w&tag=3&message=words"
	echo "$output"
	[[ "$output" == *'"status":"Importing","progressDetail":{"current":'*200 ]]
	[ "$(real image inspect -f '{{.Comment}}' w:3)" = words ]
	run api POST "/images/create?fromSrc=http://$at/none"
	[[ "$output" == *"failed to GET http://$at/none with status 404 File not found"*404 ]]
	kill $pid
	within 5 fails kill -0 $pid
	run api POST "/images/create?fromSrc=http://$at/x"
	[ "$output" = $'{"message":"Get \\"http://'"$at/x"$'\\": dial tcp '"$at"$': connect: connection refused"}\n\n500' ]
	run api POST "/images/create?fromSrc=file:///etc/passwd"
	[[ "$output" == *"unsupported protocol scheme"*500 ]]
	run api POST "/images/create?fromSrc=http://$at/x&platform=windows/amd64"
	[[ "$output" == *"operating system is not supported"*400 ]]
	[ "$(real images -q | wc -l)" = 3 ]
}

@test "a cluster volume" {
	[[ "$(api POST /volumes/create -d '{"Name":"cv","ClusterVolumeSpec":{}}' -H 'Content-Type: application/json' | tr -d '\n')" == *"This node is not a swarm manager."*503 ]]
	[[ "$(api POST /v1.41/volumes/create -d '{"Name":"cv","ClusterVolumeSpec":{}}' -H 'Content-Type: application/json' | tr -d '\n')" == *'"Name":"cv"'*201 ]]
	[[ "$(api POST /volumes/create -d '{"Name":"dv","ClusterVolumeSpec":null}' -H 'Content-Type: application/json' | tr -d '\n')" == *'"Name":"dv"'*201 ]]
}

# answer VERSION METHOD PATH PLATFORM [CURL OPTIONS]: the status, and the message of an error
answer() {
	local p
	p=$(jq -rn --arg p "$4" '$p|@uri')
	api "$2" "/v$1$3$p" "${@:5}" | tr -d '\r\n' | sed -E 's/^\{"message":"(.*)"\}/\1 /; s/^\[?\{.*[]}]//'
}

@test "an image for a platform: from which version on each request knows it" {
	local amd='{"os":"linux","architecture":"amd64"}' arm='{"os":"linux","architecture":"arm64"}'
	local no='image with reference p:1 was found but its platform (linux/amd64) does not match the specified platform (linux/arm64) 404'
	[ "$(uname -m)" = x86_64 ] || skip "the fixture is for amd64"
	real import "$STAGE/fixtures/small.tar.gz" p:1 >/dev/null
	[ "$(answer 1.49 GET /images/p:1/json?platform= "$amd")" = 200 ]
	[ "$(answer 1.49 GET /images/p:1/json?platform= "$arm")" = "$no" ]
	[ "$(answer 1.48 GET /images/p:1/json?platform= "$arm")" = 200 ]
	[ "$(answer 1.48 GET /images/p:1/history?platform= "$arm")" = "$no" ]
	[ "$(answer 1.47 GET /images/p:1/history?platform= "$arm")" = 200 ]
	[ "$(answer 1.46 POST '/images/p/push?tag=1&platform=' "$arm")" = "$no" ]
	[ "$(answer 1.50 DELETE /images/p:1?platforms= "$arm")" = "$no" ]
	[ "$(answer 1.50 DELETE "/images/p:1?platforms=%7B%7D&platforms=" "$amd")" = "multiple platforms are not supported 400" ]
	[[ "$(answer 1.48 GET /images/p:1/get?platform= linux/amd64)" == "failed to parse platform: invalid character 'l' looking for beginning of value"*400 ]]
	[ "$(answer 1.48 GET /images/p:1/get?platform= '{"os":"linux"}')" = "both OS and Architecture must be provided 400" ]
	[ "$(answer 1.48 GET /images/p:1/get?platform= '{"os":"linux","architecture":"amd64","variant":"v3"}')" = "no suitable export target found for platform linux/amd64/v3 500" ]
	real save -o "$BATS_TEST_TMPDIR/p.tar" p:1
	[ "$(answer 1.48 POST /images/load?platform= "$arm" --data-binary "@$BATS_TEST_TMPDIR/p.tar")" = 200 ]
	[ "$(answer 1.50 DELETE /images/p:1?platforms= "$amd")" = 200 ]
	# without a word, and without an image
	[ "$(answer 1.48 POST /images/load?platform= "$arm" --data-binary "@$BATS_TEST_TMPDIR/p.tar")" = 200 ]
	[ -z "$(real images -q)" ]
	ours load -q --platform linux/amd64 -i "$BATS_TEST_TMPDIR/p.tar"
	[ -n "$(real images -q p:1)" ]
}

@test "inspect: what the driver knows of the top layer, what a commit found" {
	local data
	family
	data=$(real image inspect -f '{{json .GraphDriver.Data}}' base:1)
	echo "$data"
	[ "$(jq -c keys <<<"$data")" = '["MergedDir","UpperDir","WorkDir"]' ]
	[[ "$(jq -r .UpperDir <<<"$data")" == "$DATA/overlay2/"*/diff ]]
	[ -e "$(jq -r .UpperDir <<<"$data")/bin/sh" ]
	[ "$(real image inspect -f '{{.GraphDriver.Data.LowerDir}}' child:1)" = "$(jq -r .UpperDir <<<"$data")" ]
	[ "$(api GET /v1.44/images/child:1/json | head -n 1 | jq -c '[.ContainerConfig.Cmd,.ContainerConfig.Image]')" = '[["sh","-c","echo 1 >/one"],"base:1"]' ]
	[ "$(api GET /v1.44/images/base:1/json | head -n 1 | jq -c '[.ContainerConfig.Cmd,.ContainerConfig.Image]')" = '[null,""]' ]
	[ "$(api GET /v1.45/images/child:1/json | head -n 1 | jq .ContainerConfig)" = null ]
}

@test "a container whose first start failed was created, not ended" {
	real import "$STAGE/fixtures/small.tar.gz" base:1 >/dev/null
	run -127 real run --name no base:1 /nothing
	[ "$(real inspect -f '{{.State.Status}} {{.State.ExitCode}}' no)" = "created 127" ]
}

# network BODY: POST /networks/create; the answer, ids as ID, and the status
network() {
	api POST /networks/create -H 'Content-Type: application/json' -d "$1" | tr -d '\n' | sed -E 's/[0-9a-f]{64}/ID/g; s/br-[0-9a-f]{12}/BRIDGE/'
}
configs() { real network inspect -f '{{range .IPAM.Config}}{{.Subnet}} {{end}}' "$1" | sed -E 's/172\.[0-9]+\./172.X./'; }

@test "networks: odd requests, each with its answer" {
	local made='{"Id":"ID","Warning":""}201'
	while IFS='|' read -r body answer; do
		[ "$(network "$body")" = "${answer/MADE/$made}" ] || { echo "$body: $(network "$body")"; return 1; }
	done <<-'TABLE'
	{}|{"message":"invalid name: name is empty"}400
	{"Name":"cfg","ConfigOnly":true,"IPAM":{"Config":[{"Subnet":"10.77.0.0/24"}]}}|MADE
	{"Name":"n","ConfigFrom":{"Network":"nosuch"}}|{"message":"configuration network \"nosuch\" does not exist"}404
	{"Name":"n","ConfigFrom":{"Network":"cfg"},"Labels":{"a":"b"}}|{"message":"user specified configurations are not supported if the network depends on a configuration network"}403
	{"Name":"n","ConfigFrom":{"Network":"cfg"},"Options":{"a":"b"}}|{"message":"network driver options are not supported if the network depends on a configuration network"}403
	{"Name":"uses","ConfigFrom":{"Network":"cfg"}}|MADE
	{"Name":"n","Options":{"com.docker.network.enable_ipv6":"x"}}|{"message":"driver-opt \"com.docker.network.enable_ipv6\" is not a valid bool"}400
	{"Name":"n","Options":{"com.docker.network.enable_ipv4":"false"}}|{"message":"IPv4 or IPv6 must be enabled"}400
	{"Name":"n","Options":{"com.docker.network.host_ipv4":"x"}}|{"message":"failed to parse com.docker.network.host_ipv4 value: x (nil ip)"}400
	{"Name":"n","Options":{"com.docker.network.bridge.gateway_mode_ipv4":"foo"}}|{"message":"failed to parse com.docker.network.bridge.gateway_mode_ipv4 value: foo (unknown gateway mode foo)"}400
	{"Name":"a/b","Options":{"com.docker.network.enable_ipv6":"true"}}|MADE
	{"Name":"six","EnableIPv6":true,"IPAM":{"Config":[{"Subnet":"fd99::/64"}]}}|MADE
	TABLE
	run real network rm cfg
	[[ "$output" == *'error while removing network: configuration network "cfg" is in use'* ]]
	[ "$(configs six)" = "fd99::/64 172.X.0.0/16 " ]
	[[ "$(api GET /networks/a%2Fb | head -n 1 | jq -c '[.Name, .EnableIPv6]')" == '["a/b",true]' ]]
	real network rm uses cfg six a/b
	[[ "$(api POST /networks/nosuch/connect -H 'Content-Type: application/json' -d '{"Container":"none"}')" == *"No such container: none"*404 ]]
	[[ "$(api POST /networks/bridge/disconnect)" == *'invalid name or ID supplied: \"\"'*400 ]]
	[[ "$(api PUT /volumes/x -H 'Content-Type: application/json' -d '{}')" == *"volume update only valid for cluster volumes, but swarm is unavailable"*503 ]]
	[[ "$(api GET '/volumes?filters=x')" == *'"error reading volume filters: invalid filter"'*400 ]]
	[[ "$(api POST /volumes/create)" == *'"com.docker.volume.anonymous":""'*201 ]]
	[[ "$(api GET '/images/search?term=127.0.0.1:1/x')" == *"connection refused"*500 ]]
	[[ "$(api GET '/images/search?term=x&filters=%7B%22stars%22%3A%5B%22x%22%5D%7D')" == *"invalid filter 'stars=x': strconv.Atoi"*400 ]]
	[[ "$(api GET /networks -G --data-urlencode 'filters={"dangling":["1","0"]}')" == *'got more than one value for filter key \"dangling\"'*400 ]]
}

@test "a bridge that cannot be made leaves nothing behind: its subnet is free again" {
	local pool
	[ "$(network '{"Name":"one"}')" = '{"Id":"ID","Warning":""}201' ]
	pool=$(real network inspect -f '{{(index .IPAM.Config 0).Subnet}}' one)
	real network rm one
	[[ "$(network '{"Name":"six","EnableIPv6":true,"IPAM":{"Config":[{"Subnet":"ff00::/64"}]}}')" == *BRIDGE*500 ]]
	# so is its name
	[[ "$(network '{"Name":"six","EnableIPv6":true,"IPAM":{"Config":[{"Subnet":"ff00::/64"}]}}')" == *BRIDGE*500 ]]
	[ "$(network '{"Name":"one"}')" = '{"Id":"ID","Warning":""}201' ]
	[ "$(real network inspect -f '{{(index .IPAM.Config 0).Subnet}}' one)" = "$pool" ]
	real network rm one
}

@test "events of images, volumes and prunes" {
	local since id
	since=$(date +%s.%N)
	real import "$STAGE/fixtures/small.tar.gz" ev:1 >/dev/null
	id=$(real images -q --no-trunc ev:1)
	real save -o "$BATS_TEST_TMPDIR/ev.tar" ev:1
	real tag ev:1 ev:2
	real run --rm -v evv:/m:ro ev:1 busybox true
	real rmi ev:1
	real rmi ev:2
	real load -qi "$BATS_TEST_TMPDIR/ev.tar"
	real volume rm evv
	real volume prune -f
	real image prune -f
	real container prune -f
	real builder prune -f
	api GET "/events?since=$since&until=$(($(date +%s) + 2))&filters=%7B%22type%22%3A%5B%22image%22%2C%22volume%22%2C%22builder%22%5D%7D" | sed '$d' |
		jq -rc '[.Type, .Action, .Actor.ID, (.Actor.Attributes | del(.container) | to_entries | map(.key + "=" + .value) | sort | join(","))] | join(" ")' |
		sed "s/$id/ID/g" >"$BATS_TEST_TMPDIR/seen"
	cat "$BATS_TEST_TMPDIR/seen"
	diff - "$BATS_TEST_TMPDIR/seen" <<-'LIST'
	image tag ID name=ev:1
	image import ID name=ID
	image save ID name=ID
	image tag ID name=ev:2
	volume create evv driver=local
	volume mount evv destination=/m,driver=local,propagation=,read/write=false
	volume unmount evv driver=local
	image untag ID name=ID
	image untag ID name=ID
	image delete ID name=ID
	image load ID name=ID
	volume destroy evv driver=local
	volume prune  reclaimed=0
	image prune  reclaimed=0
	builder prune  reclaimed=0
	LIST
}
