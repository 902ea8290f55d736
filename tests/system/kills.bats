# SPDX-License-Identifier: MIT
# kill -9 of dockerd and of the whole stack at random moments of what changes the store. THIMBLE_LONG=1 kills
# 200 times; SEED chooses the moments.
load lib

setup_file() { stack_env; }
teardown_file() { rootlesskit rm -rf "$DATA" >/dev/null 2>&1 || true; }

@test "killed amid whatever changes the store: what was answered is there, nothing half-written" {
	[ -e "$STAGE/fixtures/small.tar.gz" ] || skip "no busybox root file system (package busybox-static)"
	command -v python3 >/dev/null || skip "the kills are a Python script (package python3)"
	run env ROOTFS="$STAGE/fixtures/small.tar.gz" timeout 850 python3 "$BATS_TEST_DIRNAME/kills.py" \
		"$XDG_RUNTIME_DIR" "$DATA" "${KILLS:-$([ -n "${THIMBLE_LONG:-}" ] && echo 200 || echo 26)}"
	echo "$output"
	echo "# $(tail -n 1 <<<"$output")" >&3
	[ "$status" = 0 ] || { stack_logs; false; }
}
