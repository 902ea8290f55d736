// SPDX-License-Identifier: MIT
#include "inspect/dial.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "tests/unit/harness.h"
#include "tests/unit/inspect/dial_lab.h"

TEST(targets)
{
	static const struct {
		const char *text, *word;
		int port;
	} good[] = {{"web:80", "web", 80},
		    {"172.17.0.2:1", "172.17.0.2", 1},
		    {"[fd00::2]:65535", "fd00::2", 65535},
		    {"fd00::2:53", "fd00::2", 53}},
	  bad[] = {{"web", NULL, 0},	   {":80", NULL, 0},	{"web:", NULL, 0},
		   {"web:65536", NULL, 0}, {"web:-1", NULL, 0}, {"web:http", NULL, 0},
		   {"", NULL, 0}};
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		CLEANUP(freep) char *word = NULL;
		uint16_t port;

		CHECK_OK(dial_parse(good[i].text, &word, &port, &e), e);
		CHECK_STR(word, good[i].word);
		CHECK_EQ(port, good[i].port);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		char *word;
		uint16_t port;

		CHECK_EQ(dial_parse(bad[i].text, &word, &port, &e), -1);
	}
}

TEST(only_the_loopback_interface_is_listened_on)
{
	static const char *const bad[] = {
		"0.0.0.0:0", "192.0.2.1:0", "[::]:0",	   "example.com:0",
		"*:0",	     "127.0.0.1",   "127.0.0.1:x", ""};
	struct err e;
	int fd;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		CHECK_EQ(dial_listen(bad[i], &e), -1);
		CHECK_EQ(e.kind, ERR_INVALID);
	}
	fd = dial_listen("0", &e);
	CHECK(fd >= 0);
	close(fd);
	fd = dial_listen("localhost:0", &e);
	CHECK(fd >= 0);
	close(fd);
	fd = dial_listen("127.9.9.9:0", &e);
	CHECK(fd >= 0);
	close(fd);
}

TEST(the_next_address_is_tried)
{
	struct lab lab = {0};
	struct dial_conf c = lab_conf(&lab);
	struct err e;
	int fd;

	c.word = "both";
	c.port = lab_echo_start(&lab);
	fd = dial_connect(&c, &e);
	CHECK(fd >= 0);
	close(fd);
	c.word = "nobody";
	CHECK_EQ(dial_connect(&c, &e), -1);
	CHECK_EQ(e.kind, ERR_NOTFOUND);
	c.word = "self";
	c.port = 1;
	CHECK_EQ(dial_connect(&c, &e), -1);
	CHECK(strstr(e.msg, "refused") != NULL);
	lab_end(&lab);
}

TEST(standard_input_and_output_with_half_close)
{
	struct lab lab = {0};
	struct dial_conf c = lab_conf(&lab);
	int in[2], out[2], fd;
	char got[16];
	struct err e;

	c.word = "self";
	c.port = lab_echo_start(&lab);
	CHECK(pipe(in) == 0 && pipe(out) == 0);
	fd = dial_connect(&c, &e);
	CHECK(fd >= 0);
	CHECK_EQ(write(in[1], "hello", 5), 5);
	close(in[1]); /* its end reaches the server, which then ends */
	CHECK_OK(dial_stdio(in[0], out[1], fd, &e), e);
	CHECK_EQ(read(out[0], got, sizeof(got)), 5);
	CHECK_MEM(got, "hello", 5);
	CHECK_EQ(read(out[0], got, sizeof(got)), 0);
	lab_end(&lab);
}
