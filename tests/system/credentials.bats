# SPDX-License-Identifier: MIT
# Credentials: docker login and logout of both clients, config.json, credential helpers, identity
# tokens, what is asked of a token server. Registries: docker-registry with passwords, and one that
# trusts tests/system/token-server.
load lib

setup_file() {
	local dir=$BATS_FILE_TMPDIR
	stack_start
	registry_start
	registry_trust
	export PATH=$dir/bin:$PATH
	mkdir -p "$dir/bin" "$dir/a" "$dir/b"
	# a helper that keeps one secret in a file, and writes down what it was told
	cat >"$dir/bin/docker-credential-test" <<-'SH'
	#!/bin/sh
	in=$(cat)
	printf '%s %s\n' "$1" "$in" >>"$SECRETS.log"
	case $1 in
	store) printf %s "$in" >"$SECRETS" ;;
	get) grep -s "\"$in\"" "$SECRETS" || { echo "credentials not found in native keychain"; exit 1; } ;;
	erase) rm -f "$SECRETS" ;;
	esac
	SH
	chmod +x "$dir/bin/docker-credential-test"
	import_small
	command -v python3 >/dev/null || return 0
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=tests -keyout "$dir/key.pem" \
		-out "$dir/cert.pem" 2>/dev/null
	TOKENS=$(free_port)
	"$BATS_TEST_DIRNAME/token-server" "$TOKENS" "$dir/tokens.log" "$dir/key.pem" "$dir/cert.pem" 3>&- &
	echo $! >"$dir/pids"
	within 10 eval ": <'/dev/tcp/127.0.0.1/$TOKENS'"
	export GUARDED=127.0.0.1:$(free_port)
	cat >"$dir/guarded.yml" <<-YML
	version: 0.1
	storage: { filesystem: { rootdirectory: $dir/guarded } }
	http: { addr: $GUARDED }
	auth: { token: { realm: "http://127.0.0.1:$TOKENS/token", service: svc, issuer: tests, rootcertbundle: $dir/cert.pem } }
	YML
	docker-registry serve "$dir/guarded.yml" >"$dir/guarded.log" 2>&1 3>&- &
	echo $! >>"$dir/pids"
	within 10 answers_401
}
answers_401() { [ "$(curl -s -o /dev/null -w '%{http_code}' "http://$GUARDED/v2/")" = 401 ]; }

teardown_file() {
	[ ! -e "$BATS_FILE_TMPDIR/pids" ] || kill $(cat "$BATS_FILE_TMPDIR/pids") || true
	registry_stop
	stack_stop
}

setup() {
	export DOCKER_CONFIG=$BATS_TEST_TMPDIR/config SECRETS=$BATS_TEST_TMPDIR/secrets
	mkdir "$DOCKER_CONFIG"
}

config() { jq -cS "$@" "$DOCKER_CONFIG/config.json"; }
needs_tokens() { [ -n "${GUARDED:-}" ] || skip "the token server is a Python script (package python3)"; }
tokens() { cat "$BATS_FILE_TMPDIR/tokens.log"; }

# both CONFIG ARGS...: runs both clients with a config.json, stdin the password; leaves what they
# said in $BATS_TEST_TMPDIR/said.{real,ours}, and their config.json and the helper's log beside it
both() {
	local client before=$1
	shift
	for client in real ours; do
		rm -f "$SECRETS.log"
		printf '%s' "$before" >"$DOCKER_CONFIG/config.json"
		echo "${PASSWORD-$REGISTRY_PASSWORD}" | $client "$@" >"$BATS_TEST_TMPDIR/said.$client" \
			2>"$BATS_TEST_TMPDIR/warned.$client" && echo 0 >>"$BATS_TEST_TMPDIR/said.$client" ||
			echo 1 >>"$BATS_TEST_TMPDIR/said.$client"
		config . >"$BATS_TEST_TMPDIR/config.$client"
		cat "$SECRETS.log" >"$BATS_TEST_TMPDIR/log.$client" 2>/dev/null || true
	done
	for client in said warned config; do
		diff "$BATS_TEST_TMPDIR/$client.real" "$BATS_TEST_TMPDIR/$client.ours" || return 1
	done
}

@test "login and logout: words and file are Docker's" {
	local known
	known=$(printf '{"auths":{"%s":{"auth":"%s"}}}' "$REGISTRY" "$(printf '%s:%s' "$REGISTRY_USER" "$REGISTRY_PASSWORD" | base64)")
	both '{}' login -u "$REGISTRY_USER" --password-stdin "$REGISTRY"
	grep -q "stored unencrypted in '$DOCKER_CONFIG/config.json'" "$BATS_TEST_TMPDIR/warned.ours"
	[ "$(config .)" = "$known" ]
	both "$known" login "$REGISTRY"
	grep -q "Username: alice" "$BATS_TEST_TMPDIR/warned.ours"
	both "$known" logout "$REGISTRY"
	[ "$(config .auths)" = '{}' ]
	both '{}' login --password-stdin "$REGISTRY"
	both '{}' login -u a -p b --password-stdin "$REGISTRY"
	both '{}' login "$REGISTRY"
	PASSWORD=wrong both '{}' login -u "$REGISTRY_USER" --password-stdin "$REGISTRY"
	grep -q '401 Unauthorized' "$BATS_TEST_TMPDIR/warned.ours"
}

@test "config.json: 0600, other keys and entries stay, a link stays a link" {
	printf '{"psFormat":"x","unknown":{"a":[1,2]},"auths":{"other:1":{"auth":"eDp5"}}}' >"$BATS_TEST_TMPDIR/elsewhere"
	ln -s "$BATS_TEST_TMPDIR/elsewhere" "$DOCKER_CONFIG/config.json"
	ours login -u "$REGISTRY_USER" --password-stdin "$REGISTRY" <<<"$REGISTRY_PASSWORD"
	[ -L "$DOCKER_CONFIG/config.json" ]
	[ "$(stat -c %a "$BATS_TEST_TMPDIR/elsewhere")" = 600 ]
	[ "$(config '[.psFormat, .unknown, .auths["other:1"]]')" = '["x",{"a":[1,2]},{"auth":"eDp5"}]' ]
	ours logout "$REGISTRY"
	[ "$(config '[.unknown, .auths]')" = '[{"a":[1,2]},{"other:1":{"auth":"eDp5"}}]' ]
}

@test "credential helpers: store, get, erase as Docker does" {
	local kind
	for kind in '{"credsStore":"test"}' "{\"credHelpers\":{\"$REGISTRY\":\"test\"},\"credsStore\":\"nosuch\"}"; do
		rm -f "$SECRETS"
		both "$kind" login -u "$REGISTRY_USER" --password-stdin "$REGISTRY"
		diff "$BATS_TEST_TMPDIR/log.real" "$BATS_TEST_TMPDIR/log.ours"
		[ "$(config ".auths[\"$REGISTRY\"]")" = '{}' ]
		[ "$(jq -c . "$SECRETS")" = "{\"ServerURL\":\"$REGISTRY\",\"Username\":\"alice\",\"Secret\":\"wonder-land\"}" ]
		both "$kind" login "$REGISTRY"
	done
	# what a helper knows is used by push and pull
	printf '{"credsStore":"test"}' >"$DOCKER_CONFIG/config.json"
	ours tag small "$REGISTRY/helped:1"
	ours push "$REGISTRY/helped:1"
	ours pull "$REGISTRY/helped:1"
	[ "$(grep -c "^get $REGISTRY$" "$SECRETS.log")" -ge 2 ]
	ours logout "$REGISTRY"
	[ ! -e "$SECRETS" ]
	run ours push "$REGISTRY/helped:1"
	echo "$output"
	[[ "$status" != 0 && "$output" == *"no basic auth credentials"* ]]
	# a helper that is missing
	printf '{"credsStore":"nosuch"}' >"$DOCKER_CONFIG/config.json"
	run ours login -u "$REGISTRY_USER" --password-stdin "$REGISTRY" <<<"$REGISTRY_PASSWORD"
	echo "$output"
	[[ "$status" != 0 && "$output" == *"Error saving credentials: error storing credentials"*docker-credential-nosuch* ]]
}

@test "an identity token takes the password's place" {
	needs_tokens
	PASSWORD=wonder-land both '{}' login -u alice --password-stdin "$GUARDED"
	[ "$(config .auths)" = "{\"$GUARDED\":{\"auth\":\"YWxpY2U6\",\"identitytoken\":\"identity\"}}" ]
	PASSWORD=wonder-land both '{"credsStore":"test"}' login -u alice --password-stdin "$GUARDED"
	diff "$BATS_TEST_TMPDIR/log.real" "$BATS_TEST_TMPDIR/log.ours"
	[ "$(jq -r .Username "$SECRETS")" = '<token>' ]
	: >"$BATS_FILE_TMPDIR/tokens.log"
	ours tag small "$GUARDED/one/x:1"
	ours push "$GUARDED/one/x:1"
	ours rmi "$GUARDED/one/x:1"
	ours pull "$GUARDED/one/x:1"
	tokens
	[ "$(tokens | awk '{ print $1, $2, $3 }' | uniq | head -n 1)" = "POST right=True scope=repository:one/x:pull,push" ]
	[ "$(tokens | tail -n 1)" = "POST right=True scope=repository:one/x:pull client_id=docker grant_type=refresh_token refresh_token=identity" ]
	# POST /auth with one
	run api POST /auth -H 'Content-Type: application/json' -d "{\"identitytoken\":\"identity\",\"serveraddress\":\"$GUARDED\"}"
	[ "${lines[0]}" = '{"IdentityToken":"identity","Status":"Login Succeeded"}' ]
	run api POST /auth -H 'Content-Type: application/json' -d "{\"identitytoken\":\"other\",\"serveraddress\":\"$GUARDED\"}"
	echo "$output"
	[ "${lines[-1]}" = 401 ]
	run api POST /auth -H 'Content-Type: application/json' -d "{\"username\":\"$REGISTRY_USER\",\"password\":\"$REGISTRY_PASSWORD\",\"serveraddress\":\"$REGISTRY\"}"
	[ "${lines[0]}" = '{"IdentityToken":"","Status":"Login Succeeded"}' ]
}

@test "scopes: pull and push, and the other repository's when a layer is mounted" {
	needs_tokens
	local auth
	auth="X-Registry-Auth: $(printf '{"username":"alice","password":"wonder-land"}' | base64 -w0 | tr '+/' '-_' | tr -d =)"
	ours tag small "$GUARDED/two/x:1"
	ours tag small "$GUARDED/two/y:1"
	api POST "/images/$GUARDED/two/x/push?tag=1" -H "$auth"
	: >"$BATS_FILE_TMPDIR/tokens.log"
	run api POST "/images/$GUARDED/two/y/push?tag=1" -H "$auth"
	echo "$output"
	[[ "$output" == *"Mounted from "*/x* ]]
	tokens
	tokens | grep -q '^GET right=True scope=repository:two/y:pull,push account=alice client_id=docker$'
	tokens | grep -Eq '^GET right=True scope=repository:two/y:pull,push;repository:(one|two)/x:pull account=alice'
	# without credentials, and with wrong ones
	run ours push "$GUARDED/two/y:1"
	echo "$output"
	[[ "$status" != 0 && "$output" == *"incorrect username or password"* ]]
	PASSWORD=wrong
	run ours login -u alice --password-stdin "$GUARDED" <<<"$PASSWORD"
	echo "$output"
	[[ "$status" != 0 && "$output" == *"unauthorized: "*"incorrect username or password"* ]]
}
