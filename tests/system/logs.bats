# SPDX-License-Identifier: MIT
# Log drivers: what syslog servers and a journal get, what `docker logs` reads beside them, options.
load lib

setup_file() {
	stack_start --log-opt cache-max-file=7
	import_small
}

teardown_file() {
	stack_stop
}

setup() {
	PEER= IN=()
	GOT=$BATS_TEST_TMPDIR/got
}

teardown() {
	[ -z "$PEER" ] || kill "$PEER" 2>/dev/null || true
}

# peer KIND:WHERE...: a server whose messages go to $GOT
peer() {
	rm -f "$GOT.ready"
	"${IN[@]}" python3 "$STAGE/system/logpeer.py" "$GOT" "$@" 3>&- &
	PEER=$!
	within 10 test -e "$GOT.ready"
}

# in_child: the next peer sees files as dockerd does
in_child() { IN=(nsenter --preserve-credentials -U -m -t "$(cat "$XDG_RUNTIME_DIR/dockerd-rootless/child_pid")"); }

got() { [ "$(grep -cF -- "$1" "$GOT")" -ge "${2:-1}" ]; }
messages() { jq -r . "$GOT"; }
syslog() { real run --network none --log-driver syslog "$@"; }

@test "syslog by udp, tcp and a unix socket, in each format" {
	port=$(free_port)
	peer udp:$port tcp:$port "unixgram:$BATS_TEST_TMPDIR/gram" "unix:$BATS_TEST_TMPDIR/stream"
	stamp='[A-Z][a-z][a-z] [ 0-9][0-9] [0-9:]{8}'
	id=$(syslog -d --log-opt syslog-address=udp://127.0.0.1:$port small sh -c 'echo out; echo; echo err >&2; printf part')
	within 10 got part
	messages >"$GOT.all"
	grep -Ex "<30>$stamp ${id::12}\[[0-9]+\]: out" "$GOT.all"
	grep -Ex "<27>$stamp ${id::12}\[[0-9]+\]: err" "$GOT.all"
	grep -Ex "<30>$stamp ${id::12}\[[0-9]+\]: part" "$GOT.all"
	[ "$(wc -l <"$GOT")" = 3 ]
	syslog --name tagged --log-opt syslog-address="unixgram://$BATS_TEST_TMPDIR/gram" --log-opt syslog-format=rfc3164 \
		--log-opt syslog-facility=local3 --log-opt tag='{{.Name}}/{{.ImageName}}/{{.DaemonName}}/{{index .ContainerLabels "a.b"}}' \
		--label a.b=c small echo old
	within 10 got old
	messages | grep -Ex "<158>$stamp $(hostname) tagged/small/docker/c\[[0-9]+\]: old"
	syslog --log-opt syslog-address=tcp://127.0.0.1:$port --log-opt syslog-format=rfc5424 --log-opt tag=t \
		--log-opt syslog-facility=16 small echo new
	within 10 got new
	messages | grep -Ex "<134>1 [-0-9]{10}T[0-9:]{8}(Z|[-+][0-9:]{5}) $(hostname) t [0-9]+ t - new"
	syslog --log-opt syslog-address="unix://$BATS_TEST_TMPDIR/stream" --log-opt syslog-format=rfc5424micro --log-opt tag=t small echo micro
	within 10 got micro
	messages | grep -Ex "<30>1 [-0-9]{10}T[0-9:]{8}\.[0-9]{6}(Z|[-+][0-9:]{5}) $(hostname) t [0-9]+ t - micro"
}

@test "docker logs reads what went to syslog, unless the cache is off" {
	port=$(free_port)
	peer udp:$port
	syslog --name kept --log-opt syslog-address=udp://127.0.0.1:$port small sh -c 'echo one; echo two; printf part' >/dev/null
	[ "$(real logs kept)" = $'one\ntwo\npart' ]
	[ "$(real logs -n 2 -t kept | grep -c T)" = 2 ]
	[ -s "$DATA/containers/$(real inspect -f '{{.Id}}' kept)/container-cached.log" ]
	[ "$(real inspect -f '{{.LogPath}}{{json .HostConfig.LogConfig.Config}}' kept)" = '{"cache-max-file":"7","syslog-address":"udp://127.0.0.1:'$port'"}' ]
	syslog --name unkept --log-opt syslog-address=udp://127.0.0.1:$port --log-opt cache-disabled=true small echo one
	run real logs unkept
	[[ "$status" = 1 && "$output" == *"configured logging driver does not support reading"* ]]
	fails ls "$DATA/containers/$(real inspect -f '{{.Id}}' unkept)/container-cached.log"
}

@test "a syslog server that goes and comes again: nothing waits, nothing is lost" {
	port=$(free_port)
	peer tcp:$port
	syslog -d --name away --log-opt syslog-address=tcp://127.0.0.1:$port small \
		sh -c 'echo first; while [ ! -e /go ]; do busybox sleep 0.1; done; for i in 1 2 3 4 5; do echo away $i; done; echo done; busybox sleep 60'
	within 10 got first
	kill "$PEER"
	wait "$PEER" 2>/dev/null || true
	real exec away touch /go
	within 5 eval 'real logs away | grep -q done'
	peer tcp:$port
	within 10 got done
	for i in 1 2 3 4 5; do messages | grep -q "away $i\$"; done
	real rm -f away
}

@test "a server that does not read holds a container for a while only" {

	peer "unixgram:$BATS_TEST_TMPDIR/gram"
	kill -STOP "$PEER"
	SECONDS=0
	syslog --name stuck --log-opt syslog-address="unixgram://$BATS_TEST_TMPDIR/gram" \
		--log-opt mode=non-blocking --log-opt max-buffer-size=64k small \
		sh -c 'i=0; while [ $i -lt 4000 ]; do echo "line $i of a few"; i=$((i+1)); done' >/dev/null
	[ "$SECONDS" -lt 10 ]
	[ "$(real logs stuck | wc -l)" = 4000 ]
	kill -CONT "$PEER"
}

@test "journald gets Docker's fields" {
	in_child
	peer unixgram:/run/systemd/journal/socket
	id=$(real run -d --name jrn --network none --log-driver journald --label a.b=1 --env _E2-x=y --log-opt labels=a.b --log-opt env-regex=^_E \
		--log-opt tag='{{.Name}}' small sh -c 'echo out; echo err >&2; head -c 20000 /dev/zero | tr "\0" x; echo')
	within 10 got PARTIAL_LAST=true
	grep -F MESSAGE=out "$GOT" | jq -r . >"$GOT.out"
	for f in PRIORITY=6 MESSAGE=out "CONTAINER_ID=${id::12}" "CONTAINER_ID_FULL=$id" CONTAINER_NAME=jrn CONTAINER_TAG=jrn \
		SYSLOG_IDENTIFIER=jrn IMAGE_NAME=small A_B=1 E2_X=y; do
		grep -x "$f" "$GOT.out"
	done
	grep -Ex 'SYSLOG_TIMESTAMP=[-0-9]{10}T[0-9:.]+Z' "$GOT.out"
	grep -Ex 'CONTAINER_LOG_EPOCH=[0-9a-f]{64}' "$GOT.out"
	grep -Ex 'CONTAINER_LOG_ORDINAL=[12]' "$GOT.out"
	fails grep CONTAINER_PARTIAL "$GOT.out"
	grep -F MESSAGE=err "$GOT" | grep -qF 'PRIORITY=3'
	grep -F PARTIAL_MESSAGE=true "$GOT" | grep -qF 'CONTAINER_PARTIAL_ORDINAL=1\nCONTAINER_PARTIAL_LAST=false'
	grep -F PARTIAL_LAST=true "$GOT" | grep -F PARTIAL_ORDINAL=2 | grep -vqF PARTIAL_MESSAGE
	[ "$(real logs jrn | wc -c)" = 20005 ]
	kill "$PEER"
	wait "$PEER" 2>/dev/null || true
	run real run --rm --network none --log-driver journald small true
	[[ "$status" = 125 && "$output" == *"failed to create task for container: failed to initialize logging driver: journald is not enabled on this host"* ]]
}

@test "json-file: attributes and compressed files" {
	real run --name attrs --network none --label a.b=1 --label c=2 --env E1=x --log-opt tag='{{.Name}}x' --log-opt labels=c,zz \
		--log-opt labels-regex='^a' --log-opt env-regex=^E small echo out
	[ "$(real logs --details attrs)" = 'E1=x,a.b=1,c=2,tag=attrsx out' ]
	grep -q '"attrs":{"E1":"x","a.b":"1","c":"2","tag":"attrsx"},' "$(real inspect -f '{{.LogPath}}' attrs)"
	for driver in json-file local; do
		real run --name "many-$driver" --network none --log-driver $driver --log-opt max-size=8k --log-opt max-file=20 --log-opt compress=true \
			small sh -c 'i=0; while [ $i -lt 400 ]; do echo line $i; i=$((i+1)); done' >/dev/null
		log=$(find "$DATA/containers/$(real inspect -f '{{.Id}}' many-$driver)" -name '*.log')
		gzip -t "$log".[1-3].gz
		fails ls "$log.1"
		[ "$(real logs "many-$driver")" = "$(seq -f 'line %.0f' 0 399)" ]
		[ "$(real logs -n 350 "many-$driver" | head -n 1)" = 'line 50' ]
	done
}

@test "what is refused, and how" {
	refused() { # TEXT OPTIONS...
		local text=$1
		shift
		run real create "$@" small true
		echo "$output"
		[[ "$status" = 1 && "$output" == *"$text"* ]]
	}
	refused 'error looking up logging plugin gelf: plugin "gelf" not found' --log-driver gelf
	refused "unknown log opt 'foo' for json-file log driver" --log-opt foo=x
	refused "unknown log opt 'labels' for log driver local" --log-driver local --log-opt labels=x
	refused "unknown log opt 'cache-foo' for syslog log driver" --log-driver syslog --log-opt cache-foo=x
	refused "unknown log opt 'syslog-address' for journald log driver" --log-driver journald --log-opt syslog-address=x
	refused "unsupported scheme: 'http'" --log-driver syslog --log-opt syslog-address=http://x
	refused "stat /nonexistent: No such file or directory" --log-driver syslog --log-opt syslog-address=unix:///nonexistent
	refused "invalid syslog facility" --log-driver syslog --log-opt syslog-facility=foo
	refused "Invalid syslog format" --log-driver syslog --log-opt syslog-format=foo
	refused "not supported here" --log-driver syslog --log-opt syslog-address=tcp+tls://x
	refused 'error parsing regexp: missing closing ): `(`' --log-opt labels-regex='('
	refused "template: log-tag:1" --log-opt tag='{{.Foo}}'
	refused "logger: logging mode not supported: foo" --log-opt mode=foo
	refused "max-buffer-size option is only supported with 'mode=non-blocking'" --log-opt max-buffer-size=1m
	refused "compress cannot be true when max-file is less than 2" --log-opt compress=true --log-opt max-file=1
	refused "invalid value for option cache-disabled: foo" --log-driver syslog --log-opt cache-disabled=foo
	run syslog --rm --log-opt syslog-address=tcp://127.0.0.1:1 small true
	[[ "$status" = 125 && "$output" == *"failed to initialize logging driver: dial tcp 127.0.0.1:1: connect: Connection refused"* ]]
	[ "$(real info -f '{{json .Plugins.Log}}')" = '["journald","json-file","local","syslog"]' ]
}

@test "a bad pattern of a filter is a name" {
	real create --name pat-1 small true
	[ "$(real ps -aq -f 'name=^/?pat-[1]$' | wc -l)" = 1 ]
	[ "$(real ps -aq -f 'name=pat(' | wc -l)" = 0 ]
}
