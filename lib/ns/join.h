// SPDX-License-Identifier: MIT
/*
 * Opening and joining namespaces (setns(2)). Single-threaded processes only.
 */
#ifndef NS_JOIN_H
#define NS_JOIN_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

/* In the order in which they are joined: the user namespace first, for it gives the capabilities to
 * join the others; the mount namespace last, for the /proc paths are ours until then. */
enum ns_kind { NS_USER, NS_CGROUP, NS_IPC, NS_UTS, NS_NET, NS_PID, NS_TIME, NS_MNT, NS_KINDS };

#define NS_BIT(kind) (1U << (kind))

/* Descriptors of namespaces, -1 where none is to be joined. */
struct ns_set {
	int fds[NS_KINDS];
};

/** ns_kind_name() - "user", "mnt", "net" …: the name below /proc/PID/ns; static */
const char *ns_kind_name(enum ns_kind kind);
/** ns_kind_flag() - CLONE_NEW* of a kind */
int ns_kind_flag(enum ns_kind kind);
/** ns_kind_parse() - accepts /proc names and the OCI names (mount, network …); 0 or -1 */
int ns_kind_parse(const char *name, enum ns_kind *ret);

/** ns_set_init() - all -1 */
void ns_set_init(struct ns_set *s);
/** ns_set_clear() - closes all; CLEANUP(ns_set_clear) */
void ns_set_clear(struct ns_set *s);

/**
 * ns_open_pid() - a descriptor of one namespace of a process
 * @pid:  process, 0 for the calling one
 * @kind: which
 * @e:    ERR_NOTFOUND when there is no such process
 *
 * Return: descriptor, the caller's, or -1.
 */
int ns_open_pid(pid_t pid, enum ns_kind kind, struct err *e) WARN_UNUSED;

/**
 * ns_open_path() - a descriptor of a namespace kept at a path (bind mount or /proc link)
 * @path: path
 * @kind: what it must be; another kind of file is ERR_INVALID (NS_GET_NSTYPE)
 * @e:    filled on failure
 *
 * Return: descriptor, the caller's, or -1.
 */
int ns_open_path(const char *path, enum ns_kind kind, struct err *e) WARN_UNUSED;

/**
 * ns_set_open_pid() - open several namespaces of a process
 * @s:    filled; kinds the process shares with us are left at -1
 * @pid:  process
 * @mask: NS_BIT()s
 * @e:    filled on failure; s is then cleared
 */
int ns_set_open_pid(struct ns_set *s, pid_t pid, unsigned mask, struct err *e) WARN_UNUSED;

/**
 * ns_set_join() - join all of the set, in the right order
 * @s: descriptors; stay open
 * @e: says which namespace failed
 *
 * The pid namespace takes effect for children only (fork after this). Kinds that cannot be joined
 * before the user namespace are tried again after it and the other way round, so joining works both
 * from outside (user namespace first) and for an owner of both.
 */
int ns_set_join(const struct ns_set *s, struct err *e) WARN_UNUSED;

/** ns_join() - setns(2) of one descriptor with a sentence on failure */
int ns_join(int fd, enum ns_kind kind, struct err *e) WARN_UNUSED;

/** ns_same() - 1 when the process is in our namespace of that kind, 0 not, -1 unknown */
int ns_same(pid_t pid, enum ns_kind kind);

/** ns_same_fd() - 1 when two descriptors name the same namespace, 0 not, -1 unknown */
int ns_same_fd(int a_fd, int b_fd);

/** ns_keep() - bind-mounts the namespace fd on path (made as an empty file when absent) */
int ns_keep(int fd, const char *path, struct err *e) WARN_UNUSED;

#endif
