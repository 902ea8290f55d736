// SPDX-License-Identifier: MIT
/*
 * Removal that is fast for the caller: a tree is renamed into a trash
 * directory and deleted by a thread, which ends when nothing is left. What a
 * crash leaves there goes at the next start.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/walk.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"
#include "base/str.h"
#include "base/thread.h"
#include "storage/storage_internal.h"

static void empty(struct trash *t)
{
	CLEANUP(strv_clear) struct strv names = STRV_INIT;
	struct err e;

	if (walk_names(t->dir_fd, &names, &e) < 0)
		return;
	strv_for_each (name, &names)
		if (path_remove_tree(t->dir_fd, *name, &e) < 0)
			log_debug(&e, "empty trash");
}

static void worker(void *arg)
{
	struct trash *t = arg;

	mutex_lock(&t->mu);
	while (t->again) {
		t->again = false;
		pthread_mutex_unlock(&t->mu);
		empty(t);
		mutex_lock(&t->mu);
	}
	t->running = false;
	pthread_cond_broadcast(&t->idle);
	pthread_mutex_unlock(&t->mu);
}

static void kick(struct trash *t)
{
	MUTEX_GUARD(&t->mu);
	struct err e;

	t->again = true;
	if (t->running)
		return;
	t->running = true;
	if (thread_start(worker, t, &e) < 0) {
		t->running = false; /* the next removal or start tries again */
		log_debug(&e, "empty trash");
	}
}

int trash_open(struct trash *t, int dir_fd, const char *name, struct err *e)
{
	pthread_mutex_init(&t->mu, NULL);
	cond_init(&t->idle);
	t->running = t->again = false;
	if (mkdirat(dir_fd, name, 0700) < 0 && errno != EEXIST)
		return err_sys(e, "make %s", name);
	t->dir_fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (t->dir_fd < 0)
		return err_sys(e, "open %s", name);
	kick(t);
	return 0;
}

int trash_move(struct trash *t, int dir_fd, const char *name, struct err *e)
{
	char to[RAND_ID_LEN + 1];

	rand_hex(to, 32);
	if (renameat(dir_fd, name, t->dir_fd, to) < 0) {
		if (errno == ENOENT)
			return 0;
		return err_sys(e, "remove %s", name);
	}
	kick(t);
	return 0;
}

void trash_close(struct trash *t)
{
	if (t->dir_fd < 0)
		return;
	mutex_lock(&t->mu);
	while (t->running)
		pthread_cond_wait(&t->idle, &t->mu);
	pthread_mutex_unlock(&t->mu);
	fd_close(&t->dir_fd);
	pthread_cond_destroy(&t->idle);
	pthread_mutex_destroy(&t->mu);
}
