// SPDX-License-Identifier: MIT
/* Dockerfile instructions of import and commit --change. */
#include <string.h>

#include "base/mem.h"
#include "image/config.h"
#include "tests/unit/harness.h"

static void apply(struct image_run_config *rc, const char *line)
{
	struct err e;

	CHECK_OK(image_config_change(rc, line, &e), e);
}

static void refuse(const char *line, const char *msg)
{
	CLEANUP(image_run_config_clear) struct image_run_config rc = {0};
	struct err e;

	CHECK_MSG(image_config_change(&rc, line, &e) < 0, "accepted: %s", line);
	CHECK_EQ(e.kind, ERR_INVALID);
	if (msg != NULL)
		CHECK_STR(e.msg, msg);
}

TEST(change_applies)
{
	CLEANUP(image_run_config_clear) struct image_run_config rc = {0};

	apply(&rc, "CMD [\"a\", \"b\"]");
	apply(&rc, "  entrypoint run this");
	apply(&rc, "ENV A=b C=\"d e\" F=\\ g");
	apply(&rc, "ENV A new value");
	apply(&rc, "LABEL k=v 'x y'=z");
	apply(&rc, "EXPOSE 80 53/UDP 8000-8002 1.2.3.4:1:80");
	apply(&rc, "USER 1000:1000");
	apply(&rc, "VOLUME [\"/a\"]");
	apply(&rc, "VOLUME /b /c");
	apply(&rc, "WORKDIR /x");
	apply(&rc, "WORKDIR y/../z");
	apply(&rc, "STOPSIGNAL SIGTERM");
	apply(&rc, "HEALTHCHECK --interval=1m --retries=3 CMD [\"t\"]");
	apply(&rc, "ONBUILD RUN x");
	CHECK_STR(rc.cmd.items[1], "b");
	CHECK_STR(rc.entrypoint.items[2], "run this");
	CHECK_STR(rc.env.items[0], "A=new value");
	CHECK_STR(rc.env.items[1], "C=d e");
	CHECK_STR(rc.env.items[2], "F= g");
	CHECK_STR(json_strmap_get(&rc.labels, "x y"), "z");
	CHECK_EQ(rc.exposed_ports.len, 5);
	CHECK_STR(rc.exposed_ports.items[1], "53/udp");
	CHECK_EQ(rc.volumes.len, 3);
	CHECK_STR(rc.working_dir, "/x/z");
	CHECK_STR(rc.health->test.items[0], "CMD");
	CHECK_EQ(rc.health->interval_nsec, 60000000000LL);
	apply(&rc, "SHELL [\"/bin/bash\", \"-c\"]");
	apply(&rc, "CMD echo hi");
	CHECK_STR(rc.cmd.items[0], "/bin/bash");
	CHECK_STR(rc.cmd.items[2], "echo hi");
}

