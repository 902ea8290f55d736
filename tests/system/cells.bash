# SPDX-License-Identifier: MIT
# The cells of graphdrivers.bats's matrix: what an image and a container's layer may hold that a
# storage driver gets wrong. The image is layers.py's. Three looks are taken once a row and judged
# cell by cell: "image" (a container of the pulled image), "written" (a container that has written
# and was started again), "committed" (an image made of that); "@CELL" begins the lines of a cell.

CELLS="pull run write whiteout opaque hardlinks xattrs caps sparse setuid longnames cp diff export commit save lives rmi"

DEEP=m/$(printf 'd%.0s' {1..100})/$(printf 'e%.0s' {1..120})/$(printf 'f%.0s' {1..80})
NEWDEEP=fresh/$(printf 'D%.0s' {1..130})/$(printf 'E%.0s' {1..140})
NEWLONG=$(printf 'x%.0s' {1..251})

LOOK='cd /
echo @run; cat changed later; stat -c "%n %a %u:%g %s %F" m/one m/link m/fifo changed; readlink m/link; stat -c %Y m/one
echo @whiteout; ls -d gone gonefile again/old m/two 2>/dev/null; cat again/new turned tofolder/in; stat -c %F turned tofolder
echo @opaque; ls opaque; stat -c %a opaque
echo @hardlinks; for f in h/two '"$DEEP"'/hard; do [ h/one -ef $f ] && echo linked; done; cat h/two
echo @sparse; stat -c %s m/sparse; busybox md5sum m/sparse; [ "$(busybox du -k m/sparse | cut -f1)" -lt 1000 ] && echo sparse
echo @setuid; stat -c "%n %a %u:%g" m/setuid m/sticky m/all m/closed; cat m/closed/in
echo @longnames; cat m/nnn* '"$DEEP"'/file; readlink m/long'

LOOK_WANT="@run
second
l
m/one 644 7:8 5 regular file
m/link 777 0:0 3 symbolic link
m/fifo 600 0:0 0 fifo
changed 600 0:0 7 regular file
one
1700000000
@whiteout
new
a file now
in
regular file
directory
@opaque
more
new
711
@hardlinks
linked
linked
links
@sparse
8388608
813c54841b7358fa82fbc3c9dd1a7bde  m/sparse
sparse
@setuid
m/setuid 4755 0:0
m/sticky 2710 9:0
m/all 1777 0:0
m/closed 700 5:0
in
@longnames
long
deep
/$DEEP/$DEEP"

WRITE='set -e; cd /
echo third >changed; echo x >>m/setuid; chmod 4711 m/caps; chown 11:12 tofolder/in
rm later; rm -r again; echo file >again; rm turned; mkdir turned; echo t >turned/t
rm -r opaque; mkdir opaque; echo mine >opaque/mine
mkdir -p '"$NEWDEEP"'; echo deeper >'"$NEWDEEP"'/f; ln -s /'"$NEWDEEP"' dangling; echo x >m/'"$NEWLONG"'
echo one >fresh/one; ln fresh/one fresh/two; ln fresh/one '"$NEWDEEP"'/hard; ln m/one m/three
echo s >fresh/suid; chmod 6751 fresh/suid; chown 0:5 fresh/suid; chmod 6751 fresh/suid; mkdir -m 1777 fresh/tmp
echo c >fresh/capable; chmod 755 fresh/capable
dd if=/dev/zero of=holes bs=1 count=1 seek=4194303 2>/dev/null'

AFTER='cd /
echo @write; cat changed turned/t tofolder/in; stat -c "%a %u:%g" m/caps tofolder/in; ls turned
echo @whiteout; ls -d later again/new 2>/dev/null; cat again
echo @opaque; ls opaque; cat opaque/mine
echo @hardlinks; for f in fresh/two '"$NEWDEEP"'/hard; do [ fresh/one -ef $f ] && echo linked; done; cat m/three
echo @three; [ m/one -ef m/three ] && echo linked
echo @sparse; stat -c %s holes; [ "$(busybox du -k holes | cut -f1)" -lt 1000 ] && echo sparse
echo @setuid; stat -c "%a %u:%g" m/setuid fresh/suid fresh/tmp
echo @longnames; cat m/'"$NEWLONG"' '"$NEWDEEP"'/f m/nnn*; readlink dangling'

