// SPDX-License-Identifier: MIT
/*
 * docker cp. The archive endpoints carry a tar whose top is the last component
 * of the source; where the copy gets another name, the top is renamed on the
 * way (docker's pkg/archive/copy.go: CopyInfo, PrepareArchiveCopy, RebaseArchive).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "applets/docker_cli.h"
#include "archive/extract.h"
#include "archive/pack.h"
#include "archive/tar.h"
#include "base/fd.h"
#include "base/hex.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/thread.h"
#include "client/units.h"

#define GO_DIR	   (1u << 31)
#define GO_SYMLINK (1u << 27)

struct cp_conf {
	bool archive, follow, quiet;
};

static const struct opt cp_opts[] = {
	{'a', "archive", OPT_FLAG, offsetof(struct cp_conf, archive), NULL,
	 "Archive mode (copy all uid/gid information)", NULL},
	{'L', "follow-link", OPT_FLAG, offsetof(struct cp_conf, follow), NULL,
	 "Always follow symbol link in SRC_PATH", NULL},
	{'q', "quiet", OPT_FLAG, offsetof(struct cp_conf, quiet), NULL,
	 "Suppress progress output during copy", NULL},
	{0},
};

/* --- paths ----------------------------------------------------------------------------- */

/* "x/." means what is in x */
static bool means_content(const char *path)
{
	return str_ends(path, "/.") || strcmp(path, ".") == 0;
}

static bool asserts_dir(const char *path)
{
	return str_ends(path, "/") || means_content(path);
}

/* the last component, "." and trailing slashes aside; "/" for the root */
static char *last_name(const char *path)
{
	CLEANUP(freep) char *clean = path_clean(path);

	return xstrdup(strcmp(clean, "/") == 0 ? "/" : path_base(clean));
}

static char *parent_of(const char *path)
{
	CLEANUP(freep) char *clean = path_clean(path);
	char *slash = strrchr(clean, '/');

	if (slash == NULL)
		return xstrdup(".");
	return slash == clean ? xstrdup("/") : xstrndup(clean, (size_t)(slash - clean));
}

/* "container:path" in two; a name before ':' with '/' or '.' in front is a local path */
static bool split_arg(const char *arg, char **ret_container, const char **ret_path)
{
	const char *colon = strchr(arg, ':');

	*ret_container = NULL;
	*ret_path = arg;
	if (*arg == '/' || *arg == '.' || colon == NULL || colon == arg)
		return false;
	*ret_container = xstrndup(arg, (size_t)(colon - arg));
	*ret_path = colon + 1;
	return true;
}

/* --- renaming the top of a tar on the way ----------------------------------------------- */

struct rebase {
	struct stream s;
	struct tar_reader *reader;
	struct tar_writer *writer;
	struct stream *sink;
	struct buf ready;
	char *from;	/* top of the archive, NULL until the first entry */
	const char *to; /* its new name; "": the content moves up into the destination */
	uint64_t n_bytes;
	bool in_entry, ended;
};

/* the first entry tells what the top is called; "." when the content came alone */
static void learn_top(struct rebase *r, const char *name)
{
	if (r->from != NULL)
		return;
	r->from = xstrndup(name, strcspn(name, "/"));
	if (strcmp(r->from, ".") == 0)
		*r->from = 0;
}

static char *renamed(struct rebase *r, const char *text)
{
	CLEANUP(freep) char *name = NULL;
	const char *rest;

	while (str_starts(text, "./"))
		text += 2;
	name = xstrdup(text);
	for (size_t n = strlen(name); n > 0 && name[n - 1] == '/'; n--)
		name[n - 1] = 0;
	if (*name == 0)
		str_replace_ptr(&name, ".");
	learn_top(r, name);
	if (strcmp(name, ".") == 0)
		return xstrdup(*r->to == 0 ? "." : r->to);
	if (*r->from == 0)
		return *r->to == 0 ? xstrdup(name) : xasprintf("%s/%s", r->to, name);
	rest = str_skip(name, r->from);
	if (rest == NULL || (*rest != 0 && *rest != '/'))
		return xstrdup(name);
	if (*r->to == 0)
		return xstrdup(*rest == '/' ? rest + 1 : ".");
	return xasprintf("%s%s", r->to, rest);
}

