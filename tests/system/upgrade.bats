# SPDX-License-Identifier: MIT
# dockerd becomes the binary that is installed now (SIGUSR2): containers run on, nobody is refused;
# and what SIGTERM and a crash do to engine and containers.
load lib

setup_file() {
	mkdir -p "$BATS_FILE_TMPDIR/bin"
	cp "$STAGE/bin/thimble" "$BATS_FILE_TMPDIR/bin/thimble"
	"$BATS_FILE_TMPDIR/bin/thimble" --install -s "$BATS_FILE_TMPDIR/bin"
	export STACK_BIN=$BATS_FILE_TMPDIR/bin
	stack_start
	import_small
}

teardown_file() { stack_stop; }

install_new() { cp "$STAGE/bin/thimble" "$STACK_BIN/thimble.new" && mv "$STACK_BIN/thimble.new" "$STACK_BIN/thimble"; }
inode_of_exe() { stat -Lc %i "/proc/$1/exe"; }
is_new() { [ "$(inode_of_exe "$1")" = "$(stat -c %i "$STACK_BIN/thimble")" ]; }
initialized() { [ "$(grep -c 'completed initialization' "$STACK_LOG")" = "$1" ]; }

@test "upgrade in place: same process, new binary, containers run on, no request fails" {
	docker run -d --name keep small sh -c 'i=0; while :; do echo $i; i=$((i + 1)); sleep 0.1; done'
	docker run -d --name net -p 127.0.0.1:0:80 small sh -c 'echo hello >/tmp/f; exec httpd -f -p 80 -h /tmp'
	port=$(docker port net 80 | sed 's/.*://')
	engine=$(pid_of dockerd) container=$(docker inspect -f '{{.State.Pid}}' keep)
	before=$(inode_of_exe "$engine")
	(for _ in $(seq 60); do
		curl -sf --unix-socket "$XDG_RUNTIME_DIR/docker.sock" http://localhost/containers/keep/json >/dev/null && echo ok || echo "failed $?"
		sleep 0.02
	done >"$BATS_TEST_TMPDIR/asked") 3>&- &
	asker=$!
	for n in 2 3; do
		install_new
		kill -USR2 "$engine"
		within 10 initialized "$n"
		is_new "$engine"
	done
	wait "$asker"
	[ "$(sort -u "$BATS_TEST_TMPDIR/asked")" = ok ]
	[ "$(pid_of dockerd)" = "$engine" ]
	[ "$(inode_of_exe "$engine")" != "$before" ]
	[ "$(docker inspect -f '{{.State.Pid}} {{.State.Running}}' keep)" = "$container true" ]
	[ "$(docker exec keep echo in)" = in ]
	[ "$(docker port net 80 | sed 's/.*://')" = "$port" ]
	[ "$(curl -sf "http://127.0.0.1:$port/f")" = hello ]
	last=$(docker logs --tail 1 keep)
	sleep 0.5
	[ "$(docker logs --tail 1 keep)" -gt "$last" ]
	[ -z "$(tr '\0' '\n' <"/proc/$engine/environ" | grep THIMBLE_LISTENERS=x || true)" ]
	docker rm -f keep net
}

@test "a request under way is answered by the one that took it" {
	docker run -d --name slow small sleep 600
	engine=$(pid_of dockerd)
	docker stop -t 1 slow >"$BATS_TEST_TMPDIR/stopped" 2>&1 3>&- &
	pid=$!
	sleep 0.2
	install_new
	n=$(grep -c 'completed initialization' "$STACK_LOG")
	kill -USR2 "$engine"
	wait "$pid"
	[ "$(cat "$BATS_TEST_TMPDIR/stopped")" = slow ]
	within 10 initialized $((n + 1))
	[ "$(docker inspect -f '{{.State.Status}}' slow)" = exited ]
	docker rm slow
}

@test "rootlesskit passes the signal on" {
	install_new
	n=$(grep -c 'completed initialization' "$STACK_LOG")
	engine=$(pid_of dockerd)
	kill -USR2 "$(cat "$BATS_FILE_TMPDIR/stack.pid")"
	within 10 initialized $((n + 1))
	is_new "$engine"
	[ "$(pid_of dockerd)" = "$engine" ]
}

@test "a binary that cannot run changes nothing" {
	engine=$(pid_of dockerd)
	n=$(grep -c 'completed initialization' "$STACK_LOG")
	echo 'no program' >"$STACK_BIN/thimble.new" && chmod 755 "$STACK_BIN/thimble.new" && mv "$STACK_BIN/thimble.new" "$STACK_BIN/thimble"
	kill -USR2 "$engine"
	within 5 grep -q 'upgrade: this dockerd goes on' "$STACK_LOG"
	install_new
	stack_answers
	[ "$(pid_of dockerd)" = "$engine" ]
	initialized "$n"
}

@test "a crash of the engine after an upgrade is survived as well" {
	docker run -d --name keep small sleep 600
	engine=$(pid_of dockerd) container=$(docker inspect -f '{{.State.Pid}}' keep)
	kill -KILL "$engine"
	within 10 stack_answers
	[ "$(pid_of dockerd)" != "$engine" ]
	[ "$(docker inspect -f '{{.State.Pid}} {{.State.Running}}' keep)" = "$container true" ]
	docker rm -f keep
}

@test "SIGTERM stops the containers; unless-stopped ones are back at the next start" {
	docker run -d --name back --restart unless-stopped small sh -c 'trap "exit 0" TERM; while :; do sleep 0.1; done'
	docker run -d --name gone small sh -c 'trap "exit 0" TERM; while :; do sleep 0.1; done'
	docker run -d --name off --restart unless-stopped small sleep 600
	docker stop -t 0 off
	first=$(docker inspect -f '{{.State.Pid}}' back)
	stack_halt
	[ -z "$(stack_pids | while read -r p; do [ "$p" = "$(cat "$BATS_FILE_TMPDIR/stack.pid")" ] || echo "$p"; done)" ]
	! kill -0 "$first" 2>/dev/null
	stack_start
	within 10 sh -c "[ \"\$($STAGE/bin/thimble docker inspect -f '{{.State.Running}}' back)\" = true ]"
	[ "$(docker inspect -f '{{.State.Running}}' gone)" = false ]
	[ "$(docker inspect -f '{{.State.Running}}' off)" = false ]
	docker rm -f back gone off
}
