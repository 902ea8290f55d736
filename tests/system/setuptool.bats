# SPDX-License-Identifier: MIT
# dockerd-rootless-setuptool.sh: messages, streams, exit codes, the files it writes. systemctl is a
# script here which records its command lines; tests/vm has the real one.
load lib

setup() {
	export BATS_FILE_TMPDIR=$BATS_TEST_TMPDIR
	stack_env
	unset DOCKER_HOST DOCKER_CONTEXT DOCKER_CONFIG XDG_CONFIG_HOME
	FAKE=$BATS_TEST_TMPDIR/fake
	TOOL=dockerd-rootless-setuptool.sh
	UNIT=$HOME/.config/systemd/user/docker.service
	mkdir -p "$FAKE"
	# what may stand in the way on the machine that runs the tests
	[ ! -w /var/run/docker.sock ] || skip "a system-wide Docker is in use"
	# what tool() finds besides: only what the test puts there, and the host's necessary tools
	for p in newuidmap newgidmap getsubids sh cat id grep sed tr mkdir rm touch env dirname true; do
		ln -s "$(PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin type -P $p)" "$FAKE/$p" 2>/dev/null || true
	done
	if [ -e /sbin/rc-service ] || [ -e /usr/sbin/rc-service ]; then skip "OpenRC is installed"; fi
}

fake() { # fake NAME: a program of this name that does what stdin says
	{ echo '#!/bin/sh'; cat; } >"$FAKE/$1"
	chmod 755 "$FAKE/$1"
}

fake_systemctl() {
	export CALLS=$BATS_TEST_TMPDIR/calls WANTS=$HOME/.config/systemd/user/default.target.wants
	fake systemctl <<-'SH'
	echo "systemctl $*" >>"$CALLS"
	case "$*" in
	"--user --no-pager status docker.service") [ -e "$CALLS.started" ] ;;
	"--user start docker.service") [ ! -e "$CALLS.broken" ] && touch "$CALLS.started" ;;
	"--user stop docker.service") rm -f "$CALLS.started" ;;
	"--user --no-pager --full status docker.service") echo "docker.service - active" ;;
	"--user enable docker.service") mkdir -p "$WANTS"; touch "$WANTS/docker.service"; echo "Created symlink." >&2 ;;
	"--user disable docker.service") rm "$WANTS/docker.service" && echo "Removed $WANTS/docker.service." >&2 ;;
	esac
	SH
}

# tool ARGUMENTS...: the setup tool, which finds only what the test has put in PATH
tool() { (export PATH=$STAGE/bin:$FAKE; "$TOOL" "$@"); }

