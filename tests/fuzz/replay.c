// SPDX-License-Identifier: MIT
/*
 * Replays corpus files through a fuzz target without a fuzzer. Each input ends
 * right before a PROT_NONE page, so that a read beyond it faults under any libc
 * and compiler (after picohttpparser's test). Arguments: files and directories.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void die(const char *what, const char *path)
{
	fprintf(stderr, "replay: %s %s\n", what, path);
	exit(2);
}

static void read_whole(int fd, uint8_t *to, size_t size, const char *path)
{
	for (size_t done = 0; done < size;) {
		ssize_t n = read(fd, to + done, size - done);

		if (n <= 0)
			die("read", path);
		done += (size_t)n;
	}
}

static void replay_file(int dir_fd, const char *path)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), room;
	int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	uint8_t *map, *input;

	if (fd < 0 || fstat(fd, &st) < 0)
		die("open", path);
	room = ((size_t)st.st_size + page - 1) / page * page;
	map = mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED || mprotect(map + room, page, PROT_NONE) < 0)
		die("map", path);
	input = map + room - (size_t)st.st_size;
	read_whole(fd, input, (size_t)st.st_size, path);
	close(fd);
	fprintf(stderr, "replay: %s\n", path); /* the last line names a crash's input */
	LLVMFuzzerTestOneInput(input, (size_t)st.st_size);
	munmap(map, room + page);
}

static void replay_dir(DIR *dir)
{
	struct dirent *ent;

	while ((ent = readdir(dir)))
		if (ent->d_name[0] != '.')
			replay_file(dirfd(dir), ent->d_name);
	closedir(dir);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		DIR *dir = opendir(argv[i]);

		if (dir)
			replay_dir(dir);
		else
			replay_file(AT_FDCWD, argv[i]);
	}
	return 0;
}
