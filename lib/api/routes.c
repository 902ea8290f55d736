// SPDX-License-Identifier: MIT
/*
 * The route table: API 1.51 as data. Wild parts: '*' is one path segment, '**'
 * anything (image names have slashes). The first match counts.
 */
#include "api/api_internal.h"

#define V(minor) API_VERSION(1, minor)

const struct api_route api_routes[] = {
	/* system */
	{"GET", "/_ping", 0, sys_ping},
	{"HEAD", "/_ping", 0, sys_ping},
	{"GET", "/version", 0, sys_version},
	{"GET", "/info", 0, sys_info},
	{"POST", "/auth", 0, sys_auth},
	{"GET", "/system/df", V(25), sys_df},
	{"GET", "/events", 0, sys_events},

	/* containers */
	{"GET", "/containers/json", 0, container_list},
	{"GET", "/containers/ps", 0, container_list},
	{"POST", "/containers/create", 0, container_create},
	{"POST", "/containers/prune", V(25), container_prune},
	{"GET", "/containers/*/json", 0, container_inspect},
	{"GET", "/containers/*/top", 0, container_top},
	{"GET", "/containers/*/logs", 0, container_logs},
	{"GET", "/containers/*/changes", 0, container_changes},
	{"GET", "/containers/*/export", 0, archive_export},
	{"GET", "/containers/*/stats", 0, container_stats},
	{"GET", "/containers/*/attach/ws", 0, refuse_attach_ws},
	{"POST", "/containers/*/start", 0, container_start},
	{"POST", "/containers/*/stop", 0, container_stop},
	{"POST", "/containers/*/restart", 0, container_restart},
	{"POST", "/containers/*/kill", 0, container_kill},
	{"POST", "/containers/*/pause", 0, container_pause},
	{"POST", "/containers/*/unpause", 0, container_unpause},
	{"POST", "/containers/*/wait", 0, container_wait},
	{"POST", "/containers/*/resize", 0, container_resize},
	{"POST", "/containers/*/attach", 0, container_attach},
	{"POST", "/containers/*/rename", 0, container_rename},
	{"POST", "/containers/*/update", 0, container_update},
	{"POST", "/containers/*/exec", 0, exec_create},
	{"HEAD", "/containers/*/archive", 0, archive_head},
	{"GET", "/containers/*/archive", 0, archive_get},
	{"PUT", "/containers/*/archive", 0, archive_put},
	{"DELETE", "/containers/*", 0, container_remove},

	/* exec */
	{"POST", "/exec/*/start", 0, exec_start},
	{"POST", "/exec/*/resize", 0, exec_resize},
	{"GET", "/exec/*/json", 0, exec_inspect},

	/* images */
	{"GET", "/images/json", 0, image_list},
	{"GET", "/images/search", 0, image_search},
	{"GET", "/images/get", 0, image_save_get},
	{"GET", "/images/**/get", 0, image_save_get},
	{"GET", "/images/**/history", 0, image_history},
	{"GET", "/images/**/json", 0, image_inspect},
	{"POST", "/images/create", 0, image_create},
	{"POST", "/images/load", 0, image_load_post},
	{"POST", "/images/prune", V(25), image_prune},
	{"POST", "/images/**/push", 0, image_push_post},
	{"POST", "/images/**/tag", 0, image_tag},
	{"DELETE", "/images/**", 0, image_remove},
	{"GET", "/distribution/**/json", V(30), distribution_get},
	{"POST", "/commit", 0, commit_post},

	/* build */
	{"POST", "/build", 0, refuse_build},
	{"POST", "/build/prune", V(31), build_prune},
	{"POST", "/build/cancel", V(31), refuse_build},
	{"POST", "/session", V(31), refuse_buildkit},
	{"POST", "/grpc", 0, refuse_buildkit},

	/* networks */
	{"GET", "/networks", 0, network_list},
	{"GET", "/networks/", 0, network_list},
	{"POST", "/networks/create", 0, network_create},
	{"POST", "/networks/prune", V(25), network_prune},
	{"GET", "/networks/*", 0, network_inspect},
	{"DELETE", "/networks/*", 0, network_remove},
	{"POST", "/networks/*/connect", 0, network_connect},
	{"POST", "/networks/*/disconnect", 0, network_disconnect},

	/* volumes */
	{"GET", "/volumes", 0, volume_list_get},
	{"POST", "/volumes/create", 0, volume_create_post},
	{"POST", "/volumes/prune", V(25), volume_prune},
	{"GET", "/volumes/**", 0, volume_inspect},
	{"PUT", "/volumes/**", V(42), refuse_cluster_volume},
	{"DELETE", "/volumes/**", 0, volume_delete},

	/* plugins */
	{"GET", "/plugins", V(25), plugin_list},
	{"GET", "/plugins/privileges", V(25), plugin_refuse},
	{"GET", "/plugins/**/json", V(25), plugin_refuse},
	{"DELETE", "/plugins/**", V(25), plugin_refuse},
	{"POST", "/plugins/**", V(25), plugin_refuse},

	/* swarm */
	{"GET", "/swarm", 0, swarm_refuse},
	{"GET", "/swarm/**", 0, swarm_refuse},
	{"POST", "/swarm/init", 0, swarm_no_mode},
	{"POST", "/swarm/join", 0, swarm_no_mode},
	{"POST", "/swarm/**", 0, swarm_refuse},
	{"GET", "/nodes", 0, swarm_refuse},
	{"GET", "/nodes/*", 0, swarm_refuse},
	{"DELETE", "/nodes/*", 0, swarm_refuse},
	{"POST", "/nodes/*/update", 0, swarm_refuse},
	{"GET", "/services", 0, swarm_refuse},
	{"GET", "/services/*", 0, swarm_refuse},
	{"GET", "/services/*/logs", V(29), swarm_refuse},
	{"POST", "/services/create", 0, swarm_refuse},
	{"POST", "/services/*/update", 0, swarm_refuse},
	{"DELETE", "/services/*", 0, swarm_refuse},
	{"GET", "/tasks", 0, swarm_refuse},
	{"GET", "/tasks/*", 0, swarm_refuse},
	{"GET", "/tasks/*/logs", V(29), swarm_refuse},
	{"GET", "/secrets", V(25), swarm_refuse},
	{"GET", "/secrets/*", V(25), swarm_refuse},
	{"POST", "/secrets/create", V(25), swarm_refuse},
	{"POST", "/secrets/*/update", V(25), swarm_refuse},
	{"DELETE", "/secrets/*", V(25), swarm_refuse},
	{"GET", "/configs", V(30), swarm_refuse},
	{"GET", "/configs/*", V(30), swarm_refuse},
	{"POST", "/configs/create", V(30), swarm_refuse},
	{"POST", "/configs/*/update", V(30), swarm_refuse},
	{"DELETE", "/configs/*", V(30), swarm_refuse},
};

const size_t api_n_routes = sizeof(api_routes) / sizeof(api_routes[0]);
