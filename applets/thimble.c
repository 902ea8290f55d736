// SPDX-License-Identifier: MIT
/*
 * The binary under its own name: lists its applets and installs links to
 * itself under their names, as busybox does.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "applets/applets.h"

static const char usage[] =
	"Usage: thimble APPLET [ARGUMENTS]\n"
	"       thimble OPTION\n"
	"\n"
	"Rootless Docker engine in one file. A link named after an applet runs it.\n"
	"\n"
	"Options:\n"
	"  --list               print the names of the applets\n"
	"  --install [-s] DIR   make a link for each applet and alias in DIR, -s: symbolic\n"
	"  --version            print the version\n"
	"  --help               print this text\n"
	"\n"
	"Applets:\n";

static int print_help(void)
{
	fputs(usage, stdout);
	for (size_t i = 0; i < applets_count; i++)
		if (applets[i].main)
			printf("  %-20s %s\n", applets[i].name, applets[i].summary);
	return fflush(stdout) ? 1 : 0;
}

static int print_list(void)
{
	for (size_t i = 0; i < applets_count; i++)
		if (applets[i].main)
			puts(applets[i].name);
	return fflush(stdout) ? 1 : 0;
}

/* One link, replacing an older one. */
static int install_one(int dir_fd, const char *self, const char *name, int symbolic)
{
	if (unlinkat(dir_fd, name, 0) < 0 && errno != ENOENT) {
		fprintf(stderr, "thimble: replace %s: %s\n", name, strerror(errno));
		return 1;
	}
	if ((symbolic ? symlinkat(self, dir_fd, name) : linkat(AT_FDCWD, self, dir_fd, name, 0)) <
	    0) {
		fprintf(stderr, "thimble: link %s: %s\n", name, strerror(errno));
		return 1;
	}
	return 0;
}

/* A link for each of the names in a list with blanks between. */
static int install_aliases(int dir_fd, const char *self, const char *names, int symbolic)
{
	char name[64];
	int bad = 0;

	for (size_t n; *names != '\0'; names += n + strspn(names + n, " ")) {
		n = strcspn(names, " ");
		snprintf(name, sizeof(name), "%.*s", (int)n, names);
		bad |= install_one(dir_fd, self, name, symbolic);
	}
	return bad;
}

static int install_all(int dir_fd, const char *self, int symbolic)
{
	const char *name = strrchr(self, '/') + 1;
	int bad = 0;

	/* beside a copy of the binary the links are relative, so that the directory may move */
	if (symbolic && faccessat(dir_fd, name, X_OK, 0) == 0)
		self = name;
	for (size_t i = 0; i < applets_count; i++) {
		if (!applets[i].main)
			continue;
		bad |= install_one(dir_fd, self, applets[i].name, symbolic);
		bad |= install_aliases(dir_fd, self, applets[i].aliases, symbolic);
	}
	return bad;
}

static int install_links(int argc, char **argv)
{
	int symbolic = argc > 0 && !strcmp(argv[0], "-s");
	char *self;
	int dir_fd, bad;

	if (argc != 1 + symbolic) {
		fputs("thimble: --install needs a directory: thimble --install [-s] DIR\n", stderr);
		return 1;
	}
	dir_fd = open(argv[symbolic], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0) {
		fprintf(stderr, "thimble: open %s: %s\n", argv[symbolic], strerror(errno));
		return 1;
	}
	self = realpath("/proc/self/exe", NULL);
	bad = self ? install_all(dir_fd, self, symbolic) : 1;
	if (!self)
		perror("thimble: /proc/self/exe");
	free(self);
	close(dir_fd);
	return bad;
}

int thimble_main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "--help";

	if (!strcmp(what, "--list"))
		return print_list();
	if (!strcmp(what, "--install"))
		return install_links(argc - 2, argv + 2);
	if (!strcmp(what, "--version")) {
		puts("thimble version " THIMBLE_VERSION);
		return 0;
	}
	if (!strcmp(what, "--help") || !strcmp(what, "-h"))
		return print_help();
	fprintf(stderr, "thimble: unknown applet or option: %s (thimble --list names them)\n",
		what);
	return 127;
}
