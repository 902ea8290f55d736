# nfs.sh: run as uid 1000 in the machine of tests/vm/run, which is server and client of NFS (nfs.root.sh): doctor
# names a data root there.
# modules: sunrpc auth_rpcgss grace lockd nfs_acl nfsd netfs fscache nfs dns_resolver nfsv4
. /tools

root=/nfs/home/.local/share/docker
is_nfs() {
	has "$(grep ' /nfs ' /proc/mounts)" " nfs4 "
	(cd /nfs/home && mkdir -p .local/share)
	echo here >/nfs/home/file
	is "$(cat /nfs/home/file)" here
}
doctor_names_it() {
	thimble doctor --data-root=$root data-root overlay >/tmp/doctor || true
	cat /tmp/doctor
	has "$(cat /tmp/doctor)" "${root%/*} (nfs) is unfit for images"
	has "$(cat /tmp/doctor)" "NFS knows neither subordinate owners"
	has "$(cat /tmp/doctor)" "dockerd-rootless.sh --data-root=DIR"
	has "$(cat /tmp/doctor)" "overlayfs does not work in ${root%/*}"
}
home_there_is_enough() { # only the data have to be elsewhere
	mkdir -p /home/user/data
	HOME=/nfs/home thimble doctor --data-root=/home/user/data home data-root overlay
}

tap is_nfs "NFS: a home directory on it"
tap doctor_names_it "NFS: doctor names a data root on it, and what mends it"
tap home_there_is_enough "NFS: with the data root elsewhere the home directory may be there"
