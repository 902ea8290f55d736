// SPDX-License-Identifier: MIT
/*
 * What the engine's network files share: networks as the engine keeps them,
 * and the endpoints of containers. en->mu guards all of it, unless a line says
 * otherwise.
 *
 * A network with an endpoint (a container whose settings name its id and have
 * an endpoint id) is not removed, so a pointer to it stays good across giving
 * up the lock as long as the caller's container keeps that endpoint.
 */
#ifndef ENGINE_NETWORK_INTERNAL_H
#define ENGINE_NETWORK_INTERNAL_H

#include "engine/engine_internal.h"
#include "engine/network.h"

#define OPT_NETWORK    "com.docker.network."
#define OPT_BRIDGE     OPT_NETWORK "bridge."
#define OPT_MTU	       "com.docker.network.driver.mtu"
#define BRIDGE_DEFAULT "bridge" /* the name of the network of containers that name none */

struct network_pool {
	bool set;		  /* the network has this family */
	bool configured;	  /* its subnet was given: addresses may be fixed */
	struct ipam ipam;	  /* when set */
	struct ip_prefix gateway; /* the bridge's own address with its subnet */
};

struct network {
	struct docker_network info; /* as inspect shows it, without containers */
	bool predefined;
	bool pending; /* being made or removed: it is not found, its name and subnets are taken */
	struct network_pool v4, v6; /* of driver bridge only */
	char bridge[IFNAMSIZ];	    /* name in N; "" for drivers without one */
	unsigned mtu;
	bool icc;
	struct ip host_binding;	 /* where ports are published that name no address */
	atomic_bool bridge_made; /* it is up in N, as far as known */
};

extern const struct json_struct docker_network_member_json;
extern const struct json_struct docker_ipam_json;
extern const struct json_struct docker_ipam_config_json;

/* --- what a request asks for (netconfig.c) --- */

/* Sentences joined as Docker joins them: one alone, several as "* " lines. Zeroed is empty. */
struct err_list {
	struct strv items;
};
void err_list_add(struct err_list *l, const char *fmt, ...) PRINTF(2, 3);
/* 0 when empty, else -1 with "what:\n" (unless it is "") and the list; frees it */
int err_list_end(struct err_list *l, const char *what, struct err *e) WARN_UNUSED;

/* ERR_INVALID "invalid network config:..." */
int netconfig_check_ipam(const struct docker_ipam *ipam, struct err *e) WARN_UNUSED;
/* fills bridge, mtu, icc and host_binding from the options */
int netconfig_apply_options(struct network *n, struct err *e) WARN_UNUSED;
/* opens v4 and v6 from the IPAM configuration, which names their subnets by now */
int netconfig_open_pools(struct network *n, struct err *e) WARN_UNUSED;
/* the part of the configuration of that family, or NULL */
struct docker_ipam_config *netconfig_find(struct docker_ipam *ipam, int family);

/* --- the table and its files (netstore.c) --- */

struct network *network_new(void);
void network_free(struct network *n);
/* the predefined networks, then what is on disk; unusable files are logged and set aside */
int networks_open(struct engine *en, const struct engine_options *o, struct err *e) WARN_UNUSED;
void networks_close(struct engine *en);
/* writes a network's file; synced. No lock needed: nothing changes a network once it is made */
int network_save(struct engine *en, const struct network *n, struct err *e) WARN_UNUSED;
int network_delete_file(struct engine *en, const char *id, struct err *e) WARN_UNUSED;
/* by full id, name, or unambiguous id prefix; with mu held */
struct network *network_find(struct engine *en, const char *name, struct err *e);
struct network *network_by_name(struct engine *en, const char *name);
/* user-defined: not bridge, host, none */
bool network_name_is_user_defined(const char *name);
/* the bridge of a network in N, made when it is not known to be there; not with mu held */
int network_ensure_bridge(struct engine *en, struct network *n, struct err *e) WARN_UNUSED;
void network_event(struct engine *en, const struct network *n, const char *action,
		   const char *container_id);

