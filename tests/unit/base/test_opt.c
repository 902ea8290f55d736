// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/opt.h"

struct conf {
	bool detach, tty;
	const char *name;
	struct strv env;
	int count;
	int64_t big;
	uint64_t memory;
	char called[16];
	const char *maybe;
};

static int on_call(void *config, const char *value, struct err *e)
{
	struct conf *c = config;

	if (!strcmp(value, "bad"))
		return err_set(e, ERR_INVALID, 0, "bad value");
	snprintf(c->called, sizeof(c->called), "%s", value);
	return 0;
}

static int check_pair(void *config, const char *value, struct err *e)
{
	(void)config;
	return strchr(value, '=') != NULL ? 0 : err_set(e, ERR_INVALID, 0, "no pair: %s", value);
}

static const struct opt opts[] = {
	{'d', "detach", OPT_FLAG, offsetof(struct conf, detach), NULL, "in the background", NULL},
	{'t', "tty", OPT_FLAG, offsetof(struct conf, tty), NULL, "a terminal", NULL},
	{0, "name", OPT_STR, offsetof(struct conf, name), "NAME", "name it", NULL},
	{'e', "env", OPT_STRV, offsetof(struct conf, env), "NAME=VALUE", "set a variable", NULL},
	{'c', "count", OPT_INT, offsetof(struct conf, count), "N", "a number", NULL},
	{0, "big", OPT_I64, offsetof(struct conf, big), "N", "a big number", NULL},
	{'m', "memory", OPT_SIZE, offsetof(struct conf, memory), "BYTES", "a size", NULL},
	{0, "call", OPT_CALL, 0, "X", "a function", on_call},
	{'p', "pair", OPT_STRV, offsetof(struct conf, env), "PAIR", "checked", check_pair},
	{0, "seconds", OPT_STR, offsetof(struct conf, name), "N", "checked", opt_check_int},
	{'n', "net", OPT_MAYBE, offsetof(struct conf, maybe), "FILE", "with or without", NULL},
	{0},
};

static int parse(struct conf *c, int argc, char **argv, int flags, struct err *e)
{
	return opt_parse(opts, c, argc, argv, flags, e);
}

#define ARGS(...)                                             \
	char *argv[] = {"prog", __VA_ARGS__, NULL};           \
	int argc = (int)(sizeof(argv) / sizeof(argv[0])) - 1; \
	CLEANUP(conf_clear) struct conf c = {0};              \
	struct err e

static void conf_clear(struct conf *c)
{
	strv_clear(&c->env);
}

TEST(all_types)
{
	ARGS("-dt", "--name", "x", "--name=web", "-e", "A=1", "-eB=2", "-c3", "--big=-5", "-m",
	     "2k", "--call", "v", "op");
	int at = parse(&c, argc, argv, 0, &e);

	CHECK_OK(at, e);
	CHECK_EQ(at, argc - 1);
	CHECK_STR(argv[at], "op");
	CHECK(c.detach && c.tty);
	CHECK_STR(c.name, "web");
	CHECK_EQ(c.env.len, 2);
	CHECK_STR(c.env.items[1], "B=2");
	CHECK_EQ(c.count, 3);
	CHECK_EQ(c.big, -5);
	CHECK_EQ(c.memory, 2048);
	CHECK_STR(c.called, "v");
}

TEST(operands_are_permuted_to_the_end)
{
	ARGS("one", "-d", "two", "--", "-t");
	int at = parse(&c, argc, argv, 0, &e);

	CHECK_OK(at, e);
	CHECK_EQ(argc - at, 3);
	CHECK_STR(argv[at], "one");
	CHECK_STR(argv[at + 1], "two");
	CHECK_STR(argv[at + 2], "-t");
	CHECK(c.detach && !c.tty);
}

TEST(the_first_operand_may_end_the_options)
{
	ARGS("-d", "image", "-t");
	int at = parse(&c, argc, argv, OPT_STOP_AT_OPERAND, &e);

	CHECK_OK(at, e);
	CHECK_STR(argv[at], "image");
	CHECK_STR(argv[at + 1], "-t");
	CHECK(!c.tty);
}

