// SPDX-License-Identifier: MIT
/*
 * The engine as a service of the user: a systemd unit, written and controlled
 * as moby's contrib/dockerd-rootless-setuptool.sh does. Without systemd see
 * setup_plain.c. The text is config/docker.service.
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

SETUP_TEXT(service);

void setup_expand(struct buf *b, const char *text, const struct setup_word *words, size_t n)
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

int setup_write(const char *file, const struct buf *text, mode_t mode)
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
	const struct setup_word words[] = {
		{"@DBUS@", dbus ? "Requires=dbus.socket\n" : ""},
		{"@PATH@", path},
		{"@BIN@", s->bin},
	};

	if (path_exists(file)) {
		setup_say(SETUP_WARNING, "File already exists, skipping: %s", file);
		return 0;
	}
	setup_say(SETUP_INFO, "Creating %s", file);
	setup_expand(&text, setup_text_service, words, ARRAY_LEN(words));
	if (setup_write(file, &text, 0644) != 0)
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

int setup_install_service(struct setup *s)
{
	return s->systemd ? install_systemd(s) : setup_install_plain(s);
}

void setup_uninstall_service(const struct setup *s)
{
	CLEANUP(freep) char *file = unit_file(s);

	if (!s->systemd) {
		setup_uninstall_plain(s);
		return;
	}
	setup_trace("systemctl --user stop " SETUP_UNIT);
	(void)setup_run(SYSTEMCTL("stop", SETUP_UNIT), false, false);
	setup_trace("systemctl --user disable " SETUP_UNIT);
	(void)setup_run(SYSTEMCTL("disable", SETUP_UNIT), false, false);
	(void)unlink(file);
	setup_say(SETUP_INFO, "Uninstalled " SETUP_UNIT);
}
