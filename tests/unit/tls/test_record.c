// SPDX-License-Identifier: MIT
/* tls/record.c: forged alerts do not end a connection cleanly */
#include <unistd.h>

#include "tests/unit/tls/pair.h"

static void send_forged(const void *p, size_t n, const char *want)
{
	struct pair pair = {.client = tls_config_new()};
	struct stream *s = NULL;
	struct err e;

	CHECK_OK(tls_config_add_ca_file(pair.client, DATA "ca.crt", &e), e);
	pair_start(&pair, "ec");
	CHECK_OK(tls_client_new(stream_fd_new(dup(pair.client_fd)), pair.client, "localhost", &s,
				&e),
		 e);
	CHECK_EQ(write(pair.client_fd, p, n), (ssize_t)n);
	pthread_join(pair.thread, NULL);
	CHECK_EQ(pair.server_result, -1);
	CHECK_STR(pair.server_err.msg, want);
	close(pair.client_fd);
	stream_free(s);
	tls_config_free(pair.server);
	tls_config_free(pair.client);
}

TEST(record_forged_alerts)
{
	static const unsigned char plain[] = {21, 3, 3, 0, 2, 1, 0};
	unsigned char sized[5 + 26] = {21, 3, 3, 0, 26}, huge[5 + 300] = {21, 3, 3, 1, 44};

	send_forged(plain, sizeof(plain), "tls: bad record MAC");
	send_forged(sized, sizeof(sized), "tls: bad record MAC");
	send_forged(huge, sizeof(huge), "tls: bad record MAC");
}
