// SPDX-License-Identifier: MIT
/*
 * badregistry MODE: a registry that misbehaves. Listens on a free port of
 * 127.0.0.1 and prints it; serves until it is killed.
 *
 *   stall     takes the request and never answers
 *   drip      sends a manifest a byte a second
 *   short     announces 1000 bytes of manifest, sends 10, closes
 *   loop      redirects every request to itself
 *   headers   sends headers until 1 GB is sent or the client leaves
 *   manifest  a manifest of 1 GB
 *   garbage   bytes that are no HTTP
 */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int port;

static int say(int fd, const char *text)
{
	return send(fd, text, strlen(text), MSG_NOSIGNAL) < 0 ? -1 : 0;
}

static void flood(int fd, const char *head, const char *piece)
{
	size_t sent = 0;

	if (say(fd, head) < 0)
		return;
	while (sent < 1000000000 && say(fd, piece) == 0)
		sent += strlen(piece);
}

static void serve(int fd, const char *mode)
{
	char request[4096], text[256];

	if (recv(fd, request, sizeof(request), 0) <= 0)
		return;
	if (!strcmp(mode, "stall")) {
		pause();
	} else if (!strcmp(mode, "drip")) {
		say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n"
			"Content-Type: application/vnd.oci.image.manifest.v1+json\r\n\r\n");
		while (say(fd, " ") == 0)
			sleep(1);
	} else if (!strcmp(mode, "short")) {
		say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"schemaVe");
	} else if (!strcmp(mode, "loop")) {
		snprintf(text, sizeof(text),
			 "HTTP/1.1 307 Temporary Redirect\r\nLocation: "
			 "http://127.0.0.1:%d/v2/again\r\n"
			 "Content-Length: 0\r\nConnection: close\r\n\r\n",
			 port);
		say(fd, text);
	} else if (!strcmp(mode, "headers")) {
		flood(fd, "HTTP/1.1 200 OK\r\n",
		      "X-Long: "
		      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n");
	} else if (!strcmp(mode, "manifest")) {
		flood(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n",
		      "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[");
	} else {
		say(fd, "\x16\x03\x01\x02 no http\r\n\r\n");
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in sa = {.sin_family = AF_INET};
	socklen_t len = sizeof(sa);
	int l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (argc != 2 || bind(l, (struct sockaddr *)&sa, sizeof(sa)) < 0 || listen(l, 64) < 0)
		return 2;
	getsockname(l, (struct sockaddr *)&sa, &len);
	port = ntohs(sa.sin_port);
	printf("%d\n", port);
	fflush(stdout);
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		int fd = accept(l, NULL, NULL);

		if (fd >= 0 && fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			serve(fd, argv[1]);
			_exit(0);
		}
		close(fd);
	}
}
