# SPDX-License-Identifier: MIT
# The embedded image: runs without a network or a registry.
load lib

setup_file() {
	stack_start
}

teardown_file() {
	stack_stop
}

@test "docker run thimble/hello prints its message" {
	run real run --rm thimble/hello
	echo "$output"
	[ "$status" = 0 ]
	[[ "$output" == *thimble* ]]
}

@test "thimble docker run thimble/hello prints its message" {
	run ours run --rm thimble/hello
	echo "$output"
	[ "$status" = 0 ]
	[[ "$output" == *thimble* ]]
}
