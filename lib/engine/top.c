// SPDX-License-Identifier: MIT
/*
 * Processes of a container (docker top), read from /proc (proc_pid_stat(5)):
 * those in its control group or in the pid namespace of its first process. Columns as `ps -ef`;
 * other ps arguments need the host's ps.
 */
#include <dirent.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "engine/engine_internal.h"

#define PS_TIMEOUT_MS 10000

struct proc_line {
	pid_t pid, ppid;
	unsigned uid;
	int64_t cpu_sec, start_sec; /* since boot */
	int tty;
	char *cmd;
};

static ino_t pid_namespace(pid_t pid)
{
	char path[48];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", pid);
	return stat(path, &st) == 0 ? st.st_ino : 0;
}

static char *read_cmd(pid_t pid, const char *comm)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	char path[48];
	struct err ignored;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	if (file_read(AT_FDCWD, path, 65536, &text, &ignored) < 0 || text.len == 0)
		return xasprintf("[%s]", comm);
	for (size_t i = 0; i + 1 < text.len; i++)
		if (text.data[i] == '\0')
			text.data[i] = ' ';
	return buf_detach(&text);
}

static int read_proc(pid_t pid, struct proc_line *ret)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	CLEANUP(freep) char *comm = NULL;
	unsigned long long utime, stime, start;
	char path[48], *open, *close;
	struct err ignored;
	struct stat st;
	long hz = sysconf(_SC_CLK_TCK);

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (file_read(AT_FDCWD, path, 4096, &text, &ignored) < 0 || stat(path, &st) < 0)
		return -1;
	open = strchr(buf_str(&text), '(');
	close = strrchr(buf_str(&text), ')');
	if (open == NULL || close == NULL ||
	    sscanf(close + 1,
		   " %*c %d %*d %*d %d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %*d %*d "
		   "%llu",
		   &ret->ppid, &ret->tty, &utime, &stime, &start) != 5)
		return -1;
	comm = xstrndup(open + 1, (size_t)(close - open - 1));
	ret->pid = pid;
	ret->uid = st.st_uid;
	ret->cpu_sec = (int64_t)((utime + stime) / (unsigned long long)hz);
	ret->start_sec = (int64_t)(start / (unsigned long long)hz);
	ret->cmd = read_cmd(pid, comm);
	return 0;
}

static int64_t boot_sec(void)
{
	struct timespec up;

	clock_gettime(CLOCK_BOOTTIME, &up);
	return time_now_nsec() / 1000000000 - up.tv_sec;
}

static void add_row(struct engine_top *t, const struct proc_line *p)
{
	int y, mo, d, h, mi, s;
	struct strv *row;

	t->rows = xrealloc(t->rows, (t->n_rows + 1) * sizeof(*t->rows));
	row = &t->rows[t->n_rows++];
	*row = (struct strv)STRV_INIT;
	if (p->uid == 0)
		strv_add(row, "root");
	else
		strv_addf(row, "%u", p->uid);
	strv_addf(row, "%d", p->pid);
	strv_addf(row, "%d", p->ppid);
	strv_add(row, "0");
	time_parts(boot_sec() + p->start_sec, &y, &mo, &d, &h, &mi, &s);
	strv_addf(row, "%02d:%02d", h, mi);
	if (p->tty == 0)
		strv_add(row, "?");
	else
		strv_addf(row, "pts/%d", p->tty & 0xff);
	strv_addf(row, "%02" PRId64 ":%02" PRId64 ":%02" PRId64, p->cpu_sec / 3600,
		  p->cpu_sec / 60 % 60, p->cpu_sec % 60);
	strv_add(row, p->cmd);
}

/* without a group: the pid namespace tells, if it is not ours too */
static void each_in_namespace(pid_t init, void (*fn)(void *arg, pid_t pid), void *arg)
{
	ino_t ns = pid_namespace(init);
	struct dirent *ent;
	DIR *d;

	if (ns == 0 || ns == pid_namespace(getpid())) {
		fn(arg, init);
		return;
	}
	d = opendir("/proc");
	while (d != NULL && (ent = readdir(d)) != NULL) {
		uint64_t pid;

		if (str_u64(ent->d_name, INT32_MAX, &pid) == 0 && pid_namespace((pid_t)pid) == ns)
			fn(arg, (pid_t)pid);
	}
	if (d != NULL)
		closedir(d);
}

