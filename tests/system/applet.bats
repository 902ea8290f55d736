# SPDX-License-Identifier: MIT
# The docker applet where it is more than a request: prune's questions, contexts as files, completion.
# What it says is compared with the Docker CLI's own words, standard error and exit code included.
load lib
one_stack

setup() {
	export DOCKER_CONFIG=$BATS_TEST_TMPDIR/config
	cd "$BATS_TEST_TMPDIR"
}

# same COMMAND [ARGS...]: COMMAND is a function whose calls of d are one client's, then the other's; it
# says the same both times (ids and directories apart)
same() {
	local client
	for client in real ours; do
		eval "d() { $client \"\$@\"; }"
		export DOCKER_CONFIG=$BATS_TEST_TMPDIR/config.$client
		rm -rf "$DOCKER_CONFIG"
		"$@" 2>&1 | sed -E "s,$DOCKER_CONFIG,CONFIG,g; s,[0-9a-f]{64},ID,g; s,space: .*B\$,space: BYTES," >"said.$client"
	done
	cat said.ours
	diff said.real said.ours
}

# try ARGS...: one command line of the client, and its exit code
try() {
	echo "\$ $*"
	d "$@" && echo 0 || echo "$?"
}

# --- prune -----------------------------------------------------------------------
litter() {
	d run --name gone --label keep=no small true
	d run --name kept --label keep=yes small true
	d volume create --label keep=no named
	d run --rm -v /anonymous small true
	d run --name holder -v /held small true
	d network create --label keep=no net
	d build --help >/dev/null 2>&1 || true
}
swept() {
	d ps -a --format '{{.Names}}' | sort
	d volume ls -q | sort
	d network ls --filter type=custom --format '{{.Name}}'
}
clean() {
	d ps -aq | xargs -r "$STAGE/bin/docker" rm -fv >/dev/null
	d volume ls -q | xargs -r "$STAGE/bin/docker" volume rm -f >/dev/null
	d network ls -q --filter type=custom | xargs -r "$STAGE/bin/docker" network rm >/dev/null
}

questions() {
	local kind
	for kind in container network volume image system; do
		try $kind prune <<<n
		try $kind prune </dev/null
	done
	try volume prune -a <<<N
	try image prune -a <<<no
	try image prune -a --filter until=1h <<<n
	try system prune -a --volumes <<<n
	try system prune --filter label=x --filter until=24h <<<n
	try system prune --volumes --filter until=1h -f
	try container prune --filter bad
	try container prune extra
	try container prune --bogus
}
@test "prune: the questions, and a no" { same questions; }

each() {
	litter >/dev/null
	try container prune -f --filter label=keep=no
	swept
	try container prune --force --filter label!=keep=yes --filter until=1h
	swept
	try network prune -f --filter label=keep=other
	try network prune <<<y
	swept
	try container prune <<<Yes
	swept
	d volume create plain >/dev/null
	try volume prune -f --filter label=keep=no
	try volume prune -f | sed 's/^[0-9a-f]*$/ID/'
	swept
	try volume prune -af --filter label!=keep=no
	swept
	try volume prune -af
	try container prune -f
	clean
}
@test "prune: containers, networks, volumes" { same each; }

pictures() {
	d tag small dangling:1
	d run --name c small sh -c 'echo x >/x'
	d commit c dangling:1 >/dev/null
	d commit c dangling:1 >/dev/null
	d rm c >/dev/null
	try image prune -f | sed 's/sha256:ID/DIGEST/' | sort
	try image prune -f
	d tag small unused:1
	d run --name user small true
	try image prune -af --filter label=none
	try image prune -af | grep -v '^deleted' | sort
	d images --format '{{.Repository}}' | sort
	d tag small dangling:2 && d rmi dangling:2
	clean
}
@test "prune: images" { same pictures; }

everything() {
	litter >/dev/null
	try system prune -f --filter label=keep=no
	swept
	try system prune -f --volumes | sed 's/^[0-9a-f]*$/ID/'
	swept
	try system prune -f
	clean
}
@test "prune: the system" { same everything; }

