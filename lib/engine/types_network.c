// SPDX-License-Identifier: MIT
/* Binding tables of network objects; names and omissions as the Docker API 1.51 has them. */
#include "engine/network_internal.h"
#include "engine/types_internal.h"

#define T struct docker_ipam_config
const struct json_struct docker_ipam_config_json = {
	"network.IPAMConfig", sizeof(T),
	(const struct json_field[]){
		F_OMIT(subnet, "Subnet", JSON_B_STR),
		F_OMIT(ip_range, "IPRange", JSON_B_STR),
		F_OMIT(gateway, "Gateway", JSON_B_STR),
		F_OMIT(auxiliary_addresses, "AuxiliaryAddresses", JSON_B_STRMAP),
		END,
	}};
#undef T

#define T struct docker_ipam
const struct json_struct docker_ipam_json = {
	"network.IPAM", sizeof(T),
	(const struct json_field[]){
		F(driver, "Driver", JSON_B_STR),
		F(options, "Options", JSON_B_STRMAP),
		F_SUB(config, "Config", JSON_B_STRUCT_ARR, &docker_ipam_config_json),
		END,
	}};
#undef T

#define T struct docker_config_reference
static const struct json_struct config_reference_json = {"network.ConfigReference", sizeof(T),
							 (const struct json_field[]){
								 F(network, "Network", JSON_B_STR),
								 END,
							 }};
#undef T

#define T struct docker_network_create
const struct json_struct docker_network_create_json = {
	"network.CreateRequest", sizeof(T),
	(const struct json_field[]){
		F(name, "Name", JSON_B_STR),
		F(driver, "Driver", JSON_B_STR),
		F(scope, "Scope", JSON_B_STR),
		F(enable_ipv4, "EnableIPv4", JSON_B_TRI),
		F(enable_ipv6, "EnableIPv6", JSON_B_TRI),
		F_SUB(ipam, "IPAM", JSON_B_STRUCT_PTR, &docker_ipam_json),
		F(internal, "Internal", JSON_B_BOOL),
		F(attachable, "Attachable", JSON_B_BOOL),
		F(ingress, "Ingress", JSON_B_BOOL),
		F(config_only, "ConfigOnly", JSON_B_BOOL),
		F_SUB(config_from, "ConfigFrom", JSON_B_STRUCT_PTR, &config_reference_json),
		F(options, "Options", JSON_B_STRMAP),
		F(labels, "Labels", JSON_B_STRMAP),
		END,
	}};
#undef T

#define T struct docker_network_member
const struct json_struct docker_network_member_json = {
	"network.EndpointResource", sizeof(T),
	(const struct json_field[]){
		F(name, "Name", JSON_B_STR),
		F(endpoint_id, "EndpointID", JSON_B_STR),
		F(mac_address, "MacAddress", JSON_B_STR),
		F(ipv4_address, "IPv4Address", JSON_B_STR),
		F(ipv6_address, "IPv6Address", JSON_B_STR),
		END,
	}};
#undef T

#define T struct docker_network
const struct json_struct docker_network_json = {
	"network.Inspect", sizeof(T),
	(const struct json_field[]){
		F(name, "Name", JSON_B_STR),
		F(id, "Id", JSON_B_STR),
		F(created_nsec, "Created", JSON_B_TIME),
		F(scope, "Scope", JSON_B_STR),
		F(driver, "Driver", JSON_B_STR),
		F(enable_ipv4, "EnableIPv4", JSON_B_BOOL),
		F(enable_ipv6, "EnableIPv6", JSON_B_BOOL),
		F_SUB(ipam, "IPAM", JSON_B_STRUCT, &docker_ipam_json),
		F(internal, "Internal", JSON_B_BOOL),
		F(attachable, "Attachable", JSON_B_BOOL),
		F(ingress, "Ingress", JSON_B_BOOL),
		F_SUB(config_from, "ConfigFrom", JSON_B_STRUCT, &config_reference_json),
		F(config_only, "ConfigOnly", JSON_B_BOOL),
		JSON_F(T, containers, "Containers", JSON_B_STRUCT_MAP, &docker_network_member_json,
		       JSON_EMPTY_LIST),
		F_FLAGS(options, "Options", JSON_B_STRMAP, JSON_EMPTY_LIST),
		F_FLAGS(labels, "Labels", JSON_B_STRMAP, JSON_EMPTY_LIST),
		END,
	}};
#undef T

#define T struct container_link
const struct json_struct container_link_json = {"Link", sizeof(T),
						(const struct json_field[]){
							F(id, "Id", JSON_B_STR),
							F(name, "Name", JSON_B_STR),
							F(alias, "Alias", JSON_B_STR),
							END,
						}};
#undef T

#define T struct docker_network_connect
const struct json_struct docker_network_connect_json = {
	"network.ConnectOptions", sizeof(T),
	(const struct json_field[]){
		F(container, "Container", JSON_B_STR),
		F_SUB(endpoint_config, "EndpointConfig", JSON_B_STRUCT_PTR, &docker_endpoint_json),
		END,
	}};
#undef T

#define T struct docker_network_disconnect
const struct json_struct docker_network_disconnect_json = {
	"network.DisconnectOptions", sizeof(T),
	(const struct json_field[]){
		F(container, "Container", JSON_B_STR),
		F(force, "Force", JSON_B_BOOL),
		END,
	}};
#undef T
