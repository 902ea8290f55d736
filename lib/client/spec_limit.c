// SPDX-License-Identifier: MIT
/* --device-read-bps and its kin: "/dev/sda:1mb" (docker's opts/throttledevice.go, weightdevice.go).
 */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "client/spec.h"

#define WEIGHT_MIN 10
#define WEIGHT_MAX 1000

/* "PATH:VALUE"; the path is everything before the first colon */
static int split(const char *text, char **ret_path, const char **ret_value, struct err *e)
{
	const char *colon = strchr(text, ':');

	if (colon == NULL || colon == text)
		return err_set(e, ERR_INVALID, 0, "bad format: %s", text);
	if (!str_starts(text, "/dev/"))
		return err_set(e, ERR_INVALID, 0, "bad format for device path: %s", text);
	*ret_path = xstrndup(text, (size_t)(colon - text));
	*ret_value = colon + 1;
	return 0;
}

static void write_device(struct json_w *w, const char *path, const char *key, uint64_t value)
{
	jw_obj(w);
	jw_kstr(w, "Path", path);
	jw_ku64(w, key, value);
	jw_end(w);
}

int spec_device_bps(const char *text, struct json_w *w, struct err *e)
{
	CLEANUP(freep) char *path = NULL;
	const char *value;
	uint64_t rate;

	if (split(text, &path, &value, e) < 0)
		return -1;
	if (str_size(value, &rate) < 0)
		return err_set(e, ERR_INVALID, 0,
			       "invalid rate for device: %s. The correct format is "
			       "<device-path>:<number>[<unit>]. Number must be a positive integer. "
			       "Unit is optional and can be kb, mb, or gb",
			       text);
	write_device(w, path, "Rate", rate);
	return 0;
}

int spec_device_iops(const char *text, struct json_w *w, struct err *e)
{
	CLEANUP(freep) char *path = NULL;
	const char *value;
	uint64_t rate;

	if (split(text, &path, &value, e) < 0)
		return -1;
	if (str_u64(value, UINT64_MAX, &rate) < 0)
		return err_set(e, ERR_INVALID, 0,
			       "invalid rate for device: %s. The correct format is "
			       "<device-path>:<number>. Number must be a positive integer",
			       text);
	write_device(w, path, "Rate", rate);
	return 0;
}

int spec_device_weight(const char *text, struct json_w *w, struct err *e)
{
	CLEANUP(freep) char *path = NULL;
	const char *value;
	uint64_t weight;

	if (split(text, &path, &value, e) < 0)
		return -1;
	if (str_u64(value, WEIGHT_MAX, &weight) < 0 || (weight > 0 && weight < WEIGHT_MIN))
		return err_set(e, ERR_INVALID, 0, "invalid weight for device: %s", text);
	write_device(w, path, "Weight", weight);
	return 0;
}
