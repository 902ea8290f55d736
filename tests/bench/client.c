// SPDX-License-Identifier: MIT
/*
 * What the bench measures with: one static program without start-up cost of its own.
 *
 *   client ping SOCKET CMD...       starts CMD, prints the ms until GET /_ping answers 200
 *   client cycle SOCKET IMAGE N     N times create, start, wait, delete of a container that runs
 *                                   "true"; prints the median in ms
 *   client run N CMD...             runs CMD N times, prints the median in ms
 *   client cost with|without CMD... runs CMD once; prints its ms, the ms of processor time of all
 *                                   processes of this pid namespace meanwhile and the KB by which
 *                                   their PSS was higher at its peak, with CMD itself or without
 *   client api WHAT...              see api.c
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client.h"

enum { RUNS_MAX = 1000, REPLY_MAX = 65536 };

static char reply[REPLY_MAX];

double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

void die(const char *what)
{
	fprintf(stderr, "client: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void print_median(double *ms, int n)
{
	qsort(ms, (size_t)n, sizeof(*ms), by_value);
	printf("%.1f\n", ms[n / 2]);
}

int dial(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* One request on a connection of its own; the whole answer is left in reply. Returns the status. */
static int request(const char *sock, const char *method, const char *path, const char *body)
{
	char head[1024];
	size_t got = 0;
	ssize_t n;
	int status = 0, fd = dial(sock);

	if (fd < 0)
		return -1;
	n = snprintf(head, sizeof(head),
		     "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
		     "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
		     method, path, strlen(body), body);
	if (write(fd, head, (size_t)n) != n) {
		close(fd);
		return -1;
	}
	while (got < REPLY_MAX - 1 && (n = read(fd, reply + got, REPLY_MAX - 1 - got)) > 0)
		got += (size_t)n;
	reply[got] = '\0';
	close(fd);
	sscanf(reply, "HTTP/1.1 %d", &status);
	return status;
}

static void expect(const char *sock, const char *method, const char *path, const char *body,
		   int status)
{
	int got = request(sock, method, path, body);

	if (got == status)
		return;
	fprintf(stderr, "client: %s %s: status %d, expected %d\n%s\n", method, path, got, status,
		reply);
	exit(1);
}

static void one_cycle(const char *sock, const char *image)
{
	char body[512], path[256], id[65] = "";
	const char *at;

	snprintf(body, sizeof(body), "{\"Image\":\"%s\",\"Cmd\":[\"/bin/true\"]}", image);
	expect(sock, "POST", "/v1.41/containers/create", body, 201);
	at = strstr(reply, "\"Id\":");
	if (!at || sscanf(at + 5, " \"%64[0-9a-f]", id) != 1)
		die("no Id in the answer to create");
	snprintf(path, sizeof(path), "/v1.41/containers/%s/start", id);
	expect(sock, "POST", path, "", 204);
	snprintf(path, sizeof(path), "/v1.41/containers/%s/wait", id);
	expect(sock, "POST", path, "", 200);
	snprintf(path, sizeof(path), "/v1.41/containers/%s", id);
	expect(sock, "DELETE", path, "", 204);
}

static void cycle(const char *sock, const char *image, int n)
{
	double ms[RUNS_MAX];

	one_cycle(sock, image); /* warm */
	for (int i = 0; i < n; i++) {
		double start = now_ms();

		one_cycle(sock, image);
		ms[i] = now_ms() - start;
	}
	print_median(ms, n);
}

static pid_t spawn(char **argv, int own_session)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	if (own_session)
		setsid();
	int fd = open(getenv("BENCH_LOG") ? getenv("BENCH_LOG") : "/dev/null",
		      O_WRONLY | O_CREAT | O_APPEND, 0644);
	dup2(fd, 1);
	dup2(fd, 2);
	execvp(argv[0], argv);
	_exit(127);
}

