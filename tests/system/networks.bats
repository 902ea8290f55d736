# SPDX-License-Identifier: MIT
# Docker networks as a user meets them, with one client (CLIENT=real: the Docker CLI; CLIENT=ours:
# thimble docker), and docker compose.
load lib

setup_file() {
	stack_start
	docker import "$STAGE/fixtures/small.tar.gz" box >/dev/null
}

teardown_file() { stack_stop; }

teardown() {
	local all
	all=$(ours ps -aq)
	[ -z "$all" ] || ours rm -f $all >/dev/null
	ours network prune -f >/dev/null
}

# up NAME [OPTIONS]: a container that stays
up() {
	local name=$1
	shift
	docker run -d --name "$name" "$@" box sleep 1000 >/dev/null
}

inside() { docker exec "$@"; }
reaches() { inside "$1" ping -c 1 -W 2 "$2" >/dev/null; }
address() { docker inspect -f "{{(index .NetworkSettings.Networks \"$2\").IPAddress}}" "$1"; }
default_route() { inside "$1" ip route | sed -n 's/^default via \([^ ]*\).*/\1/p'; }

@test "$CLIENT: a network is made, listed, looked at and removed" {
	run docker network create --subnet 10.77.0.0/16 --ip-range 10.77.3.0/24 --gateway 10.77.0.9 \
		--aux-address router=10.77.3.1 --label tier=front -o com.docker.network.driver.mtu=1400 mine
	[ "$status" = 0 ] && [[ "$output" =~ ^[0-9a-f]{64}$ ]]
	run docker network ls --filter label=tier=front --format '{{.Name}} {{.Driver}} {{.Scope}}'
	[ "$output" = "mine bridge local" ]
	run docker network inspect -f '{{json .IPAM.Config}}' mine
	[ "$output" = '[{"Subnet":"10.77.0.0/16","IPRange":"10.77.3.0/24","Gateway":"10.77.0.9","AuxiliaryAddresses":{"router":"10.77.3.1"}}]' ]
	up aa --network mine
	[ "$(address aa mine)" = 10.77.3.0 ]
	[ "$(default_route aa)" = 10.77.0.9 ]
	inside aa ip link show eth0 | grep -q 'mtu 1400'
	run docker network rm mine
	[ "$status" = 1 ] && [[ "$output" == *"network mine has active endpoints (name:\"aa\" id:\""* ]]
	docker rm -f aa
	run docker network rm mine
	[ "$status" = 0 ] && [ "$output" = mine ]
	run docker network inspect mine
	[ "$status" = 1 ] && [[ "$output" == *"network mine not found"* ]]
}

@test "$CLIENT: what Docker refuses is refused in its words" {
	docker network create --subnet 10.78.0.0/24 one
	run docker network create one
	[[ "$output" == *"network with name one already exists" ]]
	run docker network create --subnet 10.78.0.128/25 two
	[[ "$output" == *"invalid pool request: Pool overlaps with other one on this address space" ]]
	run docker network create host
	[[ "$output" == *"operation is not permitted on predefined host network"* ]]
	run docker network create -d macvlan two
	[[ "$output" == *"operation not supported"* ]]
	run docker run --rm --network nope box true
	[ "$status" = 125 ] && [[ "$output" == *"network nope not found"* ]]
	run docker run --rm --ip 10.78.0.5 box true
	[[ "$output" == *"user specified IP address is supported on user defined networks only"* ]]
	up aa --network one --ip 10.78.0.5
	run docker run --rm --network one --ip 10.78.0.5 box true
	[ "$status" = 125 ] && [[ "$output" == *"Address already in use"* ]]
	run docker run --rm --network one --network one box true
	[[ "$output" == *'network "one" is specified multiple times'* ]]
	run docker run --rm --network host --network one box true
	[[ "$output" == *"cannot attach both user-defined and non-user-defined network-modes"* ]]
}

@test "$CLIENT: containers of a network find each other by name, alias and short id" {
	docker network create n1
	up web --network n1 --network-alias www --hostname box
	up app --network n1
	inside app cat /etc/resolv.conf | grep -qx 'nameserver 127.0.0.11'
	for name in web www "$(docker inspect -f '{{slice .Id 0 12}}' web)" web.n1; do
		reaches app "$name"
	done
	docker rename web site
	reaches app site
	run inside app ping -c 1 -W 1 web
	[ "$status" != 0 ]
	docker rm -f site
	run inside app nslookup www
	[ "$status" != 0 ]
}

@test "$CLIENT: networks are kept apart, an internal one has no way out" {
	docker network create n1
	docker network create --internal n2
	up aa --network n1
	up bb --network n2
	up cc
	run inside bb ping -c 1 -W 1 "$(address aa n1)"
	[ "$status" != 0 ]
	run inside cc ping -c 1 -W 1 "$(address aa n1)"
	[ "$status" != 0 ]
	[ -z "$(default_route bb)" ]
	[ "$(docker inspect -f '{{.NetworkSettings.Networks.n2.Gateway}}' bb)" = "" ]
}

