// SPDX-License-Identifier: MIT
/* api/containers.c and its neighbours exec.c, archive.c, stats.c: parameters in, shapes out */
#include "tests/unit/api/ask.h"

TEST(containers_create)
{
	CHECK_ASK("POST /containers/create?name=n&platform=linux%2Famd64",
		  "{\"Image\":\"img\",\"HostConfig\":{\"Memory\":1}}", 201);
	CHECK_STR(fake.last, "create n linux/amd64 img");
	CHECK_STR(answer_body(), "{\"Id\":\"" FAKE_ID "\",\"Warnings\":[\"careful\"]}\n");
	CHECK_ASK("POST /containers/create?name=c1", "{\"Image\":\"img\"}", 409);
}

TEST(containers_verbs)
{
	CHECK_ASK("POST /containers/c1/stop", NULL, 204);
	CHECK_STR(fake.last, "stop - -2");
	CHECK_ASK("POST /containers/c1/stop?t=5&signal=INT", NULL, 204);
	CHECK_STR(fake.last, "stop INT 5");
	CHECK_ASK("POST /v1.41/containers/c1/restart?t=-7&signal=INT", NULL, 204);
	CHECK_STR(fake.last, "restart - -1");
	CHECK_ASK("POST /containers/c1/kill?signal=HUP", NULL, 204);
	CHECK_STR(fake.last, "kill HUP");
	CHECK_ASK("POST /containers/c1/pause", NULL, 204);
	CHECK_ASK("POST /containers/c1/rename?name=new", NULL, 204);
	CHECK_STR(fake.last, "rename new");
	CHECK_ASK("DELETE /containers/c1?force=1&v=1", NULL, 204);
	CHECK_STR(fake.last, "remove 1 1");
	CHECK_ASK("POST /containers/c1/resize?h=10&w=20", NULL, 200);
	CHECK_STR(fake.last, "resize 10 20");
	CHECK_ASK("POST /containers/c1/resize?h=a&w=20", NULL, 400);
	CHECK_ASK("POST /containers/c1/resize", NULL, 400);
	CHECK_ASK("POST /containers/c1/update", "{\"Memory\":1}", 200);
	CHECK_STR(answer_body(), "{\"Warnings\":null}\n");
}

TEST(containers_shapes)
{
	CHECK_ASK("GET /containers/c1/top?ps_args=aux", NULL, 200);
	CHECK_STR(answer_body(), "{\"Processes\":[[\"aux\"]],\"Titles\":[\"PID\"]}\n");
	CHECK_ASK("GET /containers/c1/changes", NULL, 200);
	CHECK_STR(answer_body(), "[{\"Path\":\"/new\",\"Kind\":1}]\n");
	CHECK_ASK("POST /containers/prune", NULL, 200);
	CHECK_STR(answer_body(),
		  "{\"ContainersDeleted\":[\"" FAKE_ID "\"],\"SpaceReclaimed\":5}\n");
	CHECK_ASK("GET /containers/c1/stats?stream=0", NULL, 200);
	CHECK_HAS("\"memory_stats\":{}");
	CHECK_HAS("\"read\":\"0001-01-01T00:00:00Z\"");
}

TEST(containers_archive)
{
	CHECK_ASK("HEAD /containers/c1/archive?path=/etc", NULL, 200);
	CHECK_HAS("X-Docker-Container-Path-Stat: eyJuYW1lIjoiNCJ9\r\n");
	CHECK_ASK("GET /containers/c1/archive", NULL, 400);
	CHECK_ASK("GET /containers/c1/archive?path=/", NULL, 200);
	CHECK_HAS("Content-Type: application/x-tar\r\n");
	CHECK_STR(answer_body(), "3\r\nTAR\r\n0\r\n\r\n");
	CHECK_ASK("PUT /containers/c1/archive?path=/&noOverwriteDirNonDir=1", "tar", 200);
	CHECK_STR(fake.last, "put 1 0");
	CHECK_ASK("GET /containers/c1/export", NULL, 200);
}

TEST(containers_exec)
{
	CHECK_ASK("POST /containers/c1/exec", "{\"Cmd\":[\"ls\"]}", 201);
	CHECK_STR(answer_body(), "{\"Id\":\"" FAKE_ID "\"}\n");
	CHECK_ASK("POST /containers/c1/exec", "{}", 400);
	CHECK_HAS("No exec command specified");
	CHECK_ASK("POST /exec/e1/start", "{\"Detach\":true}", 200);
	CHECK_ASK("POST /exec/nope/start", "{}", 404);
	CHECK_ASK("POST /exec/e1/resize?h=1&w=1", NULL, 200);
	CHECK_ASK("GET /exec/e1/json", NULL, 200);
}
