# SPDX-License-Identifier: MIT
# docker run -it under a real terminal (tmux), with each client: line editing, window size, Ctrl-C,
# detaching by Ctrl-P Ctrl-Q, attaching again, the exit code.
load lib
one_stack

setup() {
	SOCK=$BATS_TEST_TMPDIR/tmux
	tmux -S "$SOCK" -f /dev/null new-session -d -x 100 -y 30 "PS1='host$ ' bash --norc"
	# the first docker in PATH is the client under test
	[ "$CLIENT" = ours ] || keys "export PATH=$STAGE/tools:\$PATH" Enter
	within 5 shows 'host\$'
}

teardown() {
	tmux -S "$SOCK" kill-server || true
}

keys() { tmux -S "$SOCK" send-keys "$@"; }
screen() { tmux -S "$SOCK" capture-pane -p; }
shows() { screen | grep -qE "$1"; }

# run_it NAME: docker run -it of a shell, until its prompt is there
run_it() {
	keys "docker run -it --rm --name $1 -e PS1='in-box# ' small" Enter
	within 10 shows '^in-box#' || { screen; stack_logs; return 1; }
}

@test "a shell under -it edits lines and shows the window size" {
	run_it edit
	keys 'echo wrong' C-u 'echo ri' 'gx' BSpace 'ht' Enter
	within 5 shows '^right$' || { screen; false; }
	keys 'stty size' Enter
	within 5 shows '^30 100$' || { screen; false; }
	keys 'exit' Enter
	within 5 shows 'host\$ *$'
}

@test "resizing the terminal reaches the container" {
	run_it resize
	tmux -S "$SOCK" resize-window -x 77 -y 22
	within 5 sh -c "tmux -S $SOCK send-keys 'stty size' Enter; tmux -S $SOCK capture-pane -p | grep -q '^22 77\$'" ||
		{ screen; false; }
	keys 'exit' Enter
}

@test "Ctrl-C interrupts what runs in the container, not the shell" {
	run_it interrupt
	keys 'sleep 100; echo code $?' Enter
	sleep 0.3
	keys C-c
	keys 'echo still-$((40 + 2))' Enter
	within 5 shows '^still-42$' || { screen; false; }
	keys 'exit' Enter
}

@test "Ctrl-P Ctrl-Q detaches, attach comes back" {
	run_it detach
	keys C-p C-q
	within 5 shows 'host\$ *$' || { screen; false; }
	[ "$(real inspect -f '{{.State.Running}}' detach)" = true ]
	keys 'clear; docker attach detach' Enter
	keys '' Enter
	keys 'echo back-$((1 + 1))' Enter
	within 5 shows '^back-2$' || { screen; false; }
	keys 'exit' Enter
	within 5 shows 'host\$ *$'
}

@test "the exit code comes back" {
	run_it code
	keys 'exit 37' Enter
	within 5 shows 'host\$ *$'
	keys 'echo code=$?' Enter
	within 5 shows '^code=37$' || { screen; false; }
}
