# start.sh: the checks of this boot, as root; the word checks= of the kernel's command line names them.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
boot=$(sed -n 's/.*checks=\([a-z-]*\).*/\1/p' /proc/cmdline)
. /tools
# what is still being started shall not write between the lines
while [ -n "$(pid_of "openrc default")" ]; do sleep 0.2; done
. /checks/$boot.sh
