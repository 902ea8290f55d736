// SPDX-License-Identifier: MIT
/*
 * apifuzz SOCKET COUNT SEED [IMAGE]: sends COUNT mutated requests of every route
 * of the Engine API and looks at the answers. Each request starts from a good one
 * of the table and is damaged in method, path, query, body, headers or bytes.
 * With an IMAGE (that has sleep) there is something to hit: the image "fuzz", a
 * running container "fuzz" and an exec in it are made anew now and then.
 * Wrong are: no answer to a request that was well-formed HTTP, a status 500 that
 * Docker does not give, an  * answer with a status from 400 on whose body has no message, an engine
 * that is gone. Exit code 1 then; the requests are printed, the seed repeats them.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	REQUEST_MAX = 16384,
	ANSWER_WAIT_MS = 120000, /* stop and restart take their time, and so does a busy machine */
	BAD_SHOWN = 15,
	RENEW_EVERY = 100,
	ID_LEN = 64,
};

struct route {
	const char *method, *path, *body;
};

static const struct route routes[] = {
	{"GET", "/_ping", NULL},
	{"HEAD", "/_ping", NULL},
	{"GET", "/version", NULL},
	{"GET", "/info", NULL},
	{"GET", "/system/df?type=image", NULL},
	{"GET", "/events?since=1&until=2&filters={\"type\":[\"container\"]}", NULL},
	{"POST", "/auth",
	 "{\"username\":\"u\",\"password\":\"p\",\"serveraddress\":\"127.0.0.1:1\"}"},
	{"GET", "/containers/json?all=1&limit=3&size=1&filters={\"status\":[\"running\"]}", NULL},
	{"POST", "/containers/create?name=fuzz",
	 "{\"Image\":\"fuzz\",\"Cmd\":[\"sleep\",\"9\"],\"Env\":[\"A=1\"],\"Tty\":false,"
	 "\"ExposedPorts\":{\"80/tcp\":{}},\"Labels\":{\"a\":\"b\"},\"HostConfig\":{\"Binds\":"
	 "[\"vol:/b:ro\"],\"PortBindings\":{\"80/tcp\":[{\"HostPort\":\"1\"}]},\"Memory\":1000000,"
	 "\"RestartPolicy\":{\"Name\":\"always\",\"MaximumRetryCount\":0},\"Ulimits\":[{\"Name\":"
	 "\"nofile\",\"Soft\":1,\"Hard\":2}]},\"NetworkingConfig\":{\"EndpointsConfig\":{}}}"},
	{"GET", "/containers/fuzz/json?size=1", NULL},
	{"GET", "/containers/fuzz/top?ps_args=aux", NULL},
	{"GET", "/containers/fuzz/logs?stdout=1&stderr=1&since=1&until=2&tail=5&timestamps=1",
	 NULL},
	{"GET", "/containers/fuzz/changes", NULL},
	{"GET", "/containers/fuzz/export", NULL},
	{"GET", "/containers/fuzz/stats?stream=0&one-shot=1", NULL},
	{"POST", "/containers/fuzz/resize?h=20&w=30", NULL},
	{"POST", "/containers/fuzz/start?detachKeys=ctrl-p", NULL},
	{"POST", "/containers/fuzz/stop?t=1&signal=SIGTERM", NULL},
	{"POST", "/containers/fuzz/restart?t=1", NULL},
	{"POST", "/containers/fuzz/kill?signal=SIGUSR1", NULL},
	{"POST", "/containers/fuzz/update", "{\"Memory\":1,\"RestartPolicy\":{\"Name\":\"no\"}}"},
	{"POST", "/containers/fuzz/rename?name=other", NULL},
	{"POST", "/containers/fuzz/pause", NULL},
	{"POST", "/containers/fuzz/unpause", NULL},
	{"POST", "/containers/fuzz/attach?stream=1&stdout=1&logs=1", NULL},
	{"POST", "/containers/fuzz/wait?condition=next-exit", NULL},
	{"DELETE", "/containers/fuzz?force=1&v=1", NULL},
	{"HEAD", "/containers/fuzz/archive?path=/etc", NULL},
	{"GET", "/containers/fuzz/archive?path=/etc", NULL},
	{"PUT", "/containers/fuzz/archive?path=/etc&noOverwriteDirNonDir=1", "no tar"},
	{"POST", "/containers/prune?filters={\"until\":[\"1h\"]}", NULL},
	{"POST", "/containers/fuzz/exec", "{\"Cmd\":[\"ls\"],\"Tty\":true,\"Env\":[\"A=1\"]}"},
	{"POST", "/exec/@/start", "{\"Detach\":false,\"Tty\":false}"},
	{"POST", "/exec/@/resize?h=1&w=2", NULL},
	{"GET", "/exec/@/json", NULL},
	{"GET", "/images/json?all=1&digests=1&filters={\"dangling\":[\"true\"]}", NULL},
	{"POST", "/images/create?fromImage=127.0.0.1:1/nope&tag=latest", NULL},
	{"POST", "/images/create?fromSrc=-&repo=x", "no tar"},
	{"GET", "/images/fuzz/json", NULL},
	{"GET", "/images/fuzz/history", NULL},
	{"POST", "/images/fuzz/push?tag=1", NULL},
	{"POST", "/images/fuzz/tag?repo=a&tag=b", NULL},
	{"DELETE", "/images/fuzz?force=1&noprune=1", NULL},
	{"GET", "/images/fuzz/get", NULL},
	{"GET", "/images/get?names=a&names=b", NULL},
	{"POST", "/images/load?quiet=1", "no tar"},
	{"POST", "/images/prune", NULL},
	{"GET", "/images/search?term=x", NULL},
	{"GET", "/distribution/127.0.0.1:1/x/json", NULL},
	{"POST", "/commit?container=fuzz&repo=a", "{}"},
	{"POST", "/build?dockerfile=D&t=x", "no tar"},
	{"POST", "/build/prune", NULL},
	{"GET", "/networks?filters={\"name\":[\"bridge\"]}", NULL},
	{"GET", "/networks/bridge?verbose=1", NULL},
	{"POST", "/networks/create",
	 "{\"Name\":\"fuzz\",\"Driver\":\"bridge\",\"IPAM\":{\"Config\":[{\"Subnet\":"
	 "\"10.9.0.0/24\",\"Gateway\":\"10.9.0.1\"}]},\"Options\":{\"a\":\"b\"}}"},
	{"POST", "/networks/fuzz/connect", "{\"Container\":\"fuzz\",\"EndpointConfig\":{}}"},
	{"POST", "/networks/fuzz/disconnect", "{\"Container\":\"fuzz\",\"Force\":true}"},
	{"DELETE", "/networks/fuzz", NULL},
	{"POST", "/networks/prune", NULL},
	{"GET", "/volumes", NULL},
	{"POST", "/volumes/create", "{\"Name\":\"fuzz\",\"Driver\":\"local\",\"DriverOpts\":{}}"},
	{"GET", "/volumes/fuzz", NULL},
	{"DELETE", "/volumes/fuzz?force=1", NULL},
	{"POST", "/volumes/prune", NULL},
	{"GET", "/plugins", NULL},
	{"GET", "/swarm", NULL},
	{"POST", "/swarm/init", "{}"},
	{"GET", "/services", NULL},
	{"GET", "/nodes", NULL},
	{"POST", "/session", NULL},
};

