# SPDX-License-Identifier: MIT
# What netns-helper keeps of containers: pins by which their namespaces are entered, and nothing
# that outlives them, whoever was killed in between.
load lib

setup_file() {
	stack_start
	import_small
	docker network create one >/dev/null
	docker network create --ipv6 --subnet fd31::/64 --subnet 172.31.5.0/24 two >/dev/null
}

teardown_file() {
	stack_stop
}

rk_child() { cat "$XDG_RUNTIME_DIR/dockerd-rootless/child_pid"; }

# in_child COMMAND: with the stack's mounts and root of its user namespace
in_child() { nsenter --preserve-credentials -U -m -t "$(rk_child)" "$@"; }
in_n() { in_child nsenter --net="$XDG_RUNTIME_DIR/dockerd-rootless/netns" "$@"; }

pins() { in_child ls /run/docker/netns; }
nothing_left() {
	[ -z "$(pins)" ] || { pins; return 1; }
	! in_n ip -o link | grep veth || return 1
	! in_n ip neigh show nud permanent | grep -v "^ff\|^224" || return 1
}

gone() { # PATTERN COMMAND: what the command prints in N is without it
	local pattern=$1
	shift
	! in_n "$@" | grep -F "$pattern"
}

@test "SandboxKey names the namespace" {
	local key
	docker run -d --name pinned --network one small sleep 1000 >/dev/null
	key=$(docker inspect --format '{{.NetworkSettings.SandboxKey}}' pinned)
	in_child nsenter --net="$key" ip -o addr | grep -F "$(docker inspect --format \
		'{{.NetworkSettings.Networks.one.IPAddress}}' pinned)/"
	docker rm -f pinned >/dev/null
	within 5 nothing_left
}

@test "connected and disconnected while it runs" {
	docker run -d --name live --network one small sleep 1000 >/dev/null
	docker network connect two live
	docker exec live ip addr | grep fd31::
	docker network disconnect one live
	[ "$(docker exec live ip -o link | grep -c eth)" = 1 ]
	docker exec live ip route | grep '^default via 172.31.5.1'
	docker network disconnect two live
	[ "$(docker exec live ip -o link | grep -c eth)" = 0 ]
	within 5 nothing_left
	docker network connect one live
	docker exec live ip route | grep '^default'
	docker rm -f live >/dev/null
	within 5 nothing_left
}

@test "a container that dies together with dockerd and netns-helper leaves nothing" {
	local init
	docker run -d --name dies --network one small sleep 1000 >/dev/null
	docker network connect two dies
	init=$(docker inspect --format '{{.State.Pid}}' dies)
	in_child kill -9 "$(pid_of dockerd)" "$(pid_of netns-helper)" "$init" ||
		kill -9 "$(pid_of dockerd)" "$(pid_of netns-helper)" "$init"
	within 15 stack_answers
	within 10 nothing_left
	docker start dies
	docker exec dies ip addr | grep fd31::
	docker rm -f dies >/dev/null
	within 5 nothing_left
}

@test "a helper started anew knows its containers" {
	local old
	docker run -d --name kept --network one small sleep 1000 >/dev/null
	old=$(pid_of netns-helper)
	kill -9 "$old"
	within 5 eval '[ -n "$(pid_of netns-helper)" ] && [ "$(pid_of netns-helper)" != '"$old"' ]'
	docker network connect two kept
	docker exec kept ip addr | grep fd31::
	docker network disconnect two kept
	docker rm -f kept >/dev/null
	within 5 nothing_left
}

@test "networks removed leave no bridge, rule or route" {
	docker network rm one two >/dev/null
	gone br- ip -o link
	gone br- ip rule
	gone br- ip -6 rule
	gone 172.31.5 ip route show table all
	gone fd31 ip -6 route show table all
}
