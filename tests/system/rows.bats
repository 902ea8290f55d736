# SPDX-License-Identifier: MIT
# What the public documentation of rootless Docker claims, as far as no other file shows it; the
# numbers are those of the table in README (tests/rows.tsv).
load lib

setup_file() {
	stack_start
	import_small
	real run -d --name web small sh -c 'echo hello >/tmp/f; exec httpd -f -p 80 -h /tmp'
}

teardown_file() {
	stack_stop
}

refused() { # refused TEXT COMMAND...: it fails, with TEXT among its words
	local text=$1
	shift
	run "$@"
	[ "$status" != 0 ] && [[ "$output" == *"$text"* ]] || { echo "$status: $output"; return 1; }
}

# with_engine_of_root OPTIONS...: the set-up tool where a system-wide engine's socket is writable
with_engine_of_root() {
	run unshare -Urm sh -c "mount -t tmpfs -o mode=777 t /run; : >/run/docker.sock; chmod 666 /run/docker.sock; mkdir -p $HOME/run-dir
		XDG_RUNTIME_DIR=$HOME/run-dir exec unshare -U --map-user=$(id -u) --map-group=$(id -g) dockerd-rootless-setuptool.sh $*"
}

# restricted COMMANDS: doctor as on a kernel with Ubuntu's sysctl (a file is put in its place) after COMMANDS
restricted() {
	run unshare -Urm sh -c "mount -t tmpfs t /proc/sys/kernel; echo 1 >/proc/sys/kernel/apparmor_restrict_unprivileged_userns
		$1; exec thimble doctor --json apparmor user-namespaces"
}

@test "row 2: the daemon is not root on the host, and says rootless, not userns-remap" {
	pid=$(pid_of dockerd)
	[ "$(stat -c %u "/proc/$pid")" = "$(id -u)" ]
	[ "$(awk '/^Uid:/ { print $2 }' "/proc/$pid/status")" != 0 ]
	run real info -f '{{json .SecurityOptions}}'
	[[ "$output" == *name=rootless* && "$output" != *name=userns* ]]
}

@test "row 4: a user installs it without any way to root, and it runs" {
	mkdir -p "$HOME/bin"
	cp "$STAGE/bin/thimble" "$HOME/bin/"
	setpriv --no-new-privs "$HOME/bin/thimble" --install -s "$HOME/bin"
	[ -z "$(find "$HOME/bin" ! -user "$(id -un)")" ]
	PATH=$HOME/bin:/usr/bin:/bin run docker-rootless-setuptool.sh check --skip-iptables -f
	[ "$status" = 0 ]
	PATH=$HOME/bin:/usr/bin:/bin run rootlesskit id -u
	[ "$output" = 0 ]
}

@test "row 5: root of a privileged container with the host's files can do what the user can" {
	refused "ermission denied" real run --rm --privileged -v /:/host small cat /host/etc/shadow
	refused "ermission denied" real run --rm --privileged -v /:/host small touch /host/usr/of-root
	real run --rm --privileged -v /:/host small touch /host/etc/of-root # a copy, by rootlesskit --copy-up
	[ ! -e /etc/of-root ]
	real run --rm --privileged --pid host -v "$HOME:/h" small touch /h/mine
	[ "$(stat -c %U "$HOME/mine")" = "$(id -un)" ]
	run real run --rm --privileged small sh -c 'echo 1 >/proc/sys/kernel/panic'
	[ "$status" != 0 ]
}

@test "row 7: the documented line of subuid and subgid is understood" {
	echo "$(id -un):231072:65536" >"$BATS_TEST_TMPDIR/ids"
	run unshare -Urm sh -c "mount --bind $BATS_TEST_TMPDIR/ids /etc/subuid; mount --bind $BATS_TEST_TMPDIR/ids /etc/subgid
		exec unshare -U --map-user=$(id -u) --map-group=$(id -g) thimble doctor --json subuid subgid"
	[ "$(jq -r '.[] | "\(.status) \(.found)"' <<<"$output" | sort -u)" = "ok 65536 ids, the first range from 231072" ]
	first=$(awk -F: -v u="$(id -un)" '$1 == u { print $2; exit }' /etc/subuid)
	run rootlesskit cat /proc/self/uid_map
	[[ "$(tr -s ' ' <<<"$output")" == *"1 $first 65536"* ]]
	run rootlesskit sh -c "touch $HOME/last && chown 65536:65536 $HOME/last"
	[ "$(stat -c %u "$HOME/last")" = $((first + 65535)) ]
	fails rootlesskit chown 65537:0 "$HOME/last"
	rootlesskit rm "$HOME/last"
}

