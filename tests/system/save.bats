# SPDX-License-Identifier: MIT
# docker save: one archive that is docker-archive and OCI layout; and load of it.
load lib

setup_file() {
	stack_start
	import_small
	docker run --name c1 small sh -c 'echo hi >/file; rm /bin/cat; mkdir -p /a/b; ln -s x /a/link'
	real commit -m one c1 made:1
	real tag made:1 made:again
	real tag made:1 example.com:5000/x/made:1
}
teardown_file() { stack_stop; }

id_of() { docker inspect -f '{{.Id}}' "$1"; }

# unpack FILE: into $work; every blob must be what its name says
unpack() {
	work=$BATS_TEST_TMPDIR/unpacked
	rm -rf "$work"
	mkdir "$work"
	tar -xf "$1" -C "$work"
	local f
	for f in "$work"/blobs/sha256/*; do
		[ "$(sha256sum <"$f" | cut -d' ' -f1)" = "${f##*/}" ] || { echo "$f has another digest"; return 1; }
	done
}

@test "an archive of an image and its parent" {
	docker save -o "$BATS_TEST_TMPDIR/x.tar" made:1 small:latest
	unpack "$BATS_TEST_TMPDIR/x.tar"
	# layers once each, exactly what the DiffIDs name
	[ "$(ls "$work"/blobs/sha256 | wc -l)" = 6 ]
	local d
	for d in $(real inspect -f '{{range .RootFS.Layers}}{{.}} {{end}}' made:1); do [ -s "$work/blobs/sha256/${d#sha256:}" ]; done
	# as Docker writes it, key by key
	local made small base top
	made=$(id_of made:1) small=$(id_of small)
	base=$(real inspect -f '{{index .RootFS.Layers 0}}' made:1)
	top=$(real inspect -f '{{index .RootFS.Layers 1}}' made:1)
	jq -c . "$work/manifest.json" | cmp - "$work/manifest.json"
	[ "$(jq -c 'map(keys_unsorted)' "$work/manifest.json")" = '[["Config","RepoTags","Layers","Parent","LayerSources"],["Config","RepoTags","Layers","LayerSources"]]' ]
	[ "$(jq -r '.[0].Config' "$work/manifest.json")" = "blobs/sha256/${made#sha256:}" ]
	[ "$(jq -c '.[0] | [.RepoTags, .Layers, .Parent]' "$work/manifest.json")" = \
		"[[\"made:1\"],[\"blobs/sha256/${base#sha256:}\",\"blobs/sha256/${top#sha256:}\"],\"$small\"]" ]
	[ "$(jq -c --arg d "$top" '.[0].LayerSources[$d]' "$work/manifest.json")" = \
		"{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"size\":$(stat -c %s "$work/blobs/sha256/${top#sha256:}"),\"digest\":\"$top\"}" ]
	[ "$(cat "$work/oci-layout")" = '{"imageLayoutVersion": "1.0.0"}' ]
	[ "$(cat "$work/repositories")" = "{\"made\":{\"1\":\"${top#sha256:}\"},\"small\":{\"latest\":\"${base#sha256:}\"}}" ]
	[ "$(jq -c '.manifests | map(.annotations)' "$work/index.json")" = \
		'[{"io.containerd.image.name":"docker.io/library/made:1","org.opencontainers.image.ref.name":"1"},{"io.containerd.image.name":"docker.io/library/small:latest","org.opencontainers.image.ref.name":"latest"}]' ]
	# sorted, times of the image or none
	tar -tf "$BATS_TEST_TMPDIR/x.tar" | sort -c
	[ "$(tar --full-time -tvf "$BATS_TEST_TMPDIR/x.tar" manifest.json index.json | grep -c ' 1970-01-01 00:00:00 ')" = 2 ]
	# again: the same bytes
	docker save made:1 small:latest | cmp - "$BATS_TEST_TMPDIR/x.tar"
}

@test "a name without a tag is all its tags; an id has none" {
	docker save made >"$BATS_TEST_TMPDIR/x.tar"
	unpack "$BATS_TEST_TMPDIR/x.tar"
	[ "$(jq -c 'map(.RepoTags)' "$work/manifest.json")" = '[["made:1","made:again"]]' ]
	docker save "$(id_of made:1)" example.com:5000/x/made:1 >"$BATS_TEST_TMPDIR/y.tar"
	unpack "$BATS_TEST_TMPDIR/y.tar"
	[ "$(jq -c 'map(.RepoTags)' "$work/manifest.json")" = '[["example.com:5000/x/made:1"]]' ]
	docker save "$(id_of made:1)" >"$BATS_TEST_TMPDIR/z.tar"
	unpack "$BATS_TEST_TMPDIR/z.tar"
	[ "$(jq -c 'map(.RepoTags)' "$work/manifest.json")" = '[null]' ]
	[ "$(jq -c '.manifests | map(keys_unsorted)' "$work/index.json")" = '[["mediaType","digest","size"]]' ]
	[ ! -e "$work/repositories" ]
}

@test "what is not there" {
	run real save nosuch
	[[ "$status" != 0 && "$output" == *"No such image: nosuch"* ]]
	run real save nosuch:3
	[[ "$status" != 0 && "$output" == *"reference does not exist"* ]]
	run api GET '/images/small/get?platform=%7B%22os%22%3A%22linux%22%2C%22architecture%22%3A%22s390x%22%7D'
	[[ "$output" == *"no suitable export target found for platform linux/s390x"*500 ]]
	run api GET '/images/small/get?platform=%7Bx'
	[[ "$output" == *"failed to parse platform"*400 ]]
}

@test "load gives back ids, names and parents" {
	local made small
	made=$(id_of made:1) small=$(id_of small)
	real save -o "$BATS_TEST_TMPDIR/x.tar" made:1 small:latest
	real rm c1
	real rmi made:1 made:again example.com:5000/x/made:1 small
	[ -z "$(real images -q)" ]
	run real load -i "$BATS_TEST_TMPDIR/x.tar"
	echo "$output"
	[[ "$status" = 0 && "$output" == *"Loaded image: made:1"* && "$output" == *"Loaded image: small:latest"* ]]
	[ "$(id_of made:1)" = "$made" ] && [ "$(id_of small)" = "$small" ]
	[ "$(docker inspect -f '{{.Parent}}' made:1)" = "$small" ]
	docker run --rm made:1 sh -c '[ -e /file ] && [ ! -e /bin/cat ] && [ -L /a/link ]'
	# through the other format of the same archive: without manifest.json it is an OCI layout
	unpack "$BATS_TEST_TMPDIR/x.tar"
	rm "$work/manifest.json" "$work/repositories"
	tar -C "$work" -cf "$BATS_TEST_TMPDIR/oci.tar" .
	real rmi made:1
	run real load -i "$BATS_TEST_TMPDIR/oci.tar"
	echo "$output"
	[ "$(id_of made:1)" = "$made" ]
}

@test "skopeo reads both formats" {
	command -v skopeo >/dev/null || skip "no skopeo"
	docker save -o "$BATS_TEST_TMPDIR/x.tar" made:1
	unpack "$BATS_TEST_TMPDIR/x.tar"
	local layers
	layers=$(real inspect -f '{{json .RootFS.Layers}}' made:1)
	[ "$(skopeo inspect "docker-archive:$BATS_TEST_TMPDIR/x.tar" | jq -c .Layers)" = "$layers" ]
	[ "$(skopeo inspect "oci:$work" | jq -c .Layers)" = "$layers" ]
	skopeo copy --quiet "docker-archive:$BATS_TEST_TMPDIR/x.tar" "oci-archive:$BATS_TEST_TMPDIR/copied.tar:re:tagged"
	real rmi made:1
	run real load -i "$BATS_TEST_TMPDIR/copied.tar"
	echo "$output"
	[ "$status" = 0 ]
}
