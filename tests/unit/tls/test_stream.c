// SPDX-License-Identifier: MIT
/* tls/stream.c */
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/tls/pair.h"

static struct stream *client(struct pair *p)
{
	struct stream *s = NULL;
	struct err e;

	CHECK_OK(tls_client_new(stream_fd_new(p->client_fd), p->client, "localhost", &s, &e), e);
	return s;
}

static struct pair trusted(void)
{
	struct pair p = {.client = tls_config_new()};
	struct err e;

	CHECK_OK(tls_config_add_ca_file(p.client, DATA "ca.crt", &e), e);
	return p;
}

struct feeder {
	struct stream *s;
	size_t total;
};

static void *feed_all(void *arg)
{
	struct feeder *f = arg;
	CLEANUP(freep) char *data = xmalloc(50000);
	struct err e;

	for (size_t done = 0; done < f->total; done += 50000) {
		for (size_t i = 0; i < 50000; i++)
			data[i] = (char)((done + i) * 7);
		CHECK_OK(stream_write(f->s, data, 50000, &e), e);
	}
	return NULL;
}

/* one thread writes while another reads; more than any buffer on the way holds */
TEST(stream_full_duplex)
{
	struct pair p = trusted();
	CLEANUP(freep) char *data = xmalloc(65536);
	struct feeder f = {.total = 10000000};
	pthread_t th;
	size_t got = 0;
	struct err e;

	pair_start(&p, "ec");
	f.s = client(&p);
	CHECK_OK(thread_start_joinable(&th, feed_all, &f, &e), e);
	while (got < f.total) {
		ssize_t n = stream_read(f.s, data, 65536, &e);

		CHECK_MSG(n > 0, "%s", e.msg);
		for (ssize_t i = 0; i < n; i++)
			CHECK(data[i] == (char)((got + (size_t)i) * 7));
		got += (size_t)n;
	}
	pthread_join(th, NULL);
	stream_free(f.s);
	pair_end(&p);
	CHECK_EQ(p.server_result, 0);
	CHECK_EQ(p.echoed, f.total);
}

/* the client half-closes before the answer, as docker run without stdin does */
TEST(stream_half_close)
{
	struct pair p = trusted();
	struct stream *s;
	char data[16] = "";
	size_t got = 0;
	struct err e;

	pair_start(&p, "ec");
	s = client(&p);
	CHECK_OK(stream_write(s, "answer me", 9, &e), e);
	CHECK_OK(stream_close_write(s, &e), e);
	CHECK_EQ(stream_write(s, "x", 1, &e), -1);
	while (got < 9) {
		ssize_t n = stream_read(s, data + got, sizeof(data) - got, &e);

		CHECK_MSG(n > 0, "%s", e.msg);
		got += (size_t)n;
	}
	CHECK_STR(data, "answer me");
	CHECK_EQ(stream_read(s, data, 1, &e), 0);
	stream_free(s);
	pair_end(&p);
	CHECK_EQ(p.server_result, 0);
}

TEST(stream_truncation_is_noticed)
{
	struct pair p = trusted();
	struct stream *s;

	pair_start(&p, "ec");
	s = client(&p);
	/* the connection ends without close_notify */
	shutdown(p.client_fd, SHUT_RDWR);
	pthread_join(p.thread, NULL);
	CHECK_EQ(p.server_result, -1);
	CHECK_STR(p.server_err.msg, "tls: unexpected EOF");
	stream_free(s);
	tls_config_free(p.server);
	tls_config_free(p.client);
}

TEST(stream_client_certificate)
{
	for (int with = 0; with < 2; with++) {
		struct pair p = trusted();
		struct stream *s = NULL;
		struct err e = {0};
		char c;

		p.server = tls_config_new();
		tls_config_set_client_auth(p.server, true);
		CHECK_OK(tls_config_add_ca_file(p.server, DATA "ca.crt", &e), e);
		if (with)
			CHECK_OK(tls_config_set_cert(p.client, DATA "cli.crt", DATA "cli.key", &e),
				 e);
		pair_start(&p, "rsa");
		if (tls_client_new(stream_fd_new(p.client_fd), p.client, "localhost", &s, &e) ==
		    0) {
			CHECK_EQ(with, 1);
			CHECK_OK(stream_write(s, "x", 1, &e), e);
			CHECK_EQ(stream_read(s, &c, 1, &e), 1);
			stream_free(s);
		} else {
			CHECK_MSG(!with, "%s", e.msg);
		}
		pair_end(&p);
		if (!with)
			CHECK_STR(p.server_err.msg, "tls: client didn't provide a certificate");
	}
}

TEST(stream_wrong_client_certificate)
{
	struct pair p = trusted();
	struct stream *s = NULL;
	struct err e;

	p.server = tls_config_new();
	tls_config_set_client_auth(p.server, true);
	CHECK_OK(tls_config_add_ca_file(p.server, DATA "ca.crt", &e), e);
	CHECK_OK(tls_config_set_cert(p.client, DATA "self.crt", DATA "self.key", &e), e);
	pair_start(&p, "ec");
	CHECK_EQ(tls_client_new(stream_fd_new(p.client_fd), p.client, "localhost", &s, &e), -1);
	pair_end(&p);
	CHECK_EQ(p.server_result, -1);
	CHECK_EQ(p.server_err.kind, ERR_DENIED);
}

TEST(stream_plain_http_on_both_sides)
{
	static const char answer[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
	struct pair p = {0};
	struct stream *s = NULL;
	char text[200] = "";
	struct err e;
	int fds[2];

	pair_start(&p, "ec");
	CHECK_EQ(write(p.client_fd, "GET / HTTP/1.1\r\n\r\n", 18), 18);
	CHECK(read(p.client_fd, text, sizeof(text) - 1) > 0);
	CHECK(strstr(text, "Client sent an HTTP request to an HTTPS server.") != NULL);
	close(p.client_fd);
	pthread_join(p.thread, NULL);
	CHECK_STR(p.server_err.msg, "client sent an HTTP request to an HTTPS server");
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	CHECK_EQ(write(fds[1], answer, sizeof(answer) - 1), (int)sizeof(answer) - 1);
	CHECK_EQ(tls_client_new(stream_fd_new(fds[0]), p.client, "localhost", &s, &e), -1);
	CHECK_STR(e.msg, "http: server gave HTTP response to HTTPS client");
	close(fds[1]);
	tls_config_free(p.server);
	tls_config_free(p.client);
}

TEST(stream_needs_a_certificate)
{
	CLEANUP(tls_config_freep) struct tls_config *c = tls_config_new();
	struct stream *s = NULL;
	struct err e;

	CHECK_EQ(tls_server_new(stream_mem_new("", 0, NULL), c, &s, &e), -1);
	CHECK_EQ(e.kind, ERR_INVALID);
	CHECK_EQ(tls_client_new(stream_mem_new("", 0, NULL), c, "h", &s, &e), -1);
	CHECK_STR(e.msg, "tls: connection closed during the handshake");
}
