// SPDX-License-Identifier: MIT
/* api/images.c, images_pull.c */
#include "tests/unit/api/ask.h"

TEST(images_empty_store)
{
	CHECK_ASK("GET /images/json", NULL, 200);
	CHECK_STR(answer_body(), "[]\n");
	CHECK_ASK("GET /images/nope/json", NULL, 404);
	CHECK_STR(answer_body(), "{\"message\":\"No such image: nope:latest\"}\n");
	CHECK_ASK("GET /images/a/b:c/history", NULL, 404);
	CHECK_ASK("DELETE /images/nope", NULL, 404);
	CHECK_ASK("POST /images/prune", NULL, 200);
	CHECK_STR(answer_body(), "{\"ImagesDeleted\":null,\"SpaceReclaimed\":0}\n");
	CHECK_ASK("POST /images/a/b:c/tag?repo=x&tag=y", NULL, 201);
	CHECK_STR(fake.last, "tag a/b:c x y");
}

TEST(images_pull)
{
	CHECK_ASK("POST /images/create?fromImage=busybox&tag=1", NULL, 200);
	CHECK_HAS("{\"status\":\"Pulling\",\"id\":\"1\"}\r\n");
	CHECK_ASK("POST /images/create?fromImage=early", NULL, 404);
	CHECK_STR(answer_body(), "{\"message\":\"no such repository\"}\n");
	CHECK_ASK("POST /images/create?fromImage=late", NULL, 200);
	CHECK_HAS("{\"errorDetail\":{\"message\":\"connection reset\"},\"error\":\"connection "
		  "reset\"}");
	CHECK_HAS("0\r\n\r\n");
	CHECK_ASK("POST /images/create", NULL, 400);
}

TEST(images_pull_credentials)
{
	/* {"username":"u","password":"p"} */
	CHECK_EQ(ask_raw("POST /images/create?fromImage=b&tag=1 HTTP/1.1\r\nHost: h\r\n"
			 "X-Registry-Auth: eyJ1c2VybmFtZSI6InUiLCJwYXNzd29yZCI6InAifQ==\r\n\r\n"),
		 200);
	CHECK_STR(fake.last, "pull b 1 u");
	CHECK_EQ(ask_raw("POST /images/create?fromImage=b&tag=1 HTTP/1.1\r\nHost: h\r\n"
			 "X-Registry-Auth: !!!\r\n\r\n"),
		 200);
	CHECK_STR(fake.last, "pull b 1 -");
}

TEST(images_from_streams)
{
	CHECK_ASK("POST /images/create?fromSrc=-&changes=CMD%20x&changes=ENV%20a=b", "tar", 200);
	CHECK_STR(fake.last, "import 2");
	CHECK_ASK("POST /images/create?fromSrc=http://x/y", NULL, 200);
	CHECK_STR(fake.last, "import from http://x/y");
	CHECK_ASK("POST /images/load?quiet=0", "tar", 200);
	CHECK_STR(fake.last, "load 0");
	CHECK_ASK("POST /images/load", NULL, 400);
}

TEST(commit)
{
	CHECK_ASK("POST /commit?container=c1&repo=r&tag=t&author=a&comment=m&changes=CMD%20x&"
		  "changes=ENV%20a=b",
		  "null", 201);
	CHECK_STR(answer_body(), "{\"Id\":\"sha256:" FAKE_ID "\"}\n");
	CHECK_STR(fake.last, "commit c1 r:t a m CMD x;ENV a=b pause 1 config none");
	CHECK_ASK("POST /commit?container=c1&pause=0", "{\"Hostname\":\"h\"}", 201);
	CHECK_STR(fake.last, "commit c1 :    pause 0 config h");
	CHECK_ASK("POST /commit?container=c1", NULL, 201);
	CHECK_ASK("POST /commit?container=c1", "[1]", 400);
	CHECK_ASK("POST /commit?container=c1", "{\"Env\":5}", 400);
	CHECK_ASK("POST /commit?container=nope", NULL, 404);
}

TEST(save)
{
	CHECK_ASK("GET /images/get?names=a&names=b/c:d", NULL, 200);
	CHECK_STR(fake.last, "save a b/c:d -");
	CHECK_HAS("index.json");
	CHECK_ASK("GET /images/x/y:z/get?platform=%7B%22os%22:%22linux%22,"
		  "%22architecture%22:%22arm64%22%7D",
		  NULL, 200);
	CHECK_STR(fake.last, "save x/y:z linux/arm64");
	CHECK_ASK("GET /images/x/get?platform=%7B%22os%22:%22linux%22,%22architecture%22:%22arm%22,"
		  "%22variant%22:%22v7%22%7D",
		  NULL, 200);
	CHECK_STR(fake.last, "save x linux/arm/v7");
	CHECK_ASK("GET /images/x/get?platform=%7B%22os%22:%22linux%22%7D", NULL, 400);
	CHECK_ASK("GET /images/x/get?platform=%7B", NULL, 400);
	CHECK_ASK("GET /images/nope/get", NULL, 404);
}

TEST(push)
{
	/* {"username":"u","password":"p"} */
	CHECK_EQ(ask_raw("POST /images/h:5/a/b/push?tag=1 HTTP/1.1\r\nHost: h\r\n"
			 "X-Registry-Auth: eyJ1c2VybmFtZSI6InUiLCJwYXNzd29yZCI6InAifQ==\r\n\r\n"),
		 200);
	CHECK_STR(fake.last, "push h:5/a/b 1 u");
	CHECK_HAS("{\"status\":\"Pushing\",\"id\":\"1\"}\r\n");
	CHECK_ASK("POST /images/early/push?tag=x", NULL, 400);
	CHECK_ASK("POST /images/late/push", NULL, 200);
	CHECK_HAS("\"error\":\"denied: no\"");
}
