// SPDX-License-Identifier: MIT
/*
 * The little languages in the values of docker run's options. Each function
 * reads one value; results are owned by the caller. Error sentences are the
 * docker CLI's.
 */
#ifndef CLIENT_SPEC_H
#define CLIENT_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strv.h"
#include "json/write.h"

/* One container port, and where on the host. */
struct port_map {
	char port[16];	    /* "80/tcp" */
	char host_ip[64];   /* "" any */
	char host_port[16]; /* "" chosen by the engine; may be a range "8000-8010" */
};

struct port_maps {
	struct port_map *items;
	size_t len, cap;
};

/** port_maps_clear() - frees the list */
void port_maps_clear(struct port_maps *m);
/** spec_publish() - adds what "-p [[IP:][HOSTPORT]:]PORT[/PROTO]" means, ranges taken apart; also
 * the long form published=,target=,protocol= */
int spec_publish(const char *text, struct port_maps *out, struct err *e) WARN_UNUSED;
/** spec_expose() - adds "PORT[-PORT][/PROTO]" to a list of "80/tcp" */
int spec_expose(const char *text, struct strv *out, struct err *e) WARN_UNUSED;
/** port_maps_write() - the PortBindings object of all maps, ports in order of their first mention
 */
void port_maps_write(const struct port_maps *m, struct json_w *w);

/** spec_volume() - "-v [SRC:]DST[:OPTIONS]": with a source, *ret_bind is the bind text with a
 * relative source made absolute; without, *ret_volume is DST */
int spec_volume(const char *text, char **ret_bind, char **ret_volume, struct err *e) WARN_UNUSED;
/** spec_mount() - writes the Mount object that "--mount type=bind,src=…,dst=…" means */
int spec_mount(const char *text, struct json_w *w, struct err *e) WARN_UNUSED;

/* What one --network says: "NAME" or "name=NAME,alias=x,ip=...". */
struct spec_network {
	char *name, *ip, *ip6, *mac;
	struct strv aliases, links, link_local;
	struct strv driver_opts; /* "key=value" */
	int64_t gw_priority;
};

/** spec_network() - reads one; spec_network_clear() in any case */
int spec_network(const char *text, struct spec_network *ret, struct err *e) WARN_UNUSED;
/** spec_network_clear() - frees the fields */
void spec_network_clear(struct spec_network *n);
/** spec_network_write() - the EndpointSettings object */
void spec_network_write(const struct spec_network *n, struct json_w *w);
/** spec_mac() - text is a MAC address */
int spec_mac(const char *text, struct err *e) WARN_UNUSED;
/** spec_map_write() - member key with an object of "name=value" texts; nothing when there are none
 */
void spec_map_write(struct json_w *w, const char *key, const struct strv *pairs);

/* The address options of docker network create. */
struct spec_ipam {
	struct strv subnets, ranges, gateways;
	struct strv aux; /* "name=address" */
};

/** spec_ipam() - writes the list IPAM.Config: each range, gateway and address goes to its subnet */
int spec_ipam(const struct spec_ipam *in, struct json_w *w, struct err *e) WARN_UNUSED;

/** spec_env() - resolves "NAME" to "NAME=value" from our environment; NULL when it is not set */
char *spec_env(const char *text);
/** spec_env_file() - appends the lines of an --env-file */
int spec_env_file(const char *path, struct strv *out, struct err *e) WARN_UNUSED;
/** spec_label_file() - appends the lines of a --label-file */
int spec_label_file(const char *path, struct strv *out, struct err *e) WARN_UNUSED;
/** spec_cpus() - "1.5" to billionths of a CPU */
int spec_cpus(const char *text, int64_t *ret, struct err *e) WARN_UNUSED;
/** spec_ulimit() - writes the Ulimit object of "nofile=1024[:2048]" */
int spec_ulimit(const char *text, struct json_w *w, struct err *e) WARN_UNUSED;
/** spec_device() - writes the Device object of "/dev/a[:/dev/b[:rwm]]" */
int spec_device(const char *text, struct json_w *w, struct err *e) WARN_UNUSED;
/** spec_is_cdi() - "vendor.com/class=name", which is no path of the host */
bool spec_is_cdi(const char *text);
/** spec_gpus() - writes the DeviceRequest object of --gpus: "all", a number, "device=ID[,ID]" */
int spec_gpus(const char *text, struct json_w *w, struct err *e) WARN_UNUSED;
/** spec_device_bps() - writes the ThrottleDevice object of "/dev/sda:1mb" */
int spec_device_bps(const char *text, struct json_w *w, struct err *e) WARN_UNUSED;
/** spec_device_iops() - the same of "/dev/sda:1000" */
int spec_device_iops(const char *text, struct json_w *w, struct err *e) WARN_UNUSED;
/** spec_device_weight() - writes the WeightDevice object of "/dev/sda:500" */
int spec_device_weight(const char *text, struct json_w *w, struct err *e) WARN_UNUSED;
/** spec_restart() - writes the RestartPolicy object of "on-failure[:N]" */
int spec_restart(const char *text, struct json_w *w, struct err *e) WARN_UNUSED;
/** spec_keys() - detach keys "ctrl-p,ctrl-q" as bytes; count or -1 */
int spec_keys(const char *text, unsigned char *out, size_t max, struct err *e) WARN_UNUSED;

#endif