TEST(flags_take_a_value_after_equals)
{
	ARGS("--detach=false", "--tty=true");

	c.detach = true;
	CHECK_OK(parse(&c, argc, argv, 0, &e), e);
	CHECK(!c.detach && c.tty);
}

TEST(refusals)
{
	static const char *const bad[][2] = {{"--nope", "unknown flag: --nope"},
					     {"--name", "flag needs an argument: --name"},
					     {"-cx", "invalid argument"},
					     {"--memory=-1", "invalid argument"}};

	for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
		char arg[32];

		snprintf(arg, sizeof(arg), "%s", bad[i][0]);
		ARGS(arg);
		CHECK_EQ(parse(&c, argc, argv, 0, &e), -1);
		CHECK_EQ(e.kind, ERR_INVALID);
		CHECK_MSG(strstr(e.msg, bad[i][1]) != NULL, "%s", e.msg);
	}
	ARGS("--call=bad");
	CHECK_EQ(parse(&c, argc, argv, 0, &e), -1);
}

TEST(values_are_checked_where_they_are_read)
{
	static const char *const bad[][2] = {
		{"--pair=x", "invalid argument \"x\" for \"-p, --pair\" flag: no pair: x"},
		{"--seconds=1s",
		 "invalid argument \"1s\" for \"--seconds\" flag: strconv.ParseInt: "
		 "parsing \"1s\": invalid syntax"},
		{"-cx",
		 "invalid argument \"x\" for \"-c, --count\" flag: strconv.ParseInt: parsing "
		 "\"x\": invalid syntax"},
		{"--tty=x", "strconv.ParseBool: parsing \"x\": invalid syntax"},
		{"-m1q", "invalid argument \"1q\" for \"-m, --memory\" flag: invalid size: '1q'"}};

	for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
		char arg[32];

		snprintf(arg, sizeof(arg), "%s", bad[i][0]);
		ARGS(arg);
		CHECK_EQ(parse(&c, argc, argv, 0, &e), -1);
		CHECK_MSG(strstr(e.msg, bad[i][1]) != NULL, "%s", e.msg);
	}
	ARGS("-p", "a=b", "--seconds", "-5");
	CHECK_OK(parse(&c, argc, argv, 0, &e), e);
	CHECK_STR(c.env.items[0], "a=b");
	CHECK_STR(c.name, "-5");
}

TEST(unknown_options_may_be_operands)
{
	ARGS("--nope", "-d");
	int at = parse(&c, argc, argv, OPT_KEEP_UNKNOWN, &e);

	CHECK_OK(at, e);
	CHECK_STR(argv[at], "--nope");
	CHECK(c.detach);
}

TEST(help_names_every_option)
{
	struct opt_usage u = {"prog [OPTIONS]", "about", opts};
	char *argv[] = {"prog", "--help", NULL};
	static char text[4096];
	FILE *f = fmemopen(text, sizeof(text), "w");

	CHECK(opt_wants_help(opts, 2, argv, 0));
	argv[1] = "x";
	CHECK(!opt_wants_help(opts, 2, argv, 0));
	opt_print_help(&u, f);
	fclose(f);
	CHECK(strstr(text, "Usage") != NULL);
	for (const struct opt *o = opts; o->type != OPT_END; o++)
		CHECK_MSG(strstr(text, o->long_name) != NULL, "%s is missing", o->long_name);
}

TEST(a_value_that_may_be_missing)
{
	struct {
		const char *arg, *value;
	} given[] = {{"-n", ""},      {"--net", ""},	  {"-n/x", "/x"},
		     {"-n=/x", "/x"}, {"--net=/x", "/x"}, {"-dn/x", "/x"}};

	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
		char arg[16];
		ARGS(arg, "operand");

		snprintf(arg, sizeof(arg), "%s", given[i].arg);
		CHECK_OK(parse(&c, argc, argv, 0, &e), e);
		CHECK_STR(c.maybe, given[i].value);
		CHECK_STR(argv[2], "operand");
	}
}
