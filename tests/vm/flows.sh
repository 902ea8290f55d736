# flows.sh: run as uid 1000 in the machine of tests/vm/run, with more descriptors than many hosts give
# a user: as many connections as usernet allows, and more.
# VM_MEMORY=3072 VM_TIMEOUT=3000 VM_CHECKS=tests/vm/flows.sh tests/vm/run
. /tools

host=192.0.2.1
most=65536 # USERNET_FLOWS_MAX
each=8192  # USERNET_TCP_MAX

image_arrives() {
	for p in 5201 5202 5203 5204; do # the host has 28,232 ports to go out by to each of them
		(ulimit -n 100000 && exec netbench serve $p >/dev/null 2>&1) &
		within 5 netbench who $host $p
	done
	docker import "$HOME/small.tar" small
}
sockets() { awk '/^sockets:/ { print $3 }' /proc/net/sockstat; } # of the host
held() { docker logs "$1" 2>/dev/null | sed -n 's/^held //p'; }
all_held() { for c in $*; do [ -n "$(held "$c")" ] || return 1; done; }
sum() { echo $(($(for c in $*; do echo "+ $(held "$c")"; done))); }
holds() { # holds NUMBER: a container that wants more than its share
	docker run -d --name "c$1" --ulimit nofile=20000 small /bin/netbench hold $host $((5201 + $1 % 4)) $((each + 100))
}
alive() { docker logs "$1" 2>/dev/null | sed -n 's/^alive //p'; }
all_are_alive() {
	for c in $*; do
		docker kill -s USR1 "$c" >/dev/null
	done
	for c in $*; do
		within 300 eval '[ -n "$(alive '"$c"')" ]'
		is "$(alive "$c")" "$(held "$c")"
	done
}

one_container_has_its_share() {
	sockets >/tmp/sockets
	holds 0
	within 400 all_held c0 || { docker logs c0; sockets; uptime; top -b -n 1 | head -n 20; false; }
	is "$(held c0)" $each
	docker run --rm small /bin/netbench who $host 5201
}
eight_have_all() {
	for c in 1 2 3 4 5 6 7 8; do
		holds $c
	done
	within 1500 all_held c0 c1 c2 c3 c4 c5 c6 c7 c8
	for c in 0 1 2 3 4 5 6 7 8; do echo "c$c: $(held c$c)"; done
	echo "$(sockets) sockets, $(cat /tmp/sockets) before"
	[ "$(sum c0 c1 c2 c3 c4 c5 c6 c7 c8)" -le $most ]
	[ "$(sum c0 c1 c2 c3 c4 c5 c6 c7 c8)" -ge $((most - 64)) ]
}
they_go_on() { all_are_alive c0 c1 c2 c3 c4 c5 c6 c7 c8; }
all_is_given_back() {
	docker rm -f c0 c1 c2 c3 c4 c5 c6 c7 c8
	within 90 eval '[ $(sockets) -le $(($(cat /tmp/sockets) + 16)) ]'
	docker run --rm small /bin/netbench rr $host 5201 100
	docker run --rm small /bin/netbench who $host 5201
}

tap starts "the engine starts"
tap image_arrives "the image arrives"
tap one_container_has_its_share "one container has its share of connections, its neighbour has room"
tap eight_have_all "nine containers together have 65,536 connections"
tap they_go_on "all of them go on"
tap all_is_given_back "nothing is left of them, and new ones are made"
tap stops "the engine stops"
echo "# $(awk '/MemAvailable/ { print $2 }' /proc/meminfo) KiB of memory free at the end"
