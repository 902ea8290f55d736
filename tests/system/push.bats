# SPDX-License-Identifier: MIT
# docker push to a real registry with TLS and passwords: uploads, what is not uploaded again, mounts
# between repositories, refusals, and connections that break.
load lib

setup_file() {
	stack_env
	registry_start
	registry_trust
	stack_start
	import_small
	real login -u "$REGISTRY_USER" --password-stdin "$REGISTRY" <<<"$REGISTRY_PASSWORD"
	docker run --name c1 small sh -c 'echo hi >/file; rm /bin/cat'
	real commit c1 made:1
}
teardown_file() {
	stack_stop
	registry_stop
	[ ! -e "$BATS_FILE_TMPDIR/plain.pid" ] || kill $(cat "$BATS_FILE_TMPDIR"/plain.pid) || true
}

registry_auth() { printf '{"username":"%s","password":"%s"}' "${1:-$REGISTRY_USER}" "${2:-$REGISTRY_PASSWORD}" | base64 -w0; }
id_of() { docker inspect -f '{{.Id}}' "$1"; }
manifest() { registry_curl -H 'Accept: application/vnd.docker.distribution.manifest.v2+json' "https://$REGISTRY/v2/$1/manifests/$2"; }

@test "an image goes up and comes back" {
	local id
	id=$(id_of made:1)
	real tag made:1 "$REGISTRY/a/made:1"
	run real push "$REGISTRY/a/made:1"
	echo "$output"
	[ "$status" = 0 ]
	[[ "${lines[0]}" == "The push refers to repository [$REGISTRY/a/made]" ]]
	[ "$(grep -c ': Pushed$' <<<"$output")" = 2 ]
	[[ "${lines[-1]}" == "1: digest: sha256:$(manifest a/made 1 | sha256sum | cut -d' ' -f1) size: $(manifest a/made 1 | wc -c)" ]]
	[ "$(manifest a/made 1 | jq -r .config.digest)" = "$id" ]
	# the manifest's bytes are Docker's: three blanks, no line end
	[ "$(manifest a/made 1 | sed -n 2p)" = '   "schemaVersion": 2,' ]
	# each blob unpacks to its DiffID
	local i digest
	for i in 0 1; do
		digest=$(manifest a/made 1 | jq -r ".layers[$i].digest")
		[ "sha256:$(registry_curl "https://$REGISTRY/v2/a/made/blobs/$digest" | gzip -dc | sha256sum | cut -d' ' -f1)" = \
			"$(real inspect -f "{{index .RootFS.Layers $i}}" made:1)" ]
	done
	[[ "$(real images --digests --format '{{.Digest}}' "$REGISTRY/a/made")" == sha256:* ]]
	real rm c1 >/dev/null
	real rmi made:1 "$REGISTRY/a/made:1" small
	real pull "$REGISTRY/a/made:1"
	[ "$(id_of "$REGISTRY/a/made:1")" = "$id" ]
	docker run --rm "$REGISTRY/a/made:1" sh -c '[ -e /file ] && [ ! -e /bin/cat ]'
}

@test "what is there is not sent again, and mounted into other repositories" {
	local before
	run ours push "$REGISTRY/a/made:1"
	echo "$output"
	[ "$(grep -c 'Layer already exists' <<<"$output")" = 2 ]
	before=$(manifest a/made 1 | jq -c .layers)
	real tag "$REGISTRY/a/made:1" "$REGISTRY/b/other:2"
	run real push "$REGISTRY/b/other:2"
	echo "$output"
	[ "$(grep -c 'Mounted from a/made' <<<"$output")" = 2 ]
	[ "$(manifest b/other 2 | jq -c .layers)" = "$before" ]
	[ "$(grep -c 'PATCH /v2/b/other' "$BATS_FILE_TMPDIR/registry/log" || true)" = 0 ]
	# all tags at once
	real tag "$REGISTRY/a/made:1" "$REGISTRY/b/other:3"
	run real push -a "$REGISTRY/b/other"
	[[ "$output" == *"2: digest: "* && "$output" == *"3: digest: "* ]]
}

