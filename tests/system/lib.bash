# SPDX-License-Identifier: MIT
# What the system tests share; each *.bats file loads it. scripts/test-system sets
#   STAGE   directory with bin/ (thimble and its links), tools/docker (the real CLI), fixtures/
#   CLIENT  real or ours: what docker() below runs
# Every file has a stack of its own, with its own HOME and XDG_RUNTIME_DIR below
# BATS_FILE_TMPDIR: call stack_start in setup_file, stack_stop in teardown_file.

bats_require_minimum_version 1.5.0

# within SECONDS COMMAND...: repeats COMMAND until it succeeds; fails when the time is over. SECONDS are ample
# for a machine that has nothing else to do; one that is slow or stands still has six times that, by a clock
# that nobody sets, and twenty tries at least.
within() {
	local now end tries=0
	read -r now _ </proc/uptime
	end=$((${now%.*} + 6 * $1))
	shift
	until "$@" >/dev/null 2>&1; do
		read -r now _ </proc/uptime
		tries=$((tries + 1))
		[ "${now%.*}" -le "$end" ] || [ "$tries" -lt 20 ] || {
			echo "not within time: $*"
			"$@" 2>&1 | tail -n 20
			return 1
		}
		sleep 0.05
	done
}

# fails COMMAND...: it must fail. (A line that begins with ! never ends a test, wherever it stands
# but at the end.)
fails() { ! "$@"; }

