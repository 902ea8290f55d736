// SPDX-License-Identifier: MIT
/*
 * dockerd-rootless-setuptool.sh: check, install, uninstall, nsenter. The model
 * for behaviour, messages and their order is moby's
 * contrib/dockerd-rootless-setuptool.sh.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "applets/applets.h"
#include "applets/doctor_internal.h"
#include "applets/setup_internal.h"
#include "base/buf.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/opt.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/str.h"
#include "client/context.h"
#include "client/host.h"
#include "ns/subid.h"
#include "rootless/doctor.h"
#include "rootless/enter.h"

#define SYSTEM_SOCKET "/var/run/docker.sock"
#define RUN_FAILED    127

static const struct opt opts[] = {
	{'f', "force", OPT_FLAG, offsetof(struct setup, force), NULL, "", NULL},
	{0, "skip-iptables", OPT_FLAG, offsetof(struct setup, skip_iptables), NULL, "", NULL},
	{0},
};

static void usage(const char *arg0)
{
	printf("Usage: %s [OPTIONS] COMMAND\n"
	       "\n"
	       "A setup tool for Rootless Docker (" SETUP_SCRIPT ").\n"
	       "\n"
	       "Documentation: https://docs.docker.com/go/rootless/\n"
	       "\n"
	       "Options:\n"
	       "  -f, --force                Ignore rootful Docker (" SYSTEM_SOCKET ") and unmet "
	       "requirements\n"
	       "      --skip-iptables        Ignored: iptables is not needed\n"
	       "\n"
	       "Commands:\n"
	       "  check        Check prerequisites\n"
	       "  nsenter      Enter into RootlessKit namespaces (mostly for debugging)\n"
	       "  install      Install systemd unit (if systemd is available) and show how to "
	       "manage the service\n"
	       "  uninstall    Uninstall systemd unit\n",
	       arg0);
}

void setup_say(enum setup_level level, const char *fmt, ...)
{
	static const char *const words[] = {"INFO", "WARNING", "ERROR"};
	FILE *out = level == SETUP_INFO ? stdout : stderr;
	va_list ap;

	fflush(stdout); /* in order with what others write on either */
	if (isatty(fileno(out)))
		fprintf(out, "\033[%dm\033[97m[%s]\033[49m\033[39m ",
			level == SETUP_INFO ? 104 : 101, words[level]);
	else
		fprintf(out, "[%s] ", words[level]);
	va_start(ap, fmt);
	vfprintf(out, fmt, ap);
	va_end(ap);
	fputc('\n', out);
}