@test "$CLIENT: containers without inter-container communication do not reach each other" {
	docker network create -o com.docker.network.bridge.enable_icc=false quiet
	up aa --network quiet
	up bb --network quiet
	run inside aa ping -c 1 -W 1 "$(address bb quiet)"
	[ "$status" != 0 ]
	reaches aa "$(default_route aa)"
}

@test "$CLIENT: several networks, each with its own settings" {
	docker network create --subnet 10.79.1.0/24 n1
	docker network create --subnet 10.79.2.0/24 n2
	up aa --network name=n2,alias=two,ip=10.79.2.50,mac-address=02:42:00:00:00:09 --network name=n1,ip=10.79.1.50
	inside aa ip -o addr show eth0 | grep -q '10\.79\.2\.50/24'
	inside aa ip -o addr show eth1 | grep -q '10\.79\.1\.50/24'
	inside aa ip link show eth0 | grep -q '02:42:00:00:00:09'
	[ "$(default_route aa)" = 10.79.1.1 ] # by name
	up bb --network n1 --network name=n2,gw-priority=1
	[ "$(default_route bb)" = 10.79.2.1 ] # by priority
	reaches bb two
	[ "$(inside aa grep -c "$(docker inspect -f '{{.Config.Hostname}}' aa)" /etc/hosts)" = 2 ]
}

@test "$CLIENT: connect and disconnect while it runs" {
	docker network create --subnet 10.79.3.0/24 a1
	docker network create --subnet 10.79.4.0/24 n2
	up aa
	up bb --network n2
	docker network connect --alias twin --ip 10.79.4.9 n2 aa
	inside aa ip -o addr show eth1 | grep -q '10\.79\.4\.9/24'
	inside aa grep -q '^10\.79\.4\.9' /etc/hosts
	inside aa grep -qx 'nameserver 127.0.0.11' /etc/resolv.conf
	reaches bb twin
	reaches aa bb
	before=$(default_route aa)
	docker network connect a1 aa
	[ "$(default_route aa)" = 10.79.3.1 ]
	docker network disconnect a1 aa
	[ "$(default_route aa)" = "$before" ]
	run docker network disconnect a1 aa
	[ "$status" = 1 ] && [[ "$output" == *"is not connected to network a1" ]]
	docker network disconnect n2 aa
	fails inside aa ip link show eth1
	! inside aa grep -q '^10\.79\.4\.9' /etc/hosts
	inside aa grep -qx 'nameserver 10.0.2.3' /etc/resolv.conf
	docker network disconnect bridge aa
	[ "$(inside aa ip -o link | wc -l)" = 1 ]
	docker network rm a1
}

@test "$CLIENT: connect and disconnect of a stopped container hold at its start" {
	docker network create --subnet 10.79.5.0/24 n1
	docker create --name aa box sleep 1000
	docker network connect --ip 10.79.5.7 n1 aa
	docker start aa
	[ "$(address aa n1)" = 10.79.5.7 ]
	docker stop -t 0 aa
	[ "$(address aa n1)" = "" ]
	docker network disconnect bridge aa
	docker start aa
	[ "$(inside aa ip -o link | wc -l)" = 2 ]
	[ "$(address aa n1)" = 10.79.5.7 ]
}

@test "$CLIENT: addresses come back when a container stops" {
	docker network create --subnet 10.79.6.0/29 small
	for i in 1 2 3 4 5; do up "c$i" --network small; done
	run docker run --rm --network small box true
	[ "$status" = 125 ] && [[ "$output" == *"no available IPv4 addresses on this network's address pools: small ("* ]]
	docker stop -t 0 c2
	run docker run --rm --network small box ip -o -4 addr show eth0
	[[ "$output" == *"10.79.6.3/29"* ]]
}

@test "$CLIENT: IPv6" {
	docker network create --ipv6 --subnet fd00:79:1::/64 six
	up aa --network six --ip6 fd00:79:1::50
	up bb --network six
	inside aa ip -6 -o addr show eth0 | grep -q 'fd00:79:1::50/64'
	inside bb ping -6 -c 1 -W 2 aa
	inside bb ip -6 route | grep -q '^default via fd00:79:1::1'
}

