# systemd.root.sh: run by systemd as root in the machine of tests/vm/systemd, once at each boot: what an
# administrator does for testuser, and what he sees. The user's own part is systemd.user.sh.
cd /
. /checks/tools.sh
runtime=/run/user/1001
unit=/sys/fs/cgroup/user.slice/user-1001.slice/user@1001.service/app.slice/docker.service

# a part of systemd.user.sh in a login of its own, as su and as machinectl make it
as_user() { su -l testuser -c "bash /checks/user.sh $1 >/dev/ttyS0 2>&1"; }
in_shell() { machinectl -q shell testuser@ /bin/bash -lc "bash /checks/user.sh $1 >/dev/ttyS0 2>&1" </dev/null >/dev/null; }
up() { echo "# $(cut -d' ' -f1 /proc/uptime) s up: $*"; }

nobody_is_there() { ! pgrep -u testuser && gone $runtime && gone "$unit"; }
logout_ends_it() {
	[ "$(loginctl show-user testuser -P Linger 2>/dev/null || echo no)" = no ]
	within 60 nobody_is_there
}
docker() { thimble docker -H unix://$runtime/docker.sock "$@"; }
answers() { [ -S $runtime/docker.sock ] && docker ping; }
running() { docker inspect -f '{{.State.Running}}' "$1" | grep -qx true; }
linger_starts_it() {
	loginctl enable-linger testuser
	within 30 answers
	within 10 running keep
	fails running once
}
stays() {
	sleep 12 # longer than UserStopDelaySec=
	is "$(loginctl list-sessions --no-legend | grep -c testuser)" 0
	answers
	running keep
}

# a new binary, when the user's part asks for it
install_new() {
	until [ -e /checks/ask/new ]; do sleep 0.3; done
	cp /usr/bin/thimble /usr/bin/thimble.new && mv /usr/bin/thimble.new /usr/bin/thimble
	rm /checks/ask/new
}

first() {
	mkdir -m 777 /checks/ask
	echo 0 >/checks/n
	chmod 666 /checks/n
	in_shell install
	up "installed"
	tap logout_ends_it "systemd: without linger a logout ends the engine, its containers and the user's manager"
	tap linger_starts_it "systemd: row 39: loginctl enable-linger starts it without a login; unless-stopped containers are back"
	up "lingers"
	as_user limits
	up "limits"
	install_new &
	as_user life
	up "life"
	as_user scope
	as_user leave
	tap stays "systemd: with linger a logout ends nothing"
	mkdir -p /etc/systemd/system/user@.service.d
	printf '[Service]\nDelegate=cpu cpuset io memory pids\n' >/etc/systemd/system/user@.service.d/delegate.conf
}

boot_starts_it() {
	is "$(loginctl list-sessions --no-legend | grep -c testuser)" 0
	within 60 answers
}
boot_brings_back() {
	within 20 running keep
	within 20 running always
	fails running once
	fails running stopped
}

# A host that lets only programs with a profile have user namespaces, as Ubuntu 24.04: told by its sysctl,
# felt by a limit that the running engine has reached.
install_on_ubuntu() {
	sysctl -qw user.max_user_namespaces=1
	unshare -m sh -c 'mount -t tmpfs none /proc/sys/kernel && cd /proc/sys/kernel &&
		echo 1 >apparmor_restrict_unprivileged_userns &&
		XDG_RUNTIME_DIR=/run/user/1001 exec su -w XDG_RUNTIME_DIR -l testuser -c "dockerd-rootless-setuptool.sh install"' \
		>/tmp/ubuntu 2>&1 && code=0 || code=$?
	sysctl -qw user.max_user_namespaces=10000
	is $code 1
}
profile_is_parsed() {
	local aa=/checks/apparmor
	install_on_ubuntu
	in_order /tmp/ubuntu <<-'END'
	[ERROR] Run the following commands and run this tool again.
	...
	########## BEGIN ##########
	cat <<EOT | sudo tee "/etc/apparmor.d/usr.bin.thimble"
	...
	EOT
	sudo systemctl restart apparmor.service
	########## END ##########
	END
	sed -n '/^cat <<EOT/,/^EOT/p' /tmp/ubuntu | sed '1d;$d' >/tmp/profile
	has "$(cat /tmp/profile)" "userns,"
	parser="$aa/ld-linux-x86-64.so.2 --library-path $aa $aa/apparmor_parser -b $aa/apparmor.d"
	$parser -QTS /tmp/profile >/tmp/compiled
	[ -s /tmp/compiled ]
	sed 's/userns/usernonsense/' /tmp/profile >/tmp/broken
	fails $parser -QTS /tmp/broken
	$parser -rT /tmp/profile
	grep '^/usr/bin/thimble (unconfined)$\|^usr.bin.thimble (unconfined)$' /sys/kernel/security/apparmor/profiles
}

second() {
	tap boot_starts_it "systemd: after a reboot the engine is up without a login"
	tap boot_brings_back "systemd: after a reboot containers of unless-stopped and always are back, others are not"
	as_user after
	[ ! -e /checks/apparmor ] || tap profile_is_parsed "systemd: rows 13, 15: the AppArmor profile that install prints is taken by AppArmor 4"
	as_user uninstall
	tap package_removed "systemd: row 46: binaries go with the package: removed, nothing of them runs or lies about"
}
package_removed() {
	(cd /usr/bin && find . -lname thimble -delete && rm thimble)
	within 10 fails pgrep -u testuser 'thimble|dockerd|rootlesskit|shim'
	gone $runtime/docker.sock
	is "$(find / -xdev -user testuser -not -path '/home/*' -not -path '/tmp/*' -not -path '/var/log/*')" ""
}

up "booted"
chmod 666 /dev/ttyS0
if [ ! -e /checks/n ]; then
	first
	systemctl reboot
	exit
fi
second
echo "1..$(cat /checks/n)"
up "end"
systemctl poweroff
