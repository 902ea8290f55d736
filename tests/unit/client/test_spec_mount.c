// SPDX-License-Identifier: MIT
/* spec_mount: -v and --mount. */
#include "tests/unit/harness.h"

#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "client/spec.h"

static void mounts(const char *text, const char *want)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;
	struct err e;

	jw_init(&w, &b);
	CHECK_OK(spec_mount(text, &w, &e), e);
	CHECK_STR(buf_str(&b), want);
}

static void refuses(const char *text, const char *want)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;
	struct err e;

	jw_init(&w, &b);
	CHECK_EQ(spec_mount(text, &w, &e), -1);
	CHECK_STR(e.msg, want);
}

TEST(mount_forms)
{
	mounts("type=bind,src=/a,dst=/b,ro",
	       "{\"Type\":\"bind\",\"Source\":\"/a\",\"Target\":\"/b\",\"ReadOnly\":true}");
	mounts("target=/b", "{\"Type\":\"volume\",\"Target\":\"/b\"}");
	mounts("type=tmpfs,destination=/t,tmpfs-size=1m,tmpfs-mode=1770",
	       "{\"Type\":\"tmpfs\",\"Target\":\"/t\",\"TmpfsOptions\":{\"SizeBytes\":1048576,"
	       "\"Mode\":1016}}");
	mounts("type=volume,source=v,target=/"
	       "v,volume-nocopy,volume-driver=local,volume-opt=type=nfs,"
	       "volume-label=a=b",
	       "{\"Type\":\"volume\",\"Source\":\"v\",\"Target\":\"/"
	       "v\",\"VolumeOptions\":{\"NoCopy\":true,"
	       "\"Labels\":{\"a\":\"b\"},\"DriverConfig\":{\"Name\":\"local\",\"Options\":{"
	       "\"type\":\"nfs\"}}}}");
	mounts("type=bind,src=/a,dst=/b,bind-propagation=rslave,readonly=false",
	       "{\"Type\":\"bind\",\"Source\":\"/a\",\"Target\":\"/b\",\"BindOptions\":"
	       "{\"Propagation\":\"rslave\"}}");
}

TEST(mount_refused)
{
	refuses("", "value is empty");
	refuses("type=bind,src=/a", "target is required");
	refuses("foo=1,dst=/a", "unexpected key 'foo' in 'foo=1'");
	refuses("dst", "invalid field 'dst' must be a key=value pair");
	refuses("dst=/a,ro=maybe", "invalid value for ro: maybe");
}

TEST(volumes)
{
	char *bind, *volume;
	struct err e;

	CHECK_OK(spec_volume("/data", &bind, &volume, &e), e);
	CHECK(bind == NULL);
	CHECK_STR(volume, "/data");
	free(volume);
	CHECK_OK(spec_volume("v:/data:ro", &bind, &volume, &e), e);
	CHECK_STR(bind, "v:/data:ro");
	CHECK(volume == NULL);
	free(bind);
	CHECK_EQ(chdir("/usr"), 0);
	CHECK_OK(spec_volume("./lib/../bin:/x", &bind, &volume, &e), e);
	CHECK_STR(bind, "/usr/bin:/x");
	free(bind);
	CHECK_EQ(spec_volume("", &bind, &volume, &e), -1);
}