@test "$CLIENT: a published port follows its container to another network" {
	port=$(free_port)
	docker network create n1
	docker run -d --name aa -p "127.0.0.1:$port:80" box \
		sh -c 'mkdir /www; echo here >/www/index.html; exec httpd -f -p 80 -h /www' >/dev/null
	within 5 curl -sf "http://127.0.0.1:$port/"
	docker network connect n1 aa
	docker network disconnect bridge aa
	[ "$(curl -sf "http://127.0.0.1:$port/")" = here ]
	docker network disconnect n1 aa
	run curl -sf --max-time 2 "http://127.0.0.1:$port/"
	[ "$status" != 0 ]
}

@test "$CLIENT: links on the default bridge" {
	up db -e MODE=fast
	up app --link db:store
	reaches app store
	reaches app db
	[ "$(inside app sh -c 'echo $STORE_ENV_MODE $STORE_NAME')" = "fast /app/store" ]
	[ "$(docker inspect -f '{{.HostConfig.Links}}' app)" = "[/db:/app/store]" ]
	up filler
	docker stop -t 0 db
	up other # takes the address
	docker start db
	reaches app store
}

@test "$CLIENT: the events of a network" {
	since=$(date +%s.%N)
	docker network create n1
	up aa --network n1
	docker rm -f aa
	docker network rm n1
	run docker events --since "$since" --until "$(date +%s.%N)" --filter type=network --format '{{.Action}} {{.Actor.Attributes.name}}'
	[ "$output" = "create n1
connect n1
disconnect n1
destroy n1" ]
}

@test "$CLIENT: an engine that crashed takes networks and endpoints back" {
	docker network create --subnet 10.79.7.0/24 n1
	docker network create n2
	up aa --network n1 --ip 10.79.7.20 --network n2
	up bb --network n1
	kill -KILL "$(pid_of dockerd)"
	within 10 stack_answers
	reaches bb aa
	[ "$(address aa n1)" = 10.79.7.20 ]
	up cc --network n1
	[ "$(address cc n1)" = 10.79.7.3 ]
	reaches cc aa
	docker network disconnect n2 aa
	reaches bb aa
	run docker network rm n1
	[ "$status" = 1 ]
}

@test "$CLIENT: networks survive a restart of everything, and so do the address pools" {
	docker network create --label keep=1 n1
	before=$(docker network inspect -f '{{.Id}} {{json .IPAM.Config}}' n1)
	stack_halt
	mkdir -p "$HOME/.config/docker"
	echo '{"default-address-pools": [{"base": "10.80.0.0/16", "size": 24}], "icc": false}' \
		>"$HOME/.config/docker/daemon.json"
	stack_start
	[ "$(docker network inspect -f '{{.Id}} {{json .IPAM.Config}}' n1)" = "$before" ]
	docker network create n2
	[ "$(docker network inspect -f '{{(index .IPAM.Config 0).Subnet}}' n2)" = 10.80.0.0/24 ]
	up aa
	up bb
	run inside aa ping -c 1 -W 1 "$(address bb bridge)"
	[ "$status" != 0 ]
	docker rm -f aa bb
	rm "$HOME/.config/docker/daemon.json"
	stack_halt
	stack_start
}

@test "$CLIENT: twelve clients at random on the same networks and containers" {
	[ "$CLIENT" = real ] || skip "these clients are of their own"
	timeout 120 python3 "$BATS_TEST_DIRNAME/netstress.py" "$XDG_RUNTIME_DIR/docker.sock" 8 12 || { stack_logs; false; }
	[ "$(curl -s --unix-socket "$XDG_RUNTIME_DIR/dockerd-rootless/api.sock" http://x/v1/ports)" = '[]' ]
	[ -z "$(ls "$DATA/network/thimble")" ]
}

@test "$CLIENT: docker compose: two networks and an internal one, aliases, a fixed address" {
	[ "$CLIENT" = real ] || skip "compose is a client of its own"
	[ -x "$STAGE/tools/docker-compose" ] || skip "no docker-compose"
	mkdir -p "$BATS_TEST_TMPDIR/demo"
	cd "$BATS_TEST_TMPDIR/demo"
	cat >compose.yaml <<-YML
	services:
	  web:
	    image: box
	    command: sleep 1000
	    stop_grace_period: 0s
	    networks: { front: { aliases: [www] }, back: { ipv4_address: 10.81.7.40 } }
	  app:
	    image: box
	    command: sleep 1000
	    stop_grace_period: 0s
	    networks: [back]
	  db:
	    image: box
	    command: sleep 1000
	    stop_grace_period: 0s
	    networks: { inner: { aliases: [store] }, back: {} }
	networks:
	  front: {}
	  back: { ipam: { config: [{ subnet: 10.81.7.0/24 }] } }
	  inner: { internal: true }
	YML
	compose() { "$STAGE/tools/docker-compose" -p demo "$@"; }
	compose up -d
	run compose exec -T app sh -c 'nslookup web; ping -c 1 -W 2 db'
	[ "$status" = 0 ] && [[ "$output" == *10.81.7.40* ]]
	run compose exec -T app ping -c 1 -W 1 www
	[ "$status" != 0 ] # only in front
	compose exec -T db ping -c 1 -W 2 store
	run compose up -d
	[[ "$output" != *Recreate* ]]
	compose restart app
	compose exec -T app ping -c 1 -W 2 web
	compose down
	run docker network ls -q --filter name=demo
	[ -z "$output" ]
}
