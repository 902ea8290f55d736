// SPDX-License-Identifier: MIT
/*
 * The engine as a service where there is no systemd: the start line, and a
 * script for the supervisor that this host has, with the commands that put it
 * in place, of the user or of root, for people to run. The texts are
 * config/docker.openrc and docker.run, both with docker.prepare in it. Sources:
 * openrc-run(8), supervise-daemon(8), runsv(8), s6-supervise, crontab(5).
 */
#include <ctype.h>
#include <dirent.h>
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
#include "base/proc.h"
#include "base/str.h"

#define CMDLINE_MAX	4096
#define HELP_TIMEOUT_MS 5000

SETUP_TEXT(openrc);
SETUP_TEXT(run);
SETUP_TEXT(prepare);

/* What supervises services where there is no systemd, in the order of preference; the one that runs
 * goes before one that is only installed. In the commands FILE and DIR stand for the file and its
 * directory, SCAN for the supervisor's directory of services. */
static const struct init {
	const char *program; /* that shows it is installed */
	const char *process; /* that shows it runs */
	const char *name;
	const char *file; /* below the configuration directory; NULL: none */
	const char *text;
	const char *as;	       /* what a supervisor of root starts the engine through */
	const char *scans;     /* directories of root's services, the first there is counts */
	const char *mine;      /* commands of the user; NULL: none */
	const char *mine_file; /* that shows that the user ran them */
	const char *mine_boot; /* what else they need to be there at boot */
	const char *mine_off;  /* what ends it */
	const char *root;      /* commands for root, without a supervisor of the user's own */
	const char *root_file; /* that shows that root did so */
	const char *root_off;
} inits[] = {
	{"rc-service", NULL, "OpenRC", "rc/init.d/docker", setup_text_openrc, "", "",
	 "rc-update --user add docker default && rc-service --user docker start",
	 "DIR/../runlevels/default/docker",
	 "sudo ln -sf user /etc/init.d/user.USER && sudo rc-update add user.USER default",
	 "rc-service --user docker stop; rc-update --user del docker default",
	 "sudo install -m 755 FILE /etc/init.d/docker.USER && sudo rc-update add docker.USER "
	 "default && sudo rc-service docker.USER start",
	 "/etc/init.d/docker.USER",
	 "sudo rc-service docker.USER stop; sudo rc-update del docker.USER default; sudo rm "
	 "/etc/init.d/docker.USER"},
	{"runsv", "runsvdir", "runit", "runit/docker/run", setup_text_run, "chpst -u",
	 "/var/service /etc/service /run/runit/service", "ln -s DIR SCAN/", "SCAN/docker",
	 "runsvdir SCAN", "sv -w 40 down SCAN/docker; rm SCAN/docker; rm -r DIR",
	 "sudo install -D -m 755 FILE /etc/sv/docker.USER/run && sudo ln -s /etc/sv/docker.USER "
	 "SCAN/",
	 "/etc/sv/docker.USER",
	 "sudo sv -w 40 down SCAN/docker.USER; sudo rm -r SCAN/docker.USER /etc/sv/docker.USER"},
	{"s6-svscan", "s6-svscan", "s6", "s6/docker/run", setup_text_run, "s6-setuidgid",
	 "/run/service /service /etc/service", "ln -s DIR SCAN/ && s6-svscanctl -a SCAN",
	 "SCAN/docker", "s6-svscan SCAN",
	 "s6-svc -wD -T 40000 -d SCAN/docker; rm SCAN/docker; s6-svscanctl -n SCAN; rm -r DIR",
	 "sudo install -D -m 755 FILE /etc/s6/sv/docker.USER/run && sudo ln -s "
	 "/etc/s6/sv/docker.USER SCAN/ && sudo s6-svscanctl -a SCAN",
	 "/etc/s6/sv/docker.USER",
	 "sudo s6-svc -wD -T 40000 -d SCAN/docker.USER; sudo rm SCAN/docker.USER; sudo "
	 "s6-svscanctl -n SCAN; sudo rm -r /etc/s6/sv/docker.USER"},
	{"crontab", NULL, "cron", NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL},
};

/* The command line of a process that has this name and this owner, zeros between its words; false
 * when there is none. */
static bool find_process(const char *name, uid_t uid, struct buf *ret)
{
	DIR *d = opendir("/proc");
	struct dirent *entry;
	bool found = false;
	struct err ignored;

	while (d != NULL && !found && (entry = readdir(d)) != NULL) {
		CLEANUP(freep) char *dir = path_join("/proc", entry->d_name);
		CLEANUP(freep) char *comm = path_join(dir, "comm");
		CLEANUP(freep) char *cmdline = path_join(dir, "cmdline");
		CLEANUP(buf_clear) struct buf text = BUF_INIT;
		struct stat st;

		if (!isdigit((unsigned char)entry->d_name[0]) || stat(dir, &st) < 0 ||
		    st.st_uid != uid || file_read(AT_FDCWD, comm, 64, &text, &ignored) < 0)
			continue;
		text.data[strcspn(buf_str(&text), "\n")] = '\0';
		found = str_eq(text.data, name) &&
			file_read(AT_FDCWD, cmdline, CMDLINE_MAX, ret, &ignored) == 0;
	}
	if (d != NULL)
		closedir(d);
	return found;
}