void setup_trace(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("+ ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

int setup_run(const char *const *argv, bool applet, bool quiet)
{
	CLEANUP(fd_closep) int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	const struct proc_fd fds[] = {{null, 1}, {null, 2}};
	const struct proc_spec spec = {
		.path = applet ? NULL : argv[0],
		.argv = argv,
		.fds = fds,
		.n_fds = quiet ? ARRAY_LEN(fds) : 0,
	};
	struct err e;
	pid_t pid;
	int code;

	fflush(NULL);
	pid = proc_spawn(&spec, &e);
	if (pid < 0 || proc_wait(pid, -1, &code, &e) < 0) {
		if (!quiet)
			fprintf(stderr, "%s: %s\n", argv[0], e.msg);
		return RUN_FAILED;
	}
	return code;
}

bool setup_has(const char *program)
{
	CLEANUP(freep) char *dirs = xasprintf("%s:/sbin:/usr/sbin", getenv("PATH"));
	CLEANUP(freep) char *file = rk_program(dirs, program);

	return file != NULL;
}

static int refuse(const char *line)
{
	setup_say(SETUP_ERROR, "%s", line);
	return 1;
}

/* After su or sudo XDG_RUNTIME_DIR is somebody else's, or none. */
static int init_runtime(struct setup *s)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");
	struct err e;

	if (!str_empty(dir) && access(dir, W_OK) == 0) {
		s->runtime = xstrdup(dir);
		return 0;
	}
	if (s->systemd) {
		setup_say(SETUP_ERROR,
			  "Aborting because systemd was detected but XDG_RUNTIME_DIR (\"%s\") is "
			  "not set, does not exist, or is not writable",
			  dir == NULL ? "" : dir);
		refuse("Hint: this could happen if you changed users with 'su' or 'sudo'. To work "
		       "around this:");
		refuse("- try again by first running with root privileges 'loginctl enable-linger "
		       "<user>' where <user> is the unprivileged user and export XDG_RUNTIME_DIR "
		       "to the value of RuntimePath as shown by 'loginctl show-user <user>'");
		return refuse("- or simply log back in as the desired unprivileged user (ssh works "
			      "for remote machines, machinectl shell works for local machines)");
	}
	s->runtime = path_join(s->home, ".docker/run");
	if (path_mkdirs(s->runtime, 0700, &e) < 0)
		return refuse(e.msg);
	setenv("XDG_RUNTIME_DIR", s->runtime, 1);
	s->runtime_made = true;
	return 0;
}

/* The checks that stand before every command but nsenter, in the order of the script. */
static int init(struct setup *s)
{
	CLEANUP(freep) char *script = rk_program(getenv("PATH"), SETUP_SCRIPT);
	const char *config = getenv("XDG_CONFIG_HOME");
	struct stat st;

	if (getuid() == 0)
		return refuse("Refusing to install rootless Docker as the root user");
	if (script == NULL)
		return refuse(SETUP_SCRIPT " needs to be present under $PATH");
	s->bin = xstrndup(script, (size_t)(path_base(script) - script - 1));
	s->systemd =
		setup_run((const char *const[]){"systemctl", "--user", "show-environment", NULL},
			  false, true) == 0;
	s->home = getenv("HOME");
	if (str_empty(s->home) || stat(s->home, &st) < 0 || !S_ISDIR(st.st_mode))
		return refuse("HOME needs to be set");
	if (access(s->home, W_OK) < 0)
		return refuse("HOME needs to be writable");
	s->user = subid_user_name(getuid());
	if (s->user == NULL)
		s->user = xasprintf("%u", (unsigned)getuid());
	s->cfg_dir = str_empty(config) ? path_join(s->home, ".config") : xstrdup(config);
	if (!s->force && access(SYSTEM_SOCKET, W_OK) == 0)
		return refuse("Aborting because rootful Docker (" SYSTEM_SOCKET
			      ") is running and accessible. Set --force to ignore.");
	return init_runtime(s);
}

static int cmd_check(struct setup *s)
{
	int code = init(s);

	if (code == 0)
		code = setup_requirements(s);
	if (code == 0)
		code = doctor_tell_setup();
	if (code == 0)
		setup_say(SETUP_INFO, "Requirements are satisfied");
	return code;
}

static int cli_use(const char *dir, const char *name)
{
	struct err e;

	if (context_use(dir, name, &e) == 0)
		return 0;
	return refuse(e.msg);
}

static int create_context(const struct setup *s)
{
	CLEANUP(freep) char *dir = host_config_dir(NULL);
	CLEANUP(freep) char *host = xasprintf("unix://%s/docker.sock", s->runtime);
	struct err e;

	if (context_exists(dir, SETUP_CONTEXT)) {
		setup_say(SETUP_INFO, "CLI context \"" SETUP_CONTEXT "\" already exists");
	} else {
		const struct context c = {SETUP_CONTEXT, host, "Rootless mode", false};

		setup_say(SETUP_INFO, "Creating CLI context \"" SETUP_CONTEXT "\"");
		if (context_create(dir, &c, &e) < 0)
			return refuse(e.msg);
	}
	setup_say(SETUP_INFO, "Using CLI context \"" SETUP_CONTEXT "\"");
	return cli_use(dir, SETUP_CONTEXT);
}

static void show_environment(const struct setup *s)
{
	printf("\n");
	setup_say(SETUP_INFO, "Make sure the following environment variables are set (or add them "
			      "to ~/.bashrc):");
	printf("\n");
	if (s->runtime_made)
		printf("# WARNING: systemd not found. You have to remove XDG_RUNTIME_DIR manually "
		       "on every logout.\n"
		       "export XDG_RUNTIME_DIR=%s\n",
		       s->runtime);
	printf("export PATH=%s:$PATH\n"
	       "export DOCKER_HOST=unix://%s/docker.sock\n"
	       "\n",
	       s->bin, s->runtime);
}

/* Whether rootlesskit works here at all, by running it. */
static int smoke_test(const struct setup *s)
{
	static const char failed[] = "RootlessKit failed, see the error messages and "
				     "https://rootlesscontaine.rs/getting-started/common/ .";

	if (setup_run((const char *const[]){"rootlesskit", "true", NULL}, true, false) == 0)
		return 0;
	(void)setup_apparmor();
	setup_say(s->force ? SETUP_WARNING : SETUP_ERROR, "%s%s", failed,
		  s->force ? "" : " Set --force to ignore.");
	return s->force ? 0 : 1;
}

static int cmd_install(struct setup *s)
{
	int code = init(s);

	if (code == 0)
		code = setup_requirements(s);
	if (code == 0)
		code = smoke_test(s);
	if (code == 0)
		code = setup_install_service(s);
	if (code == 0)
		code = create_context(s);
	if (code == 0)
		show_environment(s);
	return code;
}

static int cmd_uninstall(struct setup *s)
{
	CLEANUP(freep) char *dir = host_config_dir(NULL);
	struct err e;
	int code = init(s);

	if (code != 0)
		return code;
	setup_uninstall_service(s);
	if (context_exists(dir, SETUP_CONTEXT)) {
		if (context_remove(dir, SETUP_CONTEXT, &e) < 0)
			return refuse(e.msg);
		setup_say(SETUP_INFO, "Deleted CLI context \"" SETUP_CONTEXT "\"");
	}
	if (cli_use(dir, "default") != 0)
		return 1;
	setup_say(SETUP_INFO, "Configured CLI to use the \"default\" context.");
	setup_say(SETUP_INFO, "%s", "");
	setup_say(SETUP_INFO,
		  "Make sure to unset or update the environment PATH, DOCKER_HOST, and "
		  "DOCKER_CONTEXT environment variables if you have added them to `~/.bashrc`.");
	setup_say(SETUP_INFO, "This uninstallation tool does NOT remove Docker binaries and data.");
	setup_say(SETUP_INFO, "To remove data, run: `%s/rootlesskit rm -rf %s/.local/share/docker`",
		  s->bin, s->home);
	return 0;
}

static int cmd_nsenter(char **argv)
{
	struct err e;
	int code = 1;

	if (argv[0] != NULL && str_eq(argv[0], "--"))
		argv++;
	if (rk_enter_exec(NULL, argv, &code, &e) < 0)
		fprintf(stderr, "nsenter: %s\n", e.msg);
	return code;
}

static int dispatch(struct setup *s, const char *command)
{
	if (str_empty(command)) {
		setup_say(SETUP_ERROR,
			  "No command was specified. Run with --help to see the usage. Maybe you "
			  "want to run `%s install`?",
			  s->arg0);
		return 1;
	}
	if (str_eq(command, "check"))
		return cmd_check(s);
	if (str_eq(command, "install"))
		return cmd_install(s);
	if (str_eq(command, "uninstall"))
		return cmd_uninstall(s);
	setup_say(SETUP_ERROR, "Unknown command: %s. Run with --help to see the usage.", command);
	return 1;
}

int dockerd_rootless_setuptool_sh_main(int argc, char **argv);

int dockerd_rootless_setuptool_sh_main(int argc, char **argv)
{
	struct setup s = {.arg0 = argv[0]};
	struct err e;
	int first, code;

	if (getenv("PATH") == NULL)
		setenv("PATH", "/usr/local/bin:/usr/bin:/bin", 1);
	if (opt_wants_help(opts, argc, argv, OPT_STOP_AT_OPERAND)) {
		usage(s.arg0);
		return 0;
	}
	first = opt_parse(opts, &s, argc, argv, OPT_STOP_AT_OPERAND, &e);
	if (first > 0 && first < argc && str_eq(argv[first], "nsenter"))
		return cmd_nsenter(argv + first + 1);
	if (opt_wants_help(opts, argc, argv, 0)) {
		usage(s.arg0);
		return 0;
	}
	if (first > 0) /* options may stand behind the command */
		first = opt_parse(opts, &s, argc, argv, 0, &e);
	if (first < 0) {
		fprintf(stderr, "%s: %s\n", s.arg0, e.msg);
		usage(s.arg0);
		return 1;
	}
	code = dispatch(&s, first < argc ? argv[first] : NULL);
	free(s.bin);
	free(s.user);
	free(s.cfg_dir);
	free(s.runtime);
	return code;
}