lines_in_order() { # every line of stdin is a line of $output, in this order
	local line at=0 i
	while IFS= read -r line; do
		for ((i = at; i < ${#lines[@]}; i++)); do [ "${lines[i]}" != "$line" ] || break; done
		[ "$i" -lt "${#lines[@]}" ] || { echo "missing or out of order: $line"; echo "$output"; return 1; }
		at=$((i + 1))
	done
}

@test "install under systemd says what the documentation shows" {
	fake_systemctl
	run tool install
	[ "$status" = 0 ]
	lines_in_order <<-END
	[INFO] Creating $UNIT
	[INFO] starting systemd service docker.service
	+ systemctl --user start docker.service
	+ systemctl --user --no-pager --full status docker.service
	docker.service - active
	+ DOCKER_HOST=unix://$XDG_RUNTIME_DIR/docker.sock $STAGE/bin/docker version
	+ systemctl --user enable docker.service
	[INFO] Installed docker.service successfully.
	[INFO] To control docker.service, run: \`systemctl --user (start|stop|restart) docker.service\`
	[INFO] To run docker.service on system startup, run: \`sudo loginctl enable-linger $(id -un)\`
	[INFO] Creating CLI context "rootless"
	[INFO] Using CLI context "rootless"
	[INFO] Make sure the following environment variables are set (or add them to ~/.bashrc):
	export PATH=$STAGE/bin:\$PATH
	export DOCKER_HOST=unix://$XDG_RUNTIME_DIR/docker.sock
	END
	[ "$(grep -c -- '--user daemon-reload' "$CALLS")" = 1 ]
	[[ "$output" != *$'\033'* ]]
}

@test "the unit has what the documentation names" {
	fake_systemctl
	tool install >/dev/null 2>&1
	for line in "Requires=dbus.socket" "ExecStart=$STAGE/bin/dockerd-rootless.sh" \
		"Environment=PATH=$STAGE/bin:/sbin:/usr/sbin:$STAGE/bin:$FAKE" Type=notify NotifyAccess=all KillMode=mixed Delegate=yes \
		Restart=always RestartSec=2 LimitNOFILE=infinity TasksMax=infinity WantedBy=default.target \
		'ExecReload=/bin/kill -s HUP $MAINPID'; do
		grep -qxF -- "$line" "$UNIT" || { echo "no line $line"; cat "$UNIT"; false; }
	done
	! grep -q @ "$UNIT"
}

@test "a second install leaves the unit alone" {
	fake_systemctl
	tool install >/dev/null 2>&1
	echo '# mine' >>"$UNIT"
	run --separate-stderr tool install
	[ "$status" = 0 ]
	[[ "$stderr" == *"[WARNING] File already exists, skipping: $UNIT"* ]]
	[[ "$output" == *'[INFO] CLI context "rootless" already exists'* ]]
	[[ "$output" != *"starting systemd service"* ]]
	grep -q '# mine' "$UNIT"
}

@test "a service that does not start is told, with the command that shows why" {
	fake_systemctl
	touch "$CALLS.broken"
	run --separate-stderr tool install
	[ "$status" = 1 ]
	[[ "$stderr" == *'[ERROR] Failed to start docker.service. Run `journalctl -n 20 --no-pager --user --unit docker.service` to show the error log.'* ]]
	[[ "$stderr" == *"\`$TOOL uninstall -f ; $STAGE/bin/rootlesskit rm -rf $HOME/.local/share/docker\`"* ]]
}

@test "uninstall says what the documentation shows, and leaves the data" {
	fake_systemctl
	tool install >/dev/null 2>&1
	mkdir -p "$HOME/.local/share/docker"
	run tool uninstall
	[ "$status" = 0 ]
	lines_in_order <<-END
	+ systemctl --user stop docker.service
	+ systemctl --user disable docker.service
	Removed $WANTS/docker.service.
	[INFO] Uninstalled docker.service
	[INFO] Deleted CLI context "rootless"
	[INFO] Configured CLI to use the "default" context.
	[INFO] This uninstallation tool does NOT remove Docker binaries and data.
	[INFO] To remove data, run: \`$STAGE/bin/rootlesskit rm -rf $HOME/.local/share/docker\`
	END
	[ ! -e "$UNIT" ]
	[ -d "$HOME/.local/share/docker" ]
	run tool uninstall
	[ "$status" = 0 ]
}

@test "the command that uninstall names removes data of subordinate owners" {
	mkdir -p "$HOME/.local/share/docker"
	rootlesskit sh -c "mkdir $HOME/.local/share/docker/x && chown 1000:1000 $HOME/.local/share/docker/x"
	[ "$(stat -c %u "$HOME/.local/share/docker/x")" != "$(id -u)" ]
	rootlesskit rm -rf "$HOME/.local/share/docker"
	[ ! -e "$HOME/.local/share/docker" ]
}

@test "the aliases are the same tool" {
	for name in docker-rootless-setuptool.sh setuptool; do
		run "$name" --help
		[ "$status" = 0 ]
		[ "${lines[0]}" = "Usage: $name [OPTIONS] COMMAND" ]
	done
}

@test "each context is what the docker CLI reads, with its other settings kept" {
	mkdir -p "$HOME/.docker"
	echo '{"auths":{"r.example":{}},"psFormat":"x"}' >"$HOME/.docker/config.json"
	tool install >/dev/null
	[ "$(jq -r .currentContext "$HOME/.docker/config.json")" = rootless ]
	[ "$(jq -c '[.auths, .psFormat]' "$HOME/.docker/config.json")" = '[{"r.example":{}},"x"]' ]
	if [ -x "$STAGE/tools/docker" ]; then
		[ "$(real context show)" = rootless ]
		[ "$(real context inspect rootless -f '{{.Endpoints.docker.Host}}')" = "unix://$XDG_RUNTIME_DIR/docker.sock" ]
		[[ "$(real context ls)" == *"rootless * "*"Rootless mode"* ]]
	fi
	tool uninstall >/dev/null
	[ "$(jq -c . "$HOME/.docker/config.json")" = '{"auths":{"r.example":{}},"psFormat":"x"}' ]
	[ ! -x "$STAGE/tools/docker" ] || [ "$(real context show)" = default ]
}

@test "without systemd: the start line, and nothing else where nothing fits" {
	run --separate-stderr tool install
	[ "$status" = 0 ]
	[ "${lines[0]}" = "[INFO] systemd not detected, dockerd-rootless.sh needs to be started manually:" ]
	[ "${lines[1]}" = "PATH=$STAGE/bin:/sbin:/usr/sbin:\$PATH dockerd-rootless.sh" ]
	[[ "$output" != *crontab* ]]
}

@test "without systemd: a script for OpenRC, runit or s6, or a line for cron" {
	for init in rc-service:rc/init.d/docker:OpenRC runsv:runit/docker/run:runit s6-svscan:s6/docker/run:s6; do
		IFS=: read -r program file name <<<"$init"
		fake "$program" </dev/null
		run tool install
		[ "$status" = 0 ]
		[[ "$output" == *"[INFO] Creating $HOME/.config/$file"* ]]
		[[ "$output" == *"[INFO] To have $name keep it running, run: "* ]]
		[ -x "$HOME/.config/$file" ]
		! grep -q '@[A-Z]*@' "$HOME/.config/$file"
		sh -n "$HOME/.config/$file"
		rm "$FAKE/$program"
		run tool uninstall
		[[ "$output" == *"[INFO] Removed $HOME/.config/$file"* ]]
		[ ! -e "$HOME/.config/$file" ]
	done
	fake crontab </dev/null
	run tool install
	[[ "$output" == *"@reboot XDG_RUNTIME_DIR=$XDG_RUNTIME_DIR PATH=$STAGE/bin:/sbin:/usr/sbin:\$PATH dockerd-rootless.sh >>$HOME/.docker/dockerd.log 2>&1"* ]]
}

@test "without systemd: an OpenRC without services of users is offered root's only" {
	fake rc-service </dev/null
	run tool install
	[[ "$output" == *"To have OpenRC keep it running, run: \`sudo install -m 755 $HOME/.config/rc/init.d/docker /etc/init.d/docker.$(id -un) && "* ]]
	[[ "$output" != *--user* ]]
	tool uninstall
	fake rc-service <<<'echo "  -U, --user  Run in user mode"'
	run tool install
	[[ "$output" == *"run: \`rc-update --user add docker default && rc-service --user docker start\`"* ]]
	[[ "$output" == *"which needs, at boot: \`sudo ln -sf user /etc/init.d/user.$(id -un) && "* ]]
	[[ "$output" == *"as a service of root: \`sudo install -m 755 "* ]]
}

@test "without systemd: paths are quoted in the script, and what is in place is named before it goes" {
	fake runsv </dev/null
	export HOME="$HOME/a \$b\`c\""
	mkdir -p "$HOME/service"
	tool install
	(eval "$(grep '^export HOME' "$HOME/.config/runit/docker/run")"; [ "$HOME" = "$(bash -c 'echo "$HOME"')" ])
	sh -n "$HOME/.config/runit/docker/run"
	run tool uninstall
	[[ "$output" != *"sv -w"* ]]
	[ ! -e "$HOME/.config/runit/docker" ]
	tool install
	mkdir "$HOME/.config/runit/docker/supervise"
	ln -s "$HOME/.config/runit/docker" "$HOME/service/"
	run tool uninstall
	[[ "$output" == *"To end runit's service, run: \`sv -w 40 down $HOME/service/docker; rm $HOME/service/docker; rm -r "* ]]
	[ -d "$HOME/.config/runit/docker/supervise" ] # a supervisor may be at it
}

@test "the run script starts an engine that answers" {
	fake runsv </dev/null
	tool install >/dev/null
	PATH=/usr/bin:/bin "$HOME/.config/runit/docker/run" >"$STACK_LOG" 2>&1 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/stack.pid"
	within 20 stack_answers || { stack_logs; false; }
	run docker-rootless-setuptool.sh nsenter -- id -u
	[ "$output" = 0 ]
	run "$TOOL" nsenter ip -o addr show
	[[ "$output" == *10.0.2.100* ]]
	run "$STAGE/bin/docker" version # finds the engine by the context
	[[ "$status" = 0 && "$output" == *Server:* ]]
	stack_stop
	run tool nsenter true
	[ "$status" = 1 ]
}

@test "without XDG_RUNTIME_DIR and systemd ~/.docker/run stands in" {
	unset XDG_RUNTIME_DIR
	run tool install
	[ "$status" = 0 ]
	[[ "$output" == *"export XDG_RUNTIME_DIR=$HOME/.docker/run"* ]]
	[[ "$output" == *"export DOCKER_HOST=unix://$HOME/.docker/run/docker.sock"* ]]
	[ "$(stat -c %a "$HOME/.docker/run")" = 700 ]
}

@test "with systemd and another's XDG_RUNTIME_DIR it refuses with the ways out" {
	fake_systemctl
	XDG_RUNTIME_DIR=/proc run --separate-stderr tool install
	[ "$status" = 1 ]
	[[ "${stderr_lines[0]}" == '[ERROR] Aborting because systemd was detected but XDG_RUNTIME_DIR ("/proc") is not set, does not exist, or is not writable' ]]
	[[ "$stderr" == *"machinectl shell"* ]]
}

@test "the refusals, on stderr, with exit code 1" {
	refused() { # MESSAGE COMMAND...
		local message=$1
		shift
		run --separate-stderr "$@"
		[ "$status" = 1 ] && [[ "$stderr" == *"$message"* ]] || { echo "$message: $status $stderr"; return 1; }
	}
	refused "[ERROR] No command was specified. Run with --help to see the usage. Maybe you want to run \`$TOOL install\`?" tool
	refused "[ERROR] Unknown command: frob. Run with --help to see the usage." tool frob
	refused "unknown" tool --frob install
	refused "[ERROR] HOME needs to be set" env -u HOME "$STAGE/bin/$TOOL" check
	refused "[ERROR] HOME needs to be writable" env HOME=/proc "$STAGE/bin/$TOOL" check
	refused "[ERROR] dockerd-rootless.sh needs to be present under \$PATH" env PATH="$FAKE" "$STAGE/bin/$TOOL" check
	refused "[ERROR] Refusing to install rootless Docker as the root user" rootlesskit "$STAGE/bin/$TOOL" check
}

@test "missing requirements become a block of commands" {
	rm "$FAKE/newuidmap"
	fake apt-get </dev/null
	run --separate-stderr tool install
	[ "$status" = 1 ]
	[ "${stderr_lines[0]}" = "[ERROR] Missing system requirements. Run the following commands to" ]
	[ "${stderr_lines[1]}" = "[ERROR] install the requirements and run this tool again." ]
	[ "$output" = "
########## BEGIN ##########
sudo sh -eux <<EOF
# Install newuidmap & newgidmap binaries
apt-get install -y uidmap
EOF
########## END ##########" ]
	rm "$FAKE/apt-get"
	if [ ! -e /sbin/apk ] && [ ! -e /usr/sbin/apk ]; then
		run --separate-stderr tool check
		[ "$status" = 1 ]
		[ "$stderr" = "[ERROR] newuidmap binary not found. Please install with a package manager." ]
	fi
}

@test "check is content, or names what is lacking" {
	run --separate-stderr tool check --skip-iptables -f
	[ "$status" = 0 ]
	[ "${lines[-1]}" = "[INFO] Requirements are satisfied" ]
	[[ -z "$stderr" || "$stderr" == "[WARNING] "* ]]
}

@test "prefixes have colours on a terminal" {
	run script -qec "$STAGE/bin/$TOOL uninstall" /dev/null
	[[ "$output" == *$'\033[104m\033[97m[INFO]\033[49m\033[39m Configured CLI'* ]]
}
