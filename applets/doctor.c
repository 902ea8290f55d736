// SPDX-License-Identifier: MIT
/*
 * doctor: what a rootless engine needs of this host, as a table or JSON. The
 * checks are lib/rootless/doctor.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "applets/applets.h"
#include "applets/doctor_internal.h"
#include "applets/setup_internal.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/opt.h"
#include "base/path.h"
#include "base/str.h"
#include "json/write.h"
#include "ns/subid.h"
#include "rootless/doctor.h"

struct conf {
	bool json;
	const char *data_root;
};

static const struct opt opts[] = {
	{0, "json", OPT_FLAG, offsetof(struct conf, json), NULL, "print JSON", NULL},
	{0, "data-root", OPT_STR, offsetof(struct conf, data_root), "DIR",
	 "where images and containers would be (default: ~/.local/share/docker)", NULL},
	{0},
};

static const struct opt_usage usage = {
	.synopsis = "doctor [OPTIONS] [CHECK...]",
	.about = "Try everything that the engine needs of this host: what was found, why, what is "
		 "lost without it,\nand the command that mends it. All checks, or those named.",
	.opts = opts,
};

/* Returns what is on the heap, to be freed by host_free(). */
static void host_init(struct rk_host *h, const char *data_root)
{
	const char *home = getenv("HOME"), *data_home = getenv("XDG_DATA_HOME");

	*h = (struct rk_host){
		.root = "",
		.uid = getuid(),
		.gid = getgid(),
		.user = subid_user_name(getuid()),
		.home = home,
		.runtime_dir = getenv("XDG_RUNTIME_DIR"),
		.path = getenv("PATH"),
	};
	if (!str_empty(data_root))
		h->data_root = xstrdup(data_root);
	else if (!str_empty(data_home))
		h->data_root = path_join(data_home, "docker");
	else
		h->data_root = path_join(str_empty(home) ? "/" : home, ".local/share/docker");
}

static void host_free(struct rk_host *h)
{
	free((void *)h->user);
	free((void *)h->data_root);
}

static void print_json(struct json_w *w, const struct rk_finding *f)
{
	jw_obj(w);
	jw_kstr(w, "check", f->id);
	jw_kstr(w, "status", rk_verdict_name(f->verdict));
	jw_kstr(w, "found", f->found);
	jw_kstr(w, "cause", f->cause);
	jw_kstr(w, "lost", f->lost);
	jw_kstr(w, "mend", f->mend);
	jw_end(w);
}

/* "label: text", the further lines of text under its first. */
static void print_more(const char *label, const char *text)
{
	if (text == NULL)
		return;
	printf("%-16s  %-7s  %s: ", "", "", label);
	for (const char *p = text; *p != '\0'; p++) {
		putchar(*p);
		if (*p == '\n' && p[1] != '\0')
			printf("%*s", 33, "");
	}
	if (!str_ends(text, "\n"))
		putchar('\n');
}

static void print_row(const struct rk_finding *f)
{
	printf("%-16s  %-7s  %s\n", f->id, rk_verdict_name(f->verdict), f->found);
	if (f->verdict == RK_FINE)
		return;
	print_more("cause", f->cause);
	print_more("lost", f->lost);
	print_more("mend", f->mend);
}

static bool wanted(const char *id, int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (str_eq(argv[i], id))
			return true;
	return argc == 0;
}

static int examine(const struct conf *c, int argc, char **argv)
{
	CLEANUP(buf_clear) struct buf out = BUF_INIT;
	struct rk_host host;
	struct json_w w;
	int missing = 0;

	host_init(&host, c->data_root);
	jw_init_indent(&w, &out, "  ");
	w.plain_html = true; /* command lines are to be copied */
	jw_arr(&w);
	if (!c->json)
		printf("%-16s  %-7s  %s\n", "CHECK", "STATUS", "FOUND");
	for (size_t i = 0; i < rk_doctor_count(); i++) {
		struct rk_finding f;

		if (!wanted(rk_doctor_id(i), argc, argv))
			continue;
		rk_doctor_check(i, &host, &f);
		missing += f.verdict == RK_MISSING;
		if (c->json)
			print_json(&w, &f);
		else
			print_row(&f);
		rk_finding_clear(&f);
	}
	jw_end(&w);
	if (c->json)
		printf("%s\n", buf_str(&out));
	else if (missing > 0)
		printf("\nThe engine cannot start here: %d of its needs %s not met.\n", missing,
		       missing == 1 ? "is" : "are");
	else if (argc == 0)
		printf("\nThe engine can start here.\n");
	host_free(&host);
	return missing > 0 ? 1 : 0;
}

int doctor_tell_setup(void)
{
	struct rk_host host;
	int code = 0;

	host_init(&host, NULL);
	for (size_t i = 0; i < rk_doctor_count(); i++) {
		struct rk_finding f;

		rk_doctor_check(i, &host, &f);
		if (f.verdict >= RK_LACKING)
			setup_say(f.verdict == RK_MISSING ? SETUP_ERROR : SETUP_WARNING,
				  "%s: %s. Lost: %s. See `thimble doctor %s`.", f.id, f.found,
				  f.lost, f.id);
		if (f.verdict == RK_MISSING)
			code = 1;
		rk_finding_clear(&f);
	}
	host_free(&host);
	return code;
}

static int check_names(int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		size_t n = 0;

		while (n < rk_doctor_count() && !str_eq(rk_doctor_id(n), argv[i]))
			n++;
		if (n < rk_doctor_count())
			continue;
		fprintf(stderr, "doctor: no check is named %s\n", argv[i]);
		return 2;
	}
	return 0;
}

int doctor_main(int argc, char **argv);

int doctor_main(int argc, char **argv)
{
	struct conf c = {0};
	struct err e;
	int first;

	if (opt_wants_help(opts, argc, argv, 0)) {
		opt_print_help(&usage, stdout);
		return 0;
	}
	first = opt_parse(opts, &c, argc, argv, 0, &e);
	if (first < 0) {
		fprintf(stderr, "doctor: %s\n", e.msg);
		return 2;
	}
	if (check_names(argc - first, argv + first) != 0)
		return 2;
	return examine(&c, argc - first, argv + first);
}
