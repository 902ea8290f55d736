# nfs.root.sh: run as root before nfs.sh: Linux' own server of NFS, told by its files what rpc.mountd
# would tell it, and a mount of it.
mkdir -p /export/home /nfs
chown 1000:1000 /export/home
mount -t nfsd none /proc/fs/nfsd
echo "-2 -3 +4" >/proc/fs/nfsd/versions
echo 10 >/proc/fs/nfsd/nfsv4gracetime # a new server lets nobody open files for so long
echo 10 >/proc/fs/nfsd/nfsv4leasetime
# domain, kind and number of the file system, expiry; flags: fsid, any port, no subtree check, async
echo "nfsd 127.0.0.1 2147483647 vm" >/proc/net/rpc/auth.unix.ip/channel
printf '%s\n' 'vm 1 \x00000000 2147483647 /export' >/proc/net/rpc/nfsd.fh/channel
echo "vm /export 2147483647 9234 65534 65534 0" >/proc/net/rpc/nfsd.export/channel
echo 2 >/proc/fs/nfsd/threads
mount -t nfs4 -o addr=127.0.0.1,clientaddr=127.0.0.1,vers=4.2 127.0.0.1:/ /nfs
