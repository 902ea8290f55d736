# SPDX-License-Identifier: MIT
# Images: pulls from registries that fail in the middle of a layer, pulls by digest and through a
# mirror, sharing of layers, load of both archive formats, import, names and removal.
load lib

setup_file() {
	command -v python3 >/dev/null || return 0
	stack_env
	HOSTILE=$(free_port)
	export HOSTILE
	"$BATS_TEST_DIRNAME/hostile-registry" "$HOSTILE" "$BATS_FILE_TMPDIR/hostile.log" 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/hostile.pid"
	within 10 curl -sf "http://127.0.0.1:$HOSTILE/v2/"
	stack_start --max-download-attempts=2 --registry-mirror="http://127.0.0.1:$HOSTILE"
}

teardown_file() {
	command -v python3 >/dev/null || return 0
	kill "$(cat "$BATS_FILE_TMPDIR/hostile.pid")" 2>/dev/null || true
	stack_stop
}

setup() {
	command -v python3 >/dev/null || skip "the misbehaving registry is a Python script (package python3)"
	layers_before=$(layer_count)
}

layer_count() { ls "$DATA/overlay2" 2>/dev/null | grep -vc '^l$' || true; }

# fails REPOSITORY TEXT: a pull is refused with TEXT in its message and leaves nothing
fails() {
	run timeout "${3:-200}" "$STAGE/tools/docker" pull "127.0.0.1:$HOSTILE/$1"
	echo "$output"
	[ "$status" != 0 ] && [ "$status" != 124 ]
	[[ "$output" == *"$2"* ]]
	[ "$(layer_count)" = "$layers_before" ]
	[ -z "$(real images -q "127.0.0.1:$HOSTILE/$1")" ]
}

@test "a layer that is longer than promised" { fails longer "promises a blob of"; }
@test "a layer without end" { fails endless "longer than the"; }
@test "a layer that always breaks off" { fails always-short "unexpected EOF"; }
@test "a resumed layer that is another range" { fails wrongrange "another range"; }
@test "a layer with another digest" { fails wrongdigest "verification failed"; }
@test "a layer that is truncated" { fails truncated "truncated"; }
@test "a layer the registry does not have" { fails gone "blob unknown"; }
@test "a layer with ../ in it" { fails dotdot "outside of the root"; }
@test "a layer whose file is 10 GB by its header only" { fails huge "truncated"; }
@test "more layers than the configuration says" { fails mismatch "don't match image configuration"; }
@test "a manifest of schema 1" { fails schema1 "schema 1"; }
@test "redirects between two hosts without end" { fails farloop "stopped after 10 redirects"; }
@test "one header of 1 GB" { fails oneheader "head too long"; }
@test "a manifest without end" { fails endlessmanifest "longer than"; }
@test "access denied" { fails denied "pull access denied for 127.0.0.1:$HOSTILE/denied, repository does not exist or may require 'docker login'"; }
@test "a layer that stalls" { fails stall "timeout" 600; }

@test "a broken download is resumed where it broke off" {
	run real pull "127.0.0.1:$HOSTILE/short"
	echo "$output"
	[ "$status" = 0 ]
	[ "$(grep -c "^GET /v2/short/blobs" "$BATS_FILE_TMPDIR/hostile.log")" -ge 3 ]
}

@test "pull by digest, again, and removal" {
	local digest
	real pull -q "127.0.0.1:$HOSTILE/ok"
	digest=$(real images --digests --format '{{.Digest}}' "127.0.0.1:$HOSTILE/ok")
	[[ "$digest" == sha256:* ]]
	run real pull "127.0.0.1:$HOSTILE/ok"
	[[ "$output" == *"Image is up to date"* ]]
	real rmi "127.0.0.1:$HOSTILE/ok"
	run real pull "127.0.0.1:$HOSTILE/ok@$digest"
	echo "$output"
	[ "$status" = 0 ]
	[[ "$output" == *"Downloaded newer image for 127.0.0.1:$HOSTILE/ok@$digest"* ]]
	run real rmi "127.0.0.1:$HOSTILE/ok@$digest"
	[[ "$output" == *Untagged:* && "$output" == *Deleted:* ]]
}

@test "Docker Hub's names come through the mirror" {
	run real pull mirrored
	echo "$output"
	[ "$status" = 0 ]
	[[ "$output" == *"docker.io/library/mirrored:latest"* ]]
	grep -q "^HEAD /v2/library/mirrored/manifests/latest" "$BATS_FILE_TMPDIR/hostile.log"
	real rmi mirrored
}

@test "several pulls of one image at once fetch its layer once" {
	local i pids=()
	: >"$BATS_FILE_TMPDIR/hostile.log"
	for i in 1 2 3 4; do
		real pull -q "127.0.0.1:$HOSTILE/together" >/dev/null 3>&- &
		pids+=($!)
	done
	wait "${pids[@]}" # not all children: the one that watches over the time is one, too
	[ -n "$(real images -q "127.0.0.1:$HOSTILE/together")" ]
	[ "$(grep "/together/blobs" "$BATS_FILE_TMPDIR/hostile.log" | sort | uniq -c | sort -n | head -n 1 | awk '{ print $1 }')" = 1 ]
}

@test "import with changes, and load of a docker archive made of it" {
	local work=$BATS_TEST_TMPDIR id layer
	mkdir -p "$work/root" "$work/save"
	echo content >"$work/root/file"
	tar -C "$work/root" -cf "$work/root.tar" .
	real import -c 'CMD ["/x"]' -c 'ENV A=b' -m hello "$work/root.tar" made:1
	[ "$(real inspect -f '{{json .Config.Cmd}} {{.Config.Env}} {{.Comment}}' made:1)" = '["/x"] [A=b] hello' ]
	id=$(real inspect -f '{{.Id}}' made:1)
	cp "$DATA/image/overlay2/imagedb/content/sha256/${id#sha256:}" "$work/save/config.json"
	cp "$work/root.tar" "$work/save/layer.tar"
	echo '[{"Config":"config.json","RepoTags":["loaded:2"],"Layers":["layer.tar"]}]' >"$work/save/manifest.json"
	tar -C "$work/save" -czf "$work/archive.tar.gz" manifest.json layer.tar config.json
	real rmi made:1
	run real load -i "$work/archive.tar.gz"
	echo "$output"
	[ "$status" = 0 ]
	[[ "$output" == *"Loaded image: loaded:2"* ]]
	[ "$(real inspect -f '{{.Id}}' loaded:2)" = "$id" ]
	real tag loaded:2 other:3
	run real rmi "${id#sha256:}"
	[[ "$status" != 0 && "$output" == *"image is referenced in multiple repositories"* ]]
	real rmi loaded:2 other:3
	[ "$(layer_count)" = "$layers_before" ]
}

@test "load refuses what is no archive of images" {
	echo nonsense >"$BATS_TEST_TMPDIR/x.tar"
	run real load -i "$BATS_TEST_TMPDIR/x.tar"
	[ "$status" != 0 ]
	tar -C "$BATS_TEST_TMPDIR" -cf "$BATS_TEST_TMPDIR/y.tar" x.tar
	run real load -i "$BATS_TEST_TMPDIR/y.tar"
	[[ "$status" != 0 && "$output" == *"does not contain a manifest.json"* ]]
	[ -z "$(ls -A "$DATA/tmp")" ]
}
