# systemd.user.sh PART: run as testuser, in a login, in the machine of tests/vm/systemd. real is the real
# docker command line, used where it matters; else thimble's, which starts ten times as fast here.
. /checks/tools.sh
cd
unit=docker.service
file=$HOME/.config/systemd/user/$unit
manager=/sys/fs/cgroup/user.slice/user-1001.slice/user@1001.service
group=$manager/app.slice/$unit
said=/tmp/said-$1
polite='trap "exit 0" TERM; sleep 10000 & wait' # a container that a stop need not wait for

docker() { thimble docker "$@"; }
real() { command docker "$@"; }
state() { docker inspect -f "{{.State.$1}}" "$2"; }
id_of() { docker inspect -f '{{.Id}}' "$1"; }
of() { cat "$group/$(id_of "$1")/$2"; } # of CONTAINER FILE: of its control group
active() { systemctl --user -q is-active $unit; }
property() { systemctl --user show -P "$1" $unit; }
answers() { docker ping; }
# as often as the tests want: the unit may start three times a minute (StartLimitBurst=)
begin() {
	systemctl --user reset-failed $unit
	systemctl --user "${1:-start}" $unit
}
journal() { journalctl --user -q --no-pager -o cat -u $unit "$@"; }
pid_of() { pgrep -o -u testuser -f "^([^ ]*/)?$1( |\$)"; } # whose command line starts with an applet's name

