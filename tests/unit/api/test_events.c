// SPDX-License-Identifier: MIT
/* api/events.c */
#include "tests/unit/api/ask.h"

TEST(events_shape)
{
	CHECK_ASK("GET /events?since=1&until=2", NULL, 200);
	CHECK_HAS("Transfer-Encoding: chunked\r\n");
	CHECK_HAS("{\"status\":\"start\",\"id\":\"" FAKE_ID "\",\"from\":\"hello\",\"Type\":"
		  "\"container\",\"Action\":\"start\",\"Actor\":{\"ID\":\"" FAKE_ID
		  "\",\"Attributes\":{\"image\":\"hello\"}},\"scope\":\"local\",\"time\":1,"
		  "\"timeNano\":1500000000}\n");
}

TEST(events_times)
{
	CHECK_ASK("GET /events?since=x", NULL, 400);
	CHECK_ASK("GET /events?since=5&until=2", NULL, 400);
	CHECK_HAS("`since` time (5) cannot be after `until` time (2)");
}
