// SPDX-License-Identifier: MIT
/* tls/verify.c: what is accepted and how a refusal reads */
#include "tests/unit/tls/pair.h"

#define FAILED	"tls: failed to verify certificate: x509: "
#define UNKNOWN FAILED "certificate signed by unknown authority"

static void try(const char *cert, const char *ca, bool insecure, const char *name, const char *want)
{
	struct pair p = {0};
	CLEANUP(stream_freep) struct stream *s = NULL;
	CLEANUP(freep) char *ca_path = xasprintf(DATA "%s.crt", ca != NULL ? ca : "ca");
	struct err e = {0};
	int r;

	p.client = tls_config_new();
	if (ca != NULL)
		CHECK_OK(tls_config_add_ca_file(p.client, ca_path, &e), e);
	tls_config_set_insecure(p.client, insecure);
	pair_start(&p, cert);
	r = tls_client_new(stream_fd_new(p.client_fd), p.client, name, &s, &e);
	if (want == NULL)
		CHECK_MSG(r == 0, "%s as %s: %s", cert, name, e.msg);
	else
		CHECK_STR(r == 0 ? "accepted" : e.msg, want);
	stream_free(TAKE(s));
	pair_end(&p);
}

TEST(verify_names)
{
	try("ec", "ca", false, "localhost", NULL);
	try("ec", "ca", false, "127.0.0.1", NULL);
	try("ec", "ca", false, "::1", NULL);
	try("ec", "ca", false, "a.registry.example", NULL);
	try("rsa", "ca", false, "localhost", NULL);
	try("ec", "ca", false, "a.b.registry.example",
	    FAILED "certificate is valid for localhost, *.registry.example, not "
		   "a.b.registry.example");
	try("ec", "ca", false, "127.0.0.2",
	    FAILED "certificate is valid for 127.0.0.1, ::1, not 127.0.0.2");
	try("nosan", "ca", false, "127.0.0.1",
	    FAILED "cannot validate certificate for 127.0.0.1 because it doesn't contain any IP "
		   "SANs");
}

TEST(verify_trust)
{
	try("ec", NULL, false, "localhost", UNKNOWN);
	try("ec", "self", false, "localhost", UNKNOWN);
	try("self", "ca", false, "localhost", UNKNOWN);
	try("self", "self", false, "localhost", NULL);
	try("self", "self", false, "127.0.0.1", NULL);
	try("ec", "ec", false, "localhost", NULL); /* trusted for itself alone */
	try("old", "ca", false, "localhost", FAILED "certificate has expired or is not yet valid");
}

TEST(verify_insecure)
{
	try("ec", NULL, true, "whatever", NULL);
	try("old", NULL, true, "localhost", NULL);
	try("nosan", NULL, true, "127.0.0.1", NULL);
	try("rsa", NULL, true, "127.0.0.1", NULL);
}
