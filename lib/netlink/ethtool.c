// SPDX-License-Identifier: MIT
/*
 * ETHTOOL_SFEATURES by ioctl(2): the names of all features are asked for, then the bits of those
 * wanted are set. linux/ethtool.h, netdevice(7).
 */
#include "netlink/ethtool.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"

#define FEATURES_MAX 1024 /* Linux 6.18 has 64 */
#define NAMES_MAX    8

static int call(int fd, const char *ifname, void *data)
{
	struct ifreq r = {.ifr_data = data};

	str_copy(r.ifr_name, ifname, sizeof(r.ifr_name));
	return ioctl(fd, SIOCETHTOOL, &r);
}

static int fail(struct err *e, const char *ifname)
{
	int sys = errno;

	err_sys(e, "features of %s", ifname);
	if (sys == ENODEV)
		e->kind = ERR_NOTFOUND;
	if (sys == EOPNOTSUPP)
		e->kind = ERR_UNIMPLEMENTED;
	return -1;
}

/* The names, each ETH_GSTRING_LEN bytes; NULL with e. */
static struct ethtool_gstrings *feature_names(int fd, const char *ifname, struct err *e)
{
	CLEANUP(freep)
	struct ethtool_sset_info *q = xcalloc(1, sizeof(*q) + sizeof(q->data[0]));
	struct ethtool_gstrings *s;
	uint32_t count;

	q->cmd = ETHTOOL_GSSET_INFO;
	q->sset_mask = 1ULL << ETH_SS_FEATURES;
	if (call(fd, ifname, q) < 0) {
		fail(e, ifname);
		return NULL;
	}
	count = q->data[0];
	if (q->sset_mask == 0 || count == 0 || count > FEATURES_MAX) {
		err_set(e, ERR_UNIMPLEMENTED, 0, "features of %s have no names", ifname);
		return NULL;
	}
	s = xcalloc(1, sizeof(*s) + (size_t)count * ETH_GSTRING_LEN);
	s->cmd = ETHTOOL_GSTRINGS;
	s->string_set = ETH_SS_FEATURES;
	s->len = count;
	if (call(fd, ifname, s) < 0 || s->len > count) {
		fail(e, ifname);
		free(TAKE(s));
	}
	return s;
}

static int find(const struct ethtool_gstrings *s, const char *name)
{
	const char *p = (const char *)s->data;

	for (uint32_t i = 0; i < s->len; i++) {
		if (strncmp(p + (size_t)i * ETH_GSTRING_LEN, name, ETH_GSTRING_LEN) == 0)
			return (int)i;
	}
	return -1;
}

int ethtool_features_set(const char *ifname, const char *const *names, size_t n, bool on,
			 struct err *e)
{
	CLEANUP(fd_closep) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	CLEANUP(freep) struct ethtool_gstrings *known = NULL;
	CLEANUP(freep) struct ethtool_sfeatures *set = NULL;
	uint32_t blocks;
	int r;

	if (fd < 0)
		return err_sys(e, "socket");
	known = feature_names(fd, ifname, e);
	if (known == NULL)
		return -1;
	blocks = (known->len + 31) / 32;
	set = xcalloc(1, sizeof(*set) + blocks * sizeof(set->features[0]));
	set->cmd = ETHTOOL_SFEATURES;
	set->size = blocks;
	for (size_t i = 0; i < n && i < NAMES_MAX; i++) {
		int bit = find(known, names[i]);

		if (bit < 0)
			return err_set(e, ERR_UNIMPLEMENTED, EOPNOTSUPP,
				       "this kernel knows no feature %s", names[i]);
		set->features[bit / 32].valid |= 1U << (bit % 32);
		if (on)
			set->features[bit / 32].requested |= 1U << (bit % 32);
	}
	r = call(fd, ifname, set);
	if (r < 0)
		return fail(e, ifname);
	if ((r & (ETHTOOL_F_UNSUPPORTED | ETHTOOL_F_WISH)) != 0)
		return err_set(e, ERR_UNIMPLEMENTED, EOPNOTSUPP, "%s cannot have that feature",
			       ifname);
	return 0;
}
