// SPDX-License-Identifier: MIT
/*
 * The API's speed: "client api WHAT SOCKET ...", one connection kept or one a request.
 *
 * get SOCKET PATH N kept|new
 *	median us of N times GET PATH
 * rate SOCKET PATH MS kept|new
 *	requests in a second by 8 threads
 * fan SOCKET ID LISTENERS N
 *	ms until all of the listeners of GET /events have got N events of container ID
 * read SOCKET PATH
 *	one GET PATH with all of its answer
 * write SOCKET IMAGE SCRIPT
 *	a container runs it with sh: created, started, waited for; prints its id
 * start SOCKET IMAGE N AT_ONCE
 *	ms of creating and starting N containers that sleep, by AT_ONCE threads
 * exec SOCKET ID N
 *	median ms of create, start and all output of "echo" in it
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"

enum { READ_BYTES = 65536, RUNS_MAX = 10000, THREADS_MAX = 64, RATE_THREADS = 8 };

/* a connection with what was read of it and not used */
struct conn {
	const char *path;
	int fd; /* -1: not connected */
	char data[READ_BYTES];
	size_t at, end;
};

static struct conn *conn_new(const char *path)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (c == NULL)
		die("memory");
	c->path = path;
	c->fd = -1;
	return c;
}

static void hang_up(struct conn *c)
{
	close(c->fd);
	c->fd = -1;
	c->at = c->end = 0;
}

/* false: the end of the stream */
static bool fill(struct conn *c)
{
	ssize_t n;

	if (c->at == c->end)
		c->at = c->end = 0;
	n = read(c->fd, c->data + c->end, sizeof(c->data) - c->end);
	if (n < 0)
		die("read");
	c->end += (size_t)n;
	return n > 0;
}

/* one line without its end; valid until the next */
static char *line(struct conn *c)
{
	char *nl;

	while ((nl = memchr(c->data + c->at, '\n', c->end - c->at)) == NULL) {
		if (c->at > 0) {
			memmove(c->data, c->data + c->at, c->end - c->at);
			c->end -= c->at;
			c->at = 0;
		}
		if (!fill(c))
			die("the answer ends early");
	}
	*nl = '\0';
	if (nl > c->data + c->at && nl[-1] == '\r')
		nl[-1] = '\0';
	char *text = c->data + c->at;
	c->at = (size_t)(nl + 1 - c->data);
	return text;
}

/* n bytes of the body; the first ones are kept in text, if there is one */
static void take(struct conn *c, size_t n, char *text, size_t size, size_t *ret_used)
{
	while (n > 0) {
		if (c->at == c->end && !fill(c))
			die("the answer ends early");
		size_t have = c->end - c->at < n ? c->end - c->at : n;

		for (size_t i = 0; i < have && text != NULL && *ret_used + 1 < size; i++)
			text[(*ret_used)++] = c->data[c->at + i];
		c->at += have;
		n -= have;
	}
}

static void ask(struct conn *c, const char *method, const char *path, const char *body)
{
	char head[2048];
	int n;

	if (c->fd < 0)
		c->fd = dial(c->path);
	if (c->fd < 0)
		die("connect");
	n = snprintf(head, sizeof(head),
		     "%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
		     "Content-Length: %zu\r\n\r\n%s",
		     method, path, strlen(body), body);
	if (write(c->fd, head, (size_t)n) != n)
		die("write");
}

struct head {
	int status;
	long long length; /* -1: none is told */
	bool chunked;
};

static struct head read_head(struct conn *c)
{
	struct head h = {.length = -1};
	const char *text = line(c);

	sscanf(text, "HTTP/1.1 %d", &h.status);
	while (*(text = line(c)) != '\0') {
		if (!strncasecmp(text, "Content-Length:", 15))
			h.length = atoll(text + 15);
		if (!strncasecmp(text, "Transfer-Encoding:", 18))
			h.chunked = true;
	}
	if (h.status == 204 || h.status == 304)
		h.length = 0;
	return h;
}

