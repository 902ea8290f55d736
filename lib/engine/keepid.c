// SPDX-License-Identifier: MIT
/*
 * --userns=keep-id[:uid=N,gid=N]: the user is not the container's root but the
 * given id, or the same as on the host, in a user namespace of the container's
 * own. The docker CLI lets only "" and "host" pass as --userns, so the same text
 * is taken from --security-opt userns=. Source: podman-run(1).
 */
#include "base/str.h"
#include "engine/engine_internal.h"
#include "ns/idmap.h"
#include "oci/spec.h"

/* the user's id outside */
static int own_id(enum subid_kind kind, uint32_t *ret, struct err *e)
{
	struct idmap m = IDMAP_INIT;

	if (idmap_load(&m, 0, kind, e) < 0)
		return -1;
	(void)idmap_to_outside(&m, 0, ret);
	idmap_clear(&m);
	return 0;
}

static int bad(const char *text, struct err *e)
{
	return err_set(e, ERR_INVALID, 0,
		       "invalid user namespace \"%s\": need host or keep-id[:uid=UID,gid=GID]",
		       text);
}

static int parse(const char *text, struct keepid *ret, struct err *e)
{
	const char *rest = str_skip(text, "keep-id");
	CLEANUP(strv_clear) struct strv words = STRV_INIT;

	*ret = (struct keepid){0};
	if (str_empty(text) || str_eq(text, "host"))
		return 0;
	if (rest == NULL || (*rest != '\0' && *rest != ':'))
		return bad(text, e);
	if (own_id(SUBID_UID, &ret->uid, e) < 0 || own_id(SUBID_GID, &ret->gid, e) < 0)
		return -1;
	strv_split(&words, rest + (*rest == ':'), ",");
	strv_for_each (w, &words) {
		const char *uid = str_skip(*w, "uid="), *gid = str_skip(*w, "gid=");
		uint64_t id;

		if ((uid == NULL && gid == NULL) ||
		    str_u64(uid != NULL ? uid : gid, INT32_MAX, &id) < 0)
			return bad(text, e);
		*(uid != NULL ? &ret->uid : &ret->gid) = (uint32_t)id;
	}
	return 0;
}

int keepid_configure(struct container *c, struct err *e)
{
	const struct docker_host_config *h = &c->host;
	const char *const shared[] = {h->network_mode, h->pid_mode, h->ipc_mode, h->uts_mode};
	const char *text = h->userns_mode != NULL ? h->userns_mode : "", *opt;

	for (size_t i = 0; i < h->security_opt.len; i++)
		if ((opt = str_skip(h->security_opt.items[i], "userns=")) != NULL)
			text = opt;
	if (parse(text, &c->ids, e) < 0)
		return -1;
	if (c->ids.uid == 0 && c->ids.gid == 0)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(shared); i++)
		if (str_starts(shared[i] != NULL ? shared[i] : "", "container:"))
			return err_set(e, ERR_INVALID, 0,
				       "userns=keep-id cannot be combined with %s", shared[i]);
	if (str_empty(c->config.user)) {
		free(c->config.user);
		c->config.user = xasprintf("%u:%u", c->ids.uid, c->ids.gid);
	}
	return 0;
}

static int add_map(void *array, enum subid_kind kind, uint32_t k, struct err *e)
{
	struct idmap m = IDMAP_INIT;

	if (idmap_keepid(&m, kind, k, e) < 0)
		return -1;
	for (size_t i = 0; i < m.n; i++)
		*(struct oci_id_mapping *)json_array_add(array, &oci_id_mapping_json) =
			(struct oci_id_mapping){m.items[i].inside, m.items[i].outside,
						m.items[i].count};
	idmap_clear(&m);
	return 0;
}

int keepid_map(const struct keepid *ids, struct oci_spec *s, struct err *e)
{
	if (ids->uid == 0 && ids->gid == 0)
		return 0;
	oci_spec_namespace_set(s, "user", NULL);
	return add_map(&s->linux_.uid_mappings, SUBID_UID, ids->uid, e) < 0
		       ? -1
		       : add_map(&s->linux_.gid_mappings, SUBID_GID, ids->gid, e);
}
