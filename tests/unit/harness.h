// SPDX-License-Identifier: MIT
/*
 * Unit test harness: each TEST runs in a forked child with a timeout, so a
 * crash, a hang or a changed namespace stays in its test. Output is TAP.
 *
 *	#include "tests/unit/harness.h"
 *
 *	TEST(buf_starts_empty)
 *	{
 *		struct buf b = BUF_INIT;
 *
 *		CHECK_EQ(b.len, 0);
 *	}
 *
 * A failed check ends its test. main() comes with the harness; an argument
 * selects the tests whose name contains it.
 */
#ifndef TESTS_UNIT_HARNESS_H
#define TESTS_UNIT_HARNESS_H

struct harness_test {
	const char *name;
	void (*run)(void);
	unsigned timeout_ms;
	struct harness_test *next;
};

/* Called by the constructor that TEST() makes. */
void harness_register(struct harness_test *t);

/* What the CHECK macros call: print where and why, end the test's process. */
void harness_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 3, 4)));
void harness_skip(const char *reason) __attribute__((noreturn));
void harness_check_eq(const char *file, int line, const char *expr, long long a, long long b);
void harness_check_str(const char *file, int line, const char *expr, const char *a, const char *b);
void harness_check_mem(const char *file, int line, const char *expr, const void *a, const void *b,
		       unsigned long len);

/**
 * harness_tmpdir() - a fresh directory for the running test, removed when the test ends
 *
 * Return: its absolute path, valid until the test ends. Ends the test on failure.
 */
const char *harness_tmpdir(void);

/* A test with its own timeout; TEST's is 30 seconds: for what hangs, not for what is slow. */
#define TEST_TIMEOUT(test_name, ms)                                                   \
	static void test_##test_name(void);                                           \
	__attribute__((constructor)) static void harness_add_##test_name(void)        \
	{                                                                             \
		static struct harness_test t = {#test_name, test_##test_name, ms, 0}; \
		harness_register(&t);                                                 \
	}                                                                             \
	static void test_##test_name(void)

#define TEST(test_name) TEST_TIMEOUT(test_name, 30000)

#define CHECK(cond)                                                    \
	do {                                                           \
		if (!(cond))                                           \
			harness_fail(__FILE__, __LINE__, "%s", #cond); \
	} while (0)

#define CHECK_MSG(cond, ...)                                           \
	do {                                                           \
		if (!(cond))                                           \
			harness_fail(__FILE__, __LINE__, __VA_ARGS__); \
	} while (0)

/* Integers of any type. */
#define CHECK_EQ(a, b) \
	harness_check_eq(__FILE__, __LINE__, #a " == " #b, (long long)(a), (long long)(b))

/* Strings; NULL equals only NULL. */
#define CHECK_STR(a, b) harness_check_str(__FILE__, __LINE__, #a " is " #b, (a), (b))

#define CHECK_MEM(a, b, len) \
	harness_check_mem(__FILE__, __LINE__, #a " equals " #b, (a), (b), (len))

/* An int f(..., struct err *e) call that has to succeed or to fail; E is the struct err. */
#define CHECK_OK(call, err)                                                           \
	do {                                                                          \
		if ((call) < 0)                                                       \
			harness_fail(__FILE__, __LINE__, "%s: %s", #call, (err).msg); \
	} while (0)

#define SKIP(reason) harness_skip(reason)

#endif
