// SPDX-License-Identifier: MIT
/* Checking requests to a shim. */
#include "container/shim_proto.h"

#include <string.h>

int shim_request_parse(const void *p, size_t n, size_t n_fds, struct shim_request *ret,
		       const void **ret_tail, struct err *e)
{
	struct shim_request r;
	size_t want_fds = 0;

	if (n < sizeof(r))
		return err_set(e, ERR_INVALID, 0, "short request to the shim");
	memcpy(&r, p, sizeof(r));
	if (r.magic != SHIM_MAGIC)
		return err_set(e, ERR_INVALID, 0, "the shim speaks another protocol version");
	if (r.type == 0 || r.type >= SHIM_REQ_TYPES)
		return err_set(e, ERR_INVALID, 0, "unknown request %u to the shim", r.type);
	if (memchr(r.exec_id, '\0', sizeof(r.exec_id)) == NULL)
		return err_set(e, ERR_INVALID, 0, "exec id is too long");
	if (r.n_detach_keys > SHIM_DETACH_KEYS_MAX)
		return err_set(e, ERR_INVALID, 0, "too many detach keys");
	if (r.n_tail > SHIM_LEFTOVER_MAX || r.n_tail != n - sizeof(r))
		return err_set(e, ERR_INVALID, 0, "malformed request to the shim");
	if (r.flags & SHIM_HAS_CLIENT)
		want_fds++;
	if (r.type == SHIM_REQ_EXEC) {
		want_fds++;
		if (r.exec_id[0] == '\0')
			return err_set(e, ERR_INVALID, 0, "exec without an id");
	}
	if (r.type == SHIM_REQ_RESIZE && (r.rows > UINT16_MAX || r.cols > UINT16_MAX))
		return err_set(e, ERR_INVALID, 0, "window size out of range");
	if (n_fds != want_fds)
		return err_set(e, ERR_INVALID, 0, "request with %zu descriptors instead of %zu",
			       n_fds, want_fds);
	*ret = r;
	*ret_tail = (const char *)p + sizeof(r);
	return 0;
}
