// SPDX-License-Identifier: MIT
/*
 * The route table: API 1.51 as data. Wild parts: '*' is one path segment, '**'
 * anything (image names have slashes). The first match counts.
 */
#include "api/api_internal.h"

const struct api_route api_routes[] = {
	/* system */
	{"GET", "/_ping", sys_ping},
	{"HEAD", "/_ping", sys_ping},
	{"GET", "/version", sys_version},
	{"GET", "/info", sys_info},
	{"POST", "/auth", sys_auth},
	{"GET", "/system/df", sys_df},
	{"GET", "/events", sys_events},

	/* containers */
	{"GET", "/containers/json", container_list},
	{"GET", "/containers/ps", container_list},
	{"POST", "/containers/create", container_create},
	{"POST", "/containers/prune", container_prune},
	{"GET", "/containers/*/json", container_inspect},
	{"GET", "/containers/*/top", container_top},
	{"GET", "/containers/*/logs", container_logs},
	{"GET", "/containers/*/changes", container_changes},
	{"GET", "/containers/*/export", archive_export},
	{"GET", "/containers/*/stats", container_stats},
	{"GET", "/containers/*/attach/ws", container_attach_ws},
	{"POST", "/containers/*/start", container_start},
	{"POST", "/containers/*/stop", container_stop},
	{"POST", "/containers/*/restart", container_restart},
	{"POST", "/containers/*/kill", container_kill},
	{"POST", "/containers/*/pause", container_pause},
	{"POST", "/containers/*/unpause", container_unpause},
	{"POST", "/containers/*/wait", container_wait},
	{"POST", "/containers/*/resize", container_resize},
	{"POST", "/containers/*/attach", container_attach},
	{"POST", "/containers/*/rename", container_rename},
	{"POST", "/containers/*/update", container_update},
	{"POST", "/containers/*/exec", exec_create},
	{"HEAD", "/containers/*/archive", archive_head},
	{"GET", "/containers/*/archive", archive_get},
	{"PUT", "/containers/*/archive", archive_put},
	{"GET", "/containers/*/checkpoints", refuse_experimental},
	{"POST", "/containers/*/checkpoints", refuse_experimental},
	{"DELETE", "/containers/**", container_remove},

	/* exec */
	{"POST", "/exec/*/start", exec_start},
	{"POST", "/exec/*/resize", exec_resize},
	{"GET", "/exec/*/json", exec_inspect},

	/* images */
	{"GET", "/images/json", image_list},
	{"GET", "/images/search", image_search},
	{"GET", "/images/get", image_save_get},
	{"GET", "/images/**/get", image_save_get},
	{"GET", "/images/**/history", image_history},
	{"GET", "/images/**/json", image_inspect},
	{"POST", "/images/create", image_create},
	{"POST", "/images/load", image_load_post},
	{"POST", "/images/prune", image_prune},
	{"POST", "/images/**/push", image_push_post},
	{"POST", "/images/**/tag", image_tag},
	{"DELETE", "/images/**", image_remove},
	{"GET", "/distribution/**/json", distribution_get},
	{"POST", "/commit", commit_post},

	/* build */
	{"POST", "/build", refuse_build},
	{"POST", "/build/prune", build_prune},
	{"POST", "/build/cancel", build_cancel},
	{"POST", "/session", refuse_buildkit},
	{"POST", "/grpc", refuse_buildkit},

	/* networks */
	{"GET", "/networks", network_list},
	{"GET", "/networks/", network_list},
	{"POST", "/networks/create", network_create},
	{"POST", "/networks/prune", network_prune},
	{"GET", "/networks/**", network_inspect},
	{"DELETE", "/networks/**", network_remove},
	{"POST", "/networks/**/connect", network_connect},
	{"POST", "/networks/**/disconnect", network_disconnect},

	/* volumes */
	{"GET", "/volumes", volume_list_get},
	{"POST", "/volumes/create", volume_create_post},
	{"POST", "/volumes/prune", volume_prune},
	{"GET", "/volumes/**", volume_inspect},
	{"PUT", "/volumes/**", refuse_cluster_volume},
	{"DELETE", "/volumes/**", volume_delete},

	/* plugins */
	{"GET", "/plugins", plugin_list},
	{"GET", "/plugins/privileges", plugin_refuse},
	{"POST", "/plugins/pull", plugin_refuse},
	{"POST", "/plugins/create", plugin_refuse},
	{"GET", "/plugins/**/json", plugin_lost},
	{"DELETE", "/plugins/**", plugin_lost},
	{"POST", "/plugins/**/enable", plugin_lost},
	{"POST", "/plugins/**/disable", plugin_lost},
	{"POST", "/plugins/**/push", plugin_lost},
	{"POST", "/plugins/**/upgrade", plugin_lost},
	{"POST", "/plugins/**/set", plugin_lost},

	/* swarm */
	{"GET", "/swarm", swarm_refuse},
	{"GET", "/swarm/unlockkey", swarm_refuse},
	{"POST", "/swarm/init", swarm_no_mode},
	{"POST", "/swarm/join", swarm_no_mode},
	{"POST", "/swarm/leave", swarm_leave},
	{"POST", "/swarm/update", swarm_refuse},
	{"POST", "/swarm/unlock", swarm_refuse},
	{"GET", "/nodes", swarm_refuse},
	{"GET", "/nodes/*", swarm_refuse},
	{"DELETE", "/nodes/*", swarm_refuse},
	{"POST", "/nodes/*/update", swarm_refuse},
	{"GET", "/services", swarm_refuse},
	{"GET", "/services/*", swarm_refuse},
	{"GET", "/services/*/logs", swarm_refuse},
	{"POST", "/services/create", swarm_refuse},
	{"POST", "/services/*/update", swarm_refuse},
	{"DELETE", "/services/*", swarm_refuse},
	{"GET", "/tasks", swarm_refuse},
	{"GET", "/tasks/*", swarm_refuse},
	{"GET", "/tasks/*/logs", swarm_refuse},
	{"GET", "/secrets", swarm_refuse},
	{"GET", "/secrets/*", swarm_refuse},
	{"POST", "/secrets/create", swarm_refuse},
	{"POST", "/secrets/*/update", swarm_refuse},
	{"DELETE", "/secrets/*", swarm_refuse},
	{"GET", "/configs", swarm_refuse},
	{"GET", "/configs/*", swarm_refuse},
	{"POST", "/configs/create", swarm_refuse},
	{"POST", "/configs/*/update", swarm_refuse},
	{"DELETE", "/configs/*", swarm_refuse},

	{"OPTIONS", "/**", sys_options},
};

const size_t api_n_routes = sizeof(api_routes) / sizeof(api_routes[0]);
