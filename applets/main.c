// SPDX-License-Identifier: MIT
/*
 * Dispatch of the one binary: the basename of argv[0] selects the applet;
 * when that is the binary's own name, argv[1] does (thimble docker ps).
 */
#include <string.h>
#include <sys/prctl.h>

#include "applets/applets.h"

#define APPLET(name, aliases, entry, summary) \
	__attribute__((weak)) int entry(int argc, char **argv);
#include "applets/applets.def"
#undef APPLET

const struct applet applets[] = {
#define APPLET(name, aliases, entry, summary) {name, aliases, entry, summary},
#include "applets/applets.def"
#undef APPLET
};

const size_t applets_count = sizeof(applets) / sizeof(applets[0]);

static int alias_matches(const char *aliases, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = aliases; *p; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");

		if (n == len && !strncmp(p, name, n))
			return 1;
		p += n;
	}
	return 0;
}

const struct applet *applet_find(const char *name)
{
	for (size_t i = 0; i < applets_count; i++) {
		const struct applet *a = &applets[i];

		if (a->main && (!strcmp(a->name, name) || alias_matches(a->aliases, name)))
			return a;
	}
	return NULL;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Under the applet's name for ps, pgrep and systemctl status: whoever was executed as
 * /proc/self/exe or through a descriptor is called "exe" or a number (proc_pid_comm(5)). */
static int run(const struct applet *a, int argc, char **argv)
{
	(void)prctl(PR_SET_NAME, a->name, 0, 0, 0);
	return a->main(argc, argv);
}

int main(int argc, char **argv)
{
	const struct applet *a;

	if (argc > 0 && (a = applet_find(base_name(argv[0]))))
		return run(a, argc, argv);
	if (argc > 1 && (a = applet_find(argv[1])))
		return run(a, argc - 1, argv + 1);
	return thimble_main(argc, argv);
}
