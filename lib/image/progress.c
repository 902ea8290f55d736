// SPDX-License-Identifier: MIT
/*
 * Docker's JSON message stream (moby pkg/jsonmessage and pkg/streamformatter):
 * one object a line, ended by "\r\n"; the bar is drawn here for clients that
 * only print it.
 */
#include "image/progress.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "json/write.h"

#define BAR_WIDTH 50

/* go-units HumanSize(): four significant digits, powers of 1000 */
static void human_size(int64_t n, char out[16])
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
	double v = (double)n;
	size_t i = 0;

	while (v >= 1000.0 && i < ARRAY_LEN(units) - 1) {
		v /= 1000.0;
		i++;
	}
	snprintf(out, 16, "%.4g%s", v, units[i]);
}

static void add_bar(struct json_w *w, const struct image_progress *p)
{
	char current[16], total[16];
	int done;

	human_size(p->current, current);
	if (p->total <= 0) {
		jw_key(w, "progress");
		jw_strf(w, "%8s", current);
		return;
	}
	human_size(p->total, total);
	done = (int)MIN(BAR_WIDTH, (double)p->current / (double)p->total * BAR_WIDTH);
	jw_key(w, "progress");
	/* more than the total: that was not exact, and is left out */
	jw_strf(w, "[%.*s>%*s] %8s%s%s", done,
		"==================================================", BAR_WIDTH - done, "", current,
		p->current > p->total ? "" : "/", p->current > p->total ? "" : total);
}

void image_progress_json(const struct image_progress *p, struct buf *out)
{
	struct json_w w;

	jw_init(&w, out);
	jw_obj(&w);
	if (p->stream != NULL)
		jw_kstr(&w, "stream", p->stream);
	if (p->status != NULL)
		jw_kstr(&w, "status", p->status);
	if (p->has_detail) {
		jw_kobj(&w, "progressDetail");
		if (p->current > 0)
			jw_ki64(&w, "current", p->current);
		if (p->total > 0)
			jw_ki64(&w, "total", p->total);
		jw_end(&w);
		if (p->current > 0)
			add_bar(&w, p);
	}
	if (p->id != NULL)
		jw_kstr(&w, "id", p->id);
	if (p->aux != NULL)
		jw_kraw(&w, "aux", p->aux);
	jw_end(&w);
	buf_addstr(out, "\r\n");
}

void image_error_json(const struct err *e, struct buf *out)
{
	struct json_w w;

	jw_init(&w, out);
	jw_obj(&w);
	jw_kobj(&w, "errorDetail");
	jw_kstr(&w, "message", e->msg);
	jw_end(&w);
	jw_kstr(&w, "error", e->msg);
	jw_end(&w);
	buf_addstr(out, "\r\n");
}
