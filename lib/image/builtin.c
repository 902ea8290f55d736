// SPDX-License-Identifier: MIT
/*
 * The embedded image: a tar with this binary as /hello is made in memory and
 * goes the way of every layer. Owner, mode and time are fixed, so that the
 * same binary always gives the same image id.
 */
#include "image/builtin.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/tar.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/str.h"
#include "image/manifest.h"
#include "storage/layer.h"

#define COPY_BYTES   65536
#define CREATED_NSEC 1735689600000000000LL /* 2025-01-01T00:00:00Z */
#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

bool image_builtin_is(const struct image_ref *r)
{
	return str_eq(r->domain, "docker.io") && str_eq(r->path, IMAGE_BUILTIN_NAME) &&
	       r->digest == NULL && (r->tag == NULL || str_eq(r->tag, "latest"));
}

bool image_builtin_stands_in(const struct image_ref *r)
{
	return str_eq(r->domain, "docker.io") && str_eq(r->path, "library/hello-world") &&
	       r->digest == NULL && (r->tag == NULL || str_eq(r->tag, "latest"));
}

static int copy_binary(struct tar_writer *w, struct err *e)
{
	CLEANUP(fd_closep) int fd = open(proc_self_exe(), O_RDONLY | O_CLOEXEC);
	CLEANUP(freep) char *p = xmalloc(COPY_BYTES);
	struct tar_entry ent = {.name = "hello",
				.link = "",
				.type = TAR_FILE,
				.mode = 0755,
				.mtime_sec = CREATED_NSEC / 1000000000,
				.uname = "",
				.gname = ""};
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "open this binary");
	ent.size = (uint64_t)st.st_size;
	if (tar_write_entry(w, &ent, e) < 0)
		return -1;
	for (;;) {
		ssize_t n = fd_read(fd, p, COPY_BYTES);

		if (n < 0)
			return err_sys(e, "read this binary");
		if (n == 0)
			return tar_writer_end(w, e);
		if (tar_write(w, p, (size_t)n, e) < 0)
			return -1;
	}
}

/* A descriptor at the start of the layer's tar. */
static int make_tar(struct err *e)
{
	CLEANUP(fd_closep) int fd = memfd_create("hello", MFD_CLOEXEC);
	CLEANUP(stream_freep) struct stream *out = NULL;
	CLEANUP(tar_writer_freep) struct tar_writer *w = NULL;
	int copy;

	if (fd < 0)
		return err_sys(e, "memfd_create");
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (copy < 0)
		return err_sys(e, "dup");
	out = stream_fd_new(copy);
	w = tar_writer_new(out);
	if (copy_binary(w, e) < 0)
		return -1;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, "lseek");
	return TAKE_FD(fd);
}

static void make_config(const char *diff_id, struct buf *json)
{
	CLEANUP(image_config_freep) struct image_config *c = image_config_new();
	CLEANUP(platform_clear) struct platform host = PLATFORM_INIT;

	platform_host(&host);
	c->architecture = xstrdup(host.architecture);
	c->variant = xstrdup(host.variant);
	c->os = xstrdup(host.os);
	c->created_nsec = CREATED_NSEC;
	strv_add(&c->config.env, DEFAULT_PATH);
	strv_add(&c->config.cmd, "/hello");
	c->config.working_dir = xstrdup("/");
	strv_add(&c->rootfs.diff_ids, diff_id);
	image_config_add_history(c, CREATED_NSEC, "COPY /proc/self/exe /hello", "thimble", false);
	image_config_add_history(c, CREATED_NSEC, "CMD [\"/hello\"]", "thimble", true);
	image_config_write(c, json);
}

static void say(const struct image_job *job, const char *id, const char *status, bool detail)
{
	struct image_progress m = {.id = id, .status = status, .has_detail = detail};

	if (job != NULL && job->progress != NULL)
		job->progress(job->arg, &m);
}

static void say_done(const struct image_job *job, const struct image_ref *ref, const char *layer,
		     bool newer)
{
	CLEANUP(freep) char *shown = image_ref_familiar(ref);
	CLEANUP(freep)
	char *last = xasprintf("Status: %s for %s",
			       newer ? "Downloaded newer image" : "Image is up to date", shown);
	char label[13];

	str_copy(label, layer + strlen("sha256:"), sizeof(label));
	say(job, label, newer ? "Pull complete" : "Already exists", true);
	say(job, NULL, "The image is embedded in thimble; no registry was asked", false);
	say(job, NULL, last, false);
}

int image_builtin_create(struct image_store *s, const struct image_ref *ref,
			 const struct image_job *job, char *ret_id, struct err *e)
{
	CLEANUP(image_ref_clear) struct image_ref name = IMAGE_REF_INIT;
	CLEANUP(buf_clear) struct buf json = BUF_INIT;
	CLEANUP(fd_closep) int fd = -1;
	CLEANUP(freep) char *first = xasprintf("Pulling from %s", ref->path);
	struct storage *st = image_store_storage(s);
	char chain[DIGEST_SIZE], id[DIGEST_SIZE], old[DIGEST_SIZE] = "";
	struct layer_result r;
	struct err ignored;
	int result;

	if (st == NULL)
		return err_set(e, ERR_UNAVAILABLE, 0, "there is no layer storage");
	image_ref_copy(&name, ref);
	image_ref_default_tag(&name);
	say(job, name.tag, first, false);
	fd = make_tar(e);
	if (fd < 0 || storage_layer_import(st, fd, NULL, &r, chain, e) < 0)
		return -1;
	make_config(r.diff_id, &json);
	result = image_store_create(s, buf_str(&json), json.len, NULL, id, e);
	storage_layer_unref(st, chain, NULL);
	if (result < 0)
		return -1;
	if (image_store_resolve(s, &name, old, &ignored) < 0)
		old[0] = '\0';
	if (image_store_tag(s, &name, id, e) < 0)
		return -1;
	say_done(job, &name, r.diff_id, !str_eq(old, id));
	if (ret_id != NULL)
		str_copy(ret_id, id, DIGEST_SIZE);
	return 0;
}
