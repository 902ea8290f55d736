// SPDX-License-Identifier: MIT
/* The image configuration: reading, writing, bounds. */
#include "image/config.h"

#include <string.h>

#include "base/mem.h"
#include "config/limits.h"
#include "tests/unit/harness.h"

#define A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const char full[] =
	"{\"architecture\":\"amd64\",\"config\":{\"User\":\"app\",\"ExposedPorts\":{\"80/tcp\":{}},"
	"\"Env\":[\"A=b\"],\"Entrypoint\":[\"/e\"],\"Cmd\":[\"c\"],\"Volumes\":{\"/v\":{}},"
	"\"WorkingDir\":\"/w\",\"Labels\":{\"k\":\"v\"},\"StopSignal\":\"SIGINT\",\"Healthcheck\":"
	"{\"Test\":[\"NONE\"],\"Interval\":5},\"OnBuild\":[\"RUN x\"],\"Shell\":[\"/bin/sh\"]},"
	"\"created\":\"2024-01-02T03:04:05.5Z\",\"history\":[{\"created_by\":\"x\",\"empty_layer\":"
	"true}],\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" A "\"]}}";

TEST(config_round_trip)
{
	CLEANUP(image_config_freep) struct image_config *c = NULL;
	CLEANUP(buf_clear) struct buf out = BUF_INIT;
	struct image_run_config copy = {0};
	struct err e;

	CHECK_OK(image_config_parse(full, strlen(full), &c, &e), e);
	CHECK_STR(c->config.user, "app");
	CHECK_STR(c->config.exposed_ports.items[0], "80/tcp");
	CHECK_STR(json_strmap_get(&c->config.labels, "k"), "v");
	CHECK_EQ(c->config.health->interval_nsec, 5);
	CHECK_EQ(c->rootfs.diff_ids.len, 1);
	CHECK(c->history.items[0].empty_layer);
	image_config_write(c, &out);
	CHECK_STR(buf_str(&out), full);
	image_run_config_copy(&copy, &c->config);
	buf_reset(&out);
	image_run_config_write(&copy, &out);
	CHECK(strstr(buf_str(&out), "\"StopSignal\":\"SIGINT\"") != NULL);
	image_run_config_clear(&copy);
}

static void check_bad(const char *text)
{
	struct image_config *c = NULL;
	struct err e;

	CHECK_MSG(image_config_parse(text, strlen(text), &c, &e) < 0, "accepted: %.60s", text);
	CHECK_EQ(e.kind, ERR_INVALID);
}

TEST(config_refuses)
{
	CLEANUP(buf_clear) struct buf many = BUF_INIT;
	struct image_config *c = NULL;
	struct err e;

	check_bad("");
	check_bad("[]");
	check_bad("{}");
	check_bad("{\"rootfs\":{\"type\":\"disk\"}}");
	check_bad("{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:1\"]}}");
	check_bad("{\"rootfs\":{\"type\":\"layers\"},\"config\":{\"Env\":\"x\"}}");
	check_bad("{\"rootfs\":{\"type\":\"layers\"},\"created\":\"yesterday\"}");
	buf_addstr(&many, "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" A "\"");
	for (int i = 0; i < IMAGE_LAYERS_MAX; i++)
		buf_addstr(&many, ",\"" A "\"");
	buf_addstr(&many, "]}}");
	check_bad(buf_str(&many));
	CHECK(image_config_parse(full, IMAGE_CONFIG_MAX_BYTES + 1, &c, &e) < 0);
}

TEST(config_history)
{
	CLEANUP(image_config_freep) struct image_config *c = image_config_new();
	CLEANUP(buf_clear) struct buf out = BUF_INIT;

	image_config_add_history(c, 0, "RUN x", NULL, true);
	image_config_write(c, &out);
	CHECK(strstr(buf_str(&out),
		     "\"history\":[{\"created_by\":\"RUN x\",\"empty_layer\":true}]") != NULL);
}