/* the rest of an answer; what fits of its body into text */
static void read_body(struct conn *c, const struct head *h, char *text, size_t size)
{
	size_t used = 0, n;

	if (h->chunked) {
		while ((n = strtoul(line(c), NULL, 16)) > 0) {
			take(c, n, text, size, &used);
			line(c);
		}
		line(c);
	} else if (h->length >= 0) {
		take(c, (size_t)h->length, text, size, &used);
	} else {
		while (fill(c))
			c->at = c->end;
	}
	if (text != NULL)
		text[used] = '\0';
}

/* a whole exchange; the body's beginning into text */
static void exchange(struct conn *c, const char *method, const char *path, const char *body,
		     char *text, size_t size)
{
	struct head h;

	ask(c, method, path, body);
	h = read_head(c);
	read_body(c, &h, text, size);
	if (h.status >= 400 || h.status < 200) {
		fprintf(stderr, "client: %s %s: %d\n", method, path, h.status);
		exit(1);
	}
}

static void find_id(const char *text, char id[65])
{
	const char *at = strstr(text, "\"Id\":");

	if (at == NULL || sscanf(at + 5, " \"%64[0-9a-f]", id) != 1)
		die("no Id in the answer");
}

static void get(const char *sock, const char *path, int n, bool kept)
{
	static double us[RUNS_MAX];
	struct conn *c = conn_new(sock);

	for (int i = -n / 10; i < n; i++) { /* warm at first */
		double start = now_ms();

		exchange(c, "GET", path, "", NULL, 0);
		if (!kept)
			hang_up(c);
		if (i >= 0)
			us[i] = (now_ms() - start) * 1e3;
	}
	print_median(us, n);
}

struct rate {
	const char *sock, *path;
	bool kept;
	double until;
	atomic_long done;
};

static void *rate_thread(void *arg)
{
	struct rate *r = arg;
	struct conn *c = conn_new(r->sock);

	while (now_ms() < r->until) {
		exchange(c, "GET", r->path, "", NULL, 0);
		if (!r->kept)
			hang_up(c);
		r->done++;
	}
	return NULL;
}

static void run_threads(int n, void *(*fn)(void *), void *arg)
{
	pthread_t t[THREADS_MAX];

	for (int i = 0; i < n; i++)
		if (pthread_create(&t[i], NULL, fn, arg) != 0)
			die("start a thread");
	for (int i = 0; i < n; i++)
		pthread_join(t[i], NULL);
}

static void rate(const char *sock, const char *path, int ms, bool kept)
{
	struct rate r = {.sock = sock, .path = path, .kept = kept, .until = now_ms() + ms};

	run_threads(RATE_THREADS, rate_thread, &r);
	printf("%.0f\n", (double)r.done * 1e3 / ms);
}

struct fan {
	const char *sock, *id;
	int n;
	atomic_int listening;
};

static void *fan_thread(void *arg)
{
	struct fan *f = arg;
	struct conn *c = conn_new(f->sock);
	struct head h;

	ask(c, "GET", "/v1.41/events", "");
	h = read_head(c);
	if (h.status != 200)
		die("events");
	f->listening++;
	for (int seen = 0; seen < f->n;) {
		char text[4096];
		size_t used = 0, n = strtoul(line(c), NULL, 16);

		take(c, n, text, sizeof(text), &used);
		line(c);
		text[used] = '\0';
		for (const char *at = text; (at = strstr(at, "timeNano")) != NULL; at++)
			seen++;
	}
	hang_up(c);
	return NULL;
}

static void *fan_source(void *arg)
{
	const struct fan *f = arg;
	struct conn *c = conn_new(f->sock);
	char path[256];

	snprintf(path, sizeof(path), "/v1.41/containers/%s/kill?signal=CONT", f->id);
	for (int i = 0; i < f->n; i++)
		exchange(c, "POST", path, "", NULL, 0);
	return NULL;
}

static void fan(const char *sock, const char *id, int listeners, int n)
{
	struct fan f = {.sock = sock, .id = id, .n = n};
	pthread_t t[THREADS_MAX], source;
	double start;

	for (int i = 0; i < listeners; i++)
		if (pthread_create(&t[i], NULL, fan_thread, &f) != 0)
			die("start a thread");
	while (f.listening < listeners)
		usleep(1000);
	usleep(200000); /* podman begins to listen after its head */
	start = now_ms();
	if (pthread_create(&source, NULL, fan_source, &f) != 0)
		die("start a thread");
	for (int i = 0; i < listeners; i++)
		pthread_join(t[i], NULL);
	printf("%.0f\n", now_ms() - start);
	pthread_join(source, NULL);
}

