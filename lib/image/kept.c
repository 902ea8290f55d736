// SPDX-License-Identifier: MIT
/*
 * Blobs that came in part. The file is a cache: no sync, and a wrong one costs a second download.
 * A dockerd of Docker's that is started on the same data root removes it with the rest of tmp.
 */
#include "image/kept_internal.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "config/limits.h"
#include "image/store_internal.h"

#define PREFIX	   "pull-"
#define ROOM_TIMES 4 /* the blob's size must be free: it will be unpacked, too */

static char *kept_path(const struct image_store *s, const char *digest)
{
	return xasprintf("%s/tmp/" PREFIX "%s", s->root, digest + strlen("sha256:"));
}

int kept_open(const struct image_store *s, const char *digest, int64_t size)
{
	CLEANUP(freep) char *path = kept_path(s, digest);
	CLEANUP(freep) char *dir = path_join(s->root, "tmp");
	CLEANUP(fd_closep) int fd = -1;
	struct statvfs fs;
	struct stat st;
	struct err e;

	if (size < REGISTRY_KEEP_MIN_BYTES || path_mkdirs(dir, 0700, &e) < 0)
		return -1;
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0 || fstat(fd, &st) < 0 ||
	    fstatvfs(fd, &fs) < 0)
		return -1;
	if (st.st_size > size && ftruncate(fd, 0) < 0)
		return -1;
	if (st.st_size < size &&
	    (int64_t)fs.f_bavail < (size * ROOM_TIMES) / (int64_t)MAX(fs.f_frsize, 1UL)) {
		unlink(path);
		return -1;
	}
	return TAKE_FD(fd);
}

void kept_drop(const struct image_store *s, const char *digest)
{
	CLEANUP(freep) char *path = kept_path(s, digest);

	unlink(path);
}

void kept_sweep(const struct image_store *s, int64_t older_sec)
{
	CLEANUP(freep) char *dir = path_join(s->root, "tmp");
	DIR *d = opendir(dir);
	struct dirent *ent;
	struct stat st;

	while (d != NULL && (ent = readdir(d)) != NULL)
		if (str_starts(ent->d_name, PREFIX) &&
		    fstatat(dirfd(d), ent->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    st.st_mtime <= time(NULL) - older_sec)
			unlinkat(dirfd(d), ent->d_name, 0);
	if (d != NULL)
		closedir(d);
}