# --- contexts ---------------------------------------------------------------------
contexts() {
	try context show
	try context ls
	try context create one --description "the first" --docker host=unix:///tmp/x.sock
	try context create one
	try context create two --docker host=tcp://192.0.2.1:2376,ca=/nope
	try context create two --docker host=tcp://192.0.2.1:2376,skip-tls-verify=true
	try context create 'b d'
	try context create default
	try context create three
	try context create four --from one
	try context create five --from nope
	try context create five --docker bogus=1
	try context create six --docker host=ssh://me@192.0.2.1:22/run/d.sock
	try context create seven --docker host=ssh://me:pw@192.0.2.1
	try context ls
	try context ls -q
	try context ls --format json
	try context ls --format '{{.Name}} {{.Current}} {{.DockerEndpoint}} {{.Description}} {{.Error}}'
	try context ls --format 'table {{.Name}}\t{{.DockerEndpoint}}'
	try context inspect one two six
	try context inspect one nope
	try context inspect -f '{{.Name}} {{.Endpoints.docker.Host}} {{json .Endpoints.docker}}' two
	try context use one
	(
		unset DOCKER_HOST
		try context use one
		try context show
		try context ls --format '{{.Name}} {{.Current}}'
		try context inspect -f '{{.Name}}'
		DOCKER_CONTEXT=two try context show
		try --context four context show
		try context use nope
		try context rm one
		try context rm one -f
		try context show
		try context use two
		try context use default
	)
	try context rm nope
	try context rm -f nope
	try context rm default
	try context rm two three nope
	try context update four --description changed
	try context update four --docker host=unix:///other.sock
	try context update nope
	try context inspect four
	try context export four
	try context export four
	try context export nope
	rm -f four.dockercontext
	try context import
	try context import four x
	try context import eight nothing
	find "$DOCKER_CONFIG" -name meta.json -exec cat {} + | sed 's/}{/}\n{/g' | sort
}
@test "contexts: every word and every file" { same contexts; }

# --- what a script sees ------------------------------------------------------------
code() {
	d "$@" >/dev/null 2>&1 && echo "0 $*" || echo "$? $*"
}
codes() {
	local cmd
	d create --name seen small >/dev/null
	for cmd in version info "inspect seen" "network inspect bridge" events ps images; do
		code $cmd --format '{{.Name'
		code $cmd --format '{{bogus .}}'
	done
	try inspect -f '{{.NetworkSettings.Networks.none.IPAddress}}' seen
	try inspect -f '{{index .Config.Labels "none"}}' seen
	try -H 127.0.0.1:9 ps
	try -H tcp://127.0.0.1:9 ps
	try -H bogus://x ps
	DOCKER_HOST=127.0.0.1:9 try ps
	for cmd in all 2 device=0 '"device=0,1"'; do try run --rm --gpus "$cmd" small; done
	code run --rm --gpus bogus=1 small
	printf 'l=1\nm\nn=\n' >labels
	d create --name labelled --label-file labels --label o small >/dev/null
	try inspect -f '{{json .Config.Labels}}' labelled
	d rm labelled >/dev/null
	d rm seen >/dev/null
}
@test "exit codes of templates that are wrong; hosts without a scheme; --gpus; --label-file" { same codes; }

templates() {
	local text
	d create --name seen --label one=1 --label 'q="<a&b>"' -p 127.0.0.1:8089:80 small sh -c 'echo "a\b"' >/dev/null
	for text in '{{.State.Nope}}' '{{.Nope}}' '{{.Nope.Deeper}}' '{{json .HostConfig.Nope}}' '{{.State.Health}}' \
		'{{.State.Health.Status}}' '{{.SizeRw}} {{.HostConfig.LogConfig}}' '{{.HostConfig.RestartPolicy}}' \
		'{{.HostConfig.PortBindings}} {{.Config.ExposedPorts}}' '{{.Config.Labels.x}} {{.Config.Labels.one}}' \
		'{{index .Config.Cmd 7}}' '{{len 3}}' '{{upper}}' '{{slice .Id 0 99}}' \
		'{{.Name .Id}}' '{{"a" "b"}}' '{{.Config.Cmd.0}}' '{{if}}{{end}}' '{{()}}' '{{(.Name}}' '{{.Name)}}' '{{@}}' \
		'{{range .Name}}{{end}}' '{{printf "%5.2f|%08d|%x|%+d|%6v|%q|%s|%d" 3.14159 42 255 7 3 "a\"b" "x" 5}}' \
		'{{printf "%d %s" .Name}} {{printf "%s" .Name 7}}' '{{0x1f}} {{1e3}} {{-3}} {{"\x41\u00e9"}}'; do
		try inspect -f "$text" seen
	done
	try volume inspect -f '{{.Nope}}' none
	for text in '{{.Nope}}' '{{.Names' '{{bogus .}}' '{{.Command}}' '{{.Label "q"}}' json; do
		try ps -a --no-trunc --format "$text" | sed -E 's/"(CreatedAt|RunningFor|Status)":"[^"]*"//g'
	done
	for text in '{{.Nope}}' '{{.Repository'; do try images --format "$text"; done
	try version --format '{{.Nope}}'
	try version --format '{{.Client.Context}} {{.Server.Experimental}}'
	try info --format '{{.Nope}}'
	try info --format '{{.ClientInfo.Context}} {{.ClientInfo.Debug}}'
	DOCKER_HOST=unix:///none try info --format '{{.ServerVersion}}'
	DOCKER_HOST=unix:///none try version --format '{{.Server.Version}}'
	try events --since 1h --until 0s --filter container=seen --format '{{.Nope}}'
	try inspect --type bogus seen
	try inspect -s -f '{{.Id}}' small
	d rm seen >/dev/null
}
@test "templates: what is not there, what does not parse, how values are printed" { same templates; }