@test "row 8: the documented checks of ids answer in the documented form" {
	[[ "$(id -u)" =~ ^[1-9][0-9]*$ ]]
	[ "$(whoami)" = "$(id -un)" ]
	for f in subuid subgid; do [[ "$(grep "^$(whoami):" /etc/$f)" =~ ^$(whoami):[0-9]+:65536$ ]]; done
	[ "$(rootlesskit whoami)" = root ]
}

@test "row 10: without the user's systemd doctor names dbus-user-session" {
	run thimble doctor --json service
	[[ "$(jq -r '.[0].cause' <<<"$output")" == *dbus-user-session* ]]
}

@test "row 11: a user who did not log in himself is told of machinectl shell" {
	XDG_RUNTIME_DIR=/run run thimble doctor --json runtime-dir
	[[ "$(jq -r '.[0].mend' <<<"$output")" == *"machinectl shell"* ]]
}

@test "row 12: overlay2 is the driver that is taken by itself" {
	[ "$(real info -f '{{.Driver}}')" = overlay2 ]
	run real exec web cat /proc/mounts
	[[ "$output" == *"overlay / overlay "*userxattr* ]]
}

@test "row 13: restricted user namespaces are named, with the profile that allows them" {
	restricted 'echo 0 >/proc/sys/user/max_user_namespaces'
	[ "$status" = 1 ]
	for c in apparmor user-namespaces; do
		said=$(jq -r --arg c $c '.[] | select(.check == $c) | "\(.status) \(.cause) \(.mend)"' <<<"$output")
		[[ "$said" == "missing "*"apparmor_restrict_unprivileged_userns is 1"*"  userns,"* ]]
	done
}

@test "row 14: where a profile allows them already nothing is asked for" {
	restricted true
	[ "$status" = 0 ]
	[ "$(jq -r '.[] | "\(.check) \(.status)"' <<<"$output" | paste -sd,)" = "user-namespaces ok,apparmor ok" ]
}

@test "row 15: the profile is the documented one, for this file's own path" {
	exe=$(realpath "$STAGE/bin/thimble")
	restricted 'echo 0 >/proc/sys/user/max_user_namespaces'
	filename=$(echo "$exe" | sed -e s@^/@@ -e s@/@.@g)
	[ "$(jq -r '.[] | select(.check == "apparmor") | .mend' <<<"$output")" = "cat <<EOT | sudo tee \"/etc/apparmor.d/$filename\"
abi <abi/4.0>,
include <tunables/global>

\"$exe\" flags=(unconfined) {
  userns,

  include if exists <local/$filename>
}
EOT
sudo systemctl restart apparmor.service" ]
}

@test "row 17: no slirp4netns or vpnkit is needed; the one inside is newer than 0.4.0" {
	run slirp4netns --version
	[[ "${lines[0]}" =~ ^slirp4netns\ version\ ([0-9]+)\.([0-9]+) ]]
	[ "${BASH_REMATCH[1]}" -ge 1 ] || [ "${BASH_REMATCH[2]}" -ge 5 ]
	[ -z "$(pgrep -u "$(id -u)" -x vpnkit)" ]
	[[ "$(real exec web ip addr)" == *"172."* ]]
}

@test "row 22: another storage driver is refused, with the list" {
	mkdir -m 700 "$BATS_TEST_TMPDIR/run"
	XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run refused "zfs is not supported; there are overlay2, fuse-overlayfs, btrfs and vfs" timeout 20 dockerd-rootless.sh \
		--data-root "$BATS_TEST_TMPDIR/d" --storage-driver zfs
}

@test "row 24: an AppArmor profile for a container is refused or said to be none" {
	run real info -f '{{json .SecurityOptions}}'
	[[ "$output" != *apparmor* ]]
	refused "apparmor profile some-profile" real run --rm --security-opt apparmor=some-profile small true
}

@test "row 25: checkpoints are refused as by a Docker without experimental features" {
	refused "only supported on a Docker daemon with experimental features" real checkpoint create web c1
	run api POST /containers/web/checkpoints -H 'Content-Type: application/json' -d '{"CheckpointID":"c1"}'
	[ "${lines[-1]}" = 501 ]
}

