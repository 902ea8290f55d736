// SPDX-License-Identifier: MIT
/*
 * Option tables. An applet describes its options as data; parsing, --help and
 * the comparison with the man page come from the table.
 *
 *	static const struct opt opts[] = {
 *		{'d', "detach", OPT_FLAG, offsetof(struct conf, detach), NULL, "run in the
 *background"},
 *		{'e', "env", OPT_STRV, offsetof(struct conf, env), "NAME=VALUE", "set a variable"},
 *		{0},
 *	};
 */
#ifndef BASE_OPT_H
#define BASE_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"
#include "base/strv.h"

enum opt_type {
	OPT_END = 0,
	OPT_FLAG,    /* bool: --name, --name=true|false, -n */
	OPT_STR,     /* const char *: last one wins, borrowed from argv */
	OPT_MAYBE,   /* const char *: --name and -n give "", --name=VALUE and -nVALUE the value */
	OPT_STRV,    /* struct strv: appended */
	OPT_INT,     /* int */
	OPT_I64,     /* int64_t */
	OPT_SIZE,    /* uint64_t bytes, str_size() */
	OPT_CALL,    /* call(config, value, e): anything else; takes a value */
	OPT_HEADING, /* only printed in --help: the text in help */
};

struct opt {
	char short_name;       /* 0: none */
	const char *long_name; /* NULL: none */
	enum opt_type type;
	unsigned offset;     /* of the target in the config struct */
	const char *metavar; /* shown in --help */
	const char *help;    /* NULL: hidden */
	/* OPT_CALL: takes the value; OPT_STR, OPT_STRV: says whether it is a good one */
	int (*call)(void *config, const char *value, struct err *e);
};

struct opt_usage {
	const char *synopsis; /* "docker run [OPTIONS] IMAGE [COMMAND] [ARG...]"; lines after the
				 first are further forms */
	const char *about;    /* one or more lines */
	const struct opt *opts;
};

enum opt_flags {
	OPT_STOP_AT_OPERAND = 1, /* the first operand ends the options, as for docker run */
	OPT_KEEP_UNKNOWN = 2,	 /* an unknown option is an operand */
};

/**
 * opt_parse() - parses argv[1..] into a config struct
 * @opts:   table ended by OPT_END
 * @config: struct the offsets point into; holds the defaults
 * @argc:   count
 * @argv:   permuted: operands end up at argv[return value..argc-1] in order; "--" ends options
 * @flags:  enum opt_flags
 * @e:      ERR_INVALID with "unknown flag: --x", "flag needs an argument: --x", or "invalid
 * argument ..."
 *
 * Return: index of the first operand, or -1. --help and -h are the caller's, see opt_wants_help().
 */
int opt_parse(const struct opt *opts, void *config, int argc, char **argv, int flags,
	      struct err *e) WARN_UNUSED;
/** opt_check_int() - for the field call: the value is a whole number */
int opt_check_int(void *config, const char *value, struct err *e) WARN_UNUSED;
/** opt_wants_help() - --help (or -h when the table has no 'h') stands among the options */
bool opt_wants_help(const struct opt *opts, int argc, char **argv, int flags);
/** opt_print_help() - prints usage from the table */
void opt_print_help(const struct opt_usage *u, FILE *out);

#endif
