// SPDX-License-Identifier: MIT
/*
 * The engine as a service of the user: a systemd unit, written and controlled
 * as moby's contrib/dockerd-rootless-setuptool.sh does; without systemd the
 * start line, and a script for the supervisor that this host has. The texts are
 * config/docker.service, docker.openrc and docker.run.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "applets/setup_internal.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"

#define TEXT(name)                                       \
	__asm__(".section .rodata\n"                     \
		"setup_text_" #name ":"                  \
		" .incbin \"config/docker." #name "\"\n" \
		" .byte 0\n"                             \
		".previous\n");                          \
	extern const char setup_text_##name[]

TEXT(service);
TEXT(openrc);
TEXT(run);

/* What supervises services where there is no systemd, in the order of preference. */
static const struct init {
	const char *program; /* that shows it is there */
	const char *name;
	const char *file; /* below the configuration directory; NULL: none */
	const char *text;
	const char *as;	  /* what a supervisor of root starts the engine through */
	const char *mine; /* commands of the user; FILE and DIR stand for the file and its directory
			   */
	const char *root; /* commands for root, without a supervisor of the user's own */
} inits[] = {
	{"rc-service", "OpenRC", "rc/init.d/docker", setup_text_openrc, "",
	 "rc-update --user add docker default && rc-service --user docker start",
	 "sudo install -m 755 FILE /etc/init.d/docker.USER && sudo rc-update add docker.USER && "
	 "sudo rc-service docker.USER start"},
	{"runsv", "runit", "runit/docker/run", setup_text_run, "chpst -u",
	 "ln -s DIR ~/service/ (with runsvdir ~/service running)",
	 "sudo install -D -m 755 FILE /etc/sv/docker.USER/run && sudo ln -s /etc/sv/docker.USER "
	 "/etc/service/"},
	{"s6-svscan", "s6", "s6/docker/run", setup_text_run, "s6-setuidgid",
	 "ln -s DIR ~/service/ && s6-svscanctl -a ~/service (with s6-svscan ~/service running)",
	 "sudo install -D -m 755 FILE /service/docker.USER/run && sudo s6-svscanctl -a /service"},
	{"crontab", "cron", NULL, NULL, NULL, NULL, NULL},
};

/* One of two, by name; the value goes in as it is. */
struct word {
	const char *name, *value;
};

static void expand(struct buf *b, const char *text, const struct word *words, size_t n)
{
	while (*text != '\0') {
		size_t i;

		for (i = 0; i < n; i++)
			if (str_starts(text, words[i].name))
				break;
		if (i < n) {
			buf_addstr(b, words[i].value);
			text += strlen(words[i].name);
		} else {
			buf_addch(b, *text++);
		}
	}
}

/* systemd.exec(5): % is doubled, and what has blanks is quoted. */
static char *unit_path(const struct setup *s)
{
	CLEANUP(freep)
	char *plain = xasprintf("PATH=%s:/sbin:/usr/sbin:%s", s->bin, getenv("PATH"));
	bool quote = strpbrk(plain, " \t\"'\\") != NULL;
	struct buf b = BUF_INIT;

	if (quote)
		buf_addch(&b, '"');
	for (const char *p = plain; *p != '\0'; p++) {
		if (*p == '%')
			buf_addch(&b, '%');
		else if (*p == '"' || *p == '\\')
			buf_addch(&b, '\\');
		buf_addch(&b, *p);
	}
	if (quote)
		buf_addch(&b, '"');
	return buf_detach(&b);
}

static int write_text(const char *file, const struct buf *text, mode_t mode)
{
	CLEANUP(freep) char *dir = xstrndup(file, (size_t)(path_base(file) - file - 1));
	struct err e;

	if (path_mkdirs(dir, 0755, &e) == 0 &&
	    file_write(AT_FDCWD, file, buf_str(text), text->len, mode, FILE_SYNC, &e) == 0)
		return 0;
	setup_say(SETUP_ERROR, "%s", e.msg);
	return 1;
}

