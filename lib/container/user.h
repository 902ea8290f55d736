// SPDX-License-Identifier: MIT
/* Docker's "user[:group]" looked up in a container's own passwd and group files. */
#ifndef CONTAINER_USER_H
#define CONTAINER_USER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "oci/spec.h"

struct user_ids {
	uint32_t uid;
	uint32_t gid;
	gid_t *groups; /* supplementary; owned */
	size_t n_groups;
	char *home; /* owned; "/" when unknown */
};

/** user_ids_clear() - frees */
void user_ids_clear(struct user_ids *u);
/**
 * user_find() - ids for a process from the texts of the two files
 * @u:      the specification's user
 * @passwd: text of /etc/passwd, "" when there is none; hostile
 * @group:  text of /etc/group, "" when there is none; hostile
 * @ret:    filled
 * @e:      ERR_INVALID "unable to find user X: no matching entries in passwd file"
 *
 * Return: 0 or -1.
 */
int user_find(const struct oci_user *u, const char *passwd, const char *group, struct user_ids *ret,
	      struct err *e) WARN_UNUSED;
/** user_resolve() - user_find() on the files below root_fd; absent files are empty ones */
int user_resolve(int root_fd, const struct oci_user *u, struct user_ids *ret,
		 struct err *e) WARN_UNUSED;

#endif
