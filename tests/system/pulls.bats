# SPDX-License-Identifier: MIT
# How pulls share, resume and wait: several at once, cancelled ones, broken connections, a daemon
# that is killed, limits at a time, registries that are busy or send elsewhere, mirrors.
load lib

setup_file() {
	command -v python3 >/dev/null || return 0
	stack_env
	mkdir -p "$HOME/.config/docker"
	registry slow hold=2000000
	registry pair hold=500000
	registry bad noblobs=1
	registry good
	# the mirrors are for one test only: nothing else here is Docker Hub's
	cat >"$HOME/.config/docker/daemon.json" <<-JSON
	{ "max-concurrent-downloads": 2, "max-download-attempts": 2,
	  "spare-page-cache": true,
	  "registry-mirrors": ["http://$(at bad)", "http://$(at good)"] }
	JSON
	stack_start
}

teardown_file() {
	command -v python3 >/dev/null || return 0
	kill $(cat "$BATS_FILE_TMPDIR"/*.registry) 2>/dev/null || true
	stack_stop
}

setup() {
	command -v python3 >/dev/null || skip "the registry that paces is a Python script (package python3)"
	rm -f "$(log slow).go"
}

# registry NAME [KEY=VALUE...]: starts a paced-registry; at NAME: its address; log NAME: its log
registry() {
	local port name=$1
	shift
	port=$(free_port)
	"$BATS_TEST_DIRNAME/paced-registry" "$port" "$BATS_FILE_TMPDIR/$name.log" "$@" 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/$name.registry"
	echo "127.0.0.1:$port" >"$BATS_FILE_TMPDIR/$name.at"
	within 10 curl -s "http://127.0.0.1:$port/v2/"
}
at() { cat "$BATS_FILE_TMPDIR/$1.at"; }
log() { echo "$BATS_FILE_TMPDIR/$1.log"; }

# create NAME: POST /images/create, as a client that shows nothing
create() { curl -sN -X POST --unix-socket "$XDG_RUNTIME_DIR/docker.sock" "http://localhost/images/create?fromImage=$1&tag=latest"; }
# sent NAME REPOSITORY: bytes of its blobs that went out
sent() { awk -v p="$2/blobs/" 'index($2, p) { split($5, a, "="); n += a[2] } END { print n + 0 }' "$(log "$1")"; }
has() { grep -q "$1" "$2"; }
# has_come BYTES: so much of a layer is kept
has_come() { [ "$(cat "$DATA"/tmp/pull-* | wc -c)" = "$1" ]; }
kept() { ls "$DATA/tmp" | grep -c ^pull- || true; }

@test "two pulls of one image: one download, which both see" {
	local name pids=()
	name=$(at slow)/two/4000000-500000
	create "$name" >"$BATS_TEST_TMPDIR/a" 3>&- &
	pids+=($!)
	within 20 has_come 2000000
	create "$name" >"$BATS_TEST_TMPDIR/b" 3>&- &
	pids+=($!)
	within 20 has '"Downloading","progressDetail":{"current":2000000' "$BATS_TEST_TMPDIR/b"
	touch "$(log slow).go"
	wait "${pids[@]}"
	cat "$BATS_TEST_TMPDIR/b"
	has 'Status: ' "$BATS_TEST_TMPDIR/a"
	has 'Status: ' "$BATS_TEST_TMPDIR/b"
	[ "$(grep -c 'GET /v2/two/.*sent=[0-9]\{6\}' "$(log slow)")" = 2 ]
	[ "$(kept)" = 0 ]
}

@test "the one that downloads leaves, the other goes on" {
	local name size a
	name=$(at slow)/leave/6000000-100
	create "$name" >"$BATS_TEST_TMPDIR/a" 3>&- &
	a=$!
	within 20 has_come 2000000
	create "$name" >"$BATS_TEST_TMPDIR/b" 3>&- &
	within 20 has '"current":2000000' "$BATS_TEST_TMPDIR/b"
	pkill -P $a
	wait $!
	cat "$BATS_TEST_TMPDIR/b" "$(log slow)"
	has 'Status: ' "$BATS_TEST_TMPDIR/b"
	has 'GET /v2/leave/.* 206 from=2000000 sent=400[0-9]* ' "$(log slow)"
	[ "$(kept)" = 0 ]
}

# cut_off NAME COMMAND...: begins to pull a layer of 6 MB, and ends it by COMMAND
cut_off() {
	create "$1" >"$BATS_TEST_TMPDIR/cut" 3>&- &
	shift
	CLIENT_PID=$!
	within 20 has_come 2000000
	"$@"
	wait $CLIENT_PID || true
	within 10 [ "$(kept)" = 1 ]
}
end_client() { pkill -P $CLIENT_PID; }
# dockerd is started again by its parent
end_dockerd() {
	local pid
	pid=$(pid_of dockerd)
	kill -KILL "$pid"
	within 10 fails kill -0 "$pid"
	within 20 stack_answers
}

@test "a cancelled pull is taken up where it was" {
	cut_off "$(at slow)/again/6000001" end_client
	real pull -q "$(at slow)/again/6000001"
	has 'GET /v2/again/.* 206 from=2000000 sent=400[0-9]* ' "$(log slow)"
	[ "$(kept)" = 0 ]
}

@test "a pull that a killed dockerd was at is taken up where it was" {
	cut_off "$(at slow)/killed/6000002" end_dockerd
	real pull -q "$(at slow)/killed/6000002"
	has 'GET /v2/killed/.* 206 from=2000000 sent=400[0-9]* ' "$(log slow)"
	[ "$(kept)" = 0 ]
}

@test "what was kept and is damaged is fetched again" {
	local f
	cut_off "$(at slow)/damaged/6000003" end_client
	f=$DATA/tmp/$(ls "$DATA/tmp" | grep ^pull-)
	within 5 flock -n "$f" true # the pull has ended
	touch "$(log slow).go"
	printf damaged | dd of="$f" bs=1 seek=1000000 conv=notrunc 2>/dev/null
	real pull -q "$(at slow)/damaged/6000003"
	grep damaged "$(log slow)"
	has 'GET /v2/damaged/.* 206 from=2000000 sent=400[0-9]* ' "$(log slow)"
	has 'GET /v2/damaged/.* 200 from=0 sent=6[0-9]\{6\}' "$(log slow)"
	[ "$(kept)" = 0 ]
}

@test "a prune forgets what was kept" {
	cut_off "$(at slow)/prune/6000004" end_client
	real image prune -f
	[ "$(kept)" = 0 ]
}

@test "a connection that breaks every 100 KB" {
	registry cutting cut=100000
	real pull -q "$(at cutting)/x/3000000"
	[ "$(grep -c ' 206 ' "$(log cutting)")" -ge 29 ]
	[ "$(sent cutting x/3000000)" -lt 3100000 ]
}

@test "two layers at a time, of all pulls together" {
	local pids=()
	create "$(at pair)/m/1000001-1000002-1000003" >"$BATS_TEST_TMPDIR/a" 3>&- &
	pids+=($!)
	within 20 has '"current":[0-9]' "$BATS_TEST_TMPDIR/a"
	create "$(at pair)/n/1000004-1000005-1000006" >"$BATS_TEST_TMPDIR/b" 3>&- &
	pids+=($!)
	within 20 has '"status":"Waiting","progressDetail":{}' "$BATS_TEST_TMPDIR/b"
	touch "$(log pair).go"
	wait "${pids[@]}"
	has 'Status: ' "$BATS_TEST_TMPDIR/a"
	has 'Status: ' "$BATS_TEST_TMPDIR/b"
	cat "$(log pair)"
	has 'GET /v2/[mn]/.*active=2' "$(log pair)"
	fails has 'GET /v2/[mn]/.*active=3' "$(log pair)"
}

@test "a layer that is there below another one is not fetched again" {
	real pull -q "$(at good)/first/100-2000000"
	real pull -q "$(at good)/second/300-2000000"
	cat "$(log good)"
	has 'GET /v2/first/.*sent=2[0-9]\{6\} ' "$(log good)"
	fails has 'GET /v2/second/.*sent=2[0-9]\{6\} ' "$(log good)"
}

@test "a registry that asks for patience" {
	registry busy busy=2
	SECONDS=0
	real pull -q "$(at busy)/x/1000"
	[ "$SECONDS" -ge 2 ]
	[ "$(grep -c ' 429 ' "$(log busy)")" = 2 ]
}

@test "credentials do not follow to another host" {
	registry far elsewhere=1 basic=1
	real login -u u -p p "$(at far)"
	real pull -q "$(at far)/x/20000"
	cat "$(log far)"
	has 'GET .*/blobs/.* 307 .*auth=True' "$(log far)"
	has 'GET .*/blobs/.* 200 .*auth=False host=localhost' "$(log far)"
	fails has 'auth=True host=localhost' "$(log far)"
}

@test "tokens that expire in the middle, and one that is given" {
	registry short uses=2
	real pull -q "$(at short)/x/1000-2000-3000-4000"
	[ "$(grep -c 'GET /token' "$(log short)")" -ge 3 ]
	: >"$(log short)"
	run api POST "/images/create?fromImage=$(at short)/y/5000&tag=latest" \
		-H "X-Registry-Auth: $(printf '{"registrytoken":"given"}' | base64 -w0)"
	echo "$output"
	[[ "$output" == *"Status: Downloaded newer image"* ]]
	fails grep /token "$(log short)"
}

@test "what is up to date costs one HEAD, what is new one GET of its digest" {
	local name=$(at good)/head/700000 digest
	digest=$(real pull "$name" | sed -n 's/^Digest: //p')
	has 'HEAD /v2/head/700000/manifests/latest 200 ' "$(log good)"
	[ "$(grep -c 'GET /v2/head/.*/manifests/' "$(log good)")" = 1 ]
	has "GET /v2/head/700000/manifests/$digest 200 " "$(log good)"
	: >"$(log good)"
	run real pull "$name"
	echo "$output"
	[[ "$output" == "Using default tag: latest"*"latest: Pulling from head/700000"*"Digest: $digest"*"Status: Image is up to date for $name:latest"* ]]
	real pull -q "$name@$digest"
	cat "$(log good)"
	[ "$(grep -c 'manifests\|blobs' "$(log good)")" = 1 ]
	# another platform's may be in the index
	: >"$(log good)"
	real pull -q --platform linux/arm64 "$name"
	has "GET /v2/head/700000/manifests/$digest 200 " "$(log good)"
}

@test "registries without HEAD, and without a digest" {
	local how
	for how in nohead nodigest; do
		registry $how $how=1
		real pull -q "$(at $how)/x/800000"
		cat "$(log $how)"
		[ "$(grep -c 'HEAD .*/manifests/latest' "$(log $how)")" = 1 ]
		[ "$(grep -c 'GET .*/manifests/latest 200' "$(log $how)")" = 1 ]
	done
}

@test "a daemon that spares the page cache" {
	local cached
	[ "$(stat -f -c %T "$DATA")" != tmpfs ] || skip "a file system in memory"
	real pull -q "$(at good)/cache/20000-20000001"
	cached=$(cd "$DATA/overlay2" && fincore -nrb -o RES,SIZE,FILE */diff/file-20000 */diff/file-20000001)
	echo "$cached"
	grep -q '^20480 20000 ' <<<"$cached"
	grep -q '^0 20000001 ' <<<"$cached"
	cat "$DATA"/overlay2/*/diff/file-20000001 | sha256sum | grep "$(python3 -c 'import hashlib, random; print(hashlib.sha256(random.Random(20000001).randbytes(20000001)).hexdigest())')"
}

@test "a mirror without the layers is not the last word" {
	real pull -q "hub/150000"
	has 'HEAD /v2/hub/150000/manifests/latest' "$(log bad)"
	has 'GET /v2/hub/150000/blobs/.* 200 ' "$(log good)"
}
