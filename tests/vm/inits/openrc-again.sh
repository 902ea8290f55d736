# openrc-again.sh: the second boot of tests/vm/openrc, by OpenRC again.
. /checks/lib.sh

started_at_boot() {
	rc-service docker.user status
	answers
	is "$(stat -c '%U %a' /run/user/1000)" "user 700"
}
is_uninstalled() {
	docker rm -f keeper idle
	uninstalls rc/init.d/docker
	has "$(cat /tmp/uninstall)" "To remove OpenRC's service of root, run: "
	# of those commands only the first may fail, and does not
	sh -ec "$(command_of 1 /tmp/uninstall)"
	nothing_runs
	[ ! -e /etc/init.d/docker.user ]
	is "$(find /etc/runlevels -name 'docker*')" ""
	[ ! -e "$group" ]
	fails grep -q '"currentContext": *"rootless"' /home/user/.docker/config.json
}
timed started_at_boot "openrc: after a reboot the engine is started without a login"
timed keepers_are_back "openrc: after a reboot unless-stopped containers are back with their limits"
timed is_uninstalled "openrc: uninstall, and what it says to the letter, remove the service"
up
echo "1..$n"
sync
openrc-shutdown -p now