# --- install: document A from the top, by machinectl shell
session_is_whole() {
	is "$XDG_RUNTIME_DIR" /run/user/1001
	is "$(stat -c '%U %a' $XDG_RUNTIME_DIR)" "testuser 700"
	loginctl list-sessions --no-legend | grep testuser
	is "$(systemctl --user is-system-running)" running
}
bus_is_there() {
	is "$DBUS_SESSION_BUS_ADDRESS" unix:path=/run/user/1001/bus
	is "$(systemctl --user is-active dbus.socket)" active
}
uidmap_is_there() {
	is "$(stat -c '%U %A' /usr/bin/newuidmap /usr/bin/newgidmap | sort -u)" "root -rwsr-xr-x"
	is "$(find / -xdev \( -user testuser -o -name thimble \) -perm /6000 2>/dev/null)" ""
}
subids_are_the_document_s() {
	is "$(grep ^$(whoami): /etc/subuid)" testuser:231072:65536
	is "$(grep ^$(whoami): /etc/subgid)" testuser:231072:65536
}
ids_are_the_document_s() {
	is "$(id -u)" 1001
	is "$(whoami)" testuser
	rootlesskit cat /proc/self/uid_map >/tmp/map
	is "$(awk '{ print $1, $2, $3 }' /tmp/map | tr '\n' ,)" "0 1001 1,1 231072 65536,"
}
check_is_content() {
	dockerd-rootless-setuptool.sh check | tee /tmp/check
	is "$(tail -n 1 /tmp/check)" "[INFO] Requirements are satisfied"
}
install_works() {
	dockerd-rootless-setuptool.sh install >$said 2>&1 || { cat $said; return 1; }
}
creating_is_said() { is "$(grep -m 1 . $said)" "[INFO] Creating $file" && [ -s "$file" ]; }
installed_is_said() {
	in_order $said <<-'END'
	[INFO] starting systemd service docker.service
	+ systemctl --user start docker.service
	+ systemctl --user --no-pager --full status docker.service
	...
	+ DOCKER_HOST=unix:///run/user/1001/docker.sock /usr/bin/docker version
	...
	+ systemctl --user enable docker.service
	...
	[INFO] Installed docker.service successfully.
	END
	grep -q '^     Active: active (running)' $said
	grep -q '^Server: thimble' $said
}
# the document's lines; its user 1001 has the runtime directory of another, 1000
document_is_said() {
	in_order $said <<-'END'
	[INFO] Creating /home/testuser/.config/systemd/user/docker.service
	...
	[INFO] Installed docker.service successfully.
	[INFO] To control docker.service, run: `systemctl --user (start|stop|restart) docker.service`
	[INFO] To run docker.service on system startup, run: `sudo loginctl enable-linger testuser`

	[INFO] Make sure the following environment variables are set (or add them to ~/.bashrc):

	export PATH=/usr/bin:$PATH
	export DOCKER_HOST=unix:///run/user/1001/docker.sock
	END
	fails grep -E '^\[(WARNING|ERROR)\]' $said
}
unit_is_docker_s() { # what Docker 28.5's own tool writes
	cat >/tmp/unit <<-END
	[Unit]
	Description=Docker Application Container Engine (Rootless)
	Documentation=https://docs.docker.com/go/rootless/
	Requires=dbus.socket

	[Service]
	Environment=PATH=/usr/bin:/sbin:/usr/sbin:$PATH
	ExecStart=/usr/bin/dockerd-rootless.sh
	ExecReload=/bin/kill -s HUP \$MAINPID
	TimeoutSec=0
	RestartSec=2
	Restart=always
	StartLimitBurst=3
	StartLimitInterval=60s
	LimitNOFILE=infinity
	LimitNPROC=infinity
	LimitCORE=infinity
	TasksMax=infinity
	Delegate=yes
	Type=notify
	NotifyAccess=all
	KillMode=mixed

	[Install]
	WantedBy=default.target
	END
	diff /tmp/unit "$file"
	systemd-analyze --user verify "$file" 2>&1 | fails grep docker
}
lines_for_bashrc_work() {
	grep ^export $said >>~/.bashrc
	bash -ic 'docker info' >/tmp/info 2>/tmp/warnings
	for line in "Context:    default" "Server Version: 28.5.2" "Storage Driver: overlay2" "Cgroup Version: 2" \
		"  rootless" "Docker Root Dir: $HOME/.local/share/docker" "Running: 0"; do
		has "$(cat /tmp/info)" "${line# }"
	done
	grep -vE 'job control|terminal process group|^WARNING: No (cpuset|io)|^NOTE' /tmp/warnings | fails grep .
}
context_is_used() {
	grep -q '"currentContext": *"rootless"' ~/.docker/config.json
	is "$(real version -f '{{.Server.Version}}')" 28.5.2
}
control_works() {
	local main
	main=$(property MainPID)
	systemctl --user stop docker.service
	fails active
	fails answers
	gone $XDG_RUNTIME_DIR/docker.sock
	systemctl --user start docker.service
	answers # it is ready when start comes back: Type=notify
	active
	systemctl --user restart docker.service
	answers
	[ "$(property MainPID)" != "$main" ]
	has "$(systemctl --user status docker.service)" "Active: active (running)"
	is "$(property NRestarts)" 0
}
is_enabled() {
	is "$(systemctl --user is-enabled $unit)" enabled
	is "$(readlink "${file%/*}/default.target.wants/$unit")" "$file"
}
names_are_told() { # as ps and pgrep show them
	is "$(cat "/proc/$(property MainPID)/comm")" rootlesskit
	is "$(cat "/proc/$(pid_of dockerd)/comm")" dockerd
}
journal_has_it() {
	within 5 journal_says "Daemon has completed initialization"
	within 5 journal_says "Started docker.service"
}
runs_containers() {
	docker import -c 'CMD ["/bin/sh"]' -c 'ENV PATH=/bin' /checks/small.tar small
	is "$(real run --rm small echo hello 2>&1)" hello
	real run -d --name keep --restart unless-stopped small sh -c "$polite"
	docker run -d --name once small sh -c "$polite"
}
journald_gets_it() { # what a container says, by the log driver, with Docker's fields
	local id line
	id=$(docker run -d --name jrn --log-driver journald --label tier=front --log-opt labels=tier \
		--log-opt tag={{.Name}}/x small sh -c 'echo "to the journal"; echo "an error" >&2')
	docker wait jrn
	within 5 line_of "an error"
	line=$(line_of "an error")
	has "$line" '"PRIORITY":"3"'
	line=$(line_of "to the journal")
	for field in PRIORITY:6 CONTAINER_ID:${id::12} CONTAINER_ID_FULL:$id CONTAINER_NAME:jrn CONTAINER_TAG:jrn/x \
		SYSLOG_IDENTIFIER:jrn/x IMAGE_NAME:small TIER:front _UID:1001 _TRANSPORT:journal; do
		has "$line" "\"${field%%:*}\":\"${field#*:}\""
	done
	is "$(real logs jrn 2>/dev/null)" "to the journal"
	is "$(real logs jrn 2>&1 >/dev/null)" "an error"
	docker rm jrn
}
line_of() { journalctl -q --no-pager -o json CONTAINER_NAME=jrn | grep -F "\"MESSAGE\":\"$1\""; }
part_install() {
	tap session_is_whole "systemd: row 11: machinectl shell testuser@ is a login with a runtime directory and a manager"
	tap bus_is_there "systemd: row 10: with dbus-user-session the user has a bus"
	tap uidmap_is_there "systemd: rows 3, 6: newuidmap and newgidmap are setuid, nothing of ours is"
	tap subids_are_the_document_s "systemd: row 7: subordinate ids are the document's"
	tap ids_are_the_document_s "systemd: row 8: id -u and whoami print the document's lines; the ids are mapped"
	tap check_is_content "systemd: check: requirements are satisfied"
	tap install_works "systemd: install succeeds"
	tap creating_is_said "systemd: row 36: install says Creating .../docker.service"
	tap installed_is_said "systemd: row 37: install starts, shows, enables and says Installed docker.service successfully."
	tap document_is_said "systemd: rows 36-40: install prints the document's lines in order"
	tap unit_is_docker_s "systemd: the unit is the one that Docker's own tool writes"
	tap lines_for_bashrc_work "systemd: row 40: the lines for ~/.bashrc lead to the engine"
	tap context_is_used "systemd: the CLI context rootless leads to the engine"
	tap control_works "systemd: row 38: systemctl --user stop, start, restart, status"
	tap is_enabled "systemd: the service is enabled"
	tap names_are_told "systemd: processes have the names that ps and pgrep look for"
	tap journal_has_it "systemd: journalctl --user -u docker.service has its log"
	tap runs_containers "systemd: the real docker command line imports and runs"
	tap journald_gets_it "systemd: --log-driver journald: journalctl finds a container's lines by Docker's fields, docker logs reads them"
}

# --- limits, in the unit's own subtree
info_shows_v2() {
	real info >/tmp/info 2>&1
	has "$(cat /tmp/info)" "Cgroup Driver: cgroupfs"
	has "$(cat /tmp/info)" "Cgroup Version: 2"
	is "$(cat $manager/cgroup.controllers)" "cpu memory pids"
	has "$(cat /tmp/info)" "WARNING: No cpuset support" # systemd's default delegates no more
	has "$(cat /tmp/info)" "WARNING: No io.weight support"
	fails grep -i "WARNING: No.*\(memory\|pids\|cpu cfs\)" /tmp/info
}
limits_are_written() {
	docker run -d --name lim -m 64m --cpus 0.5 --pids-limit 20 small sleep 1000
	is "$(of lim memory.max)" 67108864
	is "$(of lim cpu.max)" "50000 100000"
	is "$(of lim pids.max)" 20
	is "$(docker exec lim cat /sys/fs/cgroup/memory.max)" 67108864
	has "$(systemctl --user status $unit)" "$(id_of lim)"
	docker rm -f lim
}
memory_limit_kills() {
	real run --name big -m 16m --memory-swap 16m small sh -c 'exec tail -c 200m /dev/zero' || code=$?
	is "$code" 137
	is "$(docker inspect -f '{{.State.OOMKilled}} {{.State.ExitCode}}' big)" "true 137"
	docker rm big
	active
}
pids_limit_holds() {
	real run --name forks --pids-limit 8 small sh -c \
		'i=0; while [ $i -lt 20 ]; do sleep 3 & i=$((i+1)); done; wait' >/tmp/forks 2>&1 || true
	has "$(cat /tmp/forks)" "an't fork"
	docker rm -f forks
}
usage() { of burn cpu.stat | sed -n 's/^usage_usec //p'; }
now_ms() { echo $(($(date +%s%N) / 1000000)); }
cpu_quota_throttles() {
	real run -d --name burn --cpus 0.2 small sh -c 'while :; do :; done'
	local a t used took
	a=$(usage) t=$(now_ms)
	sleep 5
	used=$((($(usage) - a) / 1000)) took=$(($(now_ms) - t))
	echo "# $used ms of CPU time in $took ms with 0.2 CPUs"
	[ $((used * 100)) -ge $((took * 13)) ] && [ $((used * 100)) -le $((took * 25)) ]
	[ "$(of burn cpu.stat | sed -n 's/^nr_throttled //p')" -gt 5 ]
	docker rm -f burn
}
part_limits() {
	tap info_shows_v2 "systemd: row 23: docker info shows cgroup v2 and what systemd does not delegate by default"
	tap limits_are_written "systemd: row 23: limits are in the groups below the unit's, and systemctl status shows the container"
	tap memory_limit_kills "systemd: row 23: the memory limit kills: 137, OOMKilled"
	tap pids_limit_holds "systemd: row 23: the pids limit holds"
	tap cpu_quota_throttles "systemd: row 23: the cpu quota throttles"
}

# --- life: ways in, reload, upgrade, crashes, stop
nsenter_of_the_host() {
	has "$(readlink -f "$(command -v nsenter)")" /usr/bin/nsenter
	has "$(dpkg -S "$(command -v nsenter)")" util-linux
	nsenter -U --preserve-credentials -n -m -t "$(cat $XDG_RUNTIME_DIR/docker.pid)" ip -o addr >/tmp/addr
	has "$(cat /tmp/addr)" "inet 10.0.2.100/24"
	has "$(cat /tmp/addr)" "inet 172.17.0.1/16"
	address=$(real inspect -f '{{.NetworkSettings.IPAddress}}' web)
	[ -n "$address" ]
	fails curl_like "$address"
	nsenter -U --preserve-credentials -n -m -t "$(cat $XDG_RUNTIME_DIR/docker.pid)" \
		bash -c "exec 3<>/dev/tcp/$address/80 && printf 'GET /f HTTP/1.0\r\n\r\n' >&3 && cat <&3" | grep -qx served
}
curl_like() { timeout 3 bash -c "exec 3<>/dev/tcp/$1/80"; }
published_port_answers() {
	port=$(docker port web 80/tcp | head -n 1 | sed 's/.*://')
	bash -c "exec 3<>/dev/tcp/127.0.0.1/$port && printf 'GET /f HTTP/1.0\r\n\r\n' >&3 && cat <&3" | grep -qx served
}
web_starts() {
	docker run -d --name web -p 127.0.0.1:0:80 small sh -c "echo served >/tmp/f; httpd -f -p 80 -h /tmp & $polite"
	within 10 published_port_answers
}
setuptool_enters() {
	dockerd-rootless-setuptool.sh nsenter -- ip addr >/tmp/addr
	has "$(cat /tmp/addr)" "inet 10.0.2.100/24"
	is "$(dockerd-rootless-setuptool.sh nsenter -- id -u)" 0
}
reload_is_felt() {
	local main
	main=$(property MainPID)
	mkdir -p ~/.config/docker
	echo '{ "labels": ["reloaded=yes"] }' >~/.config/docker/daemon.json
	systemctl --user reload $unit
	within 5 label_is_there
	is "$(property MainPID)" "$main"
	active
	rm ~/.config/docker/daemon.json
}
label_is_there() { has "$(docker info -f '{{.Labels}}')" reloaded=yes; }
new_binary_runs() { is "$(stat -Lc %i "/proc/$1/exe")" "$(stat -c %i /usr/bin/thimble)"; }
upgrade_in_place() {
	local main engine pid
	main=$(property MainPID) engine=$(pid_of dockerd) pid=$(state Pid keep)
	touch /checks/ask/new # root installs the new one
	within 20 gone /checks/ask/new
	fails new_binary_runs "$engine"
	systemctl --user kill --kill-who=main -s USR2 $unit
	within 20 new_binary_runs "$engine"
	within 10 answers
	is "$(property MainPID) $(property NRestarts) $(pid_of dockerd)" "$main 0 $engine"
	is "$(state Pid keep)" "$pid"
	is "$(state Status web)" running
	published_port_answers
	docker exec keep true
	active
}
crash_is_mended() {
	local main engine pid
	main=$(property MainPID) engine=$(pid_of dockerd) pid=$(state Pid keep)
	kill -9 "$engine"
	within 20 other_engine "$engine"
	within 10 answers
	is "$(property MainPID) $(property NRestarts)" "$main 0"
	is "$(state Pid keep)" "$pid"
	docker exec keep true
	published_port_answers
	active
	journal -n 30 | grep "dockerd crashed"
}
other_engine() { [ -n "$(pid_of dockerd)" ] && [ "$(pid_of dockerd)" != "$1" ]; }
main_killed() {
	local main pid
	main=$(property MainPID) pid=$(state Pid keep)
	kill -9 "$main"
	within 30 restarted "$main"
	within 20 answers
	is "$(property NRestarts)" 1
	within 20 is_running keep
	[ "$(state Pid keep)" != "$pid" ]
	gone "/proc/$pid"
	docker exec keep true
}
restarted() { active && [ "$(property MainPID)" != "$1" ]; }
is_running() { is "$(state Status "$1")" running; }
stop_leaves_nothing() {
	local a pid
	pid=$(state Pid keep)
	docker run -d --name polite small sh -c 'trap "echo asked; exit 3" TERM; while :; do sleep 0.1; done'
	a=$(now_ms)
	systemctl --user stop $unit
	echo "# stopped in $(($(now_ms) - a)) ms"
	[ $(($(now_ms) - a)) -lt 25000 ]
	gone "$group"
	gone "/proc/$pid"
	is "$(systemctl --user show -P Result $unit)" success
	fails pgrep -u testuser 'rootlesskit|dockerd|shim|usernet|netns-'
	begin
	within 20 is_running keep
	is "$(docker logs polite)" asked # KillMode=mixed: the engine stops them first
	is "$(state ExitCode polite)" 3
	docker rm polite
}
journal_says() { has "$(journal -n 30)" "$1"; }
bad_config_is_told() {
	systemctl --user stop $unit
	mkdir -p ~/.config/docker
	echo '{ "nonsense": 1 }' >~/.config/docker/daemon.json
	fails begin
	rm ~/.config/docker/daemon.json
	within 5 journal_says nonsense
	systemctl --user stop $unit
	begin
	answers
}
socket_activates() {
	systemctl --user stop $unit
	cat >"${file%/*}/docker.socket" <<-END
	[Socket]
	ListenStream=%t/docker.sock
	SocketMode=0660
	END
	mkdir -p "$file.d"
	printf '[Service]\nExecStart=\nExecStart=/usr/bin/dockerd-rootless.sh -H fd://\n' >"$file.d/socket.conf"
	systemctl --user daemon-reload
	systemctl --user start docker.socket
	fails active
	has "$(docker version)" 28.5.2 || { journal -n 20; return 1; }
	active
	begin restart
	has "$(docker version)" 28.5.2 || { journal -n 20; return 1; }
	systemctl --user stop docker.socket $unit
	rm -r "$file.d" "${file%/*}/docker.socket"
	systemctl --user daemon-reload
	begin
	answers
}
part_life() {
	tap web_starts "systemd: a published port answers"
	tap nsenter_of_the_host "systemd: row 30: util-linux' nsenter by docker.pid reaches the address that inspect shows"
	tap setuptool_enters "systemd: row 30: dockerd-rootless-setuptool.sh nsenter -- ip addr"
	tap reload_is_felt "systemd: systemctl --user reload reads daemon.json again"
	tap upgrade_in_place "systemd: systemctl --user kill --kill-who=main -s USR2: the new binary goes on, containers run on, MAINPID stays"
	tap crash_is_mended "systemd: a dockerd that crashed is started again below the same MAINPID, containers run on"
	tap main_killed "systemd: a killed rootlesskit is started again by systemd, and its containers"
	tap stop_leaves_nothing "systemd: KillMode=mixed: stop lets containers end, leaves no process and no control group"
	tap bad_config_is_told "systemd: a bad daemon.json fails the start, and the journal says why"
	tap socket_activates "systemd: a docker.socket activates the engine (-H fd://)"
}

# --- scope: without the unit, in a login
scope_of() { cat "/proc/$1/cgroup" | sed 's/^0:://'; }
scope_by_itself() {
	systemctl --user stop $unit
	is "$(cat /proc/self/cgroup | grep -c 'session-.*\.scope')" 1
	dockerd-rootless.sh >/tmp/scope.log 2>&1 &
	within 30 answers || { cat /tmp/scope.log; return 1; }
	place=$(scope_of "$(pid_of dockerd)")
	echo "# $place"
	has "$place" "/user@1001.service/"
	has "$place" ".scope/engine"
	docker info 2>&1 | grep "Cgroup Version: 2"
	docker run -d --name scoped -m 64m --cpus 0.5 --pids-limit 20 small sleep 1000
	is "$(cat "/sys/fs/cgroup${place%/engine}/$(id_of scoped)/memory.max")" 67108864
	is "$(cat "/sys/fs/cgroup${place%/engine}/$(id_of scoped)/cpu.max")" "50000 100000"
	docker rm -f scoped
	kill "$(pid_of rootlesskit)"
	within 20 gone "/sys/fs/cgroup${place%/engine}"
	wait
}
scope_by_hand() {
	systemd-run --user --scope -p Delegate=yes dockerd-rootless.sh >/tmp/scope.log 2>&1 &
	within 30 answers || { cat /tmp/scope.log; return 1; }
	place=$(scope_of "$(pid_of dockerd)")
	is "$(grep -c 'exec systemd-run' /tmp/scope.log)" 0
	has "$place" ".scope/engine"
	docker run --rm -m 64m small cat /sys/fs/cgroup/memory.max | grep -x 67108864
	kill "$(pid_of rootlesskit)"
	within 20 gone "/sys/fs/cgroup${place%/engine}"
	wait
}
part_scope() {
	tap scope_by_itself "systemd: dockerd-rootless.sh in a login asks systemd for a scope, and limits are there"
	tap scope_by_hand "systemd: systemd-run --user --scope -p Delegate=yes dockerd-rootless.sh"
}

# --- leave: before the reboot
leaves_containers() {
	active || begin
	docker run -d --name always --restart always -m 64m small sh -c "$polite"
	docker run -d --name stopped --restart unless-stopped small sh -c "$polite"
	docker stop -t 0 stopped
	docker rm -f web once
	docker run -d --name once small sh -c "$polite"
	is_running keep
}
part_leave() {
	tap leaves_containers "systemd: containers of each restart policy"
}

# --- after the reboot: everything delegated; uninstall
everything_is_delegated() {
	is "$(cat $manager/cgroup.controllers)" "cpuset cpu io memory pids"
	docker info 2>&1 | fails grep "^WARNING: No"
	is "$(docker run --rm --cpuset-cpus 1 small nproc)" 1
}
limits_are_back() { is "$(of always memory.max)" 67108864; }
journal_spans_boots() {
	is "$(journalctl --user -q --no-pager -o cat -u $unit -b -1 | grep -c 'dockerd crashed')" 1
	has "$(journal -b)" "Daemon has completed initialization"
}
part_after() {
	tap limits_are_back "systemd: row 23: limits are back with the containers"
	tap everything_is_delegated "systemd: row 23: with Delegate= of all controllers no warning is left, --cpuset-cpus binds"
	tap journal_spans_boots "systemd: the journal has the boot before"
}
uninstall_works() {
	docker-rootless-setuptool.sh uninstall >$said 2>&1 || { cat $said; return 1; }
	gone "$file"
	gone "${file%/*}/default.target.wants/$unit"
	fails active
	fails answers
	is "$(systemctl --user show -P LoadState $unit)" not-found
	fails grep '"currentContext": *"rootless"' ~/.docker/config.json
}
# systemd 252 puts the file's name in quotes, which the document's older one did not
uninstalled_is_said() {
	tr -d '"' <$said >/tmp/plain
	in_order /tmp/plain <<-'END'
	+ systemctl --user stop docker.service
	+ systemctl --user disable docker.service
	Removed /home/testuser/.config/systemd/user/default.target.wants/docker.service.
	[INFO] Uninstalled docker.service
	END
}
data_is_named() {
	in_order $said <<-'END'
	[INFO] This uninstallation tool does NOT remove Docker binaries and data.
	[INFO] To remove data, run: `/usr/bin/rootlesskit rm -rf /home/testuser/.local/share/docker`
	END
	[ -d ~/.local/share/docker ] && [ -x /usr/bin/rootlesskit ]
}
variables_are_unset() {
	sed -i '/^export \(PATH\|DOCKER_HOST\)=/d' ~/.bashrc
	is "$(bash -ic 'echo $DOCKER_HOST' 2>/dev/null)" ""
	has "$(bash -ic 'docker version' 2>&1)" "unix:///var/run/docker.sock"
}
data_is_removed() {
	rootlesskit sh -c 'cd ~/.local/share/docker/volumes && mkdir -p theirs/deep && chown -R 1000:1000 theirs'
	fails rm -rf ~/.local/share/docker 2>/dev/null
	rootlesskit rm -rf ~/.local/share/docker
	gone ~/.local/share/docker
}
part_uninstall() {
	tap uninstall_works "systemd: uninstall stops, disables and removes the unit"
	tap uninstalled_is_said "systemd: row 42: uninstall prints the document's lines in order"
	tap data_is_named "systemd: row 43: uninstall leaves binaries and data, and names the command"
	tap variables_are_unset "systemd: row 44: PATH and DOCKER_HOST are unset"
	tap data_is_removed "systemd: row 45: rootlesskit rm -rf ~/.local/share/docker removes files of subordinate owners"
}

part_"$1"
