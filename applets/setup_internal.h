// SPDX-License-Identifier: MIT
/* What the parts of dockerd-rootless-setuptool.sh share. */
#ifndef APPLETS_SETUP_INTERNAL_H
#define APPLETS_SETUP_INTERNAL_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

#define SETUP_UNIT    "docker.service"
#define SETUP_SCRIPT  "dockerd-rootless.sh"
#define SETUP_CONTEXT "rootless"

struct setup {
	const char *arg0;
	bool force;
	bool skip_iptables; /* accepted: nothing here needs iptables */
	char *bin;	    /* directory of dockerd-rootless.sh */
	bool systemd;	    /* the user's systemd answers */
	const char *home;
	char *user;
	char *cfg_dir; /* XDG_CONFIG_HOME or ~/.config */
	char *runtime; /* XDG_RUNTIME_DIR, or what stands in for it */
	bool runtime_made;
};

enum setup_level { SETUP_INFO, SETUP_WARNING, SETUP_ERROR };

/** setup_say() - "[INFO] ..." on stdout, "[WARNING] ..." and "[ERROR] ..." on stderr; the prefix in
 * colours on a terminal */
void setup_say(enum setup_level level, const char *fmt, ...) PRINTF(2, 3);
/** setup_trace() - "+ ..." on stderr, as the shell's set -x */
void setup_trace(const char *fmt, ...) PRINTF(1, 2);
/** setup_run() - run a program of PATH, or with applet an applet; its exit code, 127 when it cannot
 * be run. quiet: its output goes nowhere */
int setup_run(const char *const *argv, bool applet, bool quiet);
/** setup_has() - PATH, /sbin or /usr/sbin has this program */
bool setup_has(const char *program);

/** setup_requirements() - the block of commands for what is missing; 0 nothing is, else exit code
 */
int setup_requirements(const struct setup *s);
/** setup_apparmor() - print the profile that allows user namespaces, when this host asks for one;
 * false: it does not */
bool setup_apparmor(void);

/* config/docker.NAME as the string setup_text_NAME. */
#define SETUP_TEXT(name)                                 \
	__asm__(".section .rodata\n"                     \
		"setup_text_" #name ":"                  \
		" .incbin \"config/docker." #name "\"\n" \
		" .byte 0\n"                             \
		".previous\n");                          \
	extern const char setup_text_##name[]

/* A word of such a text and what stands for it. */
struct setup_word {
	const char *name, *value;
};

/** setup_expand() - appends text, in it each word replaced by its value as it is */
void setup_expand(struct buf *b, const char *text, const struct setup_word *words, size_t n);
/** setup_write() - a file with its directories; 0, or 1 after a message */
int setup_write(const char *file, const struct buf *text, mode_t mode);

/** setup_install_service() - unit or script; exit code. May change the runtime directory to one
 * that is there at boot */
int setup_install_service(struct setup *s);
/** setup_install_plain() - the part of setup_install_service() without systemd */
int setup_install_plain(struct setup *s);
/** setup_uninstall_plain() - the part of setup_uninstall_service() without systemd */
void setup_uninstall_plain(const struct setup *s);
/** setup_uninstall_service() - stops, disables, removes it */
void setup_uninstall_service(const struct setup *s);

#endif