/* The directory that a running supervisor was told to look at, on the heap; NULL: none runs. */
static char *scanned_by(const struct init *init, uid_t uid)
{
	CLEANUP(buf_clear) struct buf line = BUF_INIT;

	if (init->process == NULL || !find_process(init->process, uid, &line))
		return NULL;
	for (const char *word = buf_str(&line); word < buf_str(&line) + line.len;
	     word += strlen(word) + 1)
		if (*word == '/' && word != buf_str(&line) && path_exists(word))
			return xstrdup(word);
	return NULL;
}

/* Where root's services are: what runs tells, else the first directory there is. */
static char *root_scan(const struct init *init)
{
	CLEANUP(strv_clear) struct strv dirs = STRV_INIT;
	char *scan = scanned_by(init, 0);

	if (scan != NULL)
		return scan;
	strv_split(&dirs, init->scans, " ");
	strv_for_each (dir, &dirs)
		if (path_exists(*dir))
			return xstrdup(*dir);
	return xstrdup(dirs.len > 0 ? dirs.items[dirs.len - 1] : "");
}

static char *own_scan(const struct setup *s, const struct init *init)
{
	char *scan = scanned_by(init, getuid());

	return scan != NULL ? scan : path_join(s->home, "service");
}

static bool runs(const struct init *init)
{
	CLEANUP(freep) char *own = scanned_by(init, getuid());
	CLEANUP(freep) char *root = scanned_by(init, 0);

	if (init->process == NULL)
		return init->file != NULL && path_exists("/run/openrc/softlevel");
	return own != NULL || root != NULL;
}

static const struct init *find_init(void)
{
	const struct init *installed = NULL;

	for (size_t i = 0; i < ARRAY_LEN(inits); i++) {
		if (!setup_has(inits[i].program))
			continue;
		if (runs(&inits[i]))
			return &inits[i];
		if (installed == NULL)
			installed = &inits[i];
	}
	return installed;
}

/* OpenRC has services of users since 0.60; its help shows it. */
static bool has_user_services(const struct init *init)
{
	static const char *const argv[] = {"rc-service", "--help", NULL};
	const struct proc_spec spec = {.path = argv[0], .argv = argv};
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	struct err ignored;

	if (!str_eq(init->program, argv[0]))
		return true;
	return proc_run(&spec, HELP_TIMEOUT_MS, &text, &ignored) == 0 &&
	       strstr(buf_str(&text), "--user") != NULL;
}

/* What stands in double quotes in a script of the shell. */
static char *in_quotes(const char *value)
{
	struct buf b = BUF_INIT;

	for (; *value != '\0'; value++) {
		if (strchr("\\\"$`", *value) != NULL)
			buf_addch(&b, '\\');
		buf_addch(&b, *value);
	}
	return buf_detach(&b);
}

/* The command with FILE, DIR, SCAN and USER put in. */
static char *command_text(const struct setup *s, const char *file, const char *scan,
			  const char *command)
{
	CLEANUP(freep) char *dir = xstrndup(file, (size_t)(path_base(file) - file - 1));
	const struct setup_word words[] = {
		{"FILE", file}, {"DIR", dir}, {"SCAN", scan}, {"USER", s->user}};
	struct buf b = BUF_INIT;

	setup_expand(&b, command, words, ARRAY_LEN(words));
	return buf_detach(&b);
}

static int write_script(const struct setup *s, const struct init *init, const char *file)
{
	CLEANUP(buf_clear) struct buf whole = BUF_INIT;
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	CLEANUP(freep) char *home = in_quotes(s->home);
	CLEANUP(freep) char *bin = in_quotes(s->bin);
	CLEANUP(freep) char *run = in_quotes(s->runtime);
	const struct setup_word parts[] = {{"@PREPARE@\n", setup_text_prepare}};
	const struct setup_word words[] = {
		{"@USER@", s->user}, {"@HOME@", home},	 {"@BIN@", bin},
		{"@RUN@", run},	     {"@AS@", init->as},
	};

	if (path_exists(file)) {
		setup_say(SETUP_WARNING, "File already exists, skipping: %s", file);
		return 0;
	}
	setup_say(SETUP_INFO, "Creating %s", file);
	setup_expand(&whole, init->text, parts, ARRAY_LEN(parts));
	setup_expand(&text, buf_str(&whole), words, ARRAY_LEN(words));
	return setup_write(file, &text, 0755);
}

