// SPDX-License-Identifier: MIT
/* Sends requests through the router in memory and looks at the answers. */
#ifndef TESTS_API_ASK_H
#define TESTS_API_ASK_H

#include "tests/unit/api/fake_engine.h"
#include "tests/unit/harness.h"

static struct engine fake;
static struct buf answer; /* of the last ask(), freed with the test's process */

static inline void ask_open(void)
{
	struct err e;

	if (fake.images == NULL)
		CHECK_OK(image_store_open(harness_tmpdir(), NULL, &fake.images, &e), e);
}

/* The whole answer to a request given as text; its status. */
static inline int ask_raw(const char *text)
{
	CLEANUP(http_conn_freep) struct http_conn *c = NULL;
	struct api_link link = {0};
	struct err e;

	ask_open();
	buf_reset(&answer);
	fake.last[0] = '\0';
	c = http_conn_new(stream_mem_new(text, strlen(text), &answer));
	if (http_conn_next(c, &e) == 1)
		api_dispatch(&fake, c, &link);
	if (answer.len < 12)
		return 0;
	return (answer.data[9] - '0') * 100 + (answer.data[10] - '0') * 10 + answer.data[11] - '0';
}

/* "GET /path", with a JSON body when not NULL */
static inline int ask(const char *line, const char *json)
{
	CLEANUP(freep) char *text = NULL;

	if (json == NULL)
		text = xasprintf("%s HTTP/1.1\r\nHost: h\r\n\r\n", line);
	else
		text = xasprintf("%s HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
				 "Content-Length: %zu\r\n\r\n%s",
				 line, strlen(json), json);
	return ask_raw(text);
}

static inline const char *answer_body(void)
{
	const char *p = strstr(buf_str(&answer), "\r\n\r\n");

	return p != NULL ? p + 4 : "";
}

static inline bool answer_has(const char *text)
{
	return strstr(buf_str(&answer), text) != NULL;
}

#define CHECK_HAS(text) CHECK_MSG(answer_has(text), "no %s in: %s", text, buf_str(&answer))
#define CHECK_ASK(line, json, status)                                                         \
	do {                                                                                  \
		int status_ = ask(line, json);                                                \
		CHECK_MSG(status_ == (status), "%s: %d %s", line, status_, buf_str(&answer)); \
	} while (0)

#endif
