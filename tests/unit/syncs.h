// SPDX-License-Identifier: MIT
/*
 * What the code under test asks the kernel to make last: fsync(2), syncfs(2)
 * and sync_file_range(2) are these here (one file of a test binary includes
 * this). What a power cut leaves cannot be seen by a unit test, but the order
 * that it depends on can: content before its name, the name before the answer.
 */
#ifndef TESTS_UNIT_SYNCS_H
#define TESTS_UNIT_SYNCS_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SYNC_FILE = 1, SYNC_DIR, SYNC_RANGE, SYNC_FS };

static struct {
	struct sync_call {
		int what;
		ino_t ino;
		bool named; /* the watched path existed */
		unsigned flags;
	} calls[64];
	size_t n;
	const char *watch; /* relative to watch_fd; NULL: none */
	int watch_fd;
	int fail;	/* SYNC_*: that one fails with EIO */
	bool no_ranges; /* sync_file_range() is missing */
} syncs;

/* forgets the calls; from now on path (relative to fd, NULL: none) is watched */
static inline void syncs_watch(int fd, const char *path)
{
	syncs.n = 0;
	syncs.watch_fd = fd;
	syncs.watch = path;
}

static inline int sync_called(int fd, int what, unsigned flags)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -1;
	if (what == SYNC_FILE && S_ISDIR(st.st_mode))
		what = SYNC_DIR;
	if (syncs.n < sizeof(syncs.calls) / sizeof(syncs.calls[0]))
		syncs.calls[syncs.n++] = (struct sync_call){
			.what = what,
			.ino = st.st_ino,
			.named = syncs.watch != NULL && faccessat(syncs.watch_fd, syncs.watch, F_OK,
								  AT_SYMLINK_NOFOLLOW) == 0,
			.flags = flags,
		};
	errno = EIO;
	return what == syncs.fail ? -1 : 0;
}

int fsync(int fd)
{
	return sync_called(fd, SYNC_FILE, 0) < 0 ? -1 : (int)syscall(SYS_fsync, fd);
}

int syncfs(int fd)
{
	return sync_called(fd, SYNC_FS, 0) < 0 ? -1 : (int)syscall(SYS_syncfs, fd);
}

int sync_file_range(int fd, off_t from, off_t n, unsigned flags)
{
	(void)from;
	(void)n;
	errno = ENOSYS;
	return syncs.no_ranges ? -1 : sync_called(fd, SYNC_RANGE, flags);
}

/* this file or directory was synced; its place among the calls, from 1; 0: it was not */
static inline size_t syncs_place(int dir_fd, const char *path)
{
	struct stat st;

	if (fstatat(dir_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	for (size_t i = 0; i < syncs.n; i++)
		if (syncs.calls[i].ino == st.st_ino &&
		    (syncs.calls[i].what == SYNC_FILE || syncs.calls[i].what == SYNC_DIR))
			return i + 1;
	return 0;
}

#endif