@test "a pulled layer goes up with its own digest, a new one beside it" {
	local digest
	# of no other repository, and compressed in a way of its own: nothing made again would have this digest
	gzip -dc "$STAGE/fixtures/small.tar.gz" >"$BATS_TEST_TMPDIR/layer.tar"
	echo own >"$BATS_TEST_TMPDIR/own"
	tar -rf "$BATS_TEST_TMPDIR/layer.tar" -C "$BATS_TEST_TMPDIR" own
	gzip -1 "$BATS_TEST_TMPDIR/layer.tar"
	digest=sha256:$(sha256sum <"$BATS_TEST_TMPDIR/layer.tar.gz" | cut -d' ' -f1)
	push_image c/base:1 "$BATS_TEST_TMPDIR/layer.tar.gz" '{"Cmd":["/bin/sh"],"Env":["PATH=/bin"]}'
	real rmi $(real images -q) -f >/dev/null
	real pull -q "$REGISTRY/c/base:1"
	docker run --name c2 "$REGISTRY/c/base:1" sh -c 'echo new >/new'
	real commit c2 "$REGISTRY/d/derived:1"
	run real push "$REGISTRY/d/derived:1"
	echo "$output"
	[[ "$output" == *"Mounted from c/base"* && "$output" == *Pushed* ]]
	[ "$(manifest d/derived 1 | jq -r '.layers[0].digest')" = "$digest" ]
	# what is remembered has Docker's form
	local diff f
	diff=$(real inspect -f '{{index .RootFS.Layers 0}}' "$REGISTRY/c/base:1")
	f=$DATA/image/overlay2/distribution/v2metadata-by-diffid/sha256/${diff#sha256:}
	[ "$(jq -c --arg d "$digest" '[.[] | select(.Digest == $d) | [.SourceRepository, (.HMAC | length)]] | sort | unique' "$f")" = \
		"[[\"$REGISTRY/c/base\",0],[\"$REGISTRY/d/derived\",64]]" ]
	[ "$(cat "$DATA/image/overlay2/distribution/diffid-by-digest/sha256/${digest#sha256:}")" = "$diff" ]
	# the key of the mark is Docker's: the digest of the credentials as JSON
	local key text
	key=sha256:$(printf '{"username":"%s","password":"%s"}' "$REGISTRY_USER" "$REGISTRY_PASSWORD" | sha256sum | cut -d' ' -f1)
	text=$digest$REGISTRY/d/derived
	[ "$(jq -r --arg r "$REGISTRY/d/derived" '.[] | select(.SourceRepository == $r) | .HMAC' "$f" | tail -n 1)" = \
		"$(printf %s "$text" | openssl dgst -sha256 -mac HMAC -macopt key:"$key" -r | cut -d' ' -f1)" ]
	real rm c2
}

@test "refusals in Docker's words" {
	real tag "$REGISTRY/c/base:1" "$REGISTRY/e/x:1"
	run env DOCKER_CONFIG="$BATS_TEST_TMPDIR/none" "$STAGE/tools/docker" push "$REGISTRY/e/x:1"
	echo "$output"
	[[ "$status" != 0 && "$output" == *"no basic auth credentials"* ]]
	mkdir -p "$BATS_TEST_TMPDIR/wrong"
	printf '{"auths":{"%s":{"auth":"%s"}}}' "$REGISTRY" "$(printf alice:wrong | base64)" >"$BATS_TEST_TMPDIR/wrong/config.json"
	run env DOCKER_CONFIG="$BATS_TEST_TMPDIR/wrong" "$STAGE/tools/docker" push "$REGISTRY/e/x:1"
	echo "$output"
	[[ "$status" != 0 && "$output" == *"unauthorized: authentication required"* ]]
	run real push "$REGISTRY/e/nosuch:1"
	[[ "$status" != 0 && "$output" == *"An image does not exist locally with the tag: $REGISTRY/e/nosuch"* ]]
	run real push "$REGISTRY/e/x:nosuch"
	[[ "$status" != 0 && "$output" == *"tag does not exist: $REGISTRY/e/x:nosuch"* ]]
	run api POST "/images/$REGISTRY/e/x/push?tag=B%20D"
	[[ "$output" == *"invalid tag format"*400 ]]
	run registry_curl "https://$REGISTRY/v2/e/x/tags/list"
	[ "$status" != 0 ]
}

@test "a connection that breaks: Docker's registry wants all again" {
	command -v python3 >/dev/null || skip "the proxy that cuts is a Python script"
	local plain via id
	plain=$(free_port)
	mkdir -p "$BATS_FILE_TMPDIR/plain"
	cat >"$BATS_FILE_TMPDIR/plain.yml" <<-YML
	version: 0.1
	storage: { filesystem: { rootdirectory: $BATS_FILE_TMPDIR/plain } }
	http: { addr: 127.0.0.1:$plain }
	YML
	docker-registry serve "$BATS_FILE_TMPDIR/plain.yml" >"$BATS_FILE_TMPDIR/plain.log" 2>&1 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/plain.pid"
	within 10 curl -sf "http://127.0.0.1:$plain/v2/"
	via=$(free_port)
	"$BATS_TEST_DIRNAME/cutter" "$via" "$plain" "$BATS_TEST_TMPDIR/cut.log" 300000 2 3>&- &
	echo $! >>"$BATS_FILE_TMPDIR/plain.pid"
	within 10 curl -sf "http://127.0.0.1:$via/v2/"
	real tag "$REGISTRY/c/base:1" "127.0.0.1:$via/broken:1"
	id=$(id_of "$REGISTRY/c/base:1")
	run real push "127.0.0.1:$via/broken:1"
	echo "$output"
	cat "$BATS_TEST_TMPDIR/cut.log"
	[ "$status" = 0 ]
	[[ "$output" == *"Retrying in 1 second"* ]]
	[ "$(grep -c '^cut' "$BATS_TEST_TMPDIR/cut.log")" = 2 ]
	# it asked how far it was
	grep -q '^GET /v2/broken/blobs/uploads/' "$BATS_TEST_TMPDIR/cut.log"
	real rmi "127.0.0.1:$via/broken:1"
	real pull "127.0.0.1:$via/broken:1"
	[ "$(id_of "127.0.0.1:$via/broken:1")" = "$id" ]
}

@test "a connection that breaks is taken up where it broke" {
	command -v python3 >/dev/null || skip "the registry that remembers is a Python script"
	local port
	port=$(free_port)
	"$BATS_TEST_DIRNAME/remembering-registry" "$port" "$BATS_TEST_TMPDIR/log" 300000 3>&- &
	echo $! >>"$BATS_FILE_TMPDIR/plain.pid"
	within 10 curl -sf "http://127.0.0.1:$port/v2/"
	real tag "$REGISTRY/c/base:1" "127.0.0.1:$port/kept:1"
	run real push "127.0.0.1:$port/kept:1"
	echo "$output"
	cat "$BATS_TEST_TMPDIR/log"
	[ "$status" = 0 ]
	# one upload for the layer, one for the configuration; each byte of the layer came once
	[ "$(grep -c '^POST' "$BATS_TEST_TMPDIR/log")" = 2 ]
	[ "$(grep -c '^PATCH' "$BATS_TEST_TMPDIR/log")" -ge 3 ]
	[ "$(awk '/^PATCH/ { n += $2 } END { print n }' "$BATS_TEST_TMPDIR/log")" = "$(awk '/^PUT layer/ { print $3; exit }' "$BATS_TEST_TMPDIR/log")" ]
	grep -q '^PUT manifest' "$BATS_TEST_TMPDIR/log"
}

@test "a registry that lies about digests and places is refused" {
	command -v python3 >/dev/null || skip "the registry that lies is a Python script"
	local port kind
	local -A says=([digest]="registry computed the digest" [nolocation]="names no place to upload to" [range]=digest
		[farlocation]=refused [early]="denied: no room") pids=()
	cd "$BATS_TEST_TMPDIR"
	for kind in "${!says[@]}"; do # at once: some are asked again for half a minute
		port=$(free_port)
		"$BATS_TEST_DIRNAME/remembering-registry" "$port" "$PWD/log.$kind" 300000 "$kind" 3>&- &
		echo $! >>"$BATS_FILE_TMPDIR/plain.pid"
		within 10 curl -sf "http://127.0.0.1:$port/v2/"
		real tag "$REGISTRY/c/base:1" "127.0.0.1:$port/lies:1"
		timeout 120 "$STAGE/tools/docker" push "127.0.0.1:$port/lies:1" >"out.$kind" 2>&1 3>&- &
		pids[$kind]=$!
	done
	for kind in "${!says[@]}"; do
		status=0
		wait "${pids[$kind]}" || status=$?
		echo "$kind: $status"
		cat "out.$kind"
		[[ "$status" != 0 && "$status" != 124 ]]
		grep -q "${says[$kind]}" "out.$kind"
		fails grep -q '^PUT manifest' "log.$kind"
	done
}

# put_manifest NAME REFERENCE TYPE TEXT: prints its digest
put_manifest() {
	registry_curl -X PUT -H "Content-Type: $3" --data-binary "$4" "https://$REGISTRY/v2/$1/manifests/$2" >/dev/null
	echo "sha256:$(printf %s "$4" | sha256sum | cut -d' ' -f1)"
}
OCI=application/vnd.oci.image

# fixed LETTER ARCHITECTURE [VARIANT]: x/fixed:LETTER, an image whose every byte is always the same; prints the
# manifest's descriptor for an index
fixed() {
	local diff config text work=$BATS_TEST_TMPDIR/fixed variant=${3:+,\"variant\":\"$3\"}
	mkdir -p "$work"
	printf "$1" >"$work/$1"
	tar --format=ustar --mtime=@1700000000 --owner=0 --group=0 --numeric-owner --mode=0644 -cf "$work/tar" -C "$work" "$1"
	diff=$(push_blob x/fixed "$work/tar")
	printf '{"architecture":"%s"%s,"os":"linux","config":{"Cmd":["/a"]},"created":"2024-01-01T00:00:00Z","history":[{"created_by":"test"}],"rootfs":{"type":"layers","diff_ids":["%s"]}}' \
		"$2" "$variant" "$diff" >"$work/config"
	config=$(push_blob x/fixed "$work/config")
	text=$(printf '{"schemaVersion":2,"mediaType":"%s","config":{"mediaType":"%s","size":%d,"digest":"%s"},"layers":[{"mediaType":"%s","size":%d,"digest":"%s"}]}' \
		$OCI.manifest.v1+json $OCI.config.v1+json "$(stat -c %s "$work/config")" "$config" \
		$OCI.layer.v1.tar "$(stat -c %s "$work/tar")" "$diff")
	printf '{"mediaType":"%s","size":%d,"digest":"%s","platform":{"architecture":"%s","os":"linux"%s}}' $OCI.manifest.v1+json \
		${#text} "$(put_manifest x/fixed "$1" $OCI.manifest.v1+json "$text")" "$2" "$variant"
}

@test "a fixed image: ids, digests and archives are those of dockerd 28.5.2" {
	local f from
	fixed a amd64 >/dev/null
	fixed b arm64 v8 >/dev/null
	for f in a b; do
		from=$REGISTRY/x/fixed:$f
		real pull -q --platform "$([ $f = a ] && echo linux/amd64 || echo linux/arm64)" "$from"
		real tag "$from" fixed:$f
		real tag "$from" "$REGISTRY/y/fixed:$f"
		real push -q "$REGISTRY/y/fixed:$f"
	done
	[ "$(real inspect -f '{{.Id}} {{index .RootFS.Layers 0}} {{.Architecture}} {{.Size}}' fixed:a)" = \
		"sha256:2cc7915300486bfcde077f77eb42bab7cbbeb2632d8f4338124faf5c5c95d0d7 sha256:308826350a6c45d8a92b9533a946debdc641d1380ad1fb97a4b4c5d41eef4838 amd64 1" ]
	[ "$(id_of fixed:b)" = sha256:abaa357a410377954eaf75a4e5bb28a84f75774bcec06414e51466fca0dadd02 ]
	[ "$(real inspect -f '{{index .RepoDigests 0}}' fixed:a)" = \
		"$REGISTRY/x/fixed@sha256:969d9b53c786e5383ca383de98b7bfe30a8eaafb29e15cfc80bdf4b45f5d8b02" ]
	# what went up, though the layers are not compressed
	[ "$(manifest y/fixed a | sha256sum)" = "5769e13da6e562cbc3e4bed8b9b4dce7a1847a831a991df57532d88b3e029bff  -" ]
	[ "$(manifest y/fixed b | sha256sum)" = "b5054859d9e208fdb91ff19d25b34d14fd20559b94623dc75474d9e467091a37  -" ]
	real save -o "$BATS_TEST_TMPDIR/x.tar" fixed:a fixed:b
	for f in index.json:6796401f1e58 manifest.json:19c7150c4d0a oci-layout:0cdedc0869d6 repositories:c6e4a87f7557; do
		[ "$(tar -xOf "$BATS_TEST_TMPDIR/x.tar" "${f%:*}" | sha256sum | cut -c1-12)" = "${f#*:}" ]
	done
	[ "$(sha256sum <"$BATS_TEST_TMPDIR/x.tar")" = "e3c3c5a2931b27016193c46169bccf9e87a98fad60968b4ec96b02565405bb66  -" ]
	# loaded again, they are the same, and go up as they were
	real rmi -f fixed:a fixed:b "$REGISTRY"/{x,y}/fixed:{a,b} >/dev/null
	real load -qi "$BATS_TEST_TMPDIR/x.tar"
	[ "$(id_of fixed:a)" = sha256:2cc7915300486bfcde077f77eb42bab7cbbeb2632d8f4338124faf5c5c95d0d7 ]
	real tag fixed:a "$REGISTRY/z/fixed:a"
	real push "$REGISTRY/z/fixed:a" | grep 'digest: sha256:5769e13da6e562cbc3e4bed8b9b4dce7a1847a831a991df57532d88b3e029bff size: 525'
	real rmi fixed:a fixed:b "$REGISTRY/z/fixed:a" >/dev/null
}

@test "an index: the platform's image, whatever else is in it" {
	local a b att digest name=$REGISTRY/x/fixed
	a=$(fixed a amd64) b=$(fixed b arm64 v8) c=$(fixed c arm v6)
	att=$(fixed d unknown | sed 's/"os":"linux"/"os":"unknown"},"annotations":{"vnd.docker.reference.type":"attestation-manifest"/')
	put_manifest x/fixed index $OCI.index.v1+json "{\"schemaVersion\":2,\"mediaType\":\"$OCI.index.v1+json\",\"manifests\":[$att,$a,$b,$c]}" >"$BATS_TEST_TMPDIR/index"
	digest=$(cat "$BATS_TEST_TMPDIR/index")
	# platform, image
	while read -r platform image; do
		run real pull --platform "$platform" "$name:index"
		echo "$output"
		[ "$(real inspect -f '{{.RootFS.Layers}}' "$name:index")" = \
			"[sha256:$(printf $image >"$BATS_TEST_TMPDIR/$image"; tar --format=ustar --mtime=@1700000000 --owner=0 \
			--group=0 --numeric-owner --mode=0644 -cf - -C "$BATS_TEST_TMPDIR" $image | sha256sum | cut -d' ' -f1)]" ]
		real rmi "$name:index" >/dev/null
	done <<-LIST
	linux/amd64 a
	LINUX/x86_64 a
	linux/amd64/v3 a
	linux/arm64 b
	aarch64 b
	linux/arm64/v9 b
	linux/arm c
	linux/arm/v7 c
	LIST
	# the pull has begun when it turns out that nothing fits
	run api POST "/images/create?fromImage=$name&tag=index&platform=linux/s390x" -H "X-Registry-Auth: $(registry_auth)"
	echo "$output"
	[[ "$output" == *'"status":"Pulling from x/fixed","id":"index"'*'no matching manifest for linux/s390x in the manifest list entries'*200 ]]
	# by digest; one image is taken whatever it is for
	run api POST "/images/create?fromImage=$name@$digest&platform=arm64" -H "X-Registry-Auth: $(registry_auth)"
	[[ "$output" == *"\"Pulling from x/fixed\",\"id\":\"$name@$digest\""*"Status: Downloaded newer image for $name@$digest"* ]]
	run real pull --platform linux/arm64 "$name:a"
	[[ "$output" == *"WARNING: image with reference $name:a was found but its platform (linux/amd64) does not match the specified platform (linux/arm64)"* ]]
	run api GET "/distribution/$name:index/json" -H "X-Registry-Auth: $(registry_auth)"
	[ "$(jq -c '[.Descriptor.digest, (.Platforms | map([.os, .architecture, .variant] | map(. // "") | join("/")))]' <<<"${lines[0]}")" = \
		"[\"$digest\",[\"unknown/unknown/\",\"linux/amd64/\",\"linux/arm64/v8\",\"linux/arm/v6\"]]" ]
	run api GET "/distribution/$name@$digest/json" -H "X-Registry-Auth: $(registry_auth alice wrong)"
	[[ "$output" == *unauthorized*401 ]]
	run api GET "/distribution/$name@$digest/json"
	[[ "$output" == *"no basic auth credentials"*500 ]]
	run api POST "/images/create?fromImage=127.0.0.1:1/x&tag=1"
	[[ "$output" == *"connection refused"*500 ]]
}

@test "distribution: what a name means in the registry" {
	local auth
	auth=$(registry_auth)
	run api GET "/v1.51/distribution/$REGISTRY/c/base:1/json" -H "X-Registry-Auth: $auth"
	echo "$output"
	[ "${lines[-1]}" = 200 ]
	[ "$(jq -c '[.Descriptor.digest, .Descriptor.size, .Descriptor.mediaType]' <<<"${lines[0]}")" = \
		"[\"sha256:$(manifest c/base 1 | sha256sum | cut -d' ' -f1)\",$(manifest c/base 1 | wc -c),\"application/vnd.docker.distribution.manifest.v2+json\"]" ]
	[ "$(jq -c .Platforms <<<"${lines[0]}")" = "[{\"architecture\":\"$(dpkg --print-architecture)\",\"os\":\"linux\"}]" ]
	run api GET "/v1.51/distribution/$REGISTRY/c/base:9/json" -H "X-Registry-Auth: $auth"
	[[ "$output" == *'"manifest unknown: manifest unknown"'*404 ]]
	run api GET "/v1.51/distribution/$REGISTRY/c/base:1/json"
	echo "$output"
	[[ "$output" == *"no basic auth credentials"* ]]
}

@test "search in a registry that has it" {
	command -v python3 >/dev/null || skip "the registry that answers is a Python script"
	local port
	port=$(free_port)
	"$BATS_TEST_DIRNAME/remembering-registry" "$port" "$BATS_TEST_TMPDIR/log" 1 3>&- &
	echo $! >>"$BATS_FILE_TMPDIR/plain.pid"
	within 10 curl -sf "http://127.0.0.1:$port/v2/"
	run real search --format '{{.Name}} {{.StarCount}} {{.IsOfficial}} {{.Description}}' "127.0.0.1:$port/a b"
	echo "$output"
	[ "$output" = $'one/x 7  first <x>\nx 90 [OK] ' ] || [ "$output" = $'x 90 [OK] \none/x 7  first <x>' ]
	grep -qx 'SEARCH q=a%20b&n=25' "$BATS_TEST_TMPDIR/log"
	[ "$(ours search --filter is-official=true --format '{{.Name}}' "127.0.0.1:$port/x")" = x ]
	[ "$(ours search --filter stars=50 --limit 3 --format '{{.Name}}' "127.0.0.1:$port/x")" = x ]
	grep -qx 'SEARCH q=x&n=3' "$BATS_TEST_TMPDIR/log"
	run api GET "/images/search?term=x&limit=101"
	[[ "$output" == *"limit 101 is outside the range of [1, 100]"*400 ]]
	run api GET "/images/search?term=$REGISTRY/x"
	[[ "$output" == *"Unexpected status code 404"* ]]
}
