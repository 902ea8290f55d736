// SPDX-License-Identifier: MIT
/* Signals by name. */
#include "base/signame.h"

#include <signal.h>

#include "tests/unit/harness.h"

TEST(signal_words)
{
	struct err e;
	int sig;

	CHECK_OK(signal_number("KILL", &sig, &e), e);
	CHECK_EQ(sig, SIGKILL);
	CHECK_OK(signal_number("sigterm", &sig, &e), e);
	CHECK_EQ(sig, SIGTERM);
	CHECK_OK(signal_number("15", &sig, &e), e);
	CHECK_EQ(sig, SIGTERM);
	CHECK_OK(signal_number("SIGRTMIN+3", &sig, &e), e);
	CHECK_EQ(sig, 37);
	CHECK(signal_number("0", &sig, &e) < 0);
	CHECK(signal_number("65", &sig, &e) < 0);
	CHECK(signal_number("SIGNOPE", &sig, &e) < 0);
	CHECK_EQ(e.kind, ERR_INVALID);
}
