// SPDX-License-Identifier: MIT
/* Progress messages, byte for byte as Docker's. */
#include "image/progress.h"

#include "base/mem.h"
#include "tests/unit/harness.h"

static void check(const struct image_progress *p, const char *want)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;

	image_progress_json(p, &b);
	CHECK_STR(buf_str(&b), want);
}

TEST(progress_lines)
{
	struct image_progress status = {.id = "latest", .status = "Pulling from library/x"};
	struct image_progress empty = {
		.id = "abc", .status = "Pulling fs layer", .has_detail = true};
	struct image_progress half = {.id = "abc",
				      .status = "Downloading",
				      .has_detail = true,
				      .current = 512,
				      .total = 1024};
	struct image_progress open_end = {
		.id = "abc", .status = "Downloading", .has_detail = true, .current = 1500000};
	struct image_progress beyond = {
		.status = "Pushing", .has_detail = true, .current = 10240, .total = 1744};
	struct image_progress stream = {.stream = "Loaded image: x:latest\n"};

	check(&status, "{\"status\":\"Pulling from library/x\",\"id\":\"latest\"}\r\n");
	check(&empty, "{\"status\":\"Pulling fs layer\",\"progressDetail\":{},\"id\":\"abc\"}\r\n");
	check(&half,
	      "{\"status\":\"Downloading\",\"progressDetail\":{\"current\":512,\"total\":1024},"
	      "\"progress\":\"[=========================\\u003e                         ]    "
	      " 512B/1.024kB\",\"id\":\"abc\"}\r\n");
	check(&open_end, "{\"status\":\"Downloading\",\"progressDetail\":{\"current\":1500000},"
			 "\"progress\":\"   1.5MB\",\"id\":\"abc\"}\r\n");
	check(&beyond,
	      "{\"status\":\"Pushing\",\"progressDetail\":{\"current\":10240,\"total\":1744},"
	      "\"progress\":\"[==================================================\\u003e]  "
	      "10.24kB\"}\r\n");
	check(&stream, "{\"stream\":\"Loaded image: x:latest\\n\"}\r\n");
}

TEST(progress_error_line)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct err e;

	err_set(&e, ERR_SYSTEM, 0, "it \"broke\"");
	image_error_json(&e, &b);
	CHECK_STR(buf_str(&b), "{\"errorDetail\":{\"message\":\"it \\\"broke\\\"\"},\"error\":\"it "
			       "\\\"broke\\\"\"}\r\n");
}