static int offer_script(const struct setup *s, const struct init *init)
{
	CLEANUP(freep) char *file = path_join(s->cfg_dir, init->file);
	CLEANUP(freep) char *scan = own_scan(s, init);
	CLEANUP(freep) char *of_root = root_scan(init);
	CLEANUP(freep) char *mine = command_text(s, file, scan, init->mine);
	CLEANUP(freep) char *boot = command_text(s, file, scan, init->mine_boot);
	CLEANUP(freep) char *root = command_text(s, file, of_root, init->root);

	if (write_script(s, init, file) != 0)
		return 1;
	if (!has_user_services(init)) {
		setup_say(SETUP_INFO, "To have %s keep it running, run: `%s`", init->name, root);
	} else {
		setup_say(SETUP_INFO, "To have %s keep it running, run: `%s`", init->name, mine);
		setup_say(SETUP_INFO, "which needs, at boot: `%s`", boot);
		setup_say(SETUP_INFO, "Or, with limits for containers, as a service of root: `%s`",
			  root);
	}
	printf("\n");
	return 0;
}

/* A runtime directory that only a login makes is not there at boot. */
static void use_lasting_runtime(struct setup *s)
{
	CLEANUP(freep) char *linger = path_join("/var/lib/elogind/linger", s->user);
	struct err e;
	char *own;

	if (!str_starts(s->runtime, "/run/") || path_exists(linger))
		return;
	own = path_join(s->home, ".docker/run");
	if (path_mkdirs(own, 0700, &e) < 0) {
		setup_say(SETUP_WARNING, "%s", e.msg);
		free(own);
		return;
	}
	setup_say(SETUP_INFO, "%s is not there at boot before a login, %s stands in for it",
		  s->runtime, own);
	free(s->runtime);
	s->runtime = own;
	setenv("XDG_RUNTIME_DIR", own, 1);
	s->runtime_made = true;
}

static int offer_cron(struct setup *s)
{
	CLEANUP(buf_clear) struct buf line = BUF_INIT;
	CLEANUP(freep) char *plain = NULL;

	use_lasting_runtime(s);
	plain = xasprintf("XDG_RUNTIME_DIR=%s PATH=%s:/sbin:/usr/sbin:$PATH " SETUP_SCRIPT
			  " >>%s/.docker/dockerd.log 2>&1",
			  s->runtime, s->bin, s->home);
	/* crontab(5): a bare % ends the command */
	setup_expand(&line, plain, &(const struct setup_word){"%", "\\%"}, 1);
	setup_say(SETUP_INFO, "To run it on system startup, add this line by `crontab -e`:");
	printf("\n@reboot %s\n\n", buf_str(&line));
	return 0;
}

int setup_install_plain(struct setup *s)
{
	const struct init *init = find_init();

	setup_say(SETUP_INFO,
		  "systemd not detected, " SETUP_SCRIPT " needs to be started manually:");
	printf("\nPATH=%s:/sbin:/usr/sbin:$PATH " SETUP_SCRIPT "\n\n", s->bin);
	if (init == NULL)
		return 0;
	return init->file == NULL ? offer_cron(s) : offer_script(s, init);
}

/* Tells what ends the service, when people have put it in place. True: it is the user's own. */
static bool tell_how_to_stop(const struct setup *s, const struct init *init, const char *file)
{
	CLEANUP(freep) char *scan = own_scan(s, init);
	CLEANUP(freep) char *of_root = root_scan(init);
	CLEANUP(freep) char *mine_file = command_text(s, file, scan, init->mine_file);
	CLEANUP(freep) char *mine = command_text(s, file, scan, init->mine_off);
	CLEANUP(freep) char *root_file = command_text(s, file, of_root, init->root_file);
	CLEANUP(freep) char *root = command_text(s, file, of_root, init->root_off);
	/* two supervisors may have their services in directories of one name */
	bool own = path_exists(file) && path_exists(mine_file);

	if (own)
		setup_say(SETUP_INFO, "To end %s's service, run: `%s`", init->name, mine);
	if (path_exists(root_file))
		setup_say(SETUP_INFO, "To remove %s's service of root, run: `%s`", init->name,
			  root);
	return own;
}

void setup_uninstall_plain(const struct setup *s)
{
	struct err ignored;

	setup_say(SETUP_INFO,
		  "systemd not detected, " SETUP_SCRIPT " needs to be stopped manually:");
	for (size_t i = 0; i < ARRAY_LEN(inits); i++) {
		CLEANUP(freep) char *file = NULL, *dir = NULL;
		bool in_place;

		if (inits[i].file == NULL)
			continue;
		file = path_join(s->cfg_dir, inits[i].file);
		dir = xstrndup(file, (size_t)(path_base(file) - file - 1));
		in_place = tell_how_to_stop(s, &inits[i], file);
		if (unlink(file) < 0)
			continue;
		setup_say(SETUP_INFO, "Removed %s", file);
		/* what a supervisor has put beside it goes, unless one is still at it */
		if (!in_place && str_eq(path_base(file), "run"))
			(void)!path_remove_tree(AT_FDCWD, dir, &ignored);
	}
}