TEST(change_refuses)
{
	refuse("", " is not a valid change command");
	refuse("FROM x", "FROM is not a valid change command");
	refuse("CMDX y", NULL);
	refuse("CMD [\"a\", 1]",
	       "when using JSON array syntax, arrays must be comprised of strings only");
	refuse("ENV", "ENV requires at least one argument");
	refuse("ENV a", "ENV must have two arguments");
	refuse("ENV =x", "ENV names can not be blank");
	refuse("ENV a=\"x",
	       "failed to process \"\"x\": unexpected end of statement while looking for "
	       "matching double-quote");
	refuse("LABEL a=b c",
	       "Syntax error - can't find = in \"c\". Must be of the form: name=value");
	refuse("EXPOSE http", "Invalid containerPort: http");
	refuse("EXPOSE 80/icmp", "Invalid proto: icmp");
	refuse("EXPOSE 99999", "Invalid containerPort: 99999");
	refuse("EXPOSE 90-80", "Invalid containerPort: 90-80");
	refuse("USER", "USER requires exactly one argument");
	refuse("SHELL bash", NULL);
	refuse("STOPSIGNAL foo", "invalid signal: foo");
	refuse("VOLUME []", "VOLUME requires at least one argument");
	refuse("VOLUME [\"\"]", "VOLUME specified can not be an empty string");
	refuse("HEALTHCHECK --nope CMD x", "unknown flag: --nope");
	refuse("HEALTHCHECK", "HEALTHCHECK requires at least one argument");
	refuse("HEALTHCHECK CMD", "Missing command after HEALTHCHECK CMD");
	refuse("HEALTHCHECK FOO", "Unknown type \"FOO\" in HEALTHCHECK (try CMD)");
	refuse("HEALTHCHECK NONE x", "HEALTHCHECK NONE takes no arguments");
	refuse("HEALTHCHECK --retries=-1 CMD x", "--retries cannot be negative (-1)");
	refuse("HEALTHCHECK --interval=-1s CMD x", "Interval \"interval\" cannot be less than 1ms");
	refuse("ONBUILD ONBUILD RUN", "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
	refuse("ONBUILD from x", "FROM isn't allowed as an ONBUILD trigger");
}

static int change_all(struct image_run_config *rc, const char *a, const char *b, struct err *e)
{
	CLEANUP(strv_clear) struct strv lines = STRV_INIT;

	strv_add(&lines, a);
	if (b != NULL)
		strv_add(&lines, b);
	return image_config_changes(rc, &lines, e);
}

TEST(changes_see_the_variables_before_them)
{
	CLEANUP(image_run_config_clear) struct image_run_config rc = {0};
	struct err e;

	strv_add(&rc.env, "PATH=/bin");
	CHECK_OK(change_all(&rc, "ENV A=$PATH:y B='$PATH' \\\n  C=${Q:-d}\n# no\n\nUSER u$A",
			    "LABEL p=${A} $A=1\nEXPOSE $N 80\nVOLUME /v $PATH\nWORKDIR a b", &e),
		 e);
	CHECK_STR(strv_env_get(&rc.env, "A"), "/bin:y");
	CHECK_STR(strv_env_get(&rc.env, "B"), "$PATH");
	CHECK_STR(strv_env_get(&rc.env, "C"), "d");
	CHECK_STR(rc.user, "u/bin:y");
	CHECK_STR(json_strmap_get(&rc.labels, "p"), "/bin:y");
	CHECK_STR(json_strmap_get(&rc.labels, "/bin:y"), "1");
	CHECK_STR(rc.volumes.items[1], "/bin");
	CHECK_STR(rc.working_dir, "/a b");
}

TEST(changes_as_a_whole)
{
	CLEANUP(image_run_config_clear) struct image_run_config rc = {0};
	CLEANUP(strv_clear) struct strv none = STRV_INIT;
	struct err e;

	strv_add(&rc.cmd, "old");
	CHECK_OK(image_config_changes(&rc, &none, &e), e);
	CHECK(change_all(&rc, "", "# only\n", &e) < 0);
	CHECK_STR(e.msg, "file with no instructions");
	CHECK(change_all(&rc, "USER x", "shell [\"a\"]", &e) < 0);
	CHECK_STR(e.msg, "shell is not a valid change command");
	CHECK(rc.user == NULL); /* checked before anything is done */
	CHECK_OK(change_all(&rc, "entrypoint [\"x\"]", NULL, &e), e);
	CHECK_EQ(rc.cmd.len, 0); /* it was for another entrypoint */
	CHECK_OK(change_all(&rc, "CMD y", "ENTRYPOINT [\"z\"]", &e), e);
	CHECK_STR(rc.cmd.items[2], "y");
	CHECK_OK(change_all(&rc, "ENTRYPOINT", NULL, &e), e);
	CHECK_EQ(rc.entrypoint.len, 0);
}

TEST(changes_are_bounded)
{
	CLEANUP(image_run_config_clear) struct image_run_config rc = {0};
	CLEANUP(strv_clear) struct strv lines = STRV_INIT;
	struct err e;

	strv_add(&lines, "ENV A=0123456789");
	for (int i = 0; i < 40; i++)
		strv_add(&lines, "ENV A=$A$A");
	CHECK(image_config_changes(&rc, &lines, &e) < 0);
	CHECK_EQ(e.kind, ERR_INVALID);
	CHECK(strstr(e.msg, "the result is too long") != NULL);
	CHECK(change_all(&rc, "EXPOSE 1-65535", "EXPOSE 1-65535", &e) < 0);
	CHECK(strstr(e.msg, "exposed ports") != NULL);
}