static int rebase_step(struct rebase *r, struct err *e)
{
	const struct tar_entry *ent;
	CLEANUP(freep) char *name = NULL;
	CLEANUP(freep) char *link = NULL;
	CLEANUP(freep) char *chunk = NULL;
	struct tar_entry copy;
	ssize_t n;
	int more;

	if (r->in_entry) {
		chunk = xmalloc(65536);
		n = tar_read(r->reader, chunk, 65536, e);
		if (n > 0)
			return tar_write(r->writer, chunk, (size_t)n, e);
		r->in_entry = false;
		return (int)n;
	}
	more = tar_next(r->reader, &ent, e);
	if (more < 0)
		return -1;
	if (more == 0) {
		r->ended = true;
		return tar_writer_end(r->writer, e);
	}
	copy = *ent;
	copy.sparse = false;
	copy.n_xattrs = 0; /* a user may not set most of them */
	name = renamed(r, ent->name);
	copy.name = name;
	if (ent->type == TAR_HARDLINK)
		copy.link = link = renamed(r, ent->link);
	r->in_entry = ent->type == TAR_FILE;
	return tar_write_entry(r->writer, &copy, e);
}

static ssize_t rebase_read(struct stream *s, void *p, size_t n, struct err *e)
{
	struct rebase *r = (struct rebase *)s;

	while (r->ready.len == 0 && !r->ended)
		if (rebase_step(r, e) < 0)
			return -1;
	n = MIN(n, r->ready.len);
	if (n > 0)
		memcpy(p, r->ready.data, n);
	buf_consume(&r->ready, n);
	r->n_bytes += n;
	return (ssize_t)n;
}

static void rebase_free(struct stream *s UNUSED)
{
}

static const struct stream_ops rebase_ops = {.read = rebase_read, .free = rebase_free};

static void rebase_clear(struct rebase *r)
{
	tar_writer_free(r->writer);
	tar_reader_free(r->reader);
	stream_free(r->sink);
	buf_clear(&r->ready);
	free(r->from);
}

static void rebase_init(struct rebase *r, struct stream *in, const char *to)
{
	r->s = (struct stream){.ops = &rebase_ops, .fd = -1, .timeout_ms = -1};
	r->reader = tar_reader_new(in);
	r->sink = stream_mem_new("", 0, &r->ready);
	r->writer = tar_writer_new(r->sink);
	r->to = to;
}

/* --- from a container ------------------------------------------------------------------- */

/* the stat that goes with an archive answer */
static struct json *path_stat(struct http_client *h)
{
	const char *text =
		http_headers_get(&http_client_response(h)->headers, "X-Docker-Container-Path-Stat");
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json *v = NULL;
	struct err e;

	if (text == NULL || base64_decode(&b, text, strlen(text)) < 0 ||
	    json_parse(buf_str(&b), b.len, &v, &e) < 0)
		return NULL;
	return v;
}

static bool stat_is(const struct json *st, uint32_t bit)
{
	return (json_get_i64(st, "mode", 0) & bit) != 0;
}

static int send_archive(struct client *c, const char *method, const char *container,
			const char *path, bool in_dir, bool archive, struct stream *in,
			struct http_client **ret, struct err *e)
{
	CLEANUP(http_query_clear) struct http_query q = HTTP_QUERY_INIT;
	CLEANUP(freep) char *target = client_path("/containers/%s/archive", container);
	struct client_req rq = {.method = method, .path = target, .query = &q, .input = in};

