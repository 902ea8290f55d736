# runit.sh: the third boot of tests/vm/openrc, whose init is runit: first a runsvdir of the user's own
# in a control group that root delegates as doctor says, then a service of root's runsvdir.
. /checks/lib.sh

init_is_runit() {
	is "$(cat /proc/1/comm)" runit
	sv status checks
}
# what doctor tells root to do, with our shell for the one that starts the engine
root_delegates() {
	user thimble doctor cgroup >/tmp/doctor || true
	cat /tmp/doctor
	grep -q "not delegated" /tmp/doctor
	sed -n '/mend:/,$p' /tmp/doctor | sed 's/^ *mend://; s/^ *//; s/echo PID/echo $$/; /^The engine/,$d' >/tmp/mend
	cat /tmp/mend
	mkdir -p /etc/sv/runsvdir-user /home/user/service
	chown 1000:1000 /home/user/service
	{ echo '#!/bin/sh'; cat /tmp/mend; echo 'exec chpst -u user runsvdir /home/user/service'; } >/etc/sv/runsvdir-user/run
	chmod 755 /etc/sv/runsvdir-user/run
	ln -s /etc/sv/runsvdir-user /etc/service/
	within 60 user_s_runsvdir
	is "$(cat "/proc/$(pid_of "runsvdir /home/user/service")/cgroup")" "0::/user.1000"
}
user_s_runsvdir() { [ -n "$(pid_of "runsvdir /home/user/service")" ]; }
tool_offers_runit() {
	installs runit/docker/run
	has "$(cat /tmp/install)" "[INFO] To have runit keep it running, run: \`ln -s /home/user/.config/runit/docker /home/user/service/\`"
}
user_s_command() {
	user "$(command_of 1 /tmp/install)"
	answers
	has "$(user sv status /home/user/service/docker)" "run: "
	image_is_there
}
own_group=/sys/fs/cgroup/user.1000
runsvdir_is_moved() { # no process stays in the group itself: its children could have no limits
	is "$(cat $own_group/cgroup.procs)" ""
	for p in 'runsvdir /home/user/service' rootlesskit dockerd; do
		is "$(cat "/proc/$(pid_of "$p")/cgroup")" "0::/user.1000/engine"
	done
}
in_own_group() { (group=$own_group; "$@"); }
own_limits_hold() { in_own_group limits_hold; }
own_keepers() { keepers_start && in_own_group keepers_are_back; }
own_crash() { in_own_group rootlesskit_comes_again; }
sv_down_up() {
	user sv -w 40 down /home/user/service/docker
	nothing_runs
	has "$(user sv status /home/user/service/docker)" "down: "
	user sv -w 40 up /home/user/service/docker
	answers
	in_own_group keepers_are_back
	user sv -w 40 restart /home/user/service/docker
	answers
	in_own_group keepers_are_back
}
own_is_removed() {
	docker rm -f keeper idle
	uninstalls runit/docker/run
	user "$(command_of 1 /tmp/uninstall)"
	nothing_runs
	[ ! -e /home/user/service/docker ]
	[ ! -e /home/user/.config/runit/docker ]
	rm /etc/service/runsvdir-user
	within 60 fails user_s_runsvdir
}
root_s_command() {
	installs runit/docker/run
	sh -ec "$(command_of 3 /tmp/install)"
	within 60 sv status docker.user
	answers
	is "$(cat "/proc/$(pid_of dockerd)/cgroup")" "0::/docker.user/engine"
	is "$(stat -c %u "/proc/$(pid_of rootlesskit)")" 1000
}
root_restarts() {
	sv -w 40 restart docker.user
	answers
	keepers_are_back
	info_is_clean
}

[ ! -e /usr/sbin/rc-service ] || mv /usr/sbin/rc-service /usr/sbin/rc-service.away # a host without OpenRC
mkdir -p /run/user/1000
chown 1000:1000 /run/user/1000
chmod 700 /run/user/1000
timed init_is_runit "runit: the machine's init is runit"
timed root_delegates "runit: root delegates a control group to the user's runsvdir as doctor says"
timed tool_offers_runit "runit: setuptool install writes the run script and says what the user runs"
timed user_s_command "runit: what it says, to the letter: linked, started, answers; sv status says run"
timed runsvdir_is_moved "runit: the engine moves all processes of the delegated group into its leaf"
timed info_is_clean "runit: docker info by the context: cgroupfs, version 2, no warning"
timed doctor_is_content "runit: doctor names no unmet need"
timed own_limits_hold "runit: limits of memory, processes and cpu hold, stats has figures"
timed own_keepers "runit: containers with unless-stopped start"
timed own_crash "runit: rootlesskit killed: runsv starts it, containers are back"
timed sv_down_up "runit: sv down, up, restart: nothing runs, containers are back"
timed own_is_removed "runit: uninstall, and what it says to the letter, remove the user's service"
timed root_s_command "runit: as a service of root, to the letter: the engine runs as the user in its own group"
timed limits_hold "runit: as a service of root: limits hold"
timed keepers_start "runit: as a service of root: containers with unless-stopped start"
timed root_restarts "runit: as a service of root: sv restart: containers are back with their limits"
up
/lib/runit/runit-init 6
