# SPDX-License-Identifier: MIT
# Ansible's community.docker (Debian bookworm's): the playbooks of clients-ansible.yml, a tag a test.
load lib
clients_stack

export PATH=$STAGE/tools:$PATH ANSIBLE_LOCALHOST_WARNING=false ANSIBLE_NOCOLOR=1 ANSIBLE_PYTHON_INTERPRETER=/usr/bin/python3
export ANSIBLE_INVENTORY_UNPARSED_WARNING=false ANSIBLE_DEPRECATION_WARNINGS=false ANSIBLE_PIPELINING=1

# play TAG [OPTIONS]: sets changed
play() {
	local tag=$1
	shift
	timeout 600 /usr/bin/python3 -W ignore "$STAGE/fixtures/clients/bin/ansible-playbook" \
		"$BATS_TEST_DIRNAME/clients-ansible.yml" --tags "$tag" "$@" >"$BATS_TEST_TMPDIR/play" 2>&1 ||
		{ cat "$BATS_TEST_TMPDIR/play"; return 1; }
	changed=$(sed -n 's/^localhost .*changed=\([0-9]*\).*/\1/p' "$BATS_TEST_TMPDIR/play")
}

id_of() { ours inspect -f '{{.Id}}' site-web; }

@test "network, volume, tag, a container until it is healthy" {
	play site
	[ "$changed" = 4 ]
}

@test "the second run finds nothing to change" {
	local id
	id=$(id_of)
	play site
	[ "$changed" = 0 ] || { cat "$BATS_TEST_TMPDIR/play"; play site --diff -v; cat "$BATS_TEST_TMPDIR/play"; false; }
	[ "$(id_of)" = "$id" ]
}

@test "a changed environment makes the container anew" {
	local id
	id=$(id_of)
	play site -e mode=two
	[ "$changed" = 1 ] && [ "$(id_of)" != "$id" ]
}

@test "the modules that look, and exec" { play look; }
@test "images: archive, remove, load, log in, push, pull" { play images; }
@test "into the container by the CLI and by the API" { play inside -e mode=two; }
@test "stopped, started again, disconnected, absent, pruned" { play end; }
