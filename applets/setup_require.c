// SPDX-License-Identifier: MIT
/*
 * What has to be asked of an administrator before a rootless engine works as
 * documented: the block "########## BEGIN ##########" of moby's
 * contrib/dockerd-rootless-setuptool.sh, without its iptables.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "applets/setup_internal.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "ns/subid.h"
#include "rootless/doctor.h"

static const struct {
	const char *manager, *command;
} installers[] = {
	{"apt-get", "apt-get install -y uidmap"},   {"dnf", "dnf install -y shadow-utils"},
	{"yum", "yum install -y shadow-utils"},	    {"apk", "apk add shadow-subids"},
	{"pacman", "pacman -S --noconfirm shadow"}, {"zypper", "zypper install -y shadow"},
};

/* 0, or 1 when there is no package manager to name. */
static int need_uidmap(struct buf *b)
{
	if (setup_has("newuidmap") && setup_has("newgidmap"))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(installers); i++) {
		if (!setup_has(installers[i].manager))
			continue;
		buf_addf(b, "# Install newuidmap & newgidmap binaries\n%s\n",
			 installers[i].command);
		return 0;
	}
	setup_say(SETUP_ERROR,
		  "newuidmap binary not found. Please install with a package manager.");
	return 1;
}

/* A sysctl that is there and has the value that forbids. */
static void need_sysctl(struct buf *b, const char *name, const char *bad, const char *good,
			const char *conf)
{
	CLEANUP(freep) char *path = xasprintf("/proc/sys/%s", name);
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	struct err ignored;

	for (char *p = path; *p != '\0'; p++)
		if (*p == '.')
			*p = '/';
	if (file_read(AT_FDCWD, path, 64, &text, &ignored) < 0)
		return;
	text.data[strcspn(buf_str(&text), "\n")] = '\0';
	if (!str_eq(text.data, bad))
		return;
	buf_addf(b,
		 "# Set %s\ncat <<EOT > /etc/sysctl.d/%s-rootless.conf\n%s = %s\nEOT\n"
		 "sysctl --system\n",
		 name, conf, name, good);
}

static void need_subids(const struct setup *s, struct buf *b, enum subid_kind kind)
{
	struct subid_ranges r = SUBID_RANGES_INIT;
	const char *word = kind == SUBID_UID ? "subuid" : "subgid";
	struct err ignored;

	if (subid_load(kind, SUBID_AUTO, s->user, getuid(), &r, &ignored) < 0)
		buf_addf(b, "# Add %s entry for %s\necho \"%s:%u:65536\" >> /etc/%s\n", word,
			 s->user, s->user, rk_subid_free(), word);
	subid_clear(&r);
}

int setup_requirements(const struct setup *s)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;

	if (need_uidmap(&b) != 0 && !s->force)
		return 1;
	need_sysctl(&b, "kernel.unprivileged_userns_clone", "0", "1", "50");
	need_sysctl(&b, "user.max_user_namespaces", "0", "28633", "51");
	need_subids(s, &b, SUBID_UID);
	need_subids(s, &b, SUBID_GID);
	if (b.len == 0)
		return 0;
	setup_say(SETUP_ERROR, "Missing system requirements. Run the following commands to");
	setup_say(SETUP_ERROR, "install the requirements and run this tool again.");
	printf("\n########## BEGIN ##########\nsudo sh -eux <<EOF\n%sEOF\n"
	       "########## END ##########\n\n",
	       buf_str(&b));
	if (!s->force)
		return 1;
	setup_say(SETUP_WARNING, "Going on without them (--force): see `%s check`.", s->arg0);
	return 0;
}

bool setup_apparmor(void)
{
	CLEANUP(freep) char *profile = NULL;

	if (!rk_apparmor_restricts(""))
		return false;
	profile = rk_apparmor_profile();
	setup_say(SETUP_ERROR, "This host allows user namespaces only to programs with an AppArmor "
			       "profile (kernel.apparmor_restrict_unprivileged_userns = 1).");
	setup_say(SETUP_ERROR, "Run the following commands and run this tool again.");
	printf("\n########## BEGIN ##########\n%s########## END ##########\n\n", profile);
	return true;
}
