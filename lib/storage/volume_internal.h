// SPDX-License-Identifier: MIT
/* What volume.c and volume_docker.c share. */
#ifndef STORAGE_VOLUME_INTERNAL_H
#define STORAGE_VOLUME_INTERNAL_H

#include "json/write.h"
#include "storage/storage_internal.h"
#include "storage/volume.h"

struct volumes {
	char *dir; /* "<root>/volumes" */
	int dir_fd;
	struct trash trash;
	pthread_mutex_t mu; /* creation and removal, so that a name has one owner */
};

/* "key=value" as members of an object */
void volume_pairs_write(struct json_w *w, const char *key, const struct strv *pairs);
void volume_pairs_read(const struct json *obj, struct strv *ret);
/* meta.json in the volume's directory */
int volume_write_meta(int fd, const char *name, const struct strv *labels,
		      const struct strv *options, int64_t created_nsec, struct err *e);

#endif