void each_process(const char *group, pid_t init, void (*fn)(void *arg, pid_t pid), void *arg)
{
	CLEANUP(freep) pid_t *pids = NULL;
	struct err ignored;
	size_t n = 0;

	if (!str_empty(group) && cgroup_pids(group, &pids, &n, &ignored) == 0 && n > 0)
		for (size_t i = 0; i < n; i++)
			fn(arg, pids[i]);
	else
		each_in_namespace(init, fn, arg);
}

static void native_row(void *arg, pid_t pid)
{
	struct proc_line p = {0};

	if (read_proc(pid, &p) == 0)
		add_row(arg, &p);
	free(p.cmd);
}

static void collect_pid(void *arg, pid_t pid)
{
	strv_addf(arg, "%d", pid);
}

/* splits a line of ps into n columns, the last one taking the rest */
static void split_columns(const char *line, size_t n, struct strv *row)
{
	for (size_t i = 0; *line != '\0'; i++) {
		size_t len;

		line += strspn(line, " ");
		len = i + 1 < n ? strcspn(line, " ") : strlen(line);
		if (len == 0)
			break;
		strv_addn(row, line, len);
		line += len;
	}
}

static int run_ps(const char *args, const char *group, pid_t init, struct engine_top *ret,
		  struct err *e)
{
	CLEANUP(strv_clear) struct strv argv = STRV_INIT;
	CLEANUP(strv_clear) struct strv lines = STRV_INIT;
	CLEANUP(strv_clear) struct strv pids = STRV_INIT;
	CLEANUP(freep) char *list = NULL;
	CLEANUP(buf_clear) struct buf out = BUF_INIT;
	struct proc_spec spec = {.path = "ps"};
	size_t pid_column = 0;
	int r;

	each_process(group, init, collect_pid, &pids);
	list = strv_join(&pids, ",");
	strv_add(&argv, "ps");
	strv_split(&argv, args, " ");
	strv_addf(&argv, "-q%s", list); /* what has another terminal too */
	spec.argv = (const char *const *)argv.items;
	r = proc_run(&spec, PS_TIMEOUT_MS, &out, e);
	if (r < 0) { /* not every option goes together with -q */
		free(argv.items[--argv.len]);
		argv.items[argv.len] = NULL;
		buf_reset(&out);
		r = proc_run(&spec, PS_TIMEOUT_MS, &out, e);
	}
	if (r < 0)
		return err_wrap(e,
				"error running ps (other arguments than -ef need the host's ps)");
	strv_split(&lines, buf_str(&out), "\n");
	if (lines.len == 0)
		return err_set(e, ERR_SYSTEM, 0, "ps printed nothing");
	strv_split(&ret->titles, lines.items[0], " ");
	while (pid_column < ret->titles.len && !str_eq(ret->titles.items[pid_column], "PID"))
		pid_column++;
	if (pid_column == ret->titles.len)
		return err_set(e, ERR_SYSTEM, 0, "Couldn't find PID field in ps output");
	for (size_t i = 1; i < lines.len; i++) {
		struct strv row = STRV_INIT;

		split_columns(lines.items[i], ret->titles.len, &row);
		if (row.len <= pid_column || !strv_has(&pids, row.items[pid_column])) {
			strv_clear(&row);
			continue;
		}
		ret->rows = xrealloc(ret->rows, (ret->n_rows + 1) * sizeof(*ret->rows));
		ret->rows[ret->n_rows++] = row;
	}
	return 0;
}

int engine_container_top(struct engine *en, const char *name, const char *ps_args,
			 struct engine_top *ret, struct err *e)
{
	struct container *c = container_get(en, name, e);
	CLEANUP(freep) char *id = NULL;
	CLEANUP(freep) char *group = NULL;
	pid_t pid;

	if (c == NULL)
		return -1;
	memset(ret, 0, sizeof(*ret));
	pthread_mutex_lock(&en->mu);
	pid = state_runs(c->state) ? (pid_t)c->pid : 0;
	group = xstrdup(c->cgroup);
	pthread_mutex_unlock(&en->mu);
	id = xstrdup(c->id);
	container_unref(en, c);
	if (pid == 0)
		return err_set(e, ERR_CONFLICT, 0, "container %s is not running", id);
	if (!str_empty(ps_args) && !str_eq(ps_args, "-ef"))
		return run_ps(ps_args, group, pid, ret, e);
	strv_split(&ret->titles, "UID PID PPID C STIME TTY TIME CMD", " ");
	each_process(group, pid, native_row, ret);
	return 0;
}

void engine_top_clear(struct engine_top *t)
{
	strv_clear(&t->titles);
	for (size_t i = 0; i < t->n_rows; i++)
		strv_clear(&t->rows[i]);
	free(t->rows);
	memset(t, 0, sizeof(*t));
}
