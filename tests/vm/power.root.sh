# power.root.sh: what root prepares for tests/vm/power.sh: the recorded disk is the user's data root. Nothing
# reaches it by itself within the test: only what the engine syncs is there after a cut.
mkdir -p /home/user/.local/share/docker
mount -t "$(cat /etc/data-type)" "$(cat /etc/data-device)" /home/user/.local/share/docker -o "$(cat /etc/data-options)"
chown 1000:1000 /home/user/.local /home/user/.local/share
chown 1000:1000 /home/user/.local/share/docker
chmod 666 /dev/vdb
sync
echo 0 >/proc/sys/vm/dirty_writeback_centisecs
