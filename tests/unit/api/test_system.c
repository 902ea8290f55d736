// SPDX-License-Identifier: MIT
/* api/system.c, df.c, networks.c, volumes.c, swarm_plugins.c */
#include "tests/unit/api/ask.h"

TEST(system_ping)
{
	CHECK_ASK("GET /_ping", NULL, 200);
	CHECK_STR(answer_body(), "OK");
	CHECK_HAS("Cache-Control: no-cache, no-store, must-revalidate\r\n");
	CHECK_HAS("Swarm: inactive\r\n");
	CHECK_HAS("Builder-Version: ");
	CHECK_HAS("Content-Type: text/plain; charset=utf-8\r\n");
	CHECK_ASK("HEAD /_ping", NULL, 200);
	CHECK_HAS("Content-Length: 0\r\n");
}

TEST(system_version_info)
{
	CHECK_ASK("GET /v1.24/version", NULL, 200);
	CHECK_HAS("\"ApiVersion\":\"1.51\",\"MinAPIVersion\":\"1.24\"");
	CHECK_ASK("GET /info", NULL, 200);
	CHECK_HAS("\"DriverStatus\":[[\"Backing Filesystem\",\"tmpfs\"]]");
	CHECK_HAS("\"Warnings\":null}");
}

TEST(system_df)
{
	CHECK_ASK("GET /system/df", NULL, 200);
	CHECK_HAS("{\"LayersSize\":7,\"Images\":[],\"Containers\":[{");
	CHECK_HAS("\"BuildCache\":[]}");
	CHECK_ASK("GET /system/df?type=volume", NULL, 200);
	CHECK_HAS("\"Containers\":null");
	CHECK_ASK("GET /system/df?type=x", NULL, 400);
}

TEST(system_networks)
{
	CHECK_ASK("GET /networks", NULL, 200);
	CHECK_ASK("GET /networks/bridge", NULL, 200);
	CHECK_HAS("{\"Name\":\"bridge\",\"Id\":\"" FAKE_ID "\"");
	CHECK_ASK("GET /networks/bridge?verbose=x", NULL, 400);
	CHECK_ASK("DELETE /networks/bridge", NULL, 403);
	CHECK_HAS("bridge is a pre-defined network and cannot be removed");
	CHECK_ASK("POST /networks/create", "{}", 400);
	CHECK_ASK("POST /networks/create", "{\"Name\":\"n\",\"EnableIPv4\":false}", 201);
	CHECK_HAS("\"Warning\":\"\"");
	CHECK_STR(fake.last, "network create n v4=-1");
	CHECK_ASK("POST /v1.47/networks/create", "{\"Name\":\"n\",\"EnableIPv4\":false}", 201);
	CHECK_STR(fake.last, "network create n v4=0");
	CHECK_ASK("POST /networks/prune", NULL, 200);
	CHECK_HAS("{\"NetworksDeleted\":[\"old\"]}");
	CHECK_ASK("GET /networks/bridge?scope=swarm", NULL, 404);
	CHECK_ASK("POST /networks/n/connect",
		  "{\"Container\":\"c1\",\"EndpointConfig\":{\"Aliases\":[\"www\"]}}", 200);
	CHECK_STR(fake.last, "network connect n c1 www");
	CHECK_ASK("POST /networks/n/disconnect", "{\"Container\":\"c1\",\"Force\":true}", 200);
	CHECK_STR(fake.last, "network disconnect n c1 1");
}

TEST(system_volumes)
{
	CHECK_ASK("GET /volumes", NULL, 200);
	CHECK_STR(answer_body(),
		  "{\"Volumes\":[{\"CreatedAt\":\"0001-01-01T00:00:00Z\",\"Driver\":\"local\","
		  "\"Labels\":{\"a\":\"b\"},\"Mountpoint\":\"/volumes/v1/_data\",\"Name\":\"v1\","
		  "\"Options\":null,\"Scope\":\"local\"}],\"Warnings\":null}\n");
	CHECK_ASK("POST /volumes/create",
		  "{\"Name\":\"x\",\"Labels\":{\"a\":\"b\"},\"DriverOpts\":null}", 201);
	CHECK_STR(fake.last, "volume x local 1 0");
	CHECK_ASK("GET /volumes/nope", NULL, 404);
	CHECK_ASK("DELETE /volumes/nope", NULL, 404);
	CHECK_ASK("DELETE /volumes/nope?force=1", NULL, 204);
	CHECK_ASK("POST /volumes/prune", NULL, 200);
}

TEST(system_refused)
{
	CHECK_ASK("GET /swarm", NULL, 503);
	CHECK_HAS("This node is not a swarm manager.");
	CHECK_ASK("GET /plugins", NULL, 200);
	CHECK_ASK("POST /build", NULL, 501);
	CHECK_ASK("POST /grpc", NULL, 501);
	CHECK_ASK("POST /auth", "[]", 400);
}
