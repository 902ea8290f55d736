# SPDX-License-Identifier: MIT
# docker commit: layer, configuration, history and parents as Docker makes them.
load lib

setup_file() {
	stack_start
	import_small
	docker run --name c1 --label a=b -v /vol small sh -c 'echo hi >/file; ln /file /file2; mkdir /d; rm /bin/cat'
}
teardown_file() { stack_stop; }

inspect() { docker inspect -f "$2" "$1"; }

@test "commit keeps changes of files, whiteouts and hard links" {
	docker commit c1 made:1
	run docker run --rm made:1 sh -c 'busybox cat /file && [ /file -ef /file2 ] && [ -d /d ] && [ ! -e /bin/cat ] && echo all'
	echo "$output"
	[ "$output" = $'hi\nall' ]
	[ "$(inspect made:1 '{{len .RootFS.Layers}}')" = 2 ]
	[ "$(inspect made:1 '{{.Parent}}')" = "$(inspect small '{{.Id}}')" ]
	# the image's id is the digest of its configuration
	local id
	id=$(inspect made:1 '{{.Id}}')
	[ "sha256:$(sha256sum <"$DATA/image/overlay2/imagedb/content/sha256/${id#sha256:}" | cut -d' ' -f1)" = "$id" ]
}

@test "commit with author, message and changes" {
	run docker commit -a 'Me <m@x>' -m 'the msg' -c 'ENTRYPOINT ["/x"]' -c 'ENV A=$PATH:y B="q w"' \
		-c 'EXPOSE 80 90-91/udp' -c 'LABEL x=y' -c 'WORKDIR w' -c 'STOPSIGNAL INT' c1 made:2
	echo "$output"
	[[ "$status" = 0 && "$output" =~ ^sha256:[0-9a-f]{64}$ ]]
	[ "$(inspect made:2 '{{json .Config.Cmd}} {{json .Config.Entrypoint}} {{json .Config.Env}} {{.Config.WorkingDir}} {{.Config.StopSignal}}')" = \
		'null ["/x"] ["PATH=/bin","A=/bin:y","B=q w"] /w INT' ]
	[ "$(inspect made:2 '{{json .Config.Labels}} {{json .Config.ExposedPorts}} {{json .Config.Volumes}}')" = \
		'{"a":"b","x":"y"} {"80/tcp":{},"90/udp":{},"91/udp":{}} {"/vol":{}}' ]
	[ "$(inspect made:2 '{{.Author}} {{.Comment}} {{.DockerVersion}} {{.Os}}')" = "Me <m@x> the msg 28.5.2 linux" ]
	# what Docker keeps in the file
	local id f
	id=$(inspect made:2 '{{.Id}}')
	f=$DATA/image/overlay2/imagedb/content/sha256/${id#sha256:}
	[ "$(jq -r '.container' "$f")" = "$(docker inspect -f '{{.Id}}' c1)" ]
	[ "$(jq -c '[.container_config.Cmd[0], .container_config.Hostname == .config.Hostname, .config.Image, .container_config.Env]' "$f")" = \
		'["sh",true,"small",["PATH=/bin"]]' ]
	[ "$(jq -c '[.history[] | [.created_by, .author, .comment, .empty_layer]]' "$f")" = \
		'[[null,null,"Imported from -",null],["sh -c echo hi >/file; ln /file /file2; mkdir /d; rm /bin/cat","Me <m@x>","the msg",null]]' ]
	[ "$(jq -r 'keys_unsorted == (keys_unsorted | sort)' "$f")" = true ]
}

@test "history of a committed image, and one without changes" {
	docker create --name c0 small >/dev/null
	docker commit -m nothing c0 empty
	[ "$(inspect empty '{{len .RootFS.Layers}}')" = 1 ]
	run docker history --format '{{.Comment}} {{.Size}}' empty
	echo "$output"
	[ "${lines[0]}" = "nothing 0B" ]
	[[ "${lines[1]}" == "Imported from - "* ]]
	docker rm c0
	# the parent of an image is not removed below it, nor untagged ones left
	docker rmi empty
}

@test "refused changes say why, and leave nothing" {
	local before
	before=$(ls "$DATA/overlay2" | wc -l)
	run docker commit -c 'SHELL ["a"]' c1
	[[ "$status" != 0 && "$output" == *"SHELL is not a valid change command"* ]]
	run docker commit -c 'ENV' c1
	[[ "$status" != 0 && "$output" == *"ENV requires at least one argument"* ]]
	run docker commit -c 'ENV a="x' c1
	[[ "$status" != 0 && "$output" == *'failed to process "\"x": unexpected end'* || "$output" == *"matching double-quote"* ]]
	run docker commit nosuch
	[[ "$status" != 0 && "$output" == *"No such container: nosuch"* ]]
	run api POST '/commit?container=c1&repo=BAD' -H 'Content-Type: application/json' -d null
	[[ "$output" == *"must be lowercase"*400 ]]
	[ "$(ls "$DATA/overlay2" | wc -l)" = "$before" ]
	[ -z "$(ls -A "$DATA/image/overlay2/layerdb/tmp")" ]
}

@test "a running container is frozen meanwhile, and goes on" {
	local since
	since=$(($(date +%s) - 5)) # a clock may be set
	docker run -d --name live small sh -c 'dd if=/dev/zero of=/big bs=1M count=64; while :; do date +%s.%N >/new; mv /new /now; sleep 0.05; done'
	within 10 docker exec live test -e /now
	docker commit live frozen:1
	docker commit -p=false live loose:1
	[ "$(docker inspect -f '{{.State.Status}}' live)" = running ]
	real events --since "$since" --until "$(($(date +%s) + 2))" --filter container=live --format '{{.Action}}' >"$BATS_TEST_TMPDIR/events"
	cat "$BATS_TEST_TMPDIR/events"
	[ "$(grep -c '^commit$' "$BATS_TEST_TMPDIR/events")" = 2 ]
	if [ "$(docker info -f '{{.CgroupDriver}}')" != none ]; then
		[ "$(grep -c '^pause$' "$BATS_TEST_TMPDIR/events")" = 1 ]
		[ "$(grep -c '^unpause$' "$BATS_TEST_TMPDIR/events")" = 1 ]
	fi
	docker run --rm frozen:1 test -s /now
	docker rm -f live
}

@test "the event names image and comment" {
	docker commit -m why c1 named:1
	run real events --since "$(($(date +%s) - 60))" --until "$(($(date +%s) + 2))" --filter event=commit --format '{{json .Actor.Attributes}}'
	echo "$output"
	[ "$(tail -n 1 <<<"$output" | jq -r '[.comment, .imageRef, .imageID] | join(" ")')" = "why named:1 $(inspect named:1 '{{.Id}}')" ]
}

@test "commit by our own client" {
	run ours commit -a me -m "a message" -c 'ENV X=y' -p=false c1 ours/made:3
	echo "$output"
	[[ "$status" = 0 && "$output" =~ ^sha256:[0-9a-f]{64}$ ]]
	[ "$(inspect ours/made:3 '{{.Author}} {{.Comment}} {{json .Config.Env}}')" = 'me a message ["PATH=/bin","X=y"]' ]
}

@test "volumes by our own client" {
	[ "$(ours volume create --label k=v data)" = data ]
	[ "$(ours volume ls -q)" = "$(real volume ls -q)" ]
	[ "$(ours volume ls --filter label=k)" = "$(real volume ls --filter label=k)" ]
	[ "$(ours volume inspect data | jq -S .)" = "$(real volume inspect data | jq -S .)" ]
	[ "$(ours volume inspect -f '{{.Name}} {{.Labels.k}}' data)" = "data v" ]
	run ours volume inspect nosuch
	[[ "$status" = 1 && "$output" == *"no such volume"* ]]
	run ours volume prune -f
	[[ "$output" == *"Total reclaimed space:"* ]]
	real volume inspect data >/dev/null
	run ours volume prune -a -f
	[[ "$output" == *"Deleted Volumes:"*data* ]]
	ours volume create gone
	[ "$(ours volume rm gone)" = gone ]
	run ours volume rm gone
	[[ "$status" = 1 && "$output" == *"no such volume"* ]]
	ours volume rm -f gone
}
