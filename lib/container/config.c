// SPDX-License-Identifier: MIT
/* shim.json and exit.json: bindings, loading, saving. */
#include "container/config.h"

#include <fcntl.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "config/limits.h"

#define F(type, member, name, kind) JSON_F(type, member, name, kind, NULL, JSON_OMITEMPTY)

static const struct json_field rootfs_fields[] = {
	F(struct container_rootfs, type, "type", JSON_B_STR),
	F(struct container_rootfs, program, "program", JSON_B_STR),
	F(struct container_rootfs, base_dir, "baseDir", JSON_B_STR),
	F(struct container_rootfs, options, "options", JSON_B_STR),
	F(struct container_rootfs, source, "source", JSON_B_STR),
	F(struct container_rootfs, mount_dir, "mountDir", JSON_B_STR),
	{0},
};
const struct json_struct container_rootfs_json = {"container.Rootfs",
						  sizeof(struct container_rootfs), rootfs_fields};

static const struct json_field log_fields[] = {
	F(struct container_log, driver, "driver", JSON_B_STR),
	F(struct container_log, path, "path", JSON_B_STR),
	F(struct container_log, max_bytes, "maxBytes", JSON_B_UINT64),
	F(struct container_log, max_files, "maxFiles", JSON_B_INT),
	F(struct container_log, compress, "compress", JSON_B_BOOL),
	F(struct container_log, attrs, "attrs", JSON_B_RAW),
	F(struct container_log, service, "service", JSON_B_STR),
	F(struct container_log, address, "address", JSON_B_STR),
	F(struct container_log, format, "format", JSON_B_STR),
	F(struct container_log, tag, "tag", JSON_B_STR),
	F(struct container_log, facility, "facility", JSON_B_INT),
	F(struct container_log, drop, "drop", JSON_B_BOOL),
	F(struct container_log, buffer_bytes, "bufferBytes", JSON_B_UINT64),
	{0},
};
const struct json_struct container_log_json = {"container.Log", sizeof(struct container_log),
					       log_fields};

static const struct json_field config_fields[] = {
	F(struct container_config, id, "id", JSON_B_STR),
	JSON_F(struct container_config, rootfs, "rootfs", JSON_B_STRUCT, &container_rootfs_json, 0),
	JSON_F(struct container_config, log, "log", JSON_B_STRUCT, &container_log_json, 0),
	F(struct container_config, open_stdin, "openStdin", JSON_B_BOOL),
	F(struct container_config, stdin_once, "stdinOnce", JSON_B_BOOL),
	F(struct container_config, cgroup_path, "cgroupPath", JSON_B_STR),
	F(struct container_config, seccomp, "seccomp", JSON_B_STR),
	F(struct container_config, cache_dir, "cacheDir", JSON_B_STR),
	F(struct container_config, stop_signal, "stopSignal", JSON_B_INT),
	{0},
};
const struct json_struct container_config_json = {"container.ShimConfig",
						  sizeof(struct container_config), config_fields};

static const struct json_field exit_fields[] = {
	JSON_F(struct container_exit, exit_code, "exitCode", JSON_B_INT, NULL, 0),
	JSON_F(struct container_exit, finished_nsec, "finishedAt", JSON_B_TIME, NULL, 0),
	JSON_F(struct container_exit, oom_killed, "oomKilled", JSON_B_BOOL, NULL, 0),
	F(struct container_exit, error, "error", JSON_B_STR),
	{0},
};
const struct json_struct container_exit_json = {"container.Exit", sizeof(struct container_exit),
						exit_fields};

static int load(const char *bundle, const char *name, const struct json_struct *t, void *ret,
		struct err *e)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	CLEANUP(freep) char *path = path_join(bundle, name);

	memset(ret, 0, t->size);
	if (file_read(AT_FDCWD, path, OCI_SPEC_MAX, &text, e) < 0)
		return -1;
	if (json_bind_text(text.data, text.len, t, ret, e) < 0) {
		json_struct_clear(t, ret);
		return err_wrap(e, "%s", path);
	}
	return 0;
}

static int save(const char *bundle, const char *name, const struct json_struct *t, const void *obj,
		struct err *e)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	CLEANUP(freep) char *path = path_join(bundle, name);
	struct json_w w;

	jw_init(&w, &text);
	json_unbind(&w, t, obj);
	return file_write(AT_FDCWD, path, text.data, text.len, 0600, FILE_NOSYNC, e);
}

void container_config_clear(struct container_config *c)
{
	json_struct_clear(&container_config_json, c);
}

int container_config_load(const char *bundle, struct container_config *ret, struct err *e)
{
	return load(bundle, "shim.json", &container_config_json, ret, e);
}

int container_config_save(const char *bundle, const struct container_config *c, struct err *e)
{
	return save(bundle, "shim.json", &container_config_json, c, e);
}

int container_exit_load(const char *bundle, struct container_exit *ret, struct err *e)
{
	return load(bundle, "exit.json", &container_exit_json, ret, e);
}

int container_exit_save(const char *bundle, const struct container_exit *x, struct err *e)
{
	return save(bundle, "exit.json", &container_exit_json, x, e);
}

void container_exit_clear(struct container_exit *x)
{
	json_struct_clear(&container_exit_json, x);
}
