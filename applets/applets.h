// SPDX-License-Identifier: MIT
/*
 * The table of applets: one row per name that the one binary answers to.
 * The rows are in applets.def; dispatch, --list, --install and the checks
 * of help and manual pages all come from it.
 */
#ifndef APPLETS_APPLETS_H
#define APPLETS_APPLETS_H

#include <stddef.h>

struct applet {
	const char *name;
	const char *aliases; /* separated by spaces, may be empty */
	int (*main)(int argc, char **argv);
	const char *summary;
};

/* The entry of each row: argc and argv as main() gets them, argv[0] the applet's name; exit code.
 */
#define APPLET(name, aliases, entry, summary) int entry(int argc, char **argv);
#include "applets/applets.def"
#undef APPLET

/* All rows, in the order of applets.def. */
extern const struct applet applets[];
extern const size_t applets_count;

/**
 * applet_find() - look an applet up by name or alias
 * @name: borrowed; what argv[0] or argv[1] says, without directories
 *
 * Return: the row, or NULL.
 */
const struct applet *applet_find(const char *name);

/**
 * thimble_main() - the binary under its own name: --list, --install, --version, --help
 * @argc: count of @argv
 * @argv: arguments, argv[0] being the program
 *
 * Return: exit code.
 */
int thimble_main(int argc, char **argv);

#endif
