# SPDX-License-Identifier: MIT
# Datagrams sent one by one are gathered by N's kernel for containers that send very many, for no
# others; what arrives is the same.
load lib

setup_file() {
	[ -w /dev/net/tun ] || skip "/dev/net/tun cannot be opened"
	HOST=$(hostname -I 2>/dev/null | tr ' ' '\n' | grep -m1 '^[0-9.]*$') || skip "the host has only loopback"
	export HOST PEER=$BATS_TEST_DIRNAME/gather.py
	stack_start
	export STATE=$XDG_RUNTIME_DIR/dockerd-rootless
	import_small
	docker run -d --name calm small sleep 900 >/dev/null
	docker run -d --name busy small sleep 900 >/dev/null
	[ "$(in_n python3 "$PEER" can)" = yes ] || skip "this kernel does not gather datagrams"
}

teardown_file() { stack_stop; }

# the host's programs in N, and in a container's network namespace
in_n() {
	local child
	child=$(cat "$STATE/child_pid")
	nsenter --preserve-credentials -U -t "$child" nsenter --net="/proc/$child/root$STATE/netns" "$@"
}
in_box() { nsenter --preserve-credentials -U -n -t "$(docker inspect -f '{{.State.Pid}}' "$1")" "${@:2}"; }

# state CONTAINER: "gathered" or "single": how the near end of its pair takes packets
state() {
	local index
	index=$(in_box "$1" ip -o link show eth0 | sed 's/.*eth0@if\([0-9]*\):.*/\1/')
	in_n unshare -m sh -c 'mount -t sysfs sysfs /sys && cat "/sys/class/net/$1/threaded"' sh \
		"$(in_n ip -o link | sed -n "s/^$index: \([^@]*\)@.*/\1/p")" | sed 's/0/single/; s/1/gathered/'
}

# transfer CONTAINER N PAUSE SIZES...: N datagrams of these sizes in turn, a pause in microseconds
# after each hundred; what the host received of them: "COUNT in order"
transfer() {
	local port pid out=$BATS_TEST_TMPDIR/received shared=$BATS_TEST_TMPDIR/shared
	port=$(free_port)
	rm -f "$shared"
	python3 "$PEER" serve "$HOST" "$port" "$shared" >"$out" 3>&- &
	pid=$!
	within 10 test -e "$shared" && in_box "$1" python3 "$PEER" send "$HOST" "$port" "$shared" "${@:2}" || kill "$pid"
	wait "$pid"
	cat "$out"
}

# gathers: a container that sends as many as it can has them gathered; a machine that has other things to do
# may not get to so many in so short a time at once
gathers() {
	transfer busy 60000 0 100
	[[ "$(cat "$BATS_TEST_TMPDIR/received")" == *" in order" ]] || touch "$BATS_TEST_TMPDIR/disorder"
	[ "$(state busy)" = gathered ]
}
is_single() { [ "$(state "$1")" = single ]; }

@test "a container that sends little is left as it is" {
	run transfer calm 1000 20000 300
	[ "$output" = "1000 in order" ]
	[ "$(state calm)" = single ]
	! in_box calm ip link show eth0 | grep pfifo
}

@test "one that sends very many has them gathered, its neighbour has not" {
	within 10 gathers
	[ ! -e "$BATS_TEST_TMPDIR/disorder" ]
	[ "$(state calm)" = single ]
	in_box busy ip link show eth0 | grep pfifo
}

@test "what is gathered arrives as it was sent: sizes that change, short ones last, empty ones" {
	local sizes least=4000
	# fragments only among themselves: GRO of any network card lets them pass what it holds; few
	# datagrams of one address may be under reassembly, so some of those are lost
	for sizes in 100 "1400 1400 1400 20" "20 1400 1472 0 1 8" "3000 9000"; do
		[ "$sizes" != "3000 9000" ] || least=1000
		run transfer busy 5000 3000 $sizes
		[[ "$output" == *" in order" ]] && [ "${output%% *}" -ge $least ] || { echo "$sizes: $output"; return 1; }
	done
}

@test "when there are few again, that ends" {
	run transfer busy 1000 500000 100
	[ "$output" = "1000 in order" ]
	within 10 is_single busy
}

@test "a container with that address later, and the removal of one that was gathered" {
	local address
	address=$(docker inspect -f '{{.NetworkSettings.IPAddress}}' busy)
	docker rm -f busy >/dev/null
	docker run -d --name busy small sleep 900 >/dev/null
	[ "$(docker inspect -f '{{.NetworkSettings.IPAddress}}' busy)" = "$address" ]
	[ "$(state busy)" = single ]
	within 20 gathers # for ten seconds nothing is begun for an address that it was begun for
}
