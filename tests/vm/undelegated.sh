# undelegated.sh: run in the machine of tests/vm/run by a user who has no control group of his own.
. /tools

info_says_why() {
	docker info >/tmp/info 2>&1
	has "$(cat /tmp/info)" "Cgroup Driver: none"
	has "$(cat /tmp/info)" "Cgroup Version: 2"
	has "$(cat /tmp/info)" "the engine's cgroup is not delegated to this user"
}
limits_warn() {
	out=$(docker run --rm -m 64m --cpus 1 --pids-limit 20 small echo ran 2>&1)
	has "$out" ran
	has "$out" "does not support memory limit"
	has "$out" "CPU period/quota discarded"
	has "$out" "PIDs limit discarded"
}
pause_is_refused() {
	docker run -d --name still small sleep 1000
	has "$(docker pause still 2>&1)" "needs a delegated cgroup v2"
	is "$(state Status still)" running
}
stats_come_from_proc() {
	docker run -d --name busy small sh -c 'while :; do :; done'
	docker stats --no-stream --format '{{.CPUPerc}} {{.MemUsage}} {{.PIDs}}' busy >/tmp/stats
	cat /tmp/stats
	grep -qE '^[1-9][0-9.]*% [1-9][0-9.]*[KM]iB / [0-9.]*MiB 1$' /tmp/stats
	docker rm -f busy
}
update_warns() {
	has "$(real-docker update -m 64m still 2>&1)" "does not support memory limit"
	docker rm -f still
}

tap starts "without delegation: the stack starts"
tap info_says_why "without delegation: docker info says so"
tap limits_warn "without delegation: limits give Docker's warnings"
tap pause_is_refused "without delegation: docker pause is refused clearly"
tap stats_come_from_proc "without delegation: docker stats has the figures of /proc"
tap update_warns "without delegation: docker update warns"
tap stops "without delegation: the stack ends"
