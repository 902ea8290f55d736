// SPDX-License-Identifier: MIT
/*
 * Capability names and the raw calls. Sources: capabilities(7), capset(2),
 * prctl(2), linux/capability.h; --cap-add semantics as Docker's reference
 * documents them.
 */
#include "sandbox/caps.h"

#include <ctype.h>
#include <errno.h>
#include <linux/capability.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"

static const char *const names[CAPS_COUNT] = {
	"CAP_CHOWN",
	"CAP_DAC_OVERRIDE",
	"CAP_DAC_READ_SEARCH",
	"CAP_FOWNER",
	"CAP_FSETID",
	"CAP_KILL",
	"CAP_SETGID",
	"CAP_SETUID",
	"CAP_SETPCAP",
	"CAP_LINUX_IMMUTABLE",
	"CAP_NET_BIND_SERVICE",
	"CAP_NET_BROADCAST",
	"CAP_NET_ADMIN",
	"CAP_NET_RAW",
	"CAP_IPC_LOCK",
	"CAP_IPC_OWNER",
	"CAP_SYS_MODULE",
	"CAP_SYS_RAWIO",
	"CAP_SYS_CHROOT",
	"CAP_SYS_PTRACE",
	"CAP_SYS_PACCT",
	"CAP_SYS_ADMIN",
	"CAP_SYS_BOOT",
	"CAP_SYS_NICE",
	"CAP_SYS_RESOURCE",
	"CAP_SYS_TIME",
	"CAP_SYS_TTY_CONFIG",
	"CAP_MKNOD",
	"CAP_LEASE",
	"CAP_AUDIT_WRITE",
	"CAP_AUDIT_CONTROL",
	"CAP_SETFCAP",
	"CAP_MAC_OVERRIDE",
	"CAP_MAC_ADMIN",
	"CAP_SYSLOG",
	"CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND",
	"CAP_AUDIT_READ",
	"CAP_PERFMON",
	"CAP_BPF",
	"CAP_CHECKPOINT_RESTORE",
};

const char *caps_name(unsigned number)
{
	return number < CAPS_COUNT ? names[number] : NULL;
}

int caps_number(const char *name)
{
	if (name == NULL)
		return -1;
	if (strncasecmp(name, "CAP_", 4) == 0)
		name += 4;
	for (int i = 0; i < CAPS_COUNT; i++)
		if (strcasecmp(name, names[i] + 4) == 0)
			return i;
	return -1;
}

static int add_name(const char *name, uint64_t *mask, struct err *e)
{
	int n;

	if (strcasecmp(name, "ALL") == 0 || strcasecmp(name, "CAP_ALL") == 0) {
		*mask = CAPS_ALL;
		return 0;
	}
	n = caps_number(name);
	if (n < 0) {
		char upper[64];
		size_t i = 0;

		for (; name[i] != '\0' && i < sizeof(upper) - 1; i++)
			upper[i] = (char)toupper((unsigned char)name[i]);
		upper[i] = '\0';
		return err_set(e, ERR_INVALID, 0, "unknown capability: \"%s%s\"",
			       str_starts(upper, "CAP_") ? "" : "CAP_", upper);
	}
	*mask |= 1ULL << n;
	return 0;
}

int caps_from_names(const struct strv *list, uint64_t *ret_mask, struct err *e)
{
	uint64_t mask = 0;

	strv_for_each (name, list) {
		if (add_name(*name, &mask, e) < 0)
			return -1;
	}
	*ret_mask = mask;
	return 0;
}

void caps_to_names(uint64_t mask, struct strv *list)
{
	for (unsigned i = 0; i < CAPS_COUNT; i++)
		if (mask & 1ULL << i)
			strv_add(list, names[i]);
}

int caps_tweak(uint64_t basics, const struct strv *add, const struct strv *drop, uint64_t *ret_mask,
	       struct err *e)
{
	static const struct strv nothing = STRV_INIT;
	uint64_t added = 0, dropped = 0;

	if (caps_from_names(add != NULL ? add : &nothing, &added, e) < 0 ||
	    caps_from_names(drop != NULL ? drop : &nothing, &dropped, e) < 0)
		return -1;
	if (dropped == CAPS_ALL) /* nothing but what is added by name */
		*ret_mask = added;
	else
		*ret_mask = (basics | added) & ~dropped;
	return 0;
}

unsigned caps_last(void)
{
	static unsigned last; /* the same for every thread that computes it */
	unsigned lo = 0, hi = 63;

	if (last != 0)
		return last;
	while (lo < hi) { /* PR_CAPBSET_READ says EINVAL above the last one */
		unsigned mid = (lo + hi + 1) / 2;

		if (prctl(PR_CAPBSET_READ, mid, 0, 0, 0) >= 0)
			lo = mid;
		else
			hi = mid - 1;
	}
	last = lo;
	return lo;
}

int caps_get(struct caps_sets *ret, struct err *e)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2] = {0};
	struct caps_sets s = {0};
	unsigned last = caps_last();

	if (syscall(SYS_capget, &head, data) < 0)
		return err_sys(e, "capget");
	s.effective = data[0].effective | (uint64_t)data[1].effective << 32;
	s.permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	s.inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
	for (unsigned i = 0; i <= last; i++) {
		if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1)
			s.bounding |= 1ULL << i;
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0) == 1)
			s.ambient |= 1ULL << i;
	}
	*ret = s;
	return 0;
}

int caps_drop_bounding(uint64_t keep, struct err *e)
{
	unsigned last = caps_last();

	for (unsigned i = 0; i <= last; i++) {
		if (keep & 1ULL << i)
			continue;
		if (prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0 &&
		    prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1)
			return err_sys(e, "drop %s from the bounding set",
				       i < CAPS_COUNT ? names[i] : "capability");
	}
	return 0;
}

static int capset_raw(uint64_t effective, uint64_t permitted, uint64_t inheritable, struct err *e)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2] = {
		{(uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable},
		{(uint32_t)(effective >> 32), (uint32_t)(permitted >> 32),
		 (uint32_t)(inheritable >> 32)},
	};

	if (syscall(SYS_capset, &head, data) < 0)
		return err_sys(e, "capset");
	return 0;
}

int caps_set(const struct caps_sets *s, struct err *e)
{
	unsigned last = caps_last();
	uint64_t known = last >= 63 ? ~0ULL : (1ULL << (last + 1)) - 1;
	uint64_t ambient = s->ambient & s->permitted & s->inheritable & known;

	if (capset_raw(s->effective & known, s->permitted & known, s->inheritable & known, e) < 0)
		return -1;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL)
		return err_sys(e, "clear the ambient capabilities");
	for (unsigned i = 0; ambient >> i != 0; i++)
		if (ambient & 1ULL << i && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) < 0)
			return err_sys(e, "raise ambient %s",
				       i < CAPS_COUNT ? names[i] : "capability");
	return 0;
}

int caps_set_effective(uint64_t mask, struct err *e)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2] = {0};

	if (syscall(SYS_capget, &head, data) < 0)
		return err_sys(e, "capget");
	return capset_raw(mask & (data[0].permitted | (uint64_t)data[1].permitted << 32),
			  data[0].permitted | (uint64_t)data[1].permitted << 32,
			  data[0].inheritable | (uint64_t)data[1].inheritable << 32, e);
}