AFTER_WANT="@write
third
t
in
4711 0:0
644 11:12
t
@whiteout
file
@opaque
mine
mine
@hardlinks
linked
linked
hard
@three
linked
@sparse
4194304
sparse
@setuid
755 0:0
6751 0:5
1777 0:0
@longnames
x
deeper
long
/$NEWDEEP"

# the changes that docker diff has to name, whatever the driver is
NAMED="A /dangling
A /fresh
A /fresh/suid
A /$NEWDEEP/f
A /holes
A /m/$NEWLONG
A /turned/t
C /again
C /changed
C /opaque
C /tofolder
C /tofolder/in
C /turned
D /later"

# judged LOOK CELL WANTED: the cell's lines of a look are those wanted
judged() {
	diff <(sed -n "/^@$2\$/,/^@/{/^@/!p}" <<<"$3") <(sed -n "/^@$2\$/,/^@/{/^@/!p}" "$ROW/$1")
}

# image CELL, written CELL
image() { judged image "$1" "$LOOK_WANT"; }
written() { judged written "$1" "$AFTER_WANT" && judged committed "$1" "$AFTER_WANT"; }

# impossible REASON: ends the cell
impossible() {
	echo "$1" >"$ROW/reason"
	exit 77
}

# xattr CONTAINER PATH [NAME VALUE-HEX]: sets an attribute of a file as the container has it; prints all
xattr() {
	in_ns python3 - "/proc/$(real inspect -f '{{.State.Pid}}' "$1")/root/$2" "${@:3}" <<-'PY'
	import os, sys
	path, rest = sys.argv[1], sys.argv[2:]
	if rest:
	    os.setxattr(path, rest[0], bytes.fromhex(rest[1]))
	for name in sorted(os.listxattr(path)):
	    print(name, os.getxattr(path, name).hex())
	PY
}

# has CONTAINER PATH NAME VALUE-HEX
has() { [[ $'\n'$(xattr "$1" "$2")$'\n' == *$'\n'"$3 $4"$'\n'* ]]; }

CAPS_HEX=0100000200200000000000000000000000000000
NOTE_HEX=6b657074

cell_pull() {
	real pull -q "$REGISTRY/matrix:1"
	real tag "$REGISTRY/matrix:1" matrix
	[ "$(real inspect -f '{{.Id}}' matrix)" = "$(cat "$BATS_FILE_TMPDIR/image.id")" ]
	trees >"$ROW/trees"
}

cell_run() {
	real run --rm matrix sh -c "$LOOK" >"$ROW/image"
	image run
	real run -d --name look matrix sleep 1000
	[ -z "$(real diff look)" ]
}

cell_write() {
	real run -d --name ww matrix sleep 1000
	real exec ww sh -c "$WRITE"
	# (capabilities are gone by the write to the mode; set now as a package manager would)
	[ "$FS" = ramfs ] || xattr ww m/caps user.more "$NOTE_HEX" >/dev/null
	[ "$FS" = ramfs ] || xattr ww fresh/capable security.capability "$CAPS_HEX" >/dev/null
	real restart -t 0 ww
	real exec ww sh -c "$AFTER" >"$ROW/written"
	judged written write "$AFTER_WANT"
	[ "$(real exec look cat /changed)" = second ]
	real stop -t 0 ww
	[ "$(real inspect -s -f '{{.SizeRw}}' ww)" -ge 4194304 ]
	[ "$(real inspect -s -f '{{.SizeRw}}' ww)" -lt 4300000 ]
	real commit ww committed
	real run --rm committed sh -c "$AFTER" >"$ROW/committed"
}

cell_whiteout() { image whiteout && written whiteout; }
cell_opaque() { image opaque && written opaque; }
cell_sparse() {
	[ "$FS" != ramfs ] || impossible "a hole of ramfs that is read is full from then on"
	image sparse && written sparse
}
cell_setuid() { image setuid && written setuid; }

