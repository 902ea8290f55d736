# openrc.sh: the first boot of tests/vm/openrc, whose init is OpenRC.
. /checks/lib.sh

init_is_openrc() {
	is "$(cat /proc/1/comm)" openrc-init
	rc-service cgroups status
	[ -e /sys/fs/cgroup/cgroup.controllers ]
}
login() { # as a login manager would
	mkdir -p /run/user/1000
	chown 1000:1000 /run/user/1000
	chmod 700 /run/user/1000
}
tool_offers_openrc() {
	installs rc/init.d/docker
	has "$(cat /tmp/install)" "[INFO] To have OpenRC keep it running, run: \`sudo install -m 755 "
	# this OpenRC has no services of users
	fails grep -e --user /tmp/install
	has "$(cat /tmp/install)" "export DOCKER_HOST=unix:///run/user/1000/docker.sock"
}
root_s_command() {
	sh -ec "$(command_of 1 /tmp/install)"
	rc-service docker.user status
	answers
	is "$(stat -c %U /var/log/docker.user.log)" user
	grep -q "msg=" /var/log/docker.user.log
}
runs_as_user() {
	is "$(stat -c %u "/proc/$(pid_of rootlesskit)")" 1000
	is "$(cat "$group/cgroup.procs")" ""
	is "$(grep -c "" "/proc/$(pid_of dockerd)/cgroup")" 1
	is "$(cat "/proc/$(pid_of dockerd)/cgroup")" "0::/docker.user/engine"
	# nothing of root's is the user's but the group
	is "$(stat -c %U $group/memory.max)" root
}
restarts() {
	old=$(pid_of dockerd)
	rc-service docker.user restart
	answers
	[ "$(pid_of dockerd)" != "$old" ]
	rc-service docker.user status
	keepers_are_back
	is "$(cat "/proc/$(pid_of dockerd)/cgroup")" "0::/docker.user/engine"
}
stops_all() {
	rc-service docker.user stop
	nothing_runs
	fails rc-service docker.user status
	[ ! -e "$group" ]
}
starts_again() {
	rc-service docker.user start
	answers
	keepers_are_back
	limits_hold
}
login
timed init_is_openrc "openrc: the machine's init is OpenRC, control groups of version 2"
timed tool_offers_openrc "openrc: setuptool install writes the script and says what root runs"
timed root_s_command "openrc: what it says, to the letter: installed, enabled, started, answers"
timed runs_as_user "openrc: the engine runs as the user, in a control group delegated to him"
timed info_is_clean "openrc: docker info by the context: cgroupfs, version 2, no warning"
timed doctor_is_content "openrc: doctor names no unmet need"
timed image_is_there "openrc: an image is imported and runs"
timed limits_hold "openrc: limits of memory, processes and cpu hold, stats has figures"
timed memory_limit_kills "openrc: the memory limit kills: 137, OOMKilled"
timed keepers_start "openrc: containers with unless-stopped start"
timed dockerd_comes_again "openrc: dockerd killed: started again, containers run on"
timed rootlesskit_comes_again "openrc: rootlesskit killed: supervise-daemon starts it, containers are back"
timed restarts "openrc: rc-service restart: containers are back, with their limits"
timed stops_all "openrc: rc-service stop: nothing runs, the control group is removed"
timed starts_again "openrc: rc-service start: containers are back, limits hold"
up
openrc-shutdown -r now