static uint64_t state;
static char request[REQUEST_MAX * 2], answer[65536];
static char exec_id[ID_LEN + 1] = "0123";
static int bad, shown, counts[600];

static uint32_t rnd(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return below ? (uint32_t)((state >> 16) % below) : 0;
}

static const char *pick_text(void)
{
	static const char *const texts[] = {
		"",	     "%",
		"%zz",	     "%00",
		"../..",     "%2e%2e%2f",
		"a b",	     "\xff\xfe",
		"-1",	     "99999999999999999999",
		"{}",	     "[[[[[[[[",
		"\"",	     "null",
		"true",	     "1e999",
		"%s%n",	     "latest@sha256:00",
		"a:b:c:d",   "\\u0000",
		"{\"a\":1}", "0x10",
		"SIGNOPE",   "0.0.0.0",
		"[::1]:80",  "/",
		"~",	     "*",
	};

	return texts[rnd(sizeof(texts) / sizeof(texts[0]))];
}

/* Replaces a random stretch of s (size bytes of room) by a text, a run of one byte, or nothing. */
static void damage(char *s, size_t size)
{
	size_t len = strlen(s), at = rnd((uint32_t)len + 1), cut = rnd(8), run = 0;
	const char *text = pick_text();
	char rest[REQUEST_MAX];

	if (rnd(10) == 0) {
		run = rnd(3000);
		text = "";
	}
	if (at + cut > len)
		cut = len - at;
	snprintf(rest, sizeof(rest), "%s", s + at + cut);
	for (size_t i = 0; i < run && at < size - 1; i++)
		s[at++] = 'A';
	snprintf(s + at, size - at, "%s%s", text, rest);
}

