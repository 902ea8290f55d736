// SPDX-License-Identifier: MIT
/*
 * Networks: the verbs of the API and the objects it takes and gives (API 1.51).
 * Errors carry Docker's words. Any thread; create, remove, connect, disconnect
 * and prune block while the netns-helper works.
 */
#ifndef ENGINE_NETWORK_H
#define ENGINE_NETWORK_H

#include "engine/engine.h"
#include "engine/types.h"

struct docker_ipam_config {
	char *subnet, *ip_range, *gateway;
	struct json_strmap auxiliary_addresses;
};

struct docker_ipam {
	char *driver; /* "default" */
	struct json_strmap options;
	JSON_ARRAY_OF(struct docker_ipam_config) config;
};

struct docker_config_reference {
	char *network;
};

/* The body of POST /networks/create. */
struct docker_network_create {
	char *name, *driver, *scope;
	int enable_ipv4, enable_ipv6; /* enum json_tri */
	struct docker_ipam *ipam;
	bool internal, attachable, ingress, config_only;
	struct docker_config_reference *config_from;
	struct json_strmap options, labels;
};

struct docker_network_member { /* a container that has an endpoint */
	char *name, *endpoint_id, *mac_address;
	char *ipv4_address, *ipv6_address; /* "172.17.0.2/16" */
};

/* GET /networks/{id} */
struct docker_network {
	char *name, *id;
	int64_t created_nsec;
	char *scope, *driver; /* driver: bridge, host, null */
	bool enable_ipv4, enable_ipv6;
	struct docker_ipam ipam;
	bool internal, attachable, ingress;
	struct docker_config_reference config_from;
	bool config_only;
	struct json_map containers; /* id -> struct docker_network_member */
	struct json_strmap options, labels;
};

/* The body of POST /networks/{id}/connect. */
struct docker_network_connect {
	char *container;
	struct docker_endpoint *endpoint_config;
};

/* The body of POST /networks/{id}/disconnect. */
struct docker_network_disconnect {
	char *container;
	bool force;
};

extern const struct json_struct docker_network_create_json;
extern const struct json_struct docker_network_json;
extern const struct json_struct docker_network_connect_json;
extern const struct json_struct docker_network_disconnect_json;

/**
 * engine_network_create() - POST /networks/create
 * @req:    consumed: moved from, cleared on return
 * @ret_id: 65 bytes
 * @e:      ERR_CONFLICT name in use, ERR_DENIED predefined or overlapping, ERR_INVALID
 *
 * The network is on disk when this returns; its bridge is made with the first container.
 */
int engine_network_create(struct engine *en, struct docker_network_create *req, char *ret_id,
			  struct err *e) WARN_UNUSED;
/** engine_network_get() - by id, name or id prefix, with its containers; ERR_NOTFOUND "network x
 * not found"; json_struct_clear(&docker_network_json) */
int engine_network_get(struct engine *en, const char *name, struct docker_network *ret,
		       struct err *e) WARN_UNUSED;
/** engine_network_list() - all that pass the filters (name id driver type scope label dangling),
 * oldest first; members: with their containers. Clear each, free the array */
int engine_network_list(struct engine *en, const struct engine_filters *f, bool members,
			struct docker_network **ret, size_t *ret_n, struct err *e) WARN_UNUSED;
/** engine_network_remove() - ERR_DENIED when predefined or in use */
int engine_network_remove(struct engine *en, const char *name, struct err *e) WARN_UNUSED;
/** engine_network_prune() - removes user-defined networks without containers; filters until, label,
 * label!. Appends the names */
int engine_network_prune(struct engine *en, const struct engine_filters *f, struct strv *ret_names,
			 struct err *e) WARN_UNUSED;
/** engine_network_connect() - an endpoint for a container, live when it runs; req is consumed */
int engine_network_connect(struct engine *en, const char *network,
			   struct docker_network_connect *req, struct err *e) WARN_UNUSED;
/** engine_network_disconnect() - takes the endpoint away */
int engine_network_disconnect(struct engine *en, const char *network, const char *container,
			      bool force, struct err *e) WARN_UNUSED;

#endif