static char *unit_file(const struct setup *s)
{
	return xasprintf("%s/systemd/user/" SETUP_UNIT, s->cfg_dir);
}

#define SYSTEMCTL(...) ((const char *const[]){"systemctl", "--user", __VA_ARGS__, NULL})

static int write_unit(const struct setup *s)
{
	CLEANUP(freep) char *file = unit_file(s);
	CLEANUP(freep) char *path = unit_path(s);
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	/* the engine does not need it; where it is not installed the unit could not start */
	bool dbus = setup_run(SYSTEMCTL("cat", "dbus.socket"), false, true) == 0;
	const struct word words[] = {
		{"@DBUS@", dbus ? "Requires=dbus.socket\n" : ""},
		{"@PATH@", path},
		{"@BIN@", s->bin},
	};

	if (path_exists(file)) {
		setup_say(SETUP_WARNING, "File already exists, skipping: %s", file);
		return 0;
	}
	setup_say(SETUP_INFO, "Creating %s", file);
	expand(&text, setup_text_service, words, ARRAY_LEN(words));
	if (write_text(file, &text, 0644) != 0)
		return 1;
	return setup_run(SYSTEMCTL("daemon-reload"), false, false);
}

static int show_error(const struct setup *s)
{
	setup_say(SETUP_ERROR, "Failed to start " SETUP_UNIT
			       ". Run `journalctl -n 20 --no-pager --user --unit " SETUP_UNIT
			       "` to show the error log.");
	setup_say(SETUP_ERROR,
		  "Before retrying installation, you might need to uninstall the current setup: "
		  "`%s uninstall -f ; %s/rootlesskit rm -rf %s/.local/share/docker`",
		  s->arg0, s->bin, s->home);
	return 1;
}

/* "docker version" of the CLI beside us, else of our own. */
static void show_version(const struct setup *s)
{
	CLEANUP(freep) char *cli = path_join(s->bin, "docker");
	CLEANUP(freep) char *host = xasprintf("unix://%s/docker.sock", s->runtime);
	bool own = access(cli, X_OK) < 0;

	setup_trace("DOCKER_HOST=%s %s version", host, cli);
	setenv("DOCKER_HOST", host, 1);
	(void)setup_run((const char *const[]){own ? "docker" : cli, "version", NULL}, own, false);
	unsetenv("DOCKER_HOST");
}

static int install_systemd(const struct setup *s)
{
	if (write_unit(s) != 0)
		return 1;
	if (setup_run(SYSTEMCTL("--no-pager", "status", SETUP_UNIT), false, true) != 0) {
		setup_say(SETUP_INFO, "starting systemd service " SETUP_UNIT);
		setup_trace("systemctl --user start " SETUP_UNIT);
		if (setup_run(SYSTEMCTL("start", SETUP_UNIT), false, false) != 0)
			return show_error(s);
	}
	setup_trace("systemctl --user --no-pager --full status " SETUP_UNIT);
	if (setup_run(SYSTEMCTL("--no-pager", "--full", "status", SETUP_UNIT), false, false) != 0)
		return show_error(s);
	show_version(s);
	setup_trace("systemctl --user enable " SETUP_UNIT);
	if (setup_run(SYSTEMCTL("enable", SETUP_UNIT), false, false) != 0)
		return 1;
	setup_say(SETUP_INFO, "Installed " SETUP_UNIT " successfully.");
	setup_say(SETUP_INFO, "To control " SETUP_UNIT
			      ", run: `systemctl --user (start|stop|restart) " SETUP_UNIT "`");
	setup_say(SETUP_INFO,
		  "To run " SETUP_UNIT " on system startup, run: `sudo loginctl enable-linger %s`",
		  s->user);
	printf("\n");
	return 0;
}