	http_query_add(&q, "path", path);
	if (in != NULL) {
		rq.type = "application/x-tar";
		if (in_dir)
			http_query_add(&q, "noOverwriteDirNonDir", "true");
		if (archive)
			http_query_add(&q, "copyUIDGID", "true");
	}
	return client_send(c, &rq, ret, e);
}

/* where the copy goes: directory and the name of its top there ("" for content) */
static int local_target(const char *src, const char *dst, bool src_is_dir, char **ret_dir,
			char **ret_name, struct err *e)
{
	struct stat st;
	bool exists = stat(dst, &st) == 0;

	if (exists && S_ISDIR(st.st_mode)) {
		*ret_dir = xstrdup(dst);
		*ret_name = means_content(src) ? xstrdup("") : last_name(src);
		if (strcmp(*ret_name, "/") == 0)
			**ret_name = 0;
		return 0;
	}
	if (exists && (src_is_dir || asserts_dir(dst)))
		return err_set(e, ERR_INVALID, 0,
			       src_is_dir ? "cannot copy directory" : "not a directory");
	if (!exists && !src_is_dir && asserts_dir(dst))
		return err_set(e, ERR_INVALID, 0, "no such directory");
	*ret_dir = parent_of(dst);
	*ret_name = last_name(dst);
	if (stat(*ret_dir, &st) < 0)
		return err_set(e, ERR_NOTFOUND, errno,
			       "invalid output path: directory \"%s\" does not exist", *ret_dir);
	return 0;
}

static int copy_to_stdout(struct http_body *body, struct err *e)
{
	CLEANUP(freep) char *p = xmalloc(65536);
	ssize_t n;

	while ((n = http_body_read(body, p, 65536, e)) > 0)
		if (fd_write_all(STDOUT_FILENO, p, (size_t)n, e) < 0)
			return -1;
	return n < 0 ? -1 : 0;
}

static void report(const struct cp_conf *c, uint64_t bytes, const char *container, const char *dst)
{
	char size[UNITS_SIZE];

	if (c->quiet || !isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "Successfully copied %s to %s%s%s\n", units_size((double)bytes, 3, size),
		container != NULL ? container : "", container != NULL ? ":" : "", dst);
}

/* a symlink named as the source is followed once when asked for */
static char *follow_source(struct client *c, const char *container, const char *src)
{
	struct http_client *h;
	CLEANUP(json_freep) struct json *st = NULL;
	const char *target;
	struct err e;

	if (send_archive(c, "HEAD", container, src, false, false, NULL, &h, &e) < 0)
		return xstrdup(src);
	st = path_stat(h);
	target = json_get_str(st, "linkTarget");
	if (!stat_is(st, GO_SYMLINK) || str_empty(target))
		return xstrdup(src);
	return xstrdup(target);
}

static int copy_from(struct docker_cli *cli, const struct cp_conf *c, const char *container,
		     const char *path, const char *dst, struct err *e)
{
	CLEANUP(freep)
	char *src = c->follow ? follow_source(cli->client, container, path) : xstrdup(path);
	CLEANUP(rebase_clear) struct rebase r = {0};
	CLEANUP(tar_reader_freep) struct tar_reader *t = NULL;
	CLEANUP(stream_freep) struct stream *body = NULL;
	CLEANUP(json_freep) struct json *st = NULL;
	CLEANUP(freep) char *dir = NULL;
	CLEANUP(freep) char *name = NULL;
	CLEANUP(fd_closep) int fd = -1;
	struct extract_opts opts = {.whiteout = WHITEOUT_LITERAL,
				    .no_overwrite_dir_nondir = true,
				    .set_owner = true, /* the user's; -a is for the way in */
				    .uid = getuid(),
				    .gid = getgid()};
	struct http_client *h;

	if (send_archive(cli->client, "GET", container, src, false, false, NULL, &h, e) < 0)
		return -1;
	if (strcmp(dst, "-") == 0)
		return copy_to_stdout(http_client_body(h), e);
	st = path_stat(h);
	if (local_target(src, dst, stat_is(st, GO_DIR), &dir, &name, e) < 0)
		return -1;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open %s", dir);
	body = http_body_stream_new(http_client_body(h));
	rebase_init(&r, body, name);
	t = tar_reader_new(&r.s);
	if (extract_tree(t, fd, &opts, NULL, e) < 0)
		return -1;
	report(c, r.n_bytes, NULL, dst);
	return 0;
}

