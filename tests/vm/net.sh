# net.sh: run as uid 1000 in the machine of tests/vm/run: the network of containers on this kernel.
# VM_CHECKS=tests/vm/net.sh [VM_RELEASE=trixie] tests/vm/run
. /tools

host=192.0.2.1 host6=2001:db8::1 client=192.0.2.7 client6=2001:db8::7

serves() { netbench who $host 5201; }
image_arrives() {
	netbench serve 5201 >/dev/null 2>&1 &
	within 5 serves
	docker import -c 'CMD ["/bin/sh"]' -c 'ENV PATH=/bin' "$HOME/small.tar" small
}
in_container() { docker run --rm small "$@"; }
tcp_goes_out() {
	in_container netbench put $host 5201 500
	in_container netbench get $host 5201 500
	in_container netbench rr $host 5201 100
	in_container netbench cycle $host 5201 100
	in_container netbench cycles $host 5201 500
}
bytes_are_the_same() {
	head -c 20m /dev/urandom >/tmp/www/file
	is "$(in_container sh -c "wget -q -O - http://$host:8000/file | sha256sum")" "$(sha256sum </tmp/www/file)"
}
refused_is_refused() {
	has "$(in_container netbench rr $host 1 1 2>&1)" refused
	has "$(in_container netbench rr 127.0.0.1 5201 1 2>&1)" refused
}
udp_goes_out() {
	in_container netbench who $host 5201
	in_container netbench udp $host 5201 300 1400
	in_container netbench udp $host 5201 300 64
}
ping_goes_out() {
	in_container ping -c 2 -W 5 $host
	in_container ping -c 1 -W 5 -s 4000 $host
}
published() {
	docker run -d --name pub -p 8080:5201 -p 8080:5201/udp small netbench serve 5201
	within 5 netbench who $host 8080
	is "$(netbench who $host 8080 $client)" "$client tcp
$client udp"
	netbench put $host 8080 500
	netbench get $host 8080 500
}
published6() {
	docker run -d --name pub6 --network six -p 8086:5201 -p 8086:5201/udp small netbench serve 5201
	within 5 netbench who $host6 8086
	is "$(netbench who $host6 8086 $client6)" "$client6 tcp
$client6 udp"
}
networks_and_names() {
	docker network create net
	docker run -d --name web --network net small netbench serve 80
	docker run --rm --network net small ping -c 1 -W 5 web
	docker run --rm --network net small netbench put "$(docker inspect --format '{{.NetworkSettings.Networks.net.IPAddress}}' web)" 80 300
	docker run --rm --network net small nslookup web
	fails docker run --rm small ping -c 1 -W 1 "$(docker inspect --format '{{.NetworkSettings.Networks.net.IPAddress}}' web)"
}
six_goes_out() {
	docker network create --ipv6 --subnet fd77::/64 six
	docker run --rm --network six small netbench who $host6 5201
	docker run --rm --network six small netbench put $host6 5201 300
	docker run --rm --network six small netbench get $host6 5201 300
	docker run --rm --network six small ping -c 1 -W 5 $host6
}
in_n() { # in the network namespace of the containers' bridges
	local child=$(cat "$XDG_RUNTIME_DIR/dockerd-rootless/child_pid")
	nsenter --preserve-credentials -U -t "$child" nsenter --net="/proc/$child/root$XDG_RUNTIME_DIR/dockerd-rootless/netns" "$@"
}
loss() {
	docker run -d --name bad small sleep 1000
	port=$(in_n ip link | sed -n 's/^[0-9]*: \(veth[^@:]*\).*/\1/p' | tail -n 1)
	in_n /usr/sbin/tc qdisc add dev "$port" root netem loss 2% delay 1ms reorder 75%
	pid=$(docker inspect --format '{{.State.Pid}}' bad)
	child=$(cat "$XDG_RUNTIME_DIR/dockerd-rootless/child_pid")
	nsenter --preserve-credentials -U -t "$child" nsenter --net="/proc/$pid/ns/net" /usr/sbin/tc qdisc add dev eth0 root netem loss 2% delay 1ms reorder 75%
	is "$(docker exec bad sh -c "wget -q -O - http://$host:8000/file | sha256sum")" "$(sha256sum </tmp/www/file)"
	docker exec bad netbench put $host 5201 3000
	docker exec bad netbench get $host 5201 3000
}
what_is_missing() { # the log says which features this kernel does not have
	sed -n 's/.*msg="\([^"]*\)".*/\1/p' /tmp/log | sort -u | sed 's/^/# log: /' >&3
	case $(uname -r) in 5.* | 6.[01].*) grep "datagrams leave the tun one by one" /tmp/log ;; esac
}
all_is_removed() {
	docker rm -f $(docker ps -aq)
	docker network rm net six
	in_n ip link >/tmp/links
	fails grep veth /tmp/links
}

exec 3>&1
mkdir -p /tmp/www && httpd -p 192.0.2.1:8000 -h /tmp/www
tap starts "the stack starts"
tap image_arrives "an image is imported"
tap tcp_goes_out "TCP out of a container"
tap bytes_are_the_same "20 MB arrive as they were"
tap refused_is_refused "refused is refused, loopback is closed"
tap udp_goes_out "UDP out of a container"
tap ping_goes_out "ping out of a container, in fragments too"
tap published "published TCP and UDP with the client's address"
tap networks_and_names "networks of the user's, names"
tap six_goes_out "IPv6: TCP, UDP, ping"
tap published6 "IPv6 published with the client's address"
tap loss "netem: 2 % lost, many reordered"
tap what_is_missing "what this kernel misses is in the log"
tap all_is_removed "rm leaves nothing in N"
tap stops "the stack ends"
