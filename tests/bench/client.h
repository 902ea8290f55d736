// SPDX-License-Identifier: MIT
/* What the files of the bench's client share. */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

/* milliseconds of the monotonic clock */
double now_ms(void);
/* ends the program with errno's text */
void die(const char *what) __attribute__((noreturn));
/* prints the middle one of n, which are sorted */
void print_median(double *v, int n);
/* a connection to a Unix socket, -1 */
int dial(const char *path);
/* the measurements of api.c, "client api WHAT..."; false: there is none of that name */
bool api_bench(int argc, char **argv);

#endif
