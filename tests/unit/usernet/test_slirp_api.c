// SPDX-License-Identifier: MIT
#include "usernet/slirp_api.h"

#include <string.h>

#include "base/mem.h"
#include "tests/unit/harness.h"

static struct hostfwd_spec last;
static int known; /* id; 0: none */

static int add(void *arg, const struct hostfwd_spec *s, int *ret_id, struct err *e)
{
	CHECK(arg == &last);
	if (s->host_port == 1)
		return err_set(e, ERR_DENIED, 0, "bind: not allowed");
	last = *s;
	*ret_id = known = 42;
	return 0;
}

static int remove_one(void *arg, int id, struct err *e)
{
	CHECK(arg == &last);
	if (id != known)
		return err_set(e, ERR_NOTFOUND, 0, "no");
	known = 0;
	return 0;
}

static bool at(void *arg, size_t i, struct hostfwd_spec *ret, int *ret_id)
{
	CHECK(arg == &last);
	*ret = last;
	*ret_id = known;
	return i == 0 && known != 0;
}

static void check(const char *request, const char *answer)
{
	static const struct slirp_api_ops ops = {.add = add, .remove = remove_one, .at = at};
	CLEANUP(buf_clear) struct buf b = BUF_INIT;

	slirp_api_answer(request, strlen(request), &ops, &last, &b);
	CHECK_STR(buf_str(&b), answer);
}

#define BAD(what) "{\"error\":{\"desc\":\"bad request: " what "\"}}"

TEST(what_is_no_request)
{
	char zeros[4096] = {0};

	check("badjson", BAD("cannot parse JSON"));
	check("", BAD("cannot parse JSON"));
	check("[1]", BAD("json_object() failed"));
	check("{\"unexpectedjson\": 42}", BAD("no execute found"));
	check("{\"execute\": 5}", BAD("no execute found"));
	check("{\"execute\": \"bad\"}", BAD("unknown execute"));
	memset(zeros, 'x', sizeof(zeros) - 1);
	check(zeros, BAD("cannot parse JSON"));
	CHECK(!slirp_api_is_whole("{\"execute\":", 11));
	CHECK(slirp_api_is_whole("{} ", 3));
}

#define ADD(args) "{\"execute\":\"add_hostfwd\",\"arguments\":{" args "}}"

TEST(add_checks_its_arguments)
{
	check("{\"execute\":\"add_hostfwd\"}", BAD("add_hostfwd: bad arguments.proto"));
	check(ADD("\"proto\":\"sctp\""), BAD("add_hostfwd: bad arguments.proto"));
	check(ADD("\"proto\":\"tcp\",\"host_addr\":\"x\""),
	      BAD("add_hostfwd: bad arguments.host_addr"));
	check(ADD("\"proto\":\"tcp4\",\"host_addr\":\"::1\""),
	      BAD("add_hostfwd: bad arguments.host_addr"));
	check(ADD("\"proto\":\"tcp\""), BAD("add_hostfwd: bad arguments.host_port"));
	check(ADD("\"proto\":\"tcp\",\"host_port\":65536"),
	      BAD("add_hostfwd: bad arguments.host_port"));
	check(ADD("\"proto\":\"tcp\",\"host_port\":80,\"guest_addr\":\"fd00::1\""),
	      BAD("add_hostfwd: bad arguments.guest_addr"));
	check(ADD("\"proto\":\"tcp\",\"host_port\":80"),
	      BAD("add_hostfwd: bad arguments.guest_port"));
	check(ADD("\"proto\":\"tcp\",\"host_port\":1,\"guest_port\":80"),
	      BAD("add_hostfwd: slirp_add_hostfwd failed: bind: not allowed"));
}

TEST(add_list_remove)
{
	check("{\"execute\":\"list_hostfwd\"}", "{\"return\":{\"entries\":[]}}");
	check(ADD("\"proto\":\"udp\",\"host_port\":8080,\"guest_addr\":\"10.0.2.100\",\"guest_"
		  "port\":80"),
	      "{\"return\":{\"id\":42}}");
	CHECK(last.udp && last.host.family == IP_V4 && ip_is_any(&last.host));
	check("{\"execute\":\"list_hostfwd\"}",
	      "{\"return\":{\"entries\":[{\"id\":42,\"proto\":\"udp\",\"host_addr\":\"0.0.0.0\","
	      "\"host_port\":8080,\"guest_addr\":\"10.0.2.100\",\"guest_port\":80}]}}");
	check("{\"execute\":\"remove_hostfwd\",\"arguments\":{\"id\":41}}",
	      BAD("remove_hostfwd: bad arguments.id"));
	check("{\"execute\":\"remove_hostfwd\"}", BAD("remove_hostfwd: bad arguments.id"));
	check("{\"execute\":\"remove_hostfwd\",\"arguments\":{\"id\":42}}", "{\"return\":{}}");
	check(ADD("\"proto\":\"tcp6\",\"host_port\":8080,\"guest_port\":80"),
	      "{\"return\":{\"id\":42}}");
	CHECK(!last.udp && last.host.family == IP_V6 && last.guest.family == IP_NONE);
}
