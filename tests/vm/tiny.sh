# tiny.sh WORD: run as uid 1000 in the machines of tests/vm/tiny. WORD: what is checked.
. /tools
cd
tiny=$(sed 's/.*tiny=\([^ ]*\).*/\1/' /proc/cmdline)
machine="tiny ${tiny%%,*} MB, Linux $(uname -r | cut -d. -f1,2), $(echo "$tiny" | cut -d, -f2)"
check() { tap "$1" "$machine: $2"; }
url=http://127.0.0.1:8080/file

pss() { # KB of thimble's processes, as root sees them: /etc/rc
	echo >/tmp/ask
	cat /tmp/answer
}
available() { awk '/^MemAvailable:/ { print $2 }' /proc/meminfo; }
killed() { awk '/^oom_kill / { print $2 }' /proc/vmstat; }
shown() { echo "# $machine: $*"; }

engine_starts() {
	: >/tmp/log
	starts
	has "$(cat /tmp/log)" "only one id is mapped"
	has "$(docker info 2>&1)" "WARNING: only one id is mapped"
	fails grep "could write to the engine" /tmp/log
}
image_is_loaded() {
	docker load -i small.tar
	docker images | grep '^small '
}
root_is_imported() {
	docker export web >export.tar
	docker import export.tar again
	rm export.tar
	is "$(docker run --rm again cat /www/file)" served
	docker rmi again
}
container_runs() { is "$(docker run --rm small echo hello)" hello; }
container_serves() {
	docker run -d --name web -p 8080:80 small httpd -f -p 80 -h /www
	within 10 wget -qO /dev/null $url
	is "$(wget -qO- $url)" served
}
exec_works() { has "$(docker exec web cat /proc/1/cmdline | tr '\0' ' ')" "httpd -f"; }
layer_is_written() {
	docker exec web sh -c 'rm -r /etc/old && mkdir /etc/old && echo new >/etc/old/file && rm /www/file && echo new >/www/file'
	is "$(docker exec web ls /etc/old) $(docker exec web cat /etc/old/file) $(wget -qO- $url)" "file new new"
}
host_is_not_seen() {
	fails docker exec web ls /checks
	fails docker exec web ls /../../home/user
	# the kernel's own way out of a chroot, for which a container has the capability
	fails docker exec web sh -c 'mkdir /x && exec 9</ && chroot /x ls ../../../checks'
	is "$(docker exec web cat /proc/self/mountinfo | cut -d' ' -f5 | grep -cE "^/(home|new|run/user)" || true)" 0
}
stop_works() {
	docker stop -t 1 web
	fails wget -qO- $url
	docker start web
	within 10 wget -qO /dev/null $url
	docker rm -f web
	fails wget -qO- $url
}
memory_is_spared() { is "$(killed)" 0; }
engine_stops() { stops; }

# An image larger than half of the memory, of which less than its size is free.
big_image_is_loaded() {
	touch /tmp/watch
	timeout 300 docker load -i big.tar
	rm /tmp/watch
	[ "$(cat /tmp/most)" -le 8192 ] || { echo "$(cat /tmp/most) KB at its peak"; return 1; }
}
big_image_is_whole() { is "$(docker run --rm big sh -c 'cat /big | wc -c; tail -c 1000000 /big | md5sum' </dev/null)" "$(cat big.sum)"; }
big_image_is_removed() { docker rmi big; }

main() {
	shown "$(available) KB available after boot, up $(cut -d. -f1 /proc/uptime) s"
	check engine_starts "the engine starts with one id"
	check image_is_loaded "docker load of a file"
	check container_runs "docker run"
	shown "$(pss) KB PSS of thimble idle"
	check container_serves "a published port is answered"
	shown "$(pss) KB PSS of thimble with one container, $(available) KB available"
	check root_is_imported "docker export and import"
	check exec_works "docker exec"
	check layer_is_written "files and directories are replaced in a container"
	check host_is_not_seen "a container does not see the host's root"
	check stop_works "stop, start and removal, the port with them"
	check engine_stops "the engine stops"
	check memory_is_spared "nothing was killed for want of memory"
}
big() {
	check engine_starts "the engine starts again"
	shown "$(available) KB available before docker load of $(($(stat -c %s big.tar) / 1024)) KB"
	check big_image_is_loaded "docker load of 40 MB, 8 MB of memory at its peak"
	shown "$(cat /tmp/most) KB of anonymous memory in all processes at the peak of docker load"
	check big_image_is_whole "what was loaded is whole"
	check big_image_is_removed "docker rmi"
	check engine_stops "the engine stops again"
	check memory_is_spared "so nothing was killed for want of memory"
}

terminal_works() { has "$(docker run --rm -t small sh -c 'ls -l /proc/self/fd/1')" /dev/pts/0; }
clock_is_told() {
	docker run --name early small true
	has "$(docker inspect --format '{{.Created}}' early)" 1970-01-01T
	has "$(docker ps -a --format '{{.Status}}')" "Exited (0) "
	docker rm early
}
bare() {
	check engine_starts "without passwd, /sys, devpts, a hostname and a clock the engine starts, the root read-only"
	check image_is_loaded "so it loads an image, into tmpfs"
	check container_serves "so a published port is answered"
	check layer_is_written "so files and directories are replaced"
	check terminal_works "so a container has a terminal"
	check clock_is_told "so a container lives in 1970"
	docker rm -f web >/dev/null
	check engine_stops "so the engine stops"
}
says_no_tun() {
	engine_starts
	has "$(cat /tmp/log)" /dev/net/tun
}
tunless() {
	check says_no_tun "without /dev/net/tun too the engine starts, and says so"
	check container_serves "so a published port is answered, without /dev/net/tun"
	docker rm -f web >/dev/null
	check engine_stops "so the engine stops, without /dev/net/tun"
}
eval "$1"
