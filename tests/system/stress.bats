# SPDX-License-Identifier: MIT
# Many clients at once on each other's containers; then nothing may be left of any.
load lib
one_stack

dockerd_fds() { find "/proc/$(pid_of dockerd)/fd" -type l | wc -l; }
dockerd_threads() { find "/proc/$(pid_of dockerd)/task" -mindepth 1 -maxdepth 1 | wc -l; }
no_more() { [ "$(dockerd_fds)" -le "$1" ] && [ "$(dockerd_threads)" -le "$2" ]; }
all_follow() { [ "$(find "$BATS_TEST_TMPDIR" -name 'follow.*' -size +0 | wc -l)" = 50 ]; }
no_bundle() { [ -z "$(ls "$XDG_RUNTIME_DIR/docker/containers")" ]; }

@test "random verbs from 24 clients: no failure, nothing left" {
	real run --rm small true
	fds=$(dockerd_fds) threads=$(dockerd_threads)
	ROOTFS=$STAGE/fixtures/small.tar.gz timeout 150 python3 "$BATS_TEST_DIRNAME/stress.py" \
		"$XDG_RUNTIME_DIR/docker.sock" 15 24 || { stack_logs; false; }
	within 10 no_bundle
	within 10 no_more $((fds + 2)) $((threads + 1))
	[ -z "$(real ps -aq)" ]
	[ -z "$(ls "$DATA/containers")" ]
	[ -z "$(ls "$DATA/image/overlay2/layerdb/mounts")" ]
	[ "$(curl -s --unix-socket "$XDG_RUNTIME_DIR/dockerd-rootless/api.sock" http://x/v1/ports)" = '[]' ]
	! pgrep -u "$(id -u)" -f "^shim .*$XDG_RUNTIME_DIR/"
}

@test "followers of a log end with the container, and when they leave" {
	real run -d --name talk small sh -c 'while :; do echo x; sleep 0.1; done'
	threads=$(dockerd_threads)
	for i in $(seq 50); do
		curl -sN --unix-socket "$XDG_RUNTIME_DIR/docker.sock" \
			"http://x/containers/talk/logs?follow=1&stdout=1" >"$BATS_TEST_TMPDIR/follow.$i" 3>&- &
		pids="$pids $!"
	done
	within 10 all_follow
	kill $(echo $pids | cut -d' ' -f1-25)
	within 5 no_more 10000 $((threads + 26))
	real rm -f talk
	for p in $(echo $pids | cut -d' ' -f26-50); do
		timeout 10 tail --pid "$p" -s 0.05 -f /dev/null || { stack_logs; false; }
	done
	within 5 no_more 10000 $((threads))
}