# --- the stack ---------------------------------------------------------------
stack_env() {
	export HOME=$BATS_FILE_TMPDIR/home XDG_RUNTIME_DIR=$BATS_FILE_TMPDIR/run
	export PATH=${STACK_BIN:-$STAGE/bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
	export DOCKER_HOST=unix://$XDG_RUNTIME_DIR/docker.sock DOCKER_CONFIG=$HOME/.docker
	export DATA=$HOME/.local/share/docker STACK_LOG=$BATS_FILE_TMPDIR/stack.log
	mkdir -p "$HOME" "$XDG_RUNTIME_DIR"
	chmod 700 "$XDG_RUNTIME_DIR"
}

# stack_start [DOCKERD OPTIONS]: starts dockerd-rootless.sh and waits for its first answer.
stack_start() {
	stack_env
	dockerd-rootless.sh "$@" >>"$STACK_LOG" 2>&1 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/stack.pid"
	within 20 stack_answers_or_ended && stack_answers || { stack_logs; return 1; }
}

stack_answers() { curl -sf --max-time 60 --unix-socket "$XDG_RUNTIME_DIR/docker.sock" http://localhost/_ping >/dev/null; }
stack_answers_or_ended() { stack_answers || ! kill -0 "$(cat "$BATS_FILE_TMPDIR/stack.pid")"; }

stack_logs() {
	echo "--- end of the stack's log"
	tail -n 60 "$STACK_LOG"
	echo "---"
}

# stack_halt: ends the stack as an administrator would, by one SIGTERM; containers may live on.
stack_halt() {
	local pid
	pid=$(cat "$BATS_FILE_TMPDIR/stack.pid")
	kill -TERM "$pid" 2>/dev/null || return 0
	timeout 120 tail --pid="$pid" -s 0.05 -f /dev/null || { kill -KILL "$pid"; return 1; }
}

# stack_stop: removes every container, ends the stack, removes its data; there is none where setup_file
# had skipped.
stack_stop() {
	local all
	[ -e "$BATS_FILE_TMPDIR/stack.pid" ] || return 0
	all=$(ours ps -aq 2>/dev/null || true)
	[ -z "$all" ] || ours rm -f $all >/dev/null 2>&1 || true
	stack_halt || true
	rootlesskit rm -rf "$DATA" >/dev/null 2>&1 || true
	[ -z "${KEEP:-}" ] || cp "$STACK_LOG" "$KEEP/" || true
}

# stack_pids: every process of the stack: the descendants of dockerd-rootless.sh, and those of
# the shims, which have left it and name the runtime directory among their arguments. Who made another
# comes before it.
stack_pids() {
	local new more all=
	new="$(cat "$BATS_FILE_TMPDIR/stack.pid") $(pgrep -u "$(id -u)" -f "^shim .*$XDG_RUNTIME_DIR/" || true)"
	while [ -n "${new// /}" ]; do
		all="$all $new" more=
		for p in $new; do more="$more $(pgrep -P "$p" | tr '\n' ' ')"; done
		new=$more
	done
	for p in $all; do [ ! -d "/proc/$p" ] || echo "$p"; done | awk '!seen[$1]++'
}

# pid_of APPLET: the process of the stack that runs it (its child looks the same until it runs another program)
pid_of() {
	local p
	for p in $(stack_pids); do
		tr '\0' '\n' 2>/dev/null <"/proc/$p/cmdline" | head -n 2 | grep -qE "(^|/)$1\$" && echo "$p"
	done 2>/dev/null | head -n 1
}

# open_files PID: how many descriptors a process has, or nothing where that cannot be seen. The size of
# its fd directory says it (Linux 6.2) even of one that nobody may look into, as usernet.
open_files() {
	local n
	n=$(stat -c %s "/proc/$1/fd")
	[ "$n" -gt 0 ] || n=$(find "/proc/$1/fd" -type l 2>/dev/null | wc -l)
	[ "$n" = 0 ] || echo "$n"
}

# --- the clients -------------------------------------------------------------
# a command that hangs fails, with what the test says about it
real() { timeout --foreground 240 "$STAGE/tools/docker" "$@"; }
ours() { "$STAGE/bin/thimble" docker "$@"; }
docker() { if [ "${CLIENT:-real}" = ours ]; then ours "$@"; else real "$@"; fi; }

# api METHOD PATH [CURL OPTIONS]: one request; body on stdout, then a line with the status
api() {
	local method=$1 path=$2
	shift 2
	curl -s -X "$method" --unix-socket "$XDG_RUNTIME_DIR/docker.sock" -w '\n%{http_code}\n' \
		"http://localhost$path" "$@"
}

# --- the registry: docker-registry with TLS and basic auth ----------------------
# free_port: a port that nobody has and no other suite takes as long as this one (or this test) lasts: who has
# one is written down in a folder that all of them know, whoever runs them
free_port() {
	local port claim owner dir=/tmp/thimble-ports
	mkdir -m 1777 "$dir" 2>/dev/null || true
	{
		flock 9
		for claim in "$dir"/*; do
			owner=
			read -r owner 2>/dev/null <"$claim" || true
			[ -d "/proc/${owner:-none}" ] || rm -f "$claim" 2>/dev/null || true
		done
		for port in $(shuf -i 20000-29999 -n 50); do
			[ ! -e "$dir/$port" ] && [ -z "$(ss -Hltun "sport = :$port")" ] || continue
			echo $$ >"$dir/$port"
			echo "$port"
			return
		done
	} 9<"$dir"
}

registry_start() {
	local dir=$BATS_FILE_TMPDIR/registry
	REGISTRY=localhost:$(free_port)
	export REGISTRY REGISTRY_USER=alice REGISTRY_PASSWORD=wonder-land REGISTRY_CA=$dir/ca.crt
	mkdir -p "$dir/data"
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
		-keyout "$dir/key.pem" -out "$REGISTRY_CA" 2>/dev/null
	htpasswd -Bbn "$REGISTRY_USER" "$REGISTRY_PASSWORD" >"$dir/htpasswd"
	cat >"$dir/config.yml" <<-YML
	version: 0.1
	storage: { filesystem: { rootdirectory: $dir/data }, delete: { enabled: true } }
	http: { addr: $REGISTRY, tls: { certificate: $REGISTRY_CA, key: $dir/key.pem } }
	auth: { htpasswd: { realm: test, path: $dir/htpasswd } }
	YML
	docker-registry serve "$dir/config.yml" >"$dir/log" 2>&1 3>&- &
	echo $! >"$dir/pid"
	within 20 registry_curl "https://$REGISTRY/v2/" || { cat "$dir/log"; return 1; }
}

registry_stop() {
	kill "$(cat "$BATS_FILE_TMPDIR/registry/pid")" 2>/dev/null || true
}

registry_curl() { curl -sf --cacert "$REGISTRY_CA" -u "$REGISTRY_USER:$REGISTRY_PASSWORD" "$@"; }

# registry_trust: what a user does for a registry with a certificate of its own
registry_trust() {
	mkdir -p "$HOME/.config/docker/certs.d/$REGISTRY"
	cp "$REGISTRY_CA" "$HOME/.config/docker/certs.d/$REGISTRY/ca.crt"
}

# push_blob NAME FILE: uploads a blob, prints its digest
push_blob() {
	local digest to
	digest=sha256:$(sha256sum <"$2" | cut -d' ' -f1)
	to=$(registry_curl -X POST -D - -o /dev/null "https://$REGISTRY/v2/$1/blobs/uploads/" |
		tr -d '\r' | sed -n 's/^[Ll]ocation: //p')
	registry_curl -X PUT -H 'Content-Type: application/octet-stream' --data-binary @"$2" \
		"$to&digest=$digest" >/dev/null
	echo "$digest"
}

# push_image NAME:TAG LAYER.tar.gz CONFIG-JSON [DIFFID]: an image of one layer; CONFIG is its
# "config" object; a DIFFID given is a lie
push_image() {
	local name=${1%:*} tag=${1##*:} work=$BATS_FILE_TMPDIR/push layer config
	mkdir -p "$work"
	jq -n --argjson config "$3" --arg diff "sha256:${4:-$(gzip -dc "$2" | sha256sum | cut -d' ' -f1)}" \
		--arg arch "$(dpkg --print-architecture)" '{ architecture: $arch, os: "linux", config: $config,
		created: "2024-01-01T00:00:00Z", history: [{ created_by: "test" }],
		rootfs: { type: "layers", diff_ids: [$diff] } }' >"$work/config.json"
	layer=$(push_blob "$name" "$2")
	config=$(push_blob "$name" "$work/config.json")
	jq -n --arg layer "$layer" --argjson layer_size "$(stat -c %s "$2")" \
		--arg config "$config" --argjson config_size "$(stat -c %s "$work/config.json")" '{
		schemaVersion: 2, mediaType: "application/vnd.docker.distribution.manifest.v2+json",
		config: { mediaType: "application/vnd.docker.container.image.v1+json", size: $config_size, digest: $config },
		layers: [{ mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip", size: $layer_size, digest: $layer }] }' \
		>"$work/manifest.json"
	registry_curl -X PUT -H 'Content-Type: application/vnd.docker.distribution.manifest.v2+json' \
		--data-binary @"$work/manifest.json" "https://$REGISTRY/v2/$name/manifests/$tag"
}

# import_small: the image "small" (busybox) through docker import, without a registry
import_small() {
	[ -e "$STAGE/fixtures/small.tar.gz" ] || skip "no busybox root file system (package busybox-static)"
	real import -c 'CMD ["/bin/sh"]' -c 'ENV PATH=/bin' "$STAGE/fixtures/small.tar.gz" small >/dev/null
}

# one_stack: a file whose tests share one stack and the image small
one_stack() {
	setup_file() {
		stack_start
		import_small
	}
	teardown_file() {
		stack_stop
	}
}

# clients_stack: a file whose tests are programs of Debian bookworm's (fixtures/clients): one stack, the
# image small, a registry that is trusted; skipped without the programs
clients_stack() {
	setup_file() {
		[ -e "$STAGE/fixtures/clients" ] || return 0
		stack_start
		registry_start
		registry_trust
		import_small
		export PYTHONPATH=$STAGE/fixtures/clients/python
	}
	teardown_file() {
		[ -e "$STAGE/fixtures/clients" ] || return 0
		registry_stop
		stack_stop
	}
	setup() { clients_need; }
}

clients_need() { [ -e "$STAGE/fixtures/clients" ] || skip "bookworm's packages could not be fetched"; }
