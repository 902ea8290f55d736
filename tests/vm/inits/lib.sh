# lib.sh: what the checks of all boots share, sourced by them; they run as root. tools.sh counts and
# waits. The user is asked by user(), as after a login: with the context that the setup tool selects.
. /tools
group=/sys/fs/cgroup/docker.user
: ${INIT:=${boot%-again}}
user() { su user -c "unset DOCKER_HOST; cd; $*"; }
pid_of() { # as in tools.sh, by one process for all
	ps -o pid,args | sed -nE "s%^ *([0-9]+) (\{[^}]*\} )?([^ ]*/)?(thimble )?$1( .*|\$)%\1%p" | head -n 1
}
# command N FILE: the N-th command that the setup tool gave (between ` and `), as it stands
command_of() { sed -n 's/^\[INFO\].*: `\(.*\)`$/\1/p' "$2" | sed -n "$1p"; }
installs() { # installs FILE-BELOW-.config: leaves what the tool says in /tmp/install
	user dockerd-rootless-setuptool.sh install >/tmp/install 2>&1 || { cat /tmp/install; return 1; }
	cat /tmp/install
	has "$(cat /tmp/install)" "[INFO] Creating /home/user/.config/$1"
	[ -x "/home/user/.config/$1" ]
}
uninstalls() { # uninstalls FILE-BELOW-.config
	user dockerd-rootless-setuptool.sh uninstall >/tmp/uninstall 2>&1 || { cat /tmp/uninstall; return 1; }
	cat /tmp/uninstall
	has "$(cat /tmp/uninstall)" "[INFO] Removed /home/user/.config/$1"
	[ ! -e "/home/user/.config/$1" ]
	has "$(cat /tmp/uninstall)" '[INFO] Deleted CLI context "rootless"'
}
answers() { within 60 docker ping; }
nothing_runs() {
	within 60 is "$(pid_of dockerd)$(pid_of rootlesskit)$(pid_of shim)" ""
	fails docker ping
}
image_is_there() {
	docker image inspect small >/dev/null 2>&1 ||
		docker import -c 'CMD ["/bin/sh"]' -c 'ENV PATH=/bin' /home/user/small.tar small
	docker run --rm small echo hello | grep hello
}
info_is_clean() { # no warning of the real command line, in the user's own context
	user real-docker info >/tmp/info 2>&1
	has "$(cat /tmp/info)" "Context:    rootless"
	has "$(cat /tmp/info)" "Cgroup Driver: cgroupfs"
	has "$(cat /tmp/info)" "Cgroup Version: 2"
	fails grep -E "^WARNING: (No|Running)" /tmp/info
}
doctor_is_content() {
	user thimble doctor >/tmp/doctor || { cat /tmp/doctor; return 1; }
	cat /tmp/doctor
	fails grep -qwE 'lacking|missing' /tmp/doctor
}
limits_hold() {
	docker run -d --name lim -m 64m --cpus 0.2 --pids-limit 20 small sh -c 'while :; do :; done'
	is "$(file lim memory.max)" 67108864
	is "$(file lim pids.max)" 20
	is "$(file lim cpu.max)" "20000 100000"
	within 60 grep -q 'nr_throttled [1-9]' "$group/$(id_of lim)/cpu.stat"
	within 60 stats_has_figures
	docker rm -f lim
	docker run --name forks --pids-limit 8 small sh -c \
		'i=0; while [ $i -lt 20 ]; do sleep 3 & i=$((i+1)); done; wait' >/tmp/forks 2>&1 || true
	has "$(cat /tmp/forks)" "an't fork"
	docker rm -f forks
}
stats_has_figures() {
	docker stats --no-stream --format '{{.CPUPerc}} {{.MemUsage}} {{.PIDs}}' lim |
		grep -qE '^[1-9][0-9.]*% [1-9][0-9.]*[KM]iB / 64MiB 1$'
}
memory_limit_kills() {
	code=0
	docker run --name big -m 16m --memory-swap 16m small sh -c 'exec tail -c 200m /dev/zero' || code=$?
	is "$code" 137
	is "$(state OOMKilled big)" true
	docker rm big
}
# a container that comes back, and one that was stopped and does not
keepers_start() {
	docker rm -f keeper idle 2>/dev/null || true
	docker run -d --name keeper --restart unless-stopped --stop-timeout 1 -m 64m small sleep 100000
	docker run -d --name idle --stop-timeout 1 --restart unless-stopped small sleep 100000
	docker stop -t 0 idle
}
keepers_are_back() {
	within 60 is_running keeper
	is "$(file keeper memory.max)" 67108864
	is "$(state Running idle)" false
}
is_running() { is "$(state Running "$1")" true; }
is_new() { local p; p=$(pid_of "$1"); [ -n "$p" ] && [ "$p" != "$2" ]; }
dockerd_comes_again() {
	keeper=$(state Pid keeper)
	old=$(pid_of dockerd)
	kill -9 "$old"
	within 60 is_new dockerd "$old"
	answers
	is "$(state Pid keeper)" "$keeper"
}
rootlesskit_comes_again() {
	old=$(pid_of rootlesskit)
	kill -9 "$old"
	within 60 is_new rootlesskit "$old"
	answers
	keepers_are_back
}
# the seconds that each check took are shown
timed() {
	local a=$(cut -d. -f1 /proc/uptime)
	tap "$@"
	echo "# $(($(cut -d. -f1 /proc/uptime) - a)) s"
}
up() { echo "# up $(cut -d' ' -f1 /proc/uptime) seconds"; }
