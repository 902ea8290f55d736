# runit-again.sh: the fourth boot of tests/vm/openrc, by runit again; then without runit's programs on a
# host with s6, and without these on one with cron.
. /checks/lib.sh

started_at_boot() {
	answers
	has "$(sv status docker.user)" "run: "
	is "$(stat -c '%U %a' /run/user/1000)" "user 700"
	keepers_are_back
}
is_uninstalled() {
	docker rm -f keeper idle
	uninstalls runit/docker/run
	has "$(cat /tmp/uninstall)" "To remove runit's service of root, run: "
	sh -ec "$(command_of 1 /tmp/uninstall)"
	nothing_runs
	[ ! -e /etc/sv/docker.user ] && [ ! -e /etc/service/docker.user ]
	fails grep -q '"currentContext": *"rootless"' /home/user/.docker/config.json
}
s6_runs() {
	mkdir -p /home/user/service
	chown 1000:1000 /home/user/service
	user "setsid s6-svscan /home/user/service >/tmp/s6 2>&1 &"
	within 60 test -e /home/user/service/.s6-svscan
	installs s6/docker/run
	user "$(command_of 1 /tmp/install)"
	answers
	has "$(user s6-svstat /home/user/service/docker)" "up "
}
s6_down_up() {
	docker import -c 'ENV PATH=/bin' /home/user/small.tar small
	docker run -d --name keeper --restart unless-stopped --stop-timeout 1 small sleep 100000
	user s6-svc -wD -T 40000 -d /home/user/service/docker
	nothing_runs
	user s6-svc -u /home/user/service/docker
	answers
	within 60 is_running keeper
	old=$(pid_of rootlesskit)
	kill -9 "$old"
	within 60 is_new rootlesskit "$old"
	answers
	within 60 is_running keeper
}
s6_is_removed() {
	uninstalls s6/docker/run
	user "$(command_of 1 /tmp/uninstall)"
	nothing_runs
	[ ! -e /home/user/service/docker ]
	[ ! -e /home/user/.config/s6/docker ]
}
tool_offers_cron() {
	user dockerd-rootless-setuptool.sh install >/tmp/install 2>&1
	cat /tmp/install
	grep "^@reboot " /tmp/install >/tmp/line
	# there at boot, without a login
	has "$(cat /tmp/line)" "XDG_RUNTIME_DIR=/home/user/.docker/run "
	has "$(cat /tmp/install)" "export DOCKER_HOST=unix:///home/user/.docker/run/docker.sock"
	# by path: the shell has one of its own
	user "/usr/bin/crontab -" </tmp/line
	has "$(user /usr/bin/crontab -l)" "@reboot"
}
cron_starts_it() { # as at boot: no cron has run since
	export XDG_RUNTIME_DIR=/home/user/.docker/run DOCKER_HOST=unix:///home/user/.docker/run/docker.sock
	/usr/sbin/cron
	answers
	within 60 is_running keeper
	has "$(user docker ps)" keeper
	grep -q "msg=" /home/user/.docker/dockerd.log
	has "$(user dockerd-rootless-setuptool.sh nsenter -- id -u)" 0
}
timed started_at_boot "runit: after a reboot the engine is started without a login, containers are back"
timed is_uninstalled "runit: uninstall, and what it says to the letter, remove the service of root"
mkdir -p /tmp/away
mv /usr/bin/runsv /tmp/away/
timed s6_runs "s6: setuptool install, and what it says to the letter: the engine runs below s6-svscan"
timed s6_down_up "s6: s6-svc down, up; rootlesskit killed: the containers are back"
timed s6_is_removed "s6: uninstall, and what it says to the letter, remove the service"
mv /usr/bin/s6-svscan /tmp/away/
timed tool_offers_cron "cron: setuptool install prints a line for crontab, which takes it"
timed cron_starts_it "cron: cron starts the engine from the @reboot line without a login"
up
echo "1..$n"
sync
poweroff -f
