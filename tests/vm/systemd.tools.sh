# systemd.tools.sh: helpers of the scripts that run in the machine of tests/vm/systemd. They print TAP
# on the console; each check is a function, whose output is shown when it fails.
count=/checks/n

tap() { # tap NAME WHAT: runs the function NAME
	local n=$(($(cat $count) + 1)) out start=$SECONDS
	echo $n >$count
	out=$(mktemp)
	(set -e; "$1") >"$out" 2>&1 </dev/null
	# the shell has no set -e inside of a condition
	if [ $? = 0 ]; then
		echo "ok $n - $2"
		grep '^# ' "$out"
	else
		echo "not ok $n - $2"
		sed 's/^/# /' "$out"
	fi
	[ $((SECONDS - start)) -lt 5 ] || echo "# $((SECONDS - start)) s"
	rm -f "$out"
}
within() { # within SECONDS COMMAND...: until it succeeds, on a busy host three times as long
	local end=$((SECONDS + 3 * $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || { echo "not within time: $*"; "$@"; return 1; }
		sleep 0.2
	done
}
is() { [ "$1" = "$2" ] || { echo "expected '$2', got '$1'"; return 1; }; }
has() { case $1 in *"$2"*) ;; *) echo "no '$2' in: $1"; return 1 ;; esac; }
fails() { ! "$@"; }
gone() { [ ! -e "$1" ]; }
# in_order FILE: every line of stdin is a line of FILE, in this order; a line "..." says nothing
in_order() {
	local line at=0 i
	mapfile -t lines <"$1"
	while IFS= read -r line; do
		[ "$line" != ... ] || continue
		for ((i = at; i < ${#lines[@]}; i++)); do [ "${lines[i]}" != "$line" ] || break; done
		[ $i -lt ${#lines[@]} ] || { echo "missing or out of order: $line"; cat "$1"; return 1; }
		at=$((i + 1))
	done
}
