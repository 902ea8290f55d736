# lib.bash: what the machines of tests/vm share, sourced by their scripts from the top of the sources:
# kernels from Debian's packages (unpacked into build/vm and kept there, not installed), the
# initramfs, programs with their libraries, and the machine itself.
# Environment: VM_KERNEL names a directory with an unpacked kernel package; VM_ACCEL=kvm;
# VM_TIMEOUT seconds.
cache=$PWD/build/vm
work=$(mktemp -d /tmp/thimble-vm.XXXXXX)
trap 'rm -rf "$work"' EXIT
# in the order in which they are loaded; what is built in or absent is left out
modules="crc16 crc32c_generic mbcache jbd2 ext4 virtio_ring virtio virtio_pci_modern_dev
	virtio_pci_legacy_dev virtio_pci virtio_blk llc stp bridge veth tun overlay sch_netem"

# skip REASON: the whole machine
skip() {
	echo "ok 1 # skip vm: $*"
	echo "vm: 0 passed, 0 failed, 1 skipped"
	exit 0
}

# needs PACKAGE...: what the machine is made with, or the machine is skipped. One machine at a time is
# made, from here on until it boots.
needs() {
	mkdir -p "$cache"
	exec 8>"$cache/lock"
	flock 8
	[ "$(uname -m)" = x86_64 ] || skip "the machine is made for x86-64 only"
	command -v apt-get >/dev/null || skip "its kernel is a Debian package"
	scripts/need qemu-system-x86 busybox-static uidmap e2fsprogs "$@" || skip "tools are missing"
	command -v qemu-system-x86_64 >/dev/null || skip "qemu-system-x86_64 is missing"
	[ -x build/thimble ] || make -s all
}

# Prints the options that make apt look into another release of Debian: the machine's own mirror and
# keys, lists in build/vm.
other_release() {
	local a=$cache/apt-$1
	mkdir -p "$a/lists/partial" "$a/cache/archives/partial" "$a/apt.conf.d" "$a/preferences.d"
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm' |
		awk -v key=/usr/share/keyrings/debian-archive-keyring.gpg -v release="$1" \
			'NR == 1 { print "deb [signed-by=" key "] " $1 " " release " main" }' >"$a/sources.list"
	cat >"$a/apt.conf" <<-CONF
	Dir::Etc "$a"; Dir::Etc::sourceparts "-";
	Dir::Etc::TrustedParts "/etc/apt/trusted.gpg.d";
	Dir::State "$a"; Dir::State::Lists "$a/lists"; Dir::State::status "/dev/null";
	Dir::Cache "$a/cache"; Acquire::Check-Valid-Until "false"; APT::Sandbox::User "root";
	CONF
	APT_CONFIG=$a/apt.conf apt-get update -q >&2 && echo "$a/apt.conf"
}

# fetch_kernel [RELEASE]: sets kernel to the directory of the newest kernel that the package for virtual
# machines depends on, of this or another release of Debian.
fetch_kernel() {
	local package release=${1:-}
	kernel=${VM_KERNEL:-$cache/kernel${release:+-$release}}
	[ -z "${VM_KERNEL:-}" ] && [ ! -e "$kernel/.complete" ] || return 0
	if [ -n "$release" ]; then
		APT_CONFIG=$(other_release "$release") || return 1
		export APT_CONFIG
	fi
	package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^  Depends: \(linux-image-[^ ]*\)$/\1/p' | head -n 1)
	[ -n "$package" ] || return 1
	rm -rf "$kernel" "$cache/download"
	mkdir -p "$kernel" "$cache/download"
	(cd "$cache/download" && apt-get download -q "$package" >&2) || return 1
	dpkg -x "$cache"/download/*.deb "$kernel"
	rm -rf "$cache/download"
	unset APT_CONFIG
	touch "$kernel/.complete"
}

# make_initrd INIT: $work/initrd, which mounts the disk and no more: a container cannot leave
# (pivot_root(2)) a rootfs.
make_initrd() {
	local m f top=$work/initrd.d
	mkdir -p "$top/bin" "$top/modules"
	cp "$(command -v busybox)" "$top/bin/busybox"
	install -m 755 "$1" "$top/init"
	for m in $modules; do
		f=$(find "$kernel" -name "$m.ko*" | head -n 1)
		case $f in
		'') continue ;;
		*.xz) xz -dc "$f" >"$top/modules/$m.ko" ;;
		*) cp "$f" "$top/modules/$m.ko" ;;
		esac
		echo "$m.ko"
	done >"$top/modules/order"
	(cd "$top" && find . | busybox cpio -o -H newc -R 0:0 2>/dev/null) | gzip -1 >"$work/initrd"
}

# copy_program ROOT PROGRAM: a dynamically linked program with its libraries, under the names it looks for
copy_program() {
	local f root=$1
	for f in "$2" $(ldd "$2" | grep -o '/[^ ]*'); do
		mkdir -p "$root$(dirname "$f")"
		cp -L "$f" "$root$f"
	done
}

# boot MEGABYTES KERNEL-ARGUMENTS [QEMU-OPTION...]: the machine with $kernel, $work/initrd and $work/disk
# (if any); its console goes to stdout and to $work/console. It is ended after VM_TIMEOUT seconds.
# Without cx16: qemu 7.2 now and then gets the flags of cmpxchg16b wrong, which Linux 6.12 notices.
boot() {
	local memory=$1 arguments=$2
	shift 2
	exec 8>&-
	[ ! -e "$work/disk" ] || set -- -drive "file=$work/disk,format=raw,if=virtio,cache=unsafe" "$@"
	timeout "${VM_TIMEOUT:-600}" qemu-system-x86_64 -accel "${VM_ACCEL:-tcg}" -cpu max,-cx16 -smp 2 \
		-m "$memory" -nodefaults -no-user-config -no-reboot -display none -serial stdio -monitor none \
		-kernel "$(echo "$kernel"/boot/vmlinuz-*)" -initrd "$work/initrd" \
		-append "console=ttyS0 quiet panic=-1 mitigations=off $arguments" "$@" </dev/null 2>&1 |
		sed -u 's|\r||g' | tee -a "$work/console" || true
}

# summary: counts the TAP of $work/console; the last line is "vm: N passed, N failed, N skipped"
summary() {
	local passed failed skipped
	passed=$(grep -c '^ok' "$work/console") || true
	failed=$(grep -c '^not ok' "$work/console") || true
	skipped=$(grep -c '^ok.* # skip' "$work/console") || true
	if ! grep -q '^1\.\.[0-9]' "$work/console"; then
		echo "not ok - the machine did not come to its end"
		failed=$((failed + 1))
	fi
	echo "vm: $((passed - skipped)) passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ]
}
