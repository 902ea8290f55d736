# SPDX-License-Identifier: MIT
# thimble fsck: a data root with two images, a container and a volume is damaged in one place; fsck
# names the damage, mends it, finds nothing more, and the engine starts on what is left.
load lib

setup_file() {
	stack_start
	import_small
	real run --name two small sh -c 'mkdir -p /d; echo two >/d/two; chown -R 7:8 /d' >/dev/null
	real commit two upper >/dev/null
	real rm two >/dev/null
	real volume create kept >/dev/null
	real run --name box -v kept:/v upper sh -c 'echo mine >/file; echo safe >/v/file' >/dev/null
	stack_halt
	rootlesskit cp -a "$DATA" "$BATS_FILE_TMPDIR/whole"
}

teardown_file() {
	stack_env
	rootlesskit rm -rf "$DATA" "$BATS_FILE_TMPDIR/whole" >/dev/null 2>&1 || true
}

setup() {
	stack_env
	rootlesskit rm -rf "$DATA"
	rootlesskit cp -a "$BATS_FILE_TMPDIR/whole" "$DATA"
	DB=$DATA/image/overlay2/layerdb IMAGES=$DATA/image/overlay2/imagedb/content/sha256
	BOX=$(rootlesskit ls "$DATA/containers")
	UPPER=$(image_of upper)
	SMALL=$(image_of small)
}

teardown() { stack_halt || true; }

image_of() { jq -r ".Repositories.\"$1\".\"$1:latest\"" <(in_data cat "$DATA/image/overlay2/repositories.json") | cut -d: -f2; }

# in_data COMMAND...: as root of the user's namespace
in_data() { rootlesskit "$@"; }

