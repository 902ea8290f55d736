# SPDX-License-Identifier: MIT
"""netstress.py SOCKET SECONDS CLIENTS: clients make, connect, disconnect, start, rename and remove
the same few networks and containers at random. Every answer must be one that a race allows: no
server error, no time-out. Prints what was not, exits 1; removes everything at the end."""
import collections
import http.client
import json
import random
import socket
import sys
import threading
import time

SOCKET, SECONDS, CLIENTS = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
NETWORKS = ["s%d" % i for i in range(4)]
CONTAINERS = ["st%d" % i for i in range(6)]
# Docker's own answer to disconnect is a 500 when there is nothing to disconnect
FINE = ("is not connected to", "address pools have been fully subnetted")
bad = collections.Counter()
seen = collections.Counter()


class Connection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(SOCKET)


def call(method, path, body=None):
    c = Connection("localhost")
    text = None if body is None else json.dumps(body)
    c.request(method, path, text, {"Content-Type": "application/json"})
    r = c.getresponse()
    data = r.read().decode()
    c.close()
    seen[r.status] += 1
    missing = r.status == 404 and "not found" not in data and "No such container" not in data
    if (r.status >= 500 and not any(f in data for f in FINE)) or missing:
        bad["%s %s: %d %s" % (method, path, r.status, data.strip())] += 1
    return data


def new_container(rnd, name, network):
    ports = {"80/tcp": [{}]} if rnd.random() < 0.3 else {}
    call("POST", "/containers/create?name=" + name, {
        "Image": "box", "Cmd": ["sleep", "100"],
        "HostConfig": {"NetworkMode": network, "PortBindings": ports},
        "NetworkingConfig": {"EndpointsConfig": {network: {}}}})


def verbs(rnd, n, c):
    other = rnd.choice(CONTAINERS)
    return [
        (10, lambda: call("POST", "/networks/create", {
            "Name": n, "EnableIPv6": rnd.random() < 0.3, "Internal": rnd.random() < 0.2})),
        (5, lambda: call("DELETE", "/networks/" + n)),
        (18, lambda: call("POST", "/networks/%s/connect" % n, {"Container": c})),
        (15, lambda: call("POST", "/networks/%s/disconnect" % n, {"Container": c})),
        (10, lambda: new_container(rnd, c, n)),
        (14, lambda: call("POST", "/containers/%s/start" % c)),
        (6, lambda: call("POST", "/containers/%s/kill" % c)),
        (2, lambda: call("POST", "/containers/%s/stop?t=0" % c)),
        (4, lambda: call("DELETE", "/containers/%s?force=1" % c)),
        (2, lambda: call("POST", "/containers/%s/rename?name=%s" % (c, other))),
        (4, lambda: call("GET", "/networks/" + n)),
        (4, lambda: call("GET", "/networks")),
        (3, lambda: call("GET", "/containers/%s/json" % c)),
        (1, lambda: call("POST", "/networks/prune")),
    ]


def client(seed):
    rnd = random.Random(seed)
    end = time.time() + SECONDS
    while time.time() < end:
        n, c = rnd.choice(NETWORKS + ["bridge"]), rnd.choice(CONTAINERS)
        weights, calls = zip(*verbs(rnd, n, c))
        try:
            rnd.choices(calls, weights)[0]()
        except Exception as x:  # pylint: disable=broad-except
            bad["%s %s: %r" % (n, c, x)] += 1


threads = [threading.Thread(target=client, args=(i,)) for i in range(CLIENTS)]
for t in threads:
    t.start()
for t in threads:
    t.join()
for container in json.loads(call("GET", "/containers/json?all=1")):
    call("DELETE", "/containers/%s?force=1" % container["Id"])
call("POST", "/networks/prune")
left = [n["Name"] for n in json.loads(call("GET", "/networks"))]
print("answers:", dict(seen), "networks left:", left)
for what, count in bad.most_common():
    print(count, what)
sys.exit(1 if bad or sorted(left) != ["bridge", "host", "none"] else 0)
