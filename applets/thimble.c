// SPDX-License-Identifier: MIT
/*
 * The binary under its own name: lists its applets and installs links to
 * itself under their names, as busybox does.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
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
	"  --install [-s] DIR   make a link for each applet in DIR, -s: symbolic\n"
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

/* One link, replacing an older one; a file that is no link of ours is left alone by name. */
static int install_one(const char *self, const char *dir, const char *name, int symbolic)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path)) {
		fprintf(stderr, "thimble: %s/%s: path too long\n", dir, name);
		return 1;
	}
	if (unlink(path) < 0 && errno != ENOENT) {
		fprintf(stderr, "thimble: replace %s: %s\n", path, strerror(errno));
		return 1;
	}
	if ((symbolic ? symlink(self, path) : link(self, path)) < 0) {
		fprintf(stderr, "thimble: link %s: %s\n", path, strerror(errno));
		return 1;
	}
	return 0;
}

/* A copy of the binary in DIR itself is linked to by its bare name, so that DIR may be moved. */
static const char *link_target(const char *dir, const char *self)
{
	char there[PATH_MAX];
	const char *name = strrchr(self, '/') + 1;

	if (snprintf(there, sizeof(there), "%s/%s", dir, name) < (int)sizeof(there) &&
	    access(there, X_OK) == 0)
		return name;
	return self;
}

static int install_links(int argc, char **argv)
{
	int symbolic = argc > 0 && !strcmp(argv[0], "-s");
	char self[PATH_MAX];
	ssize_t n;
	int bad = 0;

	if (argc != 1 + symbolic) {
		fputs("thimble: --install needs a directory: thimble --install [-s] DIR\n", stderr);
		return 1;
	}
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n < 0) {
		fprintf(stderr, "thimble: read /proc/self/exe: %s\n", strerror(errno));
		return 1;
	}
	self[n] = '\0';
	for (size_t i = 0; i < applets_count; i++) {
		const char *dir = argv[symbolic];
		const char *target = symbolic ? link_target(dir, self) : self;

		if (applets[i].main)
			bad |= install_one(target, dir, applets[i].name, symbolic);
	}
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