/* --- to a container ----------------------------------------------------------------------- */

struct packer {
	int dir_fd, out_fd;
	char *name, *prefix;
	bool failed;
	struct err e;
};

static void *pack_thread(void *arg)
{
	struct packer *p = arg;
	CLEANUP(stream_freep) struct stream *out = stream_fd_new(p->out_fd);
	CLEANUP(tar_writer_freep) struct tar_writer *w = tar_writer_new(out);
	const struct pack_opts opts = {.prefix = p->prefix};

	p->failed =
		pack_tree(w, p->dir_fd, p->name, &opts, &p->e) < 0 || tar_writer_end(w, &p->e) < 0;
	return NULL;
}

struct counter {
	struct stream s;
	struct stream *under;
	uint64_t n_bytes;
};

static ssize_t count_read(struct stream *s, void *p, size_t n, struct err *e)
{
	struct counter *c = (struct counter *)s;
	ssize_t got = stream_read(c->under, p, n, e);

	c->n_bytes += got > 0 ? (uint64_t)got : 0;
	return got;
}

static const struct stream_ops count_ops = {.read = count_read, .free = rebase_free};

/* where in the container: directory and name of the top; follows one link at the end of dst */
static int remote_target(struct client *c, const char *container, const char *src, bool src_is_dir,
			 const char *dst, char **ret_dir, char **ret_name, struct err *e)
{
	CLEANUP(freep) char *path = *dst == '/' ? xstrdup(dst) : xasprintf("/%s", dst);

	for (int links = 0; links < 2; links++) {
		CLEANUP(json_freep) struct json *st = NULL;
		struct http_client *h;

		if (send_archive(c, "HEAD", container, path, false, false, NULL, &h, e) < 0)
			break;
		st = path_stat(h);
		if (stat_is(st, GO_SYMLINK) && !str_empty(json_get_str(st, "linkTarget"))) {
			str_replace_ptr(&path, json_get_str(st, "linkTarget"));
			continue;
		}
		if (stat_is(st, GO_DIR)) {
			*ret_dir = xstrdup(path);
			*ret_name = means_content(src) ? xstrdup("") : last_name(src);
			return 0;
		}
		if (src_is_dir)
			return err_set(e, ERR_INVALID, 0, "cannot copy directory");
		if (asserts_dir(dst))
			return err_set(e, ERR_INVALID, 0, "not a directory");
		break;
	}
	if (!src_is_dir && asserts_dir(dst))
		return err_set(e, ERR_NOTFOUND, 0, "no such directory");
	*ret_dir = parent_of(path);
	*ret_name = last_name(path);
	return 0;
}

static int open_source(const char *src, bool follow, struct packer *p, bool *ret_is_dir,
		       struct err *e)
{
	CLEANUP(freep) char *real = NULL;
	CLEANUP(freep) char *parent = NULL;
	struct stat st;

