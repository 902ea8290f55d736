# SPDX-License-Identifier: MIT
# The API over TCP with TLS and client certificates, with the Docker CLI: streams half-close
# as on the unix socket, and who has no certificate gets nothing.
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
	timeout 20 "$STAGE/tools/docker" -H "tcp://127.0.0.1:$PORT" --tlsverify --tlscacert "$PEM/ca.crt" \
		--tlscert "$PEM/client.crt" --tlskey "$PEM/client.key" "$@"
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