# (fuse-overlayfs 1.10 dies of names of 252 bytes and more that are written to, alone too)
cell_longnames() {
	image longnames
	written longnames
	[ "$DRIVER" != fuse-overlayfs ] || impossible "the program dies when a name of 252 bytes or more is made or changed; shorter ones and reading work"
	real exec look sh -c 'for f in /m/nnn*; do echo more >>$f && mv $f "/$(basename "$f" | tr n o)"; done; cat /ooo*' | diff <(printf 'long\nmore\n') -
}

cell_commit() { judged committed write "$AFTER_WANT"; }

cell_hardlinks() {
	image hardlinks && written hardlinks
	judged written three "$AFTER_WANT"
	# a whole tree compared with the one below it has the new name only, as Docker's
	case $DRIVER in vfs | btrfs) ;; *) judged committed three "$AFTER_WANT" ;; esac
}

cell_xattrs() {
	[ "$FS" != ramfs ] || impossible "ramfs has no extended attributes"
	has look m/caps user.note $NOTE_HEX
	real run -d --name after committed sleep 1000
	# (a commit keeps security.capability and no others, as Docker's)
	real start ww
	has ww m/caps user.note $NOTE_HEX
	has ww m/caps user.more $NOTE_HEX
	real stop -t 0 ww
}

cell_caps() {
	[ "$FS" != ramfs ] || impossible "ramfs has no extended attributes"
	has look m/caps security.capability $CAPS_HEX
	has after fresh/capable security.capability $CAPS_HEX
}

cell_cp() {
	echo put >"$ROW/put"
	real cp "$ROW/put" ww:/fresh/put
	[ "$(real cp ww:/fresh/put - | tar -xOf -)" = put ]
	real cp "$ROW/put" look:/put
	[ "$(real exec look cat /put)" = put ]
	[ "$(real cp look:/m/setuid - | tar -tvf - | cut -c1-10)" = -rwsr-xr-x ]
}

cell_diff() {
	real diff ww | sort >"$ROW/diff"
	[ -z "$(comm -23 <(sort <<<"$NAMED") "$ROW/diff")" ] || { cat "$ROW/diff"; return 1; }
	fails grep -E ' /(later/|.*opq|dev|etc|proc|sys|\.dockerenv|bin)' "$ROW/diff"
}

cell_export() {
	real export ww >"$ROW/export.tar"
	python3 - "$ROW/export.tar" "$FS" "$DEEP" "$NEWDEEP" "$NEWLONG" <<-'PY'
	import sys, tarfile
	path, fs, deep, newdeep, newlong = sys.argv[1:]
	tar = tarfile.open(path)
	all = {m.name.rstrip("/"): m for m in tar}
	for name in ("later", "opaque/new", "again/new", "gone", "gonefile", "m/two"):
	    assert name not in all, name
	for name in ("turned/t", deep + "/file", newdeep + "/f", "m/" + newlong, "m/" + "n" * 255, "holes"):
	    assert all[name].isreg(), name
	for group in (("h/one", "h/two", deep + "/hard"), ("fresh/one", "fresh/two", newdeep + "/hard")):
	    assert len([n for n in group if all[n].islnk()]) == len(group) - 1, group
	assert all["fresh/suid"].mode == 0o6751 and all["m/sticky"].mode == 0o2710 and all["m/sticky"].uid == 9
	assert all["m/one"].mtime == 1700000000 and all["m/fifo"].isfifo() and all["m/link"].linkname == "one"
	if fs != "ramfs":
	    assert "SCHILY.xattr.security.capability" in all["fresh/capable"].pax_headers
	PY
	rm "$ROW/export.tar"
}

