// SPDX-License-Identifier: MIT
#include "base/mem.h"
#include "inspect/look.h"
#include "tests/unit/harness.h"

static void check(const char *doc, const char *want)
{
	CLEANUP(json_freep) struct json *v = NULL;
	CLEANUP(buf_clear) struct buf out = BUF_INIT;
	struct err e;

	CHECK_OK(json_parse(doc, __builtin_strlen(doc), &v, &e), e);
	look_tables(v, &out);
	CHECK_STR(buf_str(&out), want);
}

TEST(one_section_has_no_heading)
{
	check("{\"ports\":[{\"container\":\"web\",\"protocol\":\"tcp4\",\"host_port\":8080}]}",
	      "CONTAINER   PROTOCOL   HOST   HOST-PORT   ADDRESS   PORT   ID\n"
	      "web         tcp4       -      8080        -         -      -\n");
}

TEST(several_sections_and_lists)
{
	check("{\"counters\":[],\"rules\":[{\"namespace\":[\"a\",\"b\"],\"priority\":0}]}",
	      "rules\n"
	      "NAMESPACE   FAMILY   PRIORITY   SELECTOR   ACTION   TABLE   GOTO\n"
	      "a,b         -        0          -          -        -       -\n"
	      "\n"
	      "counters\n"
	      "KIND   NAME   VALUE   ABOUT\n");
}

TEST(names_do_not_reach_the_terminal_raw)
{
	check("{\"counters\":[{\"kind\":\"a\\u001b[2J\\n\",\"name\":\"n\",\"value\":1,"
	      "\"about\":\"\"}]}",
	      "KIND     NAME   VALUE   ABOUT\n"
	      "a?[2J?   n      1       -\n");
}
