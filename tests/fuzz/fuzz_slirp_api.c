// SPDX-License-Identifier: MIT
/* Requests at slirp4netns' API socket; whatever comes, the answer is one JSON object. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "json/json.h"
#include "usernet/slirp_api.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct hostfwd_spec last;
static int known;

static int add(void *arg UNUSED, const struct hostfwd_spec *s, int *ret_id, struct err *e)
{
	if (s->host_port == 0 || s->guest_port == 0 || s->host.family == IP_NONE)
		abort();
	if (s->host_port == 1)
		return err_set(e, ERR_DENIED, 0, "bind: \"not\" allowed");
	last = *s;
	*ret_id = ++known;
	return 0;
}

static int remove_one(void *arg UNUSED, int id, struct err *e)
{
	if (id <= 0)
		abort();
	return id == known ? 0 : err_set(e, ERR_NOTFOUND, 0, "no");
}

static bool at(void *arg UNUSED, size_t i, struct hostfwd_spec *ret, int *ret_id)
{
	*ret = last;
	*ret_id = known;
	return i < 3;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct slirp_api_ops ops = {.add = add, .remove = remove_one, .at = at};
	CLEANUP(json_freep) struct json *root = NULL;
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct err e;

	(void)slirp_api_is_whole((const char *)data, size);
	slirp_api_answer((const char *)data, size, &ops, NULL, &b);
	if (json_parse(b.data, b.len, &root, &e) < 0 || json_kind(root) != JSON_OBJECT)
		abort();
	return 0;
}
