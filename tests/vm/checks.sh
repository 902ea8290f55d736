# checks.sh: run as uid 1000 in the machine of tests/vm/run, in a control group delegated to it.
. /tools

info_shows_v2() {
	docker info >/tmp/info
	has "$(cat /tmp/info)" "Cgroup Driver: cgroupfs"
	has "$(cat /tmp/info)" "Cgroup Version: 2"
	fails grep -q "without cgroups" /tmp/info
	real-docker info 2>&1 | fails grep "^WARNING: No"
}
embedded_image_runs() { docker run --rm thimble/hello | grep -q thimble; }
image_arrives() {
	docker import -c 'CMD ["/bin/sh"]' -c 'ENV PATH=/bin' "$HOME/small.tar" small
	docker run --rm small echo hello | grep hello
}
limits_are_written() {
	docker run -d --name lim -m 64m --memory-reservation 32m --cpus 0.5 --pids-limit 20 --cpuset-cpus 1 \
		--cpu-shares 512 small sleep 1000
	is "$(file lim memory.max)" 67108864
	is "$(file lim memory.low)" 33554432
	is "$(file lim memory.swap.max)" 67108864
	is "$(file lim cpu.max)" "50000 100000"
	is "$(file lim pids.max)" 20
	is "$(file lim cpuset.cpus)" 1
	is "$(file lim cpu.weight)" 20
}
own_group_is_seen() {
	is "$(docker exec lim cat /proc/self/cgroup)" "0::/"
	is "$(docker exec lim cat /sys/fs/cgroup/memory.max)" 67108864
	is "$(docker exec lim nproc)" 1
	fails docker exec lim sh -c 'echo max >/sys/fs/cgroup/memory.max'
}
no_warning_is_given() {
	is "$(docker run --rm -m 64m --cpus 1 --pids-limit 20 small true 2>&1)" ""
}
update_changes_limits() {
	real-docker update -m 96m --memory-swap 96m --cpus 0.25 --pids-limit 30 --cpuset-cpus 0-1 --cpu-shares 1024 \
		--restart unless-stopped lim
	is "$(file lim memory.max)" 100663296
	is "$(file lim memory.swap.max)" 0
	is "$(file lim cpu.max)" "25000 100000"
	is "$(file lim pids.max)" 30
	is "$(file lim cpuset.cpus)" 0-1
	is "$(file lim cpu.weight)" 39
	is "$(docker inspect --format '{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}}' lim)" "100663296 250000000"
	is "$(docker inspect --format '{{.HostConfig.RestartPolicy.Name}}' lim)" unless-stopped
	real-docker update --pids-limit -1 lim
	is "$(file lim pids.max)" max
}
update_is_refused_clearly() {
	has "$(real-docker update -m 1m lim 2>&1)" "Minimum memory limit allowed is 6MB"
	has "$(real-docker update --cpuset-cpus 77 lim 2>&1)" "available: 0-1"
	has "$(real-docker update --memory-swap 32m lim 2>&1)" "Minimum memoryswap limit should be larger"
	is "$(docker inspect --format '{{.HostConfig.CpusetCpus}}' lim)" 0-1
	is "$(file lim cpuset.cpus)" 0-1
}
update_survives_restart() {
	docker restart -t 0 lim
	is "$(file lim memory.max)" 100663296
	is "$(file lim cpu.max)" "25000 100000"
}
pids_limit_holds() {
	docker run --name forks --pids-limit 8 small sh -c \
		'i=0; while [ $i -lt 20 ]; do sleep 3 & i=$((i+1)); done; wait' >/tmp/forks 2>&1 || true
	has "$(cat /tmp/forks)" "an't fork"
	docker rm -f forks
}
memory_limit_kills() {
	docker events --since 0 --filter event=oom >/tmp/oom &
	docker run --name big -m 16m --memory-swap 16m small sh -c 'exec tail -c 200m /dev/zero' || code=$?
	is "$code" 137
	is "$(state OOMKilled big)" true
	is "$(state ExitCode big)" 137
	within 5 grep -q oom /tmp/oom
	kill %1
	docker rm big
}
memory_kill_of_a_child_is_told() {
	docker run -d --name parent -m 16m --memory-swap 16m small sh -c 'tail -c 200m /dev/zero; sleep 1000'
	within 20 grep -q 'oom_kill [1-9]' "$group/$(id_of parent)/memory.events"
	is "$(state Running parent)" true
	within 5 oom_is_known
	docker rm -f parent
}
oom_is_known() { is "$(state OOMKilled parent)" true; }
usage() { file "$1" cpu.stat | sed -n 's/^usage_usec //p'; }
cpu_quota_throttles() {
	docker run -d --name burn --cpus 0.2 small sh -c 'while :; do :; done'
	is "$(file burn cpu.max)" "20000 100000"
	within 10 grep -q 'nr_throttled [1-9]' "$group/$(id_of burn)/cpu.stat"
	a=$(usage burn) t=$(cut -d. -f1 /proc/uptime)
	sleep 5
	used=$((($(usage burn) - a) / 1000)) took=$((($(cut -d. -f1 /proc/uptime) - t) * 1000))
	echo "# $used ms of CPU time in $took ms with 0.2 CPUs"
	[ $((used * 100)) -ge $((took * 13)) ] && [ $((used * 100)) -le $((took * 25)) ]
}
update_of_a_running_one_is_felt() {
	docker update --cpus 1 burn
	a=$(usage burn)
	sleep 3
	used=$((($(usage burn) - a) / 1000))
	echo "# $used ms of CPU time in 3000 ms with 1 CPU"
	[ $used -ge 1500 ]
	docker update --cpus 0.2 burn
}
cpuset_binds() {
	has "$(docker run --rm --cpuset-cpus 1 small cat /proc/self/status)" "Cpus_allowed_list:	1"
}
pause_freezes() {
	docker pause burn
	is "$(state Status burn)" paused
	is "$(state Paused burn)" true
	has "$(file burn cgroup.events)" "frozen 1"
	a=$(file burn cpu.stat | head -n 1)
	sleep 1
	is "$(file burn cpu.stat | head -n 1)" "$a"
	has "$(docker exec burn true 2>&1)" "is paused, unpause the container before exec"
	has "$(docker ps)" "(Paused)"
}
paused_survives_kill_of_engine() {
	restart_engine
	is "$(state Paused burn)" true
}
unpause_thaws() {
	docker unpause burn
	is "$(state Status burn)" running
	a=$(file burn cpu.stat | head -n 1)
	sleep 1
	[ "$(file burn cpu.stat | head -n 1)" != "$a" ]
	docker exec burn true
}
stop_of_paused_ends_it() {
	docker pause burn
	docker stop -t 1 burn
	is "$(state Status burn)" exited
	docker start burn
	docker pause burn
	docker rm -f burn
}
device_limits_hold() {
	docker run -d --name io --device-read-bps /dev/vda:1mb --device-write-bps /dev/vda:1mb --device-read-iops /dev/vda:100 \
		--blkio-weight 300 --blkio-weight-device /dev/vda:200 small sleep 1000
	has "$(file io io.max)" "254:0 rbps=1048576 wbps=1048576 riops=100 wiops=max"
	has "$(file io io.weight)" "default 2930"
	a=$(date +%s)
	docker exec io dd if=/dev/zero of=/tmp/f bs=64k count=64 conv=fsync
	took=$(($(date +%s) - a))
	echo "# 4 MiB written in $took s with 1 MiB/s"
	[ $took -ge 2 ]
	has "$(real-docker stats --no-stream --format '{{.BlockIO}}' io)" "0B / 4"
	docker rm -f io
}
a_wrong_device_is_named() {
	has "$(docker run --rm --device-read-bps /dev/nothere:1mb small true 2>&1)" "stat /dev/nothere: no such file"
	has "$(docker run --rm --device-read-bps /dev/null:1mb small true 2>&1)" "/dev/null is not a block device"
}
own_stats_are_those_of_proc() {
	docker run -d --name seen -m 64m --pids-limit 50 small sh -c 'sleep 1000 & sleep 1000 & wait'
	within 5 is "$(file seen pids.current)" 3
	is "$(docker stats --no-stream --format '{{.Name}} {{.PIDs}}' seen)" "seen 3"
	api="wget -q -O - -T 5"
	docker exec seen cat /proc/net/dev | sed -n 's/^ *eth0: *\([0-9]*\) .*/\1/p' >/tmp/rx
	docker stats --no-stream --format '{{.NetIO}} {{.MemUsage}}' seen >/tmp/stats
	cat /tmp/rx /tmp/stats
	grep -q '/ 64MiB$' /tmp/stats
	docker rm -f seen
}
shim_killed() { # the engine takes back what a killed shim leaves
	docker run -d --name orphan small sh -c 'sleep 1000 & wait'
	id=$(id_of orphan)
	kill -9 "$(pid_of "shim.*$id")"
	within 10 fails test -e "$group/$id"
	within 5 is "$(state Running orphan)" false
	docker rm orphan
}
nothing_leaks() {
	for i in $(seq 100); do docker run --rm --network none small true; done
	within 5 groups_are_as_many_as_containers
	[ "$(sed -n 's/^nr_dying_descendants //p' "$group/cgroup.stat")" -lt 150 ]
}
stats_are_counted() {
	docker run -d --name busy -m 64m small sh -c 'while :; do :; done'
	real-docker stats --no-stream --format '{{.CPUPerc}} {{.MemUsage}} {{.PIDs}}' busy >/tmp/stats
	cat /tmp/stats
	grep -qE '^[1-9][0-9.]*% [1-9][0-9.]*[KM]iB / 64MiB 1$' /tmp/stats
	docker rm -f busy
}
top_lists() { has "$(docker top lim)" "sleep 1000"; }
groups_are_as_many_as_containers() {
	is "$(ls -d "$group"/*/ | wc -l)" "$(($(docker ps -q | wc -l) + 1))"
}
groups_are_taken_back() {
	docker run --rm small true
	within 5 groups_are_as_many_as_containers
}
parent_group() {
	docker run -d --name child --cgroup-parent batch small sleep 1000
	[ -d "$group/batch/$(id_of child)" ]
	docker rm -f child
	rmdir "$group/batch"
}
host_cgroupns() {
	has "$(docker run --rm --cgroupns host small cat /proc/self/cgroup)" "0::/user/"
}
restart_engine() { # as a crash would
	kill -9 "$(pid_of dockerd)"
	within 10 fails docker ping
	sleep 0.5
	starts
}
container_outlives_engine() {
	before=$(state Pid lim)
	restart_engine
	is "$(state Pid lim)" "$before"
	is "$(state Running lim)" true
	docker exec lim true
	docker update --pids-limit 40 lim
	is "$(file lim pids.max)" 40
	docker run --rm small true
}
no_deep_group() { is "$(find "$group" -name deep)" ""; }
nested_groups_are_taken_back() {
	docker run --rm --privileged small sh -c 'mkdir /sys/fs/cgroup/own && mkdir /sys/fs/cgroup/own/deep'
	within 5 no_deep_group
}
rootlesskit_evacuates() {
	mkdir "$group/kit"
	has "$(sh -c "echo 0 >$group/kit/cgroup.procs
		exec rootlesskit --pidns --cgroupns --evacuate-cgroup2=away cat /proc/self/cgroup")" "0::/away"
	rmdir "$group/kit/away" "$group/kit"
}
only_the_engine_s_group() { is "$(ls -d "$group"/*/)" "$group/engine/"; }
all_is_removed() {
	docker rm -f $(docker ps -aq)
	within 5 only_the_engine_s_group
}