static const struct init *find_init(void)
{
	for (size_t i = 0; i < ARRAY_LEN(inits); i++)
		if (setup_has(inits[i].program))
			return &inits[i];
	return NULL;
}

/* The command with FILE, DIR and USER put in. */
static char *command_text(const struct setup *s, const char *file, const char *command)
{
	CLEANUP(freep) char *dir = xstrndup(file, (size_t)(path_base(file) - file - 1));
	const struct word words[] = {{"FILE", file}, {"DIR", dir}, {"USER", s->user}};
	struct buf b = BUF_INIT;

	expand(&b, command, words, ARRAY_LEN(words));
	return buf_detach(&b);
}

static int offer_script(const struct setup *s, const struct init *init)
{
	CLEANUP(freep) char *file = path_join(s->cfg_dir, init->file);
	CLEANUP(freep) char *mine = command_text(s, file, init->mine);
	CLEANUP(freep) char *root = command_text(s, file, init->root);
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	const struct word words[] = {
		{"@USER@", s->user},   {"@HOME@", s->home}, {"@BIN@", s->bin},
		{"@RUN@", s->runtime}, {"@AS@", init->as},
	};

	if (path_exists(file)) {
		setup_say(SETUP_WARNING, "File already exists, skipping: %s", file);
	} else {
		setup_say(SETUP_INFO, "Creating %s", file);
		expand(&text, init->text, words, ARRAY_LEN(words));
		if (write_text(file, &text, 0755) != 0)
			return 1;
	}
	setup_say(SETUP_INFO, "To have %s keep it running, run: `%s`", init->name, mine);
	setup_say(SETUP_INFO, "Or, without a supervisor of your own: `%s`", root);
	printf("\n");
	return 0;
}

static int offer_cron(const struct setup *s)
{
	setup_say(SETUP_INFO, "To run it on system startup, add this line by `crontab -e`:");
	printf("\n@reboot XDG_RUNTIME_DIR=%s PATH=%s:/sbin:/usr/sbin:$PATH %s "
	       ">>%s/.docker/dockerd.log 2>&1\n\n",
	       s->runtime, s->bin, SETUP_SCRIPT, s->home);
	return 0;
}

static int install_plain(const struct setup *s)
{
	const struct init *init = find_init();

	setup_say(SETUP_INFO,
		  "systemd not detected, " SETUP_SCRIPT " needs to be started manually:");
	printf("\nPATH=%s:/sbin:/usr/sbin:$PATH " SETUP_SCRIPT "\n\n", s->bin);
	if (init == NULL)
		return 0;
	return init->file == NULL ? offer_cron(s) : offer_script(s, init);
}

int setup_install_service(const struct setup *s)
{
	return s->systemd ? install_systemd(s) : install_plain(s);
}

static void uninstall_plain(const struct setup *s)
{
	setup_say(SETUP_INFO,
		  "systemd not detected, " SETUP_SCRIPT " needs to be stopped manually:");
	for (size_t i = 0; i < ARRAY_LEN(inits); i++) {
		CLEANUP(freep) char *file = NULL;

		if (inits[i].file == NULL)
			continue;
		file = path_join(s->cfg_dir, inits[i].file);
		if (unlink(file) == 0)
			setup_say(SETUP_INFO, "Removed %s", file);
	}
}

void setup_uninstall_service(const struct setup *s)
{
	CLEANUP(freep) char *file = unit_file(s);

	if (!s->systemd) {
		uninstall_plain(s);
		return;
	}
	setup_trace("systemctl --user stop " SETUP_UNIT);
	(void)setup_run(SYSTEMCTL("stop", SETUP_UNIT), false, false);
	setup_trace("systemctl --user disable " SETUP_UNIT);
	(void)setup_run(SYSTEMCTL("disable", SETUP_UNIT), false, false);
	(void)unlink(file);
	setup_say(SETUP_INFO, "Uninstalled " SETUP_UNIT);
}
