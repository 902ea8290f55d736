// SPDX-License-Identifier: MIT
/*
 * fsck: checks a data root that no engine uses, and mends it. The checks are
 * in lib/storage/fsck and lib/image/fsck. Everything there belongs to ids of
 * the user's map, so it goes on as root of a user namespace with that map.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "applets/applets.h"
#include "applets/storage_internal.h"
#include "base/mem.h"
#include "base/opt.h"
#include "base/strv.h"
#include "image/fsck.h"
#include "inspect/state.h"
#include "json/write.h"
#include "rootless/enter.h"
#include "rootless/parent.h"

enum { MENDED = 1, LEFT = 4, FAILED = 8 }; /* exit codes, those of fsck(8) */

struct conf {
	struct fsck f;
	bool json;
	const char *data_root;
	struct json_w w;
};

static const struct opt opts[] = {
	{0, "repair", OPT_FLAG, offsetof(struct conf, f.repair), NULL, "mend what is found", NULL},
	{0, "check-content", OPT_FLAG, offsetof(struct conf, f.content), NULL,
	 "read all layers and compare their digests", NULL},
	{0, "json", OPT_FLAG, offsetof(struct conf, json), NULL, "print JSON", NULL},
	{0, "data-root", OPT_STR, offsetof(struct conf, data_root), "DIR",
	 "the engine's (default: ~/.local/share/docker)", NULL},
	{0},
};

static const struct opt_usage usage = {
	.synopsis = "fsck [OPTIONS]",
	.about = "Check the data root of an engine that does not run: layers, images, names, "
		 "containers,\nvolumes, leftovers. Nothing is changed without --repair.",
	.opts = opts,
};

int storage_as_root(int argc, char **argv, const char *root, int *ret_code, struct err *e)
{
	CLEANUP(strv_clear) struct strv command = STRV_INIT;
	struct rk_conf conf;
	char self[PATH_MAX / 2];
	ssize_t n;
	int r;

	if (geteuid() == 0)
		return 0;
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	strv_addn(&command, self, n > 0 ? (size_t)n : 0);
	for (int i = 0; i < argc; i++)
		strv_add(&command, argv[i]);
	strv_addf(&command, "--data-root=%s", root);
	rk_conf_init(&conf);
	conf.command = command.items;
	conf.quiet = true;
	r = rk_conf_resolve(&conf, e) < 0 || rk_run(&conf, ret_code, e) < 0 ? -1 : 1;
	rk_conf_clear(&conf);
	return r;
}

char *storage_data_root(const char *asked)
{
	CLEANUP(freep) char *state_dir = rk_dir_find();
	CLEANUP(freep) char *root = look_data_root(asked, state_dir);
	char *real = realpath(root, NULL);

	return real ? real : TAKE(root);
}

static void tell(void *arg, const struct fsck_finding *found)
{
	struct conf *c = arg;

	if (!c->json) {
		printf("%s: %s: %s%s%s\n", found->check, found->path, found->text,
		       *found->done ? ": " : "", found->done);
		return;
	}
	jw_obj(&c->w);
	jw_kstr(&c->w, "check", found->check);
	jw_kstr(&c->w, "path", found->path);
	jw_kstr(&c->w, "text", found->text);
	jw_kstr(&c->w, "action", found->done);
	jw_kbool(&c->w, "mended", found->mended);
	jw_end(&c->w);
}

static int check(struct conf *c, struct err *e)
{
	if (fsck_open(&c->f, e) < 0)
		return -1;
	for (size_t i = 0; storage_driver_at(i); i++)
		if (fsck_driver(&c->f, storage_driver_at(i)))
			image_fsck(&c->f);
	fsck_close(&c->f);
	return 0;
}

int fsck_main(int argc, char **argv)
{
	struct conf c = {0};
	CLEANUP(freep) char *root = NULL;
	CLEANUP(buf_clear) struct buf out = BUF_INIT;
	struct err e;
	int code = 0, r;

	if (opt_wants_help(opts, argc, argv, 0)) {
		opt_print_help(&usage, stdout);
		return 0;
	}
	r = opt_parse(opts, &c, argc, argv, 0, &e);
	if (r >= 0 && r < argc)
		r = err_set(&e, ERR_INVALID, 0, "unexpected argument: %s", argv[r]);
	root = storage_data_root(c.data_root);
	if (r >= 0)
		r = storage_as_root(argc, argv, root, &code, &e);
	if (r == 0) {
		c.f.root = root;
		c.f.tell = tell;
		c.f.arg = &c;
		jw_init_indent(&c.w, &out, "  ");
		jw_arr(&c.w);
		r = check(&c, &e);
		code = c.f.n_left > 0 ? LEFT : c.f.n_mended > 0 ? MENDED : 0;
	}
	if (r < 0) {
		fprintf(stderr, "fsck: %s\n", e.msg);
		return FAILED;
	}
	if (c.json && r == 0) {
		jw_end(&c.w);
		puts(buf_str(&out));
	}
	return code;
}
