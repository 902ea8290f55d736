// SPDX-License-Identifier: MIT
/*
 * hello: what the embedded image thimble/hello runs. It says what had to work
 * for its words to appear.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include "applets/applets.h"
#include "base/opt.h"

struct conf {
	bool quiet;
};

static const struct opt opts[] = {
	{'q', "quiet", OPT_FLAG, offsetof(struct conf, quiet), NULL, "print one line only", NULL},
	{0},
};

static const struct opt_usage usage = {
	.synopsis = "hello [OPTIONS]",
	.about = "Print the message of the embedded image thimble/hello.",
	.opts = opts,
};

static const char steps[] =
	"\n"
	"What happened for this message to reach you:\n"
	" 1. The client asked the engine, over its socket, for a container of thimble/hello.\n"
	" 2. The engine took the image from inside its own binary: no registry, no network.\n"
	" 3. A shim made the namespaces, mounted the layers, dropped capabilities, installed\n"
	"    the seccomp filter and started this program; no process of it is root on the host.\n"
	" 4. The shim carried these lines to the engine, and the engine to your terminal.\n"
	"\n"
	"Something bigger, from a registry:\n"
	"    docker run -it debian bash\n"
	"    docker run -d -p 8080:80 nginx\n";

int hello_main(int argc, char **argv)
{
	struct conf conf = {0};
	struct err e;

	if (opt_wants_help(opts, argc, argv, 0)) {
		opt_print_help(&usage, stdout);
		return 0;
	}
	if (opt_parse(opts, &conf, argc, argv, 0, &e) < 0) {
		fprintf(stderr, "hello: %s\n", e.msg);
		return 125;
	}
	printf("Hello from thimble: your rootless containers work (pid %d, uid %u in here).\n",
	       (int)getpid(), (unsigned)getuid());
	if (!conf.quiet)
		fputs(steps, stdout);
	return fflush(stdout) ? 1 : 0;
}