/* --- endpoints of containers (endpoint.c, endpoint_config.c); all with mu held --- */

/* the endpoint is in use, and of that network */
bool endpoint_is_of(const struct docker_endpoint *ep, const struct network *n);
/* the network that its settings name by id, or NULL */
struct network *endpoint_network(struct engine *en, const struct docker_endpoint *ep);
/* the name under which the container holds ep */
const char *endpoint_name(const struct container *c, const struct docker_endpoint *ep);
/* checks what a request asks of an endpoint; n NULL: a network that is not there (yet) */
int endpoint_check(const struct network *n, const char *name, const struct docker_endpoint *ep,
		   struct err *e) WARN_UNUSED;
/* moves what a user may say of an endpoint, and nothing else */
void endpoint_take_config(struct docker_endpoint *to, struct docker_endpoint *from);
/* the names that DNS knows the endpoint by */
void endpoint_dns_names(const struct container *c, const char *network, struct docker_endpoint *ep);
/* the name of NetworkMode's network */
const char *endpoints_main_name(struct engine *en, const struct container *c);
/* the container's endpoints: NetworkMode's, then the others by name; *ret freed by the caller */
size_t endpoints_order(struct engine *en, const struct container *c, struct docker_endpoint ***ret);
/* takes addresses for one endpoint, undone by endpoint_release() */
int endpoint_reserve(struct engine *en, struct container *c, const char *name,
		     struct docker_endpoint *ep, struct err *e) WARN_UNUSED;
void endpoint_release(struct engine *en, struct docker_endpoint *ep);
/* empties what only an endpoint in use has */
void endpoint_forget(struct docker_endpoint *ep);
/* takes again what the endpoint held under an earlier engine */
void endpoint_take_back(struct engine *en, struct container *c, struct docker_endpoint *ep);
/* its addresses; IP_NONE where there is none */
void endpoint_addresses(const struct docker_endpoint *ep, struct ip *v4, struct ip *v6);
/* the endpoint of the default route of a family, or NULL */
struct docker_endpoint *endpoints_gateway(const struct container *c, int family);
/* what follows from the endpoints: c->address, the settings' old fields */
void endpoints_refresh(struct engine *en, struct container *c);
/* tells DNS about all endpoints, if the container asks it */
void endpoints_push_names(struct engine *en, const struct container *c);
/* emits "connect" or "disconnect" */
void endpoint_event(struct engine *en, const struct container *c, const struct docker_endpoint *ep,
		    const char *action);

/* --- a run's network (sandbox.c) --- */

/* its name for the netns-helper, "" while it has none */
void sandbox_name(const struct container *c, char ret[NETNS_SANDBOX_MAX]);
/* plugs one endpoint that has its addresses; net_mu held, mu not. 1 plugged, 0 nothing to plug */
int endpoint_plug(struct engine *en, struct container *c, const struct docker_endpoint *ep,
		  pid_t pid, struct err *e) WARN_UNUSED;
/* with mu held */
void network_clear_ports(struct container *c);

/* --- files that follow a change (hosts.c) --- */

#define FAMILY_V4 1U
#define FAMILY_V6 2U
struct hosts_snapshot { /* what our part of the files was made of */
	char *lines;
	bool resolver;
	unsigned families; /* of its addresses: FAMILY_V4, FAMILY_V6 */
};
/* with mu held, before the change; hosts_snapshot_clear() */
void hosts_snapshot(const struct container *c, struct hosts_snapshot *ret);
void hosts_snapshot_clear(struct hosts_snapshot *s);
/* brings /etc/hosts and /etc/resolv.conf of a running container to what it is now, leaving alone
 * what the container has changed; net_mu held, mu not. Failures are logged */
void hosts_update(struct engine *en, const struct container *c, const struct hosts_snapshot *old);
/* puts line in place of the lines of /etc/hosts that have just these names; likewise */
void hosts_replace(struct engine *en, const struct container *c, const char *names,
		   const char *line);

#endif