@test "row 26: an overlay network is refused with a reason" {
	refused "not a swarm manager" real network create -d overlay o1
}

@test "row 27: SCTP ports are refused with a reason" {
	refused "SCTP ports cannot be published" real run --rm -p 8080:80/sctp small true
}

@test "row 30: an address of docker inspect is not the host's to reach, but by nsenter and dial" {
	ip=$(real inspect -f '{{.NetworkSettings.IPAddress}}' web)
	fails curl -sf --noproxy '*' -m 3 "http://$ip/f"
	[ "$(nsenter -U --preserve-credentials -n -m -t "$(cat "$XDG_RUNTIME_DIR/docker.pid")" curl -sf --noproxy '*' -m 5 "http://$ip/f")" = hello ]
	[[ "$(printf 'GET /f HTTP/1.0\r\n\r\n' | thimble dial "$ip:80")" == *hello ]]
}

@test "row 31: --net=host is the host's own network" {
	port=$(free_port)
	[ "$(real run --rm --network host small readlink /proc/self/ns/net)" = "$(readlink /proc/self/ns/net)" ]
	real run -d --name hostly --network host small sh -c "echo host >/tmp/f; exec httpd -f -p 127.0.0.1:$port -h /tmp"
	within 5 curl -sf --noproxy '*' "http://127.0.0.1:$port/f"
	real rm -f hostly
}

@test "row 33: a system-wide engine in the way is named, and how to disable it" {
	with_engine_of_root install
	[ "$status" = 1 ]
	[[ "$output" == *"[ERROR] Aborting because rootful Docker"* && "$output" == *"--force"* ]]
	run unshare -Urm sh -c "mount -t tmpfs -o mode=777 t /run; : >/run/docker.sock; chmod 666 /run/docker.sock; exec thimble doctor --json system-engine"
	[[ "$output" == *"sudo systemctl disable --now docker.service docker.socket && sudo rm /var/run/docker.sock"* ]]
}

@test "row 34: --force goes on beside it" {
	with_engine_of_root --force check
	[ "$status" = 0 ]
	[[ "$output" == *"Requirements are satisfied"* ]]
}

@test "row 41: nothing else is to be installed: one file has every name" {
	mkdir "$BATS_TEST_TMPDIR/one"
	cp "$STAGE/bin/thimble" "$BATS_TEST_TMPDIR/one/"
	(cd "$BATS_TEST_TMPDIR/one" && ./thimble --install -s .)
	for n in dockerd dockerd-rootless.sh dockerd-rootless-setuptool.sh rootlesskit rootlessctl slirp4netns shim docker-init docker; do
		[ "$(readlink "$BATS_TEST_TMPDIR/one/$n")" = thimble ] || { echo "no $n"; false; }
	done
}

@test "row 44: without DOCKER_HOST and a context clients talk to the system's socket again" {
	unset DOCKER_HOST DOCKER_CONTEXT
	run dockerd-rootless-setuptool.sh uninstall -f
	[[ "$output" == *"unset or update the environment PATH, DOCKER_HOST"* ]]
	[ -e /var/run/docker.sock ] || refused /var/run/docker.sock real version
	[ "$(real context show)" = default ]
}

@test "row 46: the binary and its links removed, the data by rootlesskit: nothing is left" {
	export HOME=$BATS_TEST_TMPDIR/home XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run
	mkdir -p "$HOME/bin" "$XDG_RUNTIME_DIR"
	chmod 700 "$XDG_RUNTIME_DIR"
	cp "$STAGE/bin/thimble" "$HOME/bin/"
	"$HOME/bin/thimble" --install -s "$HOME/bin"
	PATH=$HOME/bin:/usr/bin:/bin dockerd-rootless.sh >"$BATS_TEST_TMPDIR/log" 2>&1 3>&- &
	pid=$!
	export DOCKER_HOST=unix://$XDG_RUNTIME_DIR/docker.sock
	within 20 stack_answers
	[ -n "$("$HOME/bin/docker" run --rm thimble/hello)" ]
	kill "$pid"
	wait "$pid" || true
	"$HOME/bin/rootlesskit" rm -rf "$HOME/.local/share/docker"
	rm -rf "$HOME/bin"
	run find "$HOME" ! -type d
	[ -z "$output" ] || { echo "left: $output"; false; }
}
