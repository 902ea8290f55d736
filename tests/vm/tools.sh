# tools.sh: environment and helpers of the scripts that run in the machine of tests/vm/run as uid
# 1000. They print TAP; each check is a function, whose output is shown when it fails.
export HOME=/home/user XDG_RUNTIME_DIR=/run/user/1000 USER=user
export DOCKER_HOST=unix://$XDG_RUNTIME_DIR/docker.sock
group=/sys/fs/cgroup/user
n=$(cat /tmp/n 2>/dev/null || echo 0)

tap() { # tap NAME WHAT: runs the function NAME
	n=$((n + 1))
	echo $n >/tmp/n
	(set -e; "$1") >/tmp/out 2>&1
	# the shell has no set -e inside of a condition
	if [ $? = 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		sed 's/^/# /' /tmp/out
	fi
}

within() { # within SECONDS COMMAND...: until it succeeds
	local end=$(($(date +%s) + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt "$end" ] || { echo "not within time: $*"; return 1; }
		sleep 0.1
	done
}
is() { [ "$1" = "$2" ] || { echo "expected '$2', got '$1'"; return 1; }; }
has() { case $1 in *"$2"*) ;; *) echo "no '$2' in: $1"; return 1 ;; esac; }
id_of() { docker inspect --format '{{.Id}}' "$1"; }
file() { cat "$group/$(id_of "$1")/$2"; }  # file CONTAINER FILE of its control group
state() { docker inspect --format "{{.State.$1}}" "$2"; }
fails() { ! "$@"; }
pid_of() { # pid_of WORD: the process whose command line starts with an applet's name
	local p
	for p in /proc/[0-9]*; do
		cat "$p/cmdline" 2>/dev/null | tr '\0' ' ' | grep -qE "^([^ ]*/)?(thimble )?$1( |\$)" && echo "${p#/proc/}"
	done | head -n 1
}
starts() {
	dockerd-rootless.sh >>/tmp/log 2>&1 &
	within 15 docker ping || { cat /tmp/log; return 1; }
}
stops() {
	kill "$(pid_of rootlesskit)"
	within 10 fails docker ping
	within 10 is "$(pid_of dockerd)$(pid_of rootlesskit)" ""
}
