# SPDX-License-Identifier: MIT
# The API over TCP with TLS and client certificates, with the Docker CLI, our own (CLIENT) and
# python3-docker: streams half-close as on the unix socket, and who has no certificate gets nothing.
load lib

setup_file() {
	local dir=$BATS_FILE_TMPDIR/pem name
	mkdir -p "$dir"
	PORT=$(free_port)
	export PEM=$dir PORT
	cd "$dir"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ca \
		-keyout ca.key -out ca.crt 2>/dev/null
	for name in server client; do
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$name" \
			-keyout $name.key -out $name.csr 2>/dev/null
		openssl x509 -req -in $name.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 \
			-extfile <(echo subjectAltName=IP:127.0.0.1) -out $name.crt 2>/dev/null
	done
	stack_start -H "unix://$BATS_FILE_TMPDIR/run/docker.sock" -H "tcp://127.0.0.1:$PORT" --tlsverify \
		--tlscacert "$dir/ca.crt" --tlscert "$dir/server.crt" --tlskey "$dir/server.key"
	import_small
}

teardown_file() { stack_stop; }

secure() {
	docker -H "tcp://127.0.0.1:$PORT" --tlsverify --tlscacert "$PEM/ca.crt" \
		--tlscert "$PEM/client.crt" --tlskey "$PEM/client.key" "$@"
}

# what the environment and contexts are pointed at
material() {
	local dir=$BATS_TEST_TMPDIR/material
	mkdir "$dir"
	cp "$PEM/ca.crt" "$dir/ca.pem"
	cp "$PEM/client.crt" "$dir/cert.pem"
	cp "$PEM/client.key" "$dir/key.pem"
	export DOCKER_HOST=tcp://127.0.0.1:$PORT DOCKER_CERT_PATH=$dir DOCKER_CONFIG=$BATS_TEST_TMPDIR/config
}

@test "run without standard input gives its output" {
	run secure run --rm small echo over tls
	[ "$output" = "over tls" ]
}

@test "standard input ends where the client's ends" {
	output=$(echo through | secure run --rm -i small cat)
	[ "$output" = through ]
}

@test "a megabyte through exec, both ways" {
	secure run -d --name tls small sleep 300
	seq 1 150000 >"$BATS_TEST_TMPDIR/in"
	secure exec -i tls cat <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out"
	cmp "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
	secure rm -f tls
}

@test "exit codes and logs" {
	run secure run --name code small sh -c 'echo said; exit 7'
	[ "$status" = 7 ]
	run secure logs code
	[ "$output" = said ]
	secure rm code
}