	if (follow || asserts_dir(src))
		real = realpath(src, NULL);
	else
		real = path_clean(src);
	if (real == NULL || lstat(real, &st) < 0)
		return err_set(e, ERR_NOTFOUND, errno, "lstat %s: no such file or directory", src);
	if (!S_ISDIR(st.st_mode) && asserts_dir(src))
		return err_set(e, ERR_INVALID, 0, "not a directory");
	*ret_is_dir = S_ISDIR(st.st_mode);
	parent = parent_of(real);
	p->name = strcmp(real, "/") == 0 || strcmp(real, ".") == 0 ? xstrdup(".") : last_name(real);
	p->dir_fd =
		open(strcmp(p->name, ".") == 0 ? real : parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return p->dir_fd < 0 ? err_sys(e, "open %s", parent) : 0;
}

static int send_packed(struct client *c, const struct cp_conf *conf, const char *container,
		       const char *dir, struct packer *p, uint64_t *ret_bytes, struct err *e)
{
	struct counter count = {.s = {.ops = &count_ops, .fd = -1, .timeout_ms = -1}};
	struct http_client *h;
	pthread_t thread;
	int pipe_fds[2], status;

	if (fd_pipe(pipe_fds, e) < 0)
		return -1;
	p->out_fd = pipe_fds[1];
	count.under = stream_fd_new(pipe_fds[0]);
	if (thread_start_joinable(&thread, pack_thread, p, e) < 0) {
		stream_free(count.under);
		close(pipe_fds[1]);
		return -1;
	}
	status = send_archive(c, "PUT", container, dir, true, conf->archive, &count.s, &h, e);
	stream_free(count.under); /* the packer gets EPIPE if it is still at it */
	pthread_join(thread, NULL);
	*ret_bytes = count.n_bytes;
	if (status >= 0 && p->failed) {
		*e = p->e;
		return -1;
	}
	return status < 0 ? -1 : 0;
}

static int copy_to(struct docker_cli *cli, const struct cp_conf *c, const char *src,
		   const char *container, const char *dst, struct err *e)
{
	struct packer p = {.dir_fd = -1};
	CLEANUP(freep) char *dir = NULL;
	CLEANUP(freep) char *name = NULL;
	CLEANUP(stream_freep) struct stream *in = NULL;
	struct http_client *h;
	uint64_t bytes = 0;
	bool is_dir = false;
	int r;

	if (strcmp(src, "-") == 0) {
		in = stream_fd_new(dup(STDIN_FILENO));
		return send_archive(cli->client, "PUT", container, dst, true, c->archive, in, &h,
				    e) < 0
			       ? -1
			       : 0;
	}
	r = open_source(src, c->follow, &p, &is_dir, e);
	if (r == 0)
		r = remote_target(cli->client, container, src, is_dir, dst, &dir, &name, e);
	if (r == 0) {
		p.prefix = name;
		r = send_packed(cli->client, c, container, dir, &p, &bytes, e);
	}
	free(p.name);
	fd_close(&p.dir_fd);
	if (r == 0)
		report(c, bytes, container, dst);
	return r;
}

static int cp_main(struct docker_cli *cli, void *conf, int argc UNUSED, char **argv)
{
	const struct cp_conf *c = conf;
	CLEANUP(freep) char *from = NULL;
	CLEANUP(freep) char *to = NULL;
	const char *src, *dst;
	struct err e;
	int r;

	split_arg(argv[0], &from, &src);
	split_arg(argv[1], &to, &dst);
	if (*src == 0 || *dst == 0)
		r = err_set(&e, ERR_INVALID, 0, "%s can not be empty",
			    *src == 0 ? "source" : "destination");
	else if (from != NULL && to != NULL)
		r = err_set(&e, ERR_INVALID, 0, "copying between containers is not supported");
	else if (from == NULL && to == NULL)
		r = err_set(&e, ERR_INVALID, 0, "must specify at least one container source");
	else if (docker_client(cli, &e) == NULL)
		r = -1;
	else if (from != NULL)
		r = copy_from(cli, c, from, src, dst, &e);
	else
		r = copy_to(cli, c, src, to, dst, &e);
	return r < 0 ? docker_fail(&e) : 0;
}

const struct docker_cmd docker_cp_cmd = {
	.args = "[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n\tdocker cp [OPTIONS] SRC_PATH|- "
		"CONTAINER:DEST_PATH",
	.about = "Copy files/folders between a container and the local filesystem",
	.opts = cp_opts,
	.conf_size = sizeof(struct cp_conf),
	.min = 2,
	.max = 2,
	.run = cp_main,
};