usage() {
	d volume create --label k=v --name held
	d run --name seen -v held:/x --label one=1 small true
	try system df -v | sed -E 's/(Less than a|About an?|[0-9]+) (second|minute|hour)s?( ago)?/AGO/g; s/\b[0-9a-f]{12}\b/ID/g; s/  +/  /g'
	try system df -v --format '{{range .Volumes}}{{.Name}} {{.Links}} {{.Size}};{{end}}{{range .Containers}}{{.Names}}{{end}}' | tr -d '\n'
	echo
	try system df --format json
	try volume ls --format json --filter name=held | sed 's/"Mountpoint":"[^"]*"//'
	try images --tree -q
	try rm -f nothere seen
	try rmi -f nothere
	try network rm nothere
	try tag small BAD
	try tag small "x@sha256:$(printf '%064d' 0)"
	try history --platform linux/arm64 small
	try volume create --name a b
	try volume rm held
	try ps --filter ''
	try rename seen ''
	try update --pids-limit 0 nothere
	try events --since x
}
@test "usage in detail, trees; what is not there and need not be" { same usage; }

# the escapes of the headings are left out; names stand as Docker 28.5.2 has them
@test "a tree of images" {
	ours tag small tree:1
	ours tag small localhost:5000/a/tree:2
	ours run --name user small true
	run ours images --tree '*tree*'
	diff <(sed -E 's/\x1b\[[0-9]+m//g; s/[0-9a-f]{12}/(image id)  /; s/ +$//' <<<"$output") - <<-END
	WARNING: This is an experimental feature. The output may change and shouldn't be depended on.
	                                                              Info ->  U In Use

	IMAGE    ID             DISK USAGE   CONTENT SIZE   EXTRA
	tree:1   (image id)         1.98MB             0B   U
	END
	ours images --tree | grep -A 1 -Fx localhost:5000/a/tree:2 | tail -n 1 | grep -q ^tree:1
	ours rm user
	[[ "$(ours images --tree tree:1 | tail -n 1)" == *"             0B        " ]]
	ours rmi tree:1 localhost:5000/a/tree:2
}

# --- completion ---------------------------------------------------------------------
words() { ours __complete "$@" | grep -v '^:' | cut -f 1 | xargs; }
last() { ours __complete "$@" | tail -n 1; }

@test "completion: commands, groups, options, what stands for a value" {
	[ "$(words ru)" = run ] && [ "$(last ru)" = :4 ]
	[ "$(words net)" = network ]
	[ "$(words network c)" = "connect create" ]
	[ "$(words context i)" = "import inspect" ]
	[ "$(words run --net)" = "--network --network-alias" ]
	[ "$(words --tlsc)" = "--tlscacert --tlscert" ]
	[ "$(words -H x context u)" = "update use" ]
	[ "$(words volume rm --f)" = --force ]
	[[ "$(words "")" == *"attach"*"volume"* ]]
	[ "$(ours __complete network pr | head -n 1)" = "prune	Remove all unused networks" ]
	# a file may stand there
	[ "$(last cp "")" = :0 ] && [ "$(last load -i "")" = :0 ]
	[ -z "$(words nosuch "")" ]
}

@test "completion: names from the engine" {
	local names
	ours run -d --name cmpl-one small sleep 1000
	ours create --name cmpl-two small
	ours network create cmpl-net
	ours volume create cmpl-vol
	[ "$(words rm cmpl | tr ' ' '\n' | sort | xargs)" = "cmpl-one cmpl-two" ]
	[ "$(words exec cmpl-o)" = cmpl-one ]
	[ "$(words rm cmpl-one cmpl-t)" = cmpl-two ]
	[ "$(words rmi sma)" = small:latest ]
	[ "$(words run --rm sma)" = small:latest ]
	[ "$(words network connect cmpl-n)" = cmpl-net ]
	[ "$(words network connect cmpl-net cmpl-o)" = cmpl-one ]
	[ "$(words run --network cmpl-n)" = cmpl-net ]
	[ "$(words volume rm cmpl)" = cmpl-vol ]
	ours rm -f cmpl-one cmpl-two
	ours network rm cmpl-net
	ours volume rm cmpl-vol
	# no engine: no names, no words
	[ -z "$(DOCKER_HOST=unix:///none.sock words rm x 2>&1)" ]
}

@test "completion: bash asks and is answered" {
	run bash -c "PATH=$STAGE/bin:\$PATH; eval \"\$(docker completion bash)\"; complete -p docker; COMP_WORDS=(docker network pr); COMP_CWORD=2; _docker; echo \"\${COMPREPLY[*]}\""
	echo "$output"
	[ "${lines[0]}" = "complete -o default -F _docker docker" ]
	[ "${lines[1]}" = prune ]
	ours completion zsh | head -n 1 | grep -qx '#compdef docker'
	ours completion fish | grep -q 'complete -c docker'
	run ours completion nosuch
	[ "$status" = 1 ]
	ours completion --help | grep -q '^Usage:  docker completion'
}
