// SPDX-License-Identifier: MIT
/* Bounds of devices: what is understood, and docker's words for what is not. */
#include "base/buf.h"
#include "base/str.h"
#include "client/spec.h"
#include "tests/unit/harness.h"

static void check(int (*spec)(const char *, struct json_w *, struct err *), const char *text,
		  const char *want)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;
	struct err e;

	jw_init(&w, &b);
	if (spec(text, &w, &e) == 0)
		CHECK_STR(buf_str(&b), want);
	else
		CHECK_STR(e.msg, want);
}

TEST(spec_limit_rates)
{
	check(spec_device_bps, "/dev/sda:1mb", "{\"Path\":\"/dev/sda\",\"Rate\":1048576}");
	check(spec_device_iops, "/dev/sda:100", "{\"Path\":\"/dev/sda\",\"Rate\":100}");
	check(spec_device_bps, "sda:1mb", "bad format for device path: sda:1mb");
	check(spec_device_bps, "/dev/sda", "bad format: /dev/sda");
	check(spec_device_bps, "/dev/sda:x",
	      "invalid rate for device: /dev/sda:x. The correct format is "
	      "<device-path>:<number>[<unit>]. Number must be a positive integer. Unit is "
	      "optional and can be kb, mb, or gb");
	check(spec_device_iops, "/dev/sda:1mb",
	      "invalid rate for device: /dev/sda:1mb. The correct format is "
	      "<device-path>:<number>. Number must be a positive integer");
}

TEST(spec_limit_weights)
{
	check(spec_device_weight, "/dev/sda:50", "{\"Path\":\"/dev/sda\",\"Weight\":50}");
	check(spec_device_weight, "/dev/sda:5", "invalid weight for device: /dev/sda:5");
	check(spec_device_weight, "/dev/sda:1001", "invalid weight for device: /dev/sda:1001");
	check(spec_device_weight, ":50", "bad format: :50");
}