static void read_all(const char *sock, const char *path)
{
	double start = now_ms();

	exchange(conn_new(sock), "GET", path, "", NULL, 0);
	printf("%.1f\n", now_ms() - start);
}

/* logs of less than 1 GB are kept whole, as Docker does without being told */
static void create(struct conn *c, const char *image, const char *script, char id[65])
{
	char body[1024], text[1024];

	snprintf(body, sizeof(body),
		 "{\"Image\":\"%s\",\"Cmd\":[\"sh\",\"-c\",\"%s\"],\"HostConfig\":{\"LogConfig\":"
		 "{\"Type\":\"json-file\",\"Config\":{\"max-size\":\"1g\"}}}}",
		 image, script);
	exchange(c, "POST", "/v1.41/containers/create", body, text, sizeof(text));
	find_id(text, id);
	snprintf(body, sizeof(body), "/v1.41/containers/%s/start", id);
	exchange(c, "POST", body, "", NULL, 0);
}

static void write_log(const char *sock, const char *image, const char *script)
{
	struct conn *c = conn_new(sock);
	char id[65], path[256];

	create(c, image, script, id);
	snprintf(path, sizeof(path), "/v1.41/containers/%s/wait", id);
	exchange(c, "POST", path, "", NULL, 0);
	printf("%s\n", id);
}

struct starts {
	const char *sock, *image;
	atomic_int left;
};

static void *start_thread(void *arg)
{
	struct starts *s = arg;
	struct conn *c = conn_new(s->sock);
	char id[65];

	while (s->left-- > 0)
		create(c, s->image, "exec sleep 1000", id);
	return NULL;
}

static void start(const char *sock, const char *image, int n, int at_once)
{
	struct starts s = {.sock = sock, .image = image, .left = n};
	double begin = now_ms();

	run_threads(at_once, start_thread, &s);
	printf("%.0f\n", now_ms() - begin);
}

static void exec(const char *sock, const char *id, int n)
{
	static double ms[RUNS_MAX];
	struct conn *c = conn_new(sock), *out = conn_new(sock);
	char path[256], text[1024], x[65];

	for (int i = -1; i < n; i++) {
		double begin = now_ms();
		bool seen = false;

		snprintf(path, sizeof(path), "/v1.41/containers/%s/exec", id);
		exchange(c, "POST", path,
			 "{\"Cmd\":[\"echo\",\"here it "
			 "is\"],\"AttachStdout\":true,\"AttachStderr\":true}",
			 text, sizeof(text));
		find_id(text, x);
		snprintf(path, sizeof(path), "/v1.41/exec/%s/start", x);
		ask(out, "POST", path, "{\"Detach\":false,\"Tty\":false}");
		while (fill(out))
			seen |= memmem(out->data, out->end, "here it is", 10) != NULL;
		hang_up(out);
		if (!seen)
			die("no output of the exec");
		if (i >= 0)
			ms[i] = now_ms() - begin;
	}
	print_median(ms, n);
}

bool api_bench(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[0] : "";
	int n = argc > 3 ? atoi(argv[3]) : 0;

	if (!strcmp(what, "get") && argc == 5)
		get(argv[1], argv[2], n, !strcmp(argv[4], "kept"));
	else if (!strcmp(what, "rate") && argc == 5)
		rate(argv[1], argv[2], n, !strcmp(argv[4], "kept"));
	else if (!strcmp(what, "fan") && argc == 5 && n <= THREADS_MAX)
		fan(argv[1], argv[2], n, atoi(argv[4]));
	else if (!strcmp(what, "read") && argc == 3)
		read_all(argv[1], argv[2]);
	else if (!strcmp(what, "write") && argc == 4)
		write_log(argv[1], argv[2], argv[3]);
	else if (!strcmp(what, "start") && argc == 5)
		start(argv[1], argv[2], n, atoi(argv[4]));
	else if (!strcmp(what, "exec") && argc == 4)
		exec(argv[1], argv[2], n);
	else
		return false;
	return true;
}
