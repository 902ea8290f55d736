# partial.sh: run in the machine of tests/vm/run in a control group whose administrator has delegated
# memory and pids only, as systemd does for a user's services without further configuration.
. /tools
group=/sys/fs/cgroup/part/user

info_says_what_is_missing() {
	docker info >/tmp/info 2>&1
	has "$(cat /tmp/info)" "Cgroup Driver: cgroupfs"
	has "$(cat /tmp/info)" "WARNING: No cpu cfs quota support"
	has "$(cat /tmp/info)" "WARNING: No cpuset support"
	has "$(cat /tmp/info)" "WARNING: No io.max (rbps) support"
	fails grep "No memory limit" /tmp/info
}
what_is_there_holds() {
	out=$(docker run -d --name part -m 64m --pids-limit 20 --cpus 0.5 --cpuset-cpus 1 --blkio-weight 100 \
		--device-write-bps /dev/vda:1mb small sleep 1000 2>&1)
	has "$out" "does not support CPU CFS scheduler"
	has "$out" "does not support cpuset"
	has "$out" "does not support Block I/O weight"
	has "$out" "does not support BPS Block I/O write limit"
	is "$(file part memory.max)" 67108864
	is "$(file part pids.max)" 20
	has "$(docker stats --no-stream --format '{{.MemUsage}} {{.PIDs}}' part)" "/ 64MiB 1"
	docker rm -f part
}

tap starts "in a partly delegated group: the stack starts"
tap info_says_what_is_missing "in a partly delegated group: docker info says what is missing"
tap what_is_there_holds "in a partly delegated group: what is there holds, of the rest is warned"
tap stops "in a partly delegated group: the stack ends"