static void ping(const char *sock, char **argv)
{
	double start = now_ms();
	pid_t pid = spawn(argv, 1);

	while (request(sock, "GET", "/_ping", "") != 200) {
		if (now_ms() - start > 30000) {
			kill(-pid, SIGKILL);
			errno = ETIMEDOUT;
			die("no answer to /_ping");
		}
		nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
	}
	printf("%.1f %d\n", now_ms() - start, (int)pid);
}

static void run(int n, char **argv)
{
	double ms[RUNS_MAX];

	for (int i = 0; i < n; i++) {
		double start = now_ms();
		int status;

		waitpid(spawn(argv, 0), &status, 0);
		ms[i] = now_ms() - start;
		if (status != 0) {
			errno = ECHILD;
			die(argv[0]);
		}
	}
	print_median(ms, n);
}

/* a file of a process; its length, 0 when it cannot be read */
static size_t proc_read(const char *pid, const char *file, char *text, size_t size)
{
	char path[320];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/%s", pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, text, size - 1);
		close(fd);
	}
	text[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

/* processor time of all processes but this one, in ticks, with that of children they have reaped */
static long ticks_of(const char *pid)
{
	long v[4] = {0};
	char text[1024];
	const char *at;

	if (proc_read(pid, "stat", text, sizeof(text)) == 0 || !(at = strrchr(text, ')')))
		return 0;
	sscanf(at, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld %ld %ld", v, v + 1, v + 2,
	       v + 3);
	return v[0] + v[1] + v[2] + v[3];
}

static long pss_kb_of(const char *pid)
{
	char text[2048];
	const char *at;
	long kb = 0;

	if (proc_read(pid, "smaps_rollup", text, sizeof(text)) > 0 && (at = strstr(text, "\nPss:")))
		sscanf(at, "\nPss: %ld", &kb);
	return kb;
}

static long sum(long (*of)(const char *pid), pid_t without)
{
	DIR *d = opendir("/proc");
	struct dirent *ent;
	long all = 0;

	while (d && (ent = readdir(d)))
		if (ent->d_name[0] >= '1' && ent->d_name[0] <= '9' &&
		    atoi(ent->d_name) != getpid() && atoi(ent->d_name) != without)
			all += of(ent->d_name);
	if (d)
		closedir(d);
	return all;
}

static void cost(int with, char **argv)
{
	long before_kb = sum(pss_kb_of, 0), peak_kb = before_kb, ticks = sum(ticks_of, 0), kb;
	double start = now_ms(), ms;
	struct rusage child = {0};
	int status;
	pid_t pid = spawn(argv, 0);

	while (waitpid(pid, &status, WNOHANG) == 0) {
		kb = sum(pss_kb_of, with ? 0 : pid);
		peak_kb = kb > peak_kb ? kb : peak_kb;
		nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	}
	ms = now_ms() - start;
	if (status != 0) {
		errno = ECHILD;
		die(argv[0]);
	}
	ticks = sum(ticks_of, 0) -
		ticks; /* without the command itself, which this process reaped */
	if (with)
		getrusage(RUSAGE_CHILDREN, &child);
	printf("%.0f %.0f %ld\n", ms,
	       (double)ticks * 1e3 / (double)sysconf(_SC_CLK_TCK) +
		       (double)(child.ru_utime.tv_sec + child.ru_stime.tv_sec) * 1e3 +
		       (double)(child.ru_utime.tv_usec + child.ru_stime.tv_usec) / 1e3,
	       peak_kb - before_kb);
}

int main(int argc, char **argv)
{
	if (argc > 3 && !strcmp(argv[1], "ping"))
		ping(argv[2], argv + 3);
	else if (argc == 5 && !strcmp(argv[1], "cycle"))
		cycle(argv[2], argv[3], (int)strtol(argv[4], NULL, 10));
	else if (argc > 3 && !strcmp(argv[1], "cost"))
		cost(!strcmp(argv[2], "with"), argv + 3);
	else if (argc > 3 && !strcmp(argv[1], "run"))
		run((int)strtol(argv[2], NULL, 10), argv + 3);
	else if (argc < 3 || strcmp(argv[1], "api") != 0 || !api_bench(argc - 2, argv + 2))
		return 2;
	return 0;
}
