// SPDX-License-Identifier: MIT
/* Reading, writing and checking specifications. */
#include "oci/spec.h"

#include <string.h>

#include "tests/unit/harness.h"

static int parse(const char *text, struct oci_spec **ret, struct err *e)
{
	return oci_spec_parse(text, strlen(text), ret, e);
}

TEST(spec_round_trip)
{
	struct oci_spec *s = oci_spec_default(), *t;
	struct buf a = BUF_INIT, b = BUF_INIT;
	struct err e;

	strv_add(&s->process.args, "true");
	s->process.user.username = xstrdup("app:grp");
	oci_process_rlimit(&s->process, "nofile", 10, UINT64_MAX);
	json_strmap_set(&s->linux_.sysctl, "net.ipv4.ip_forward", "1");
	oci_spec_write(s, &a);
	CHECK_OK(parse(buf_str(&a), &t, &e), e);
	oci_spec_write(t, &b);
	CHECK_STR(buf_str(&a), buf_str(&b));
	CHECK_STR(t->process.user.username, "app:grp");
	CHECK(t->process.rlimits.items[0].hard == UINT64_MAX);
	oci_spec_free(s);
	oci_spec_free(t);
	buf_clear(&a);
	buf_clear(&b);
}

TEST(spec_refuses_what_is_wrong)
{
	struct oci_spec *s;
	struct err e;

	CHECK_EQ(parse("{\"process\":{\"args\":[]}}", &s, &e), -1);
	CHECK_STR(e.msg, "no command specified");
	CHECK_EQ(parse("{\"process\":{\"args\":[\"x\"],\"cwd\":\"rel\"}}", &s, &e), -1);
	CHECK_EQ(parse("{\"process\":{\"args\":[\"x\"]},\"mounts\":[{\"destination\":\"rel\"}]}",
		       &s, &e),
		 -1);
	CHECK_EQ(parse("{\"process\":{\"args\":[\"x\"]},\"linux\":{\"namespaces\":[{\"type\":"
		       "\"pid\"},{\"type\":\"pid\"}]}}",
		       &s, &e),
		 -1);
	CHECK_STR(e.msg, "malformed spec: duplicated ns \"pid\"");
	CHECK_EQ(parse("{\"process\":{\"args\":[\"x\"]},\"linux\":{\"namespaces\":[{\"type\":"
		       "\"nope\"}]}}",
		       &s, &e),
		 -1);
	CHECK_EQ(e.kind, ERR_INVALID);
}
