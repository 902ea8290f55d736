# SPDX-License-Identifier: MIT
# A disk that fills at every stage of what writes to it. THIMBLE_LONG=1 takes smaller steps.
load lib

setup() {
	[ -n "${FULL_FS:-}" ] || skip "a small file system is mounted by root"
	[ -e "$STAGE/fixtures/small.tar.gz" ] || skip "no busybox root file system (package busybox-static)"
	command -v python3 >/dev/null || skip "the test is a Python script (package python3)"
	stack_env
}

# fills FILESYSTEM: with the data root there
fills() {
	[ -d "$FULL_FS/$1" ] || skip "no $1 here"
	run env ROOTFS="$STAGE/fixtures/small.tar.gz" timeout 2400 python3 "$BATS_TEST_DIRNAME/full.py" \
		"$XDG_RUNTIME_DIR" "$FULL_FS/$1/data" "${STEPS:-$([ -n "${THIMBLE_LONG:-}" ] && echo 40 || echo 6)}"
	echo "$output"
	echo "# $(tail -n 1 <<<"$output")" >&3
	[ "$status" = 0 ] || { stack_logs; false; }
}

@test "tmpfs that is full: clear errors, nothing half-written, works again" { fills tmpfs; }
@test "ext4 that is full: clear errors, nothing half-written, works again" { fills ext4; }
