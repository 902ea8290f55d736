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
	apply(&rc, "EXPOSE 80 53/UDP 8000-8002");
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
	refuse("ENV", "ENV requires at least one argument");
	refuse("ENV a", "ENV must have two arguments");
	refuse("ENV =x", "ENV names can not be blank");
	refuse("EXPOSE http", "invalid containerPort: http");
	refuse("EXPOSE 80/icmp", "invalid proto: icmp");
	refuse("EXPOSE 99999", NULL);
	refuse("USER a b", NULL);
	refuse("SHELL bash", NULL);
	refuse("HEALTHCHECK --nope CMD x", NULL);
	refuse("HEALTHCHECK", NULL);
	refuse("ONBUILD ONBUILD RUN", NULL);
}