leftovers_are_removed() {
	docker run -d --name last small sleep 1000
	id=$(id_of last)
	kill -9 "$(pid_of rootlesskit)" "$(pid_of dockerd)" "$(pid_of "shim.*$id")"
	kill -9 $(cat "$group/$id/cgroup.procs")
	within 10 fails docker ping
	old=$group/$(echo "$id" | tr 0-9a-f a-f0-9)
	mkdir "$old"
	touch -d '2000-01-01' "$old"
	[ -e "$group/$id" ]
	starts
	within 5 only_the_engine_s_group
	is "$(state Status last)" exited
	docker rm last
}

tap starts "the stack starts in a delegated group"
tap info_shows_v2 "docker info shows cgroupfs, version 2, no warnings"
tap embedded_image_runs "the embedded image runs"
tap image_arrives "an image is imported and runs"
tap limits_are_written "limits of docker run are in the group's files"
tap own_group_is_seen "a container sees its own group as the root, read-only"
tap no_warning_is_given "limits give no warning"
tap update_changes_limits "docker update changes limits and restart policy"
tap update_is_refused_clearly "a bad update is refused and changes nothing"
tap update_survives_restart "updated limits hold after a restart"
tap pids_limit_holds "the pids limit holds"
tap memory_limit_kills "the memory limit kills: 137, OOMKilled, event oom"
tap memory_kill_of_a_child_is_told "a killed child is known while the container runs"
tap cpu_quota_throttles "the cpu quota throttles"
tap update_of_a_running_one_is_felt "docker update of a running container is felt"
tap cpuset_binds "--cpuset-cpus binds"
tap pause_freezes "docker pause freezes"
tap paused_survives_kill_of_engine "a paused container is still paused after kill -9 of dockerd"
tap unpause_thaws "docker unpause thaws"
tap stop_of_paused_ends_it "stop and rm -f end a paused container"
tap stats_are_counted "docker stats has figures"
tap own_stats_are_those_of_proc "docker stats shows what /proc shows"
tap device_limits_hold "limits of devices are written, and hold"
tap a_wrong_device_is_named "a wrong device is named"
tap top_lists "docker top lists"
tap groups_are_taken_back "groups of ended containers are removed"
tap parent_group "--cgroup-parent"
tap host_cgroupns "--cgroupns host"
tap container_outlives_engine "a container outlives kill -9 of dockerd and is controllable"
tap shim_killed "what a killed shim leaves is taken back"
tap nothing_leaks "100 containers leave no group"
tap nested_groups_are_taken_back "groups made by a privileged container are removed with it"
tap rootlesskit_evacuates "rootlesskit --evacuate-cgroup2"
tap all_is_removed "rm -f leaves no group behind"
tap leftovers_are_removed "groups that an engine's death left are removed at the next start"
tap stops "the stack ends"