# chain_of IMAGE-ID: name of its top layer
chain_of() {
	local id chain=
	for id in $(in_data cat "$IMAGES/$1" | jq -r '.rootfs.diff_ids[]'); do
		if [ -z "$chain" ]; then chain=${id#*:}; else chain=$(printf 'sha256:%s %s' "$chain" "$id" | sha256sum | cut -d' ' -f1); fi
	done
	echo "$chain"
}

# cache_of IMAGE-ID: directory of its top layer
cache_of() { in_data cat "$DB/sha256/$(chain_of "$1")/cache-id"; }

# mended CHECK TEXT...: fsck names the damage (CHECK at a line's beginning, TEXT in it), changes
# nothing, then mends it, and nothing is left
mended() {
	local check=$1 text
	shift
	in_data find "$DATA" | sort >"$BATS_TEST_TMPDIR/before"
	run -4 thimble fsck
	echo "$output"
	for text; do grep "^$check: " <<<"$output" | grep -qF -- "$text"; done
	in_data find "$DATA" | sort | diff "$BATS_TEST_TMPDIR/before" -
	run -1 thimble fsck --repair
	echo "$output"
	for text; do grep "^$check: " <<<"$output" | grep -qF -- "$text"; done
	run -0 thimble fsck --check-content
	[ -z "$output" ]
}

# engine_runs [IMAGE...]: it starts on this data root, and containers of these images run
engine_runs() {
	local image
	stack_start
	for image in "${@:-small}"; do [ "$(real run --rm "$image" echo well)" = well ]; done
}

lost() { in_data find "$DATA/lost-and-found" -path "*$1*" | grep -q .; }

@test "a whole data root: nothing is said, and an engine keeps fsck out" {
	run -0 thimble fsck --check-content --repair
	[ -z "$output" ]
	[ "$(thimble fsck --json)" = "[]" ]
	engine_runs small upper
	run -8 thimble fsck
	[[ "$output" == *"in use by another engine"* ]]
	[ "$(real run --rm -v kept:/v small cat /v/file)" = safe ]
	stack_halt
	run -0 thimble fsck
	[ -z "$output" ]
	run -8 thimble fsck --data-root="$BATS_TEST_TMPDIR/none"
	run -8 thimble fsck --nothing
}

@test "a layer's directory is missing" {
	cache=$(cache_of "$UPPER") chain=$(chain_of "$UPPER")
	in_data rm -rf "$DATA/overlay2/$cache"
	run -4 thimble fsck
	grep "^layer: image/overlay2/layerdb/sha256/$chain: its directory overlay2/$cache is missing" <<<"$output"
	grep "^image: .*/$UPPER: its layer sha256:$chain is missing" <<<"$output"
	grep "^tag: .*upper:latest" <<<"$output"
	run -4 thimble fsck --repair
	lost "layerdb/sha256/$chain"
	lost "imagedb/content/sha256/$UPPER"
	# the container cannot run, but what it wrote is there
	run -4 thimble fsck
	[[ "$output" == "container: containers/$BOX: layers of its image are missing"* ]]
	[ "$(wc -l <<<"$output")" = 1 ]
	engine_runs small
	[ "$(real images -q | wc -l)" = 1 ]
	[ "$(real inspect -f '{{.Id}}' box)" = "$BOX" ]
}

@test "a layer below is missing, and parent, diff, size, cache-id are" {
	for file in parent diff size cache-id; do
		setup
		chain=$(chain_of "$UPPER")
		in_data rm "$DB/sha256/$chain/$file"
		run -4 thimble fsck
		grep "^layer: .*/$chain: " <<<"$output"
		grep "^image: .*/$UPPER: " <<<"$output"
		fails grep "$SMALL" <<<"$output"
	done
	setup
	base=$(cache_of "$SMALL") below=$(chain_of "$SMALL")
	in_data sh -c "echo x >$DB/sha256/$below/diff"
	chain=$(chain_of "$UPPER")
	run -4 thimble fsck --repair
	grep "^layer: .*/$below: it is not what its name says.*MOVED" <<<"$output"
	grep "^layer: .*/$chain: the layer below.*MOVED" <<<"$output"
	grep "^tree: overlay2/$base: .*MOVED" <<<"$output"
	stack_start
	import_small
	[ "$(real run --rm small echo well)" = well ]
}

@test "a layer's content and its tar-split" {
	chain=$(chain_of "$UPPER")
	in_data sh -c "echo TWO >$DATA/overlay2/$(cache_of "$UPPER")/diff/d/two"
	run -0 thimble fsck
	run -4 thimble fsck --check-content --repair
	[[ "$output" == "content: "*"$chain"*"a container stands on it"* ]]
	in_data rm -rf "$DATA/containers/$BOX"
	run -1 thimble fsck --repair
	grep "^tree: .*MOVED" <<<"$output"
	run -1 thimble fsck --check-content --repair
	grep "^content: .*$chain.*MOVED" <<<"$output"
	engine_runs small
	stack_halt
	chain=$(chain_of "$SMALL")
	in_data truncate -s 20 "$DB/sha256/$chain/tar-split.json.gz"
	run -4 thimble fsck --repair
	[[ "$output" == "tar-split: "*"$chain"* ]]
	engine_runs small
	stack_halt
	# a journal that is whole, but another's
	in_data sh -c "gzip -c </dev/null >$DB/sha256/$chain/tar-split.json.gz"
	run -0 thimble fsck
	run -4 thimble fsck --check-content
	[[ "$output" == *"content: "*"$chain"*"its digest is another"* ]]
}

@test "an image's configuration has another digest" {
	in_data sh -c "echo >>$IMAGES/$SMALL"
	mended image "$SMALL: its digest is another"
	lost "imagedb/content/sha256/$SMALL"
	engine_runs upper
	[ "$(real images -q | wc -l)" = 1 ]
}

@test "a name of no image, and names that cannot be read" {
	in_data sed -i "s/\"small:latest\":\"sha256:$SMALL\"/\"small:latest\":\"sha256:$(printf '%064d' 1)\"/" "$DATA/image/overlay2/repositories.json"
	mended tag "small:latest names an image that is missing"
	engine_runs upper "$SMALL"
	stack_halt
	in_data truncate -s 10 "$DATA/image/overlay2/repositories.json"
	mended tag "the names of all images are lost"
	lost image/overlay2/repositories.json
	engine_runs "$UPPER"
	real tag "$UPPER" upper
}

@test "what joins overlay2's layers: link, l/, lower, work" {
	cache=$(cache_of "$UPPER") base=$(cache_of "$SMALL")
	rw=$(in_data cat "$DB/mounts/$BOX/mount-id")
	in_data rm "$DATA/overlay2/l/$(in_data cat "$DATA/overlay2/$base/link")"
	mended link "overlay2/$base: its short name"
	in_data rm "$DATA/overlay2/$cache/link"
	mended link "overlay2/$cache: its short name"
	in_data sh -c "rm $DATA/overlay2/$cache/link $DATA/overlay2/l/*"
	mended link "overlay2/$cache: its short name" "overlay2/$base: its short name" "overlay2/$rw/lower"
	in_data rm -r "$DATA/overlay2/$rw/lower" "$DATA/overlay2/$rw/work"
	mended link "overlay2/$rw/lower" "overlay2/$rw/work"
	in_data ln -s ../gone/diff "$DATA/overlay2/l/ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	mended link "l/ABCDEFGHIJKLMNOPQRSTUVWXYZ: it leads nowhere"
	engine_runs small upper
	real start -a box
	[ "$(real cp box:/file - | tar -xOf -)" = mine ]
	[ "$(real run --rm upper stat -c '%u:%g' /d/two)" = 7:8 ]
}

@test "leftovers: half-written files, layers and removals" {
	for file in "$DATA/.tmp-0123456789ab" "$DATA/containers/$BOX/.tmp-0123456789ab" "$DATA/image/overlay2/.tmp-0123456789ab"; do
		in_data touch "$file"
	done
	id=$(printf '%064d' 7)
	in_data mkdir -p "$DB/tmp/write-set-$id" "$DATA/overlay2/$id/diff/d" "$DATA/overlay2/.trash/x/y" "$DATA/.volumes-trash/z" "$DATA/tmp/load-1"
	mended leftover .tmp-0123456789ab "containers/$BOX/.tmp-" "write-set-$id" "overlay2/$id:" .trash/x .volumes-trash/z tmp/load-1
	fails lost .
	engine_runs small upper
}

@test "a directory that nothing names is moved, never deleted" {
	in_data mkdir -p "$DATA/overlay2/stray/diff"
	in_data sh -c "echo data >$DATA/overlay2/stray/diff/file"
	mended tree "overlay2/stray: no layer and no container has it"
	[ "$(in_data cat "$DATA/lost-and-found/overlay2/stray/diff/file")" = data ]
	engine_runs small upper
}

@test "a container without readable configuration: engine and fsck keep what it wrote" {
	rw=$(in_data cat "$DB/mounts/$BOX/mount-id")
	in_data truncate -s 100 "$DATA/containers/$BOX/config.v2.json"
	engine_runs upper
	stack_halt
	mended container "containers/$BOX: config.v2.json"
	lost "containers/$BOX/config.v2.json"
	[ "$(in_data cat "$DATA/lost-and-found/overlay2/$rw/diff/file")" = mine ]
	engine_runs small upper
	[ -z "$(real ps -aq)" ]
}

@test "a container's writable layer or init layer is missing" {
	rw=$(in_data cat "$DB/mounts/$BOX/mount-id")
	in_data rm -rf "$DATA/overlay2/$rw-init"
	mended container "containers/$BOX: its init layer is missing"
	engine_runs upper
	real start -a box
	[ "$(real cp box:/file - | tar -xOf -)" = mine ]
	stack_halt
	in_data rm -rf "$DATA/overlay2/$rw"
	mended container "containers/$BOX: its writable layer is missing"
	lost "containers/$BOX/config.v2.json"
	engine_runs small upper
}

@test "a volume without _data" {
	in_data mv "$DATA/volumes/kept/_data" "$DATA/volumes/kept/elsewhere"
	mended volume "volumes/kept: it has no directory _data"
	[ "$(in_data cat "$DATA/lost-and-found/volumes/kept/elsewhere/file")" = safe ]
	engine_runs small
}

@test "hints and records that can be done without" {
	id=$(printf '%064d' 3)
	in_data sh -c "echo x >$DATA/image/overlay2/distribution/diffid-by-digest/sha256/$id
		echo x >$DATA/image/overlay2/distribution/v2metadata-by-diffid/sha256/$id"
	in_data mkdir "$DATA/image/overlay2/imagedb/metadata/sha256/$id"
	in_data sh -c "printf sha256:$id >$DATA/image/overlay2/imagedb/metadata/sha256/$UPPER/parent"
	run -4 thimble fsck
	grep "^leftover: .*/metadata/sha256/$id: of no image" <<<"$output"
	grep "^parent: .*/metadata/sha256/$UPPER/parent: the image it was made of is missing" <<<"$output"
	mended hint diffid-by-digest v2metadata-by-diffid
	engine_runs small upper
}

@test "files of ids outside of the map are named, and a file system that is mounted" {
	[ -n "${FSCK_FOREIGN:-}" ] || skip "needs root to prepare it"
	run -4 thimble fsck --repair --data-root="$FSCK_FOREIGN"
	grep "^owner: volumes/other: 2 files belong to ids" <<<"$output"
	grep "^mount: overlay2/x/merged: " <<<"$output"
}
