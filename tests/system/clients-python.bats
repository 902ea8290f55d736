# SPDX-License-Identifier: MIT
# Programs of python3-docker (5.0.3, Debian bookworm's): the steps of clients-python.py, a test each.
load lib
clients_stack

step() {
	timeout 400 /usr/bin/python3 -W ignore \
		"$BATS_TEST_DIRNAME/clients-python.py" "$@" || { ours ps -aq | xargs -r "$STAGE/bin/docker" rm -f; false; }
}

@test "system: ping, version, info, df" { step system; }
@test "containers.run: output, exit codes, a stream" { step run; }
@test "containers.run with all the options programs use" { step options; }
@test "a container's life: pause, rename, top, update, kill, wait, restart, stop" { step lifecycle; }
@test "lists and their filters" { step listing; }
@test "logs" { step logs; }
@test "attach by socket" { step attach; }
@test "exec: demux, streams, socket, detached" { step execs; }
@test "output does not overtake the head of the answer" { step read_ahead; }
@test "archives in and out, diff, export, commit" { step archives; }
@test "stats" { step stats; }
@test "events, live and past" { step events; }
@test "networks" { step networks; }
@test "volumes" { step volumes; }
@test "images: tag, history, save, load, import, prune" { step images; }
@test "login, push, pull, what the registry has" { step registry; }
@test "API versions 1.24, 1.35, 1.41" { step old_versions; }
@test "no swarm, no plugins" { step swarm; }