static int dial(const char *path)
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

/* A request from the table, damaged; *ret_plain says that its head is still well-formed. */
static size_t make_request(int *ret_plain)
{
	const struct route *r = &routes[rnd(sizeof(routes) / sizeof(routes[0]))];
	static const char *const versions[] = {"/v1.51", "/v1.24", "/v1.41", "", "/v1.99", "/v0.1"};
	static char path[REQUEST_MAX], body[REQUEST_MAX];
	static const char *const extras[] = {
		"Upgrade: tcp\r\nConnection: Upgrade\r\n",
		"Expect: 100-continue\r\n",
		"X-Registry-Auth: e30=\r\n",
		"X-Registry-Auth: ====\r\n",
		"X-Registry-Config: bnVsbA==\r\n",
		"Accept: application/vnd.docker.multiplexed-stream\r\n",
		"Range: bytes=5-2\r\n",
	};
	const char *method = rnd(30) ? r->method : "PATCH", *at = strchr(r->path, '@');
	int n;

	if (at)
		snprintf(path, sizeof(path), "%s%.*s%s%s", versions[rnd(6)], (int)(at - r->path),
			 r->path, exec_id, at + 1);
	else
		snprintf(path, sizeof(path), "%s%s", versions[rnd(6)], r->path);
	snprintf(body, sizeof(body), "%s", r->body ? r->body : "");
	*ret_plain = 1;
	if (rnd(2))
		damage(path, sizeof(path) / 2);
	for (uint32_t i = rnd(4); r->body && i > 0; i--)
		damage(body, sizeof(body) / 2);
	for (char *p = path; *p; p++)
		if (*p == ' ' || (unsigned char)*p > 126 || *p < 33)
			*ret_plain = 0;
	if (path[0] != '/')
		*ret_plain = 0;
	n = snprintf(request, sizeof(request),
		     "%s %s HTTP/1.1\r\nHost: x\r\n%sContent-Type: %s\r\n"
		     "Content-Length: %zu\r\n\r\n%s",
		     method, path,
		     rnd(4) ? "Connection: close\r\n"
			    : extras[rnd(sizeof(extras) / sizeof(extras[0]))],
		     rnd(20) ? "application/json" : "text/plain", strlen(body), body);
	if (n >= (int)sizeof(request))
		n = (int)sizeof(request) - 1;
	for (uint32_t i = rnd(25) ? 0 : 1 + rnd(5); i > 0; i--) { /* raw bytes */
		request[rnd((uint32_t)n)] = (char)rnd(256);
		*ret_plain = 0;
	}
	return (size_t)n;
}

/* how much of the answer is still to come: an error and what was asked well is read to its end */
static int unfinished(size_t got, int whole)
{
	const char *end = memmem(answer, got, "\r\n\r\n", 4), *length;
	int status = 0;

	if (end == NULL)
		return 1;
	if (!whole && (sscanf(answer, "HTTP/1.%*d %d", &status) != 1 || status < 400))
		return 0;
	length = memmem(answer, (size_t)(end - answer), "\r\nContent-Length: ", 18);
	if (length != NULL)
		return got < (size_t)(end + 4 - answer) + strtoul(length + 18, NULL, 10);
	return got < 5 || memcmp(answer + got - 5, "0\r\n\r\n", 5) != 0;
}

/*
 * An answer, or of one that may be without end the first part, up to a quiet moment. Returns its
 * length, -1 when none came.
 */
static ssize_t exchange(const char *sock, size_t len, int plain, int whole)
{
	size_t got = 0;
	ssize_t n;
	int fd = dial(sock), wait = plain ? ANSWER_WAIT_MS : 100,
	    head = !strncmp(request, "HEAD", 4);

	if (strstr(request, "/wait"))
		wait = 100;
	if (fd < 0)
		return -2;
	if (send(fd, request, len, MSG_NOSIGNAL) < 0 && errno != EPIPE)
		perror("send");
	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};

		if (poll(&p, 1, got && !(plain && !head && unfinished(got, whole)) ? 30 : wait) <=
		    0)
			break;
		n = recv(fd, answer + got, sizeof(answer) - 1 - got, 0);
		if (n <= 0)
			break;
		got += (size_t)n;
	}
	close(fd);
	answer[got] = '\0';
	return got ? (ssize_t)got : -1;
}