@test "DOCKER_TLS_VERIFY and DOCKER_CERT_PATH" {
	material
	[ "$(echo in | DOCKER_TLS_VERIFY=1 docker run --rm -i small cat)" = in ]
	# nobody's certificate: the name is not looked at without verification
	[ "$(DOCKER_TLS=1 docker -H "tcp://localhost:$PORT" ps -q | wc -l)" = 0 ]
	run env DOCKER_TLS_VERIFY=1 DOCKER_HOST="tcp://localhost:$PORT" bash -c "$(declare -f docker real ours); docker ps"
	echo "$output"
	[ "$status" = 1 ]
	# not over TLS
	run docker ps
	[[ "$status" = 1 && "$output" == *"Client sent an HTTP request to an HTTPS server"* ]]
}

@test "TLS files that are not there are named" {
	material
	rm "$DOCKER_CERT_PATH/ca.pem"
	run docker --tlsverify ps
	echo "$output"
	[ "$status" = 1 ]
	[ "$output" = "Failed to initialize: unable to resolve docker endpoint: open $DOCKER_CERT_PATH/ca.pem: no such file or directory" ]
	run docker --tls --tlscacert "$PEM/ca.crt" --tlscert /none ps
	[ "$output" = "Failed to initialize: unable to resolve docker endpoint: open /none: no such file or directory" ]
	run docker --tls --tlscacert "$PEM/ca.crt" --tlskey /none ps
	[ "$output" = "Failed to initialize: unable to resolve docker endpoint: open /none: no such file or directory" ]
	# without a certificate of the client's the engine refuses
	rm "$DOCKER_CERT_PATH/cert.pem" "$DOCKER_CERT_PATH/key.pem"
	run docker --tlsverify --tlscacert "$PEM/ca.crt" ps
	echo "$output"
	[ "$status" = 1 ]
}

@test "contexts with TLS material: create, use, inspect, export, import, update" {
	material
	local at=$DOCKER_HOST dir=$DOCKER_CERT_PATH
	unset DOCKER_HOST DOCKER_CERT_PATH
	docker context create far --docker "host=$at,ca=$dir/ca.pem,cert=$dir/cert.pem,key=$dir/key.pem" --description there
	docker context use far
	[ "$(echo in | docker run --rm -i small cat)" = in ]
	docker context inspect far
	[ "$(docker context inspect -f '{{json .TLSMaterial}} {{.Endpoints.docker.SkipTLSVerify}}' far)" = '{"docker":["ca.pem","cert.pem","key.pem"]} false' ]
	# what a context says is not the environment's
	DOCKER_CERT_PATH=/none docker --tlsverify ps
	cd "$BATS_TEST_TMPDIR"
	run docker context export far
	[ "$status" = 0 ] && [ "$output" = 'Written file "far.dockercontext"' ]
	run docker context export far
	[ "$status" = 1 ] && [ "$output" = "open far.dockercontext: file exists" ]
	[ "$(tar -xOf far.dockercontext meta.json 2>/dev/null)" = "{\"Name\":\"far\",\"Metadata\":{\"Description\":\"there\"},\"Endpoints\":{\"docker\":{\"Host\":\"$at\",\"SkipTLSVerify\":false}}}" ]
	# each reads the other's
	ours context export far - >ours.tar
	real context export far - >real.tar
	for tar in ours real; do
		[ "$(docker context import "from-$tar" "$tar.tar" 2>&1)" = "from-$tar
Successfully imported context \"from-$tar\"" ]
		docker --context "from-$tar" ps
		[ "$(docker context inspect "from-$tar" | jq -r '.[0].Metadata.Description')" = there ]
	done
	[ "$(docker context import third - <ours.tar 2>/dev/null)" = third ]
	run docker context import third ours.tar
	[ "$status" = 1 ] && [ "$output" = 'context "third" already exists' ]
	echo junk >junk
	run docker context import fourth junk
	[ "$status" = 1 ]
	fails docker context inspect fourth
	# another name for the host: only without verification
	docker context update third --docker "host=tcp://localhost:$PORT"
	fails docker --context third ps
	docker context update third --docker "host=tcp://localhost:$PORT,ca=$dir/ca.pem,cert=$dir/cert.pem,key=$dir/key.pem,skip-tls-verify=true"
	docker --context third ps
	run docker context create xx --docker host=tcp://h:1,skip-tls-verify=maybe
	[ "$status" = 1 ] && [ "$output" = 'unable to create docker endpoint config: skip-tls-verify: parsing "maybe": invalid syntax' ]
	run docker context create xx --docker host=bogus
	[ "$status" = 1 ] && [[ "$output" == "unable to create docker endpoint config: "*'unable to parse docker host `bogus`' ]]
	docker context rm -f far
	[ -z "$(ls "$DOCKER_CONFIG/contexts/tls" | grep "$(printf far | sha256sum | cut -c1-64)")" ]
}

@test "python3-docker with DOCKER_CERT_PATH" {
	clients_need
	material
	run env -u REQUESTS_CA_BUNDLE -u CURL_CA_BUNDLE DOCKER_TLS_VERIFY=1 PYTHONPATH="$STAGE/fixtures/clients/python" timeout 60 /usr/bin/python3 -W ignore -c '
import docker
print(docker.from_env().containers.run("small", "echo python", remove=True).decode(), end="")'
	echo "$output"
	[ "$output" = python ]
}

@test "no certificate: refused; no TLS: told so" {
	run curl -s --cacert "$PEM/ca.crt" "https://127.0.0.1:$PORT/_ping"
	[ "$status" != 0 ]
	run curl -s "http://127.0.0.1:$PORT/_ping"
	[ "$output" = "Client sent an HTTP request to an HTTPS server." ]
}

@test "a certificate of another authority: refused" {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=other \
		-keyout "$BATS_TEST_TMPDIR/o.key" -out "$BATS_TEST_TMPDIR/o.crt" 2>/dev/null
	run curl -s --cacert "$PEM/ca.crt" --cert "$BATS_TEST_TMPDIR/o.crt" --key "$BATS_TEST_TMPDIR/o.key" \
		"https://127.0.0.1:$PORT/_ping"
	[ "$status" != 0 ]
}

@test "beyond the loopback interface: only with client certificates" {
	local dir=$BATS_TEST_TMPDIR
	mkdir -p "$dir/run"
	for tls in "" "--tls --tlscert $PEM/server.crt --tlskey $PEM/server.key"; do
		run env XDG_RUNTIME_DIR="$dir/run" timeout 20 unshare --user --map-root-user --mount \
			dockerd --data-root "$dir/data" --exec-root "$dir/run/docker" -p "$dir/pid" \
			-H "tcp://0.0.0.0:$(free_port)" $tls
		echo "$output"
		[ "$status" = 1 ]
		[[ "$output" == *"without client certificates"* ]]
	done
}
