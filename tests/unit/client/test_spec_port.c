// SPDX-License-Identifier: MIT
/* spec_port: every form of -p and --expose. */
#include "tests/unit/harness.h"

#include "base/buf.h"
#include "base/mem.h"
#include "client/spec.h"

static void publishes(const char *text, const char *want)
{
	CLEANUP(port_maps_clear) struct port_maps m = {0};
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;
	struct err e;

	CHECK_OK(spec_publish(text, &m, &e), e);
	jw_init(&w, &b);
	port_maps_write(&m, &w);
	CHECK_STR(buf_str(&b), want);
}

static void refuses(const char *text, const char *want)
{
	CLEANUP(port_maps_clear) struct port_maps m = {0};
	struct err e;

	CHECK_EQ(spec_publish(text, &m, &e), -1);
	CHECK_STR(e.msg, want);
}

TEST(forms)
{
	publishes("80", "{\"80/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"\"}]}");
	publishes("8080:80", "{\"80/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"8080\"}]}");
	publishes("8080:80/UDP", "{\"80/udp\":[{\"HostIp\":\"\",\"HostPort\":\"8080\"}]}");
	publishes("127.0.0.1:8080:80",
		  "{\"80/tcp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"8080\"}]}");
	publishes("127.0.0.1::80", "{\"80/tcp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"\"}]}");
	publishes("[::1]:8080:80", "{\"80/tcp\":[{\"HostIp\":\"::1\",\"HostPort\":\"8080\"}]}");
	publishes("8000-8001:80-81", "{\"80/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"8000\"}],"
				     "\"81/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"8001\"}]}");
	publishes("8000-8010:80", "{\"80/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"8000-8010\"}]}");
	publishes("target=80,published=8080,protocol=udp",
		  "{\"80/udp\":[{\"HostIp\":\"\",\"HostPort\":\"8080\"}]}");
}

TEST(same_port_twice)
{
	CLEANUP(port_maps_clear) struct port_maps m = {0};
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;
	struct err e;

	CHECK_OK(spec_publish("1:80", &m, &e), e);
	CHECK_OK(spec_publish("2:81", &m, &e), e);
	CHECK_OK(spec_publish("3:80", &m, &e), e);
	jw_init(&w, &b);
	port_maps_write(&m, &w);
	CHECK_STR(buf_str(&b),
		  "{\"80/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"1\"},{\"HostIp\":\"\","
		  "\"HostPort\":\"3\"}],\"81/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"2\"}]}");
}

TEST(refused)
{
	refuses("x", "Invalid containerPort: x");
	refuses("x:80", "Invalid hostPort: x");
	refuses("80/foo", "Invalid proto: foo");
	refuses("70000", "Invalid containerPort: 70000");
	refuses("90-80", "Invalid containerPort: 90-80");
	refuses("1-3:80-81",
		"Invalid ranges specified for container and host Ports: 80-81 and 1-3");
	refuses("::1:80:80", "Invalid ip address: ::1");
	refuses("published=1", "Invalid port format: published=1: target is missing");
	refuses("", "Invalid containerPort: ");
}

TEST(expose)
{
	CLEANUP(strv_clear) struct strv v = STRV_INIT;
	struct err e;

	CHECK_OK(spec_expose("80", &v, &e), e);
	CHECK_OK(spec_expose("80-82/udp", &v, &e), e);
	CHECK_OK(spec_expose("80/tcp", &v, &e), e);
	CHECK_EQ(v.len, 4);
	CHECK_STR(v.items[0], "80/tcp");
	CHECK_STR(v.items[3], "82/udp");
	CHECK_EQ(spec_expose("1:80", &v, &e), -1);
}