static void complain(const char *what)
{
	bad++;
	if (shown++ >= BAD_SHOWN)
		return;
	printf("--- %s\n%.700s\n... answered:\n%.300s\n", what, request, answer);
}

/* what a registry's host, or a host without control groups, is the reason of: 500 there, too */
static int docker_says_so(void)
{
	static const char *const texts[] = {"onnect", "dial tcp: lookup", "cannot pause container",
					    "is not paused"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (strstr(answer, texts[i]))
			return 1;
	return 0;
}

static void judge(int plain, int head)
{
	int status = 0;
	const char *body = strstr(answer, "\r\n\r\n");

	if (sscanf(answer, "HTTP/1.%*d %d", &status) != 1 || status < 100 || status > 599) {
		complain("no status line");
		return;
	}
	counts[status]++;
	if (status == 500 && !docker_says_so())
		complain("status 500");
	if (plain && !head && status >= 400 && (!body || !strstr(body, "\"message\"")) &&
	    !strstr(answer, "text/plain") && !strstr(answer, "raw-stream"))
		complain("no message");
}

/* A good request; its answer is in answer[]. */
static void ask(const char *sock, const char *method, const char *path, const char *body)
{
	int n = snprintf(request, sizeof(request),
			 "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
			 "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
			 method, path, strlen(body), body);

	answer[0] = '\0';
	(void)exchange(sock, (size_t)n, 1, 1);
}

/* Copies the n-th id of the answer; 0 when there are not so many. */
static int nth_id(int n, char *id)
{
	const char *p = answer;

	for (; n >= 0 && (p = strstr(p, "\"Id\":\"")) != NULL; n--)
		p += 6;
	if (p == NULL || strlen(p) < ID_LEN)
		return 0;
	memcpy(id, p, ID_LEN);
	id[ID_LEN] = '\0';
	return 1;
}

/* Nothing but a fresh container "fuzz" with an exec. */
static void renew(const char *sock, const char *image)
{
	static char ids[400][ID_LEN + 1];
	char path[300];
	int n = 0;

	ask(sock, "GET", "/containers/json?all=1", "");
	while (n < 400 && nth_id(n, ids[n]))
		n++;
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "/containers/%.64s?force=1&v=1", ids[i]);
		ask(sock, "DELETE", path, "");
	}
	snprintf(path, sizeof(path), "/images/%s/tag?repo=fuzz", image);
	ask(sock, "POST", path, "");
	ask(sock, "POST", "/containers/create?name=fuzz",
	    "{\"Image\":\"fuzz\",\"Cmd\":[\"sleep\",\"1000\"],\"OpenStdin\":true,"
	    "\"StopSignal\":\"SIGKILL\"}");
	ask(sock, "POST", "/containers/fuzz/start", "");
	ask(sock, "POST", "/containers/fuzz/exec", "{\"Cmd\":[\"ls\"],\"AttachStdout\":true}");
	if (!nth_id(0, exec_id)) {
		printf("no container to hit: %.500s\n", answer);
		bad++;
	}
}

static void report(long count)
{
	printf("%ld requests:", count);
	for (int i = 0; i < 600; i++)
		if (counts[i])
			printf(" %d of %d,", counts[i], i);
	printf(" %d wrong\n", bad);
}

int main(int argc, char **argv)
{
	long count = argc > 2 ? strtol(argv[2], NULL, 10) : 1000;
	int plain;

	if (argc < 2)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	state = 88172645463325252ULL ^ (argc > 3 ? strtoull(argv[3], NULL, 10) : 1) << 20;
	for (long i = 0; i < count; i++) {
		size_t len;
		ssize_t got;

		if (argc > 4 && i % RENEW_EVERY == 0)
			renew(argv[1], argv[4]);
		len = make_request(&plain);
		got = exchange(argv[1], len, plain, 0);
		if (got == -2) {
			printf("the engine is gone after request %ld:\n%.2000s\n", i, request);
			return 1;
		}
		if (got > 0)
			judge(plain, !strncmp(request, "HEAD", 4));
		else if (plain && !strstr(request, "/wait")) /* which waits */
			complain("no answer");
	}
	report(count);
	return bad ? 1 : 0;
}
