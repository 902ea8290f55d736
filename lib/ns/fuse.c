// SPDX-License-Identifier: MIT
/* Starting fuse-overlayfs; see fuse.h. Sources: fuse-overlayfs(1), fuse(4). */
#include "ns/fuse.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/strv.h"

#define FUSE_MAGIC	 0x65735546
#define MOUNT_TIMEOUT_MS 30000

char *fuse_overlayfs_find(struct err *e)
{
	CLEANUP(strv_clear) struct strv dirs = STRV_INIT;
	const char *path = getenv("PATH");

	strv_split(&dirs, path != NULL ? path : "/usr/local/bin:/usr/bin:/bin", ":");
	strv_for_each (dir, &dirs) {
		char *program = **dir == '/' ? path_join(*dir, "fuse-overlayfs") : NULL;

		if (program != NULL && access(program, X_OK) == 0)
			return program;
		free(program);
	}
	(void)err_set(e, ERR_UNAVAILABLE, 0,
		      "the program fuse-overlayfs is not in $PATH; install the package "
		      "fuse-overlayfs");
	return NULL;
}

static int check_device(struct err *e)
{
	CLEANUP(fd_closep) int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		return 0;
	return err_set(e, ERR_UNAVAILABLE, errno,
		       "/dev/fuse cannot be opened: %s; it needs: sudo modprobe fuse && sudo chmod "
		       "666 /dev/fuse",
		       strerror(errno));
}

int fuse_overlayfs_mount(const char *program, const char *base, const char *options,
			 const char *target, struct err *e)
{
	const char *const argv[] = {"fuse-overlayfs", "-o", options, target, NULL};
	const struct proc_spec spec = {.path = program, .argv = argv, .cwd = base};
	struct statfs st;

	if (check_device(e) < 0)
		return -1;
	if (proc_run(&spec, MOUNT_TIMEOUT_MS, NULL, e) < 0)
		return err_wrap(e, "fuse-overlayfs");
	if (statfs(target, &st) < 0)
		return err_sys(e, "mount of fuse-overlayfs on %s", target);
	if ((unsigned long)st.f_type != FUSE_MAGIC)
		return err_set(e, ERR_SYSTEM, 0, "fuse-overlayfs ended without a mount on %s",
			       target);
	return 0;
}