cell_save() {
	local layer
	real save -o "$ROW/save.tar" matrix committed
	mkdir "$ROW/save"
	tar -xf "$ROW/save.tar" -C "$ROW/save"
	for layer in $(real inspect -f '{{range .RootFS.Layers}}{{.}} {{end}}' matrix committed); do
		sha256sum <"$ROW/save/blobs/sha256/${layer#sha256:}" | grep "^${layer#sha256:} "
	done
	rm -r "$ROW/save"
	real rm -f after || true
	real tag matrix keep
	real rmi committed
	real load -i "$ROW/save.tar"
	rm "$ROW/save.tar"
	real run --rm committed sh -c "$AFTER" | diff "$ROW/committed" -
	real rmi keep
}

# the containers live on without dockerd, and are found again
cell_lives() {
	local id
	fails fuse_mounts
	[ "$DRIVER" != fuse-overlayfs ] || fuse_programs
	id=$(pid_of dockerd)
	kill -9 "$id"
	within 20 eval '[ -n "$(pid_of dockerd)" ] && [ "$(pid_of dockerd)" != '"$id"' ] && stack_answers'
	[ "$(real exec look cat /changed)" = second ]
}

cell_rmi() {
	real rm -f look ww
	real rmi committed
	[ "$(trees)" = "$(cat "$ROW/trees")" ]
	real rmi matrix "$REGISTRY/matrix:1"
	[ "$(trees)" = 0 ]
	in_ns ls -A "$DATA/image/$DRIVER/layerdb/sha256" "$DATA/image/$DRIVER/layerdb/mounts" "$DATA/image/$DRIVER/layerdb/tmp" |
		grep -v : | grep -c . | grep -qx 0
	[ "$DRIVER" != fuse-overlayfs ] || within 5 fails fuse_programs
}

# fill ROW RESULT: all cells at once
fill() {
	local cell
	for cell in $CELLS; do printf '%s\t%s\t%s\n' "$1" "$cell" "$2"; done >>"$BATS_FILE_TMPDIR/matrix"
}

# matrix DRIVER FS [REASON]: a row, and its cells into the table; REASON: it cannot work, and dockerd says so
matrix() {
	local cell result failed=
	FS=$2 ROW=$BATS_TEST_TMPDIR
	[ -z "$(not_here "$@")" ] || { fill "$1 $2" "not possible: $(not_here "$@")"; skip "$(not_here "$@")"; }
	if [ -n "${3:-}" ]; then
		fails on "$@"
		result=$(grep -oE "storage driver $1 does not work here.*" "$STACK_LOG" | tail -n 1)
		[[ $result == *$3* ]]
		fill "$1 $2" "not possible: ${result%\"}"
		return
	fi
	on "$@"
	[ "$(real info -f '{{.Driver}}')" = "$1" ]
	for cell in $CELLS; do
		set +eET
		(set -e && "cell_$cell") >"$ROW/log" 2>&1
		case $? in
		0) result=ok ;;
		77) result="not possible: $(cat "$ROW/reason")" ;;
		*) result=failed failed="$failed $cell" && { echo "--- $cell" && cat "$ROW/log"; } ;;
		esac
		set -eET
		printf '%s\t%s\t%s\n' "$1 $2" "$cell" "$result" >>"$BATS_FILE_TMPDIR/matrix"
	done
	[ -z "$failed" ] || { echo "failed:$failed" && return 1; }
}

# the table: a row for each driver and file system; a cell that nobody filled shows as ?
print_matrix() {
	awk -F '\t' -v cells="$CELLS" '
	{ if (!($1 in seen)) { seen[$1] = 1; rows[++n] = $1 }
	  v = $3
	  if (v ~ /^not possible/) { if (!(v in note)) { note[v] = ++notes; text[notes] = v } v = "(" note[v] ")" }
	  cell[$1, $2] = v }
	END {
	  m = split(cells, c, " ")
	  printf "%-24s", ""; for (i = 1; i <= m; i++) printf " %s", c[i]; print ""
	  for (r = 1; r <= n; r++) {
	    printf "%-24s", rows[r]
	    for (i = 1; i <= m; i++) printf " %-" length(c[i]) "s", (rows[r], c[i]) in cell ? cell[rows[r], c[i]] : "?"
	    print "" }
	  for (i = 1; i <= notes; i++) print "(" i ") " text[i] }' "$BATS_FILE_TMPDIR/matrix"
}
