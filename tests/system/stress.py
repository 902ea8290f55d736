#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""stress.py SOCKET SECONDS [THREADS]: many clients at once, on each other's containers.

Every thread makes containers of the image "small" with random options and does random things to
them and to those of the others. ROOTFS names an archive to
import all the while. Refusals (4xx) are answers; what counts as a failure is an
answer of 5xx, a cut connection, or none in time. At the end every container is removed.
Prints one line a failure and a summary; ends with 1 if there was any."""
import http.client
import json
import os
import random
import socket
import sys
import threading
import time

SOCKET, SECONDS = sys.argv[1], float(sys.argv[2])
THREADS = int(sys.argv[3]) if len(sys.argv) > 3 else 16
ROOTFS = os.environ.get("ROOTFS", "/dev/null")
TIMEOUT = 60
end = time.monotonic() + SECONDS
failures, counts, lock = [], {}, threading.Lock()
# what a program cannot help: the container ended while its start went on
EXPECTED = ("is not running", "has ended", "no such process", "shim ended", "init ended",
            "cannot pause container", "is not paused")


class Connection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(TIMEOUT)
        self.sock.connect(SOCKET)


def fail(what):
    with lock:
        failures.append(what)
    print("FAIL", what, flush=True)


def call(method, path, body=None, read=True, tolerate=False):
    """one request; status and parsed body (or text)"""
    last = path.split("?")[0].rsplit("/", 1)[-1]
    what = method + " " + (last if len(last) < 20 else "")
    c = Connection("localhost")
    try:
        data = json.dumps(body) if body is not None else None
        c.request(method, path, data, {"Content-Type": "application/json"} if data else {})
        r = c.getresponse()
        text = r.read() if read else b""
    except (OSError, http.client.HTTPException) as e:
        if not tolerate:
            fail("%s %s: %r" % (method, path, e))
        return 0, ""
    finally:
        c.close()
    with lock:
        counts[what if r.status < 400 else what + " refused"] = counts.get(what if r.status < 400 else what + " refused", 0) + 1
    if r.status >= 500 and not any(x in text.decode() for x in EXPECTED):
        fail("%s %s: %d %s" % (method, path, r.status, text.decode()[:300]))
    try:
        return r.status, json.loads(text)
    except ValueError:
        return r.status, text.decode(errors="replace")


def stream(path, seconds, method="GET"):
    """reads an endless answer for a while and leaves"""
    c = Connection("localhost")
    try:
        c.request(method, path)
        c.sock.settimeout(seconds)
        r = c.getresponse()
        while r.read1(65536):
            pass
    except (OSError, http.client.HTTPException):
        pass
    finally:
        c.close()


def attach(path, feed=b""):
    """a hijacked connection, kept until the other side ends it or a second has passed"""
    s = socket.socket(socket.AF_UNIX)
    try:
        s.settimeout(random.choice([0.05, 1, 3]))
        s.connect(SOCKET)
        s.sendall(("POST %s HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
                   "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}" % path).encode())
        if feed:
            s.sendall(feed)
        while s.recv(4096):
            pass
    except OSError:
        pass
    finally:
        s.close()


def spawn(f, *args):
    t = threading.Thread(target=f, args=args, daemon=True)
    t.start()
    return t


COMMANDS = [["true"], ["false"], ["/missing"], ["sleep", "0.2"], ["sleep", "30"], ["cat"],
            ["sh", "-c", "echo out; echo err >&2"],
            ["sh", "-c", "i=0; while [ $i -lt 200 ]; do echo $i; i=$((i+1)); done; sleep 1"],
            ["sh", "-c", "trap 'exit 3' TERM; while :; do sleep 0.1; done"]]


def make():
    host = {"NetworkMode": random.choice(["bridge", "bridge", "none", "host"]),
            "AutoRemove": random.random() < 0.3, "Init": random.random() < 0.2}
    if not host["AutoRemove"] and random.random() < 0.3:
        host["RestartPolicy"] = random.choice([{"Name": "on-failure", "MaximumRetryCount": 2},
                                               {"Name": "always"}, {"Name": "unless-stopped"}])
    conf = {"Image": random.choice(["small", "small", "small", "other"]), "HostConfig": host,
            "Cmd": random.choice(COMMANDS), "OpenStdin": random.random() < 0.5,
            "Tty": random.random() < 0.2, "Labels": {"stress": "1"}, "StopTimeout": 1}
    if host["NetworkMode"] == "bridge" and random.random() < 0.4:
        conf["ExposedPorts"] = {"80/tcp": {}}
        host["PortBindings"] = {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]}
    if random.random() < 0.3:
        conf["Healthcheck"] = {"Test": ["CMD-SHELL", random.choice(["true", "false", "sleep 2"])],
                               "Interval": 50000000, "Timeout": 300000000, "Retries": 2}
    if random.random() < 0.3:
        conf["Volumes"] = {"/vol": {}}
    status, got = call("POST", "/containers/create?name=s%d" % random.randrange(200), conf)
    return got["Id"] if status == 201 else None


def execute(c):
    status, got = call("POST", "/containers/%s/exec" % c, {
        "AttachStdout": True, "AttachStderr": True, "AttachStdin": True,
        "Cmd": random.choice(COMMANDS)})
    if status == 201:
        x = got["Id"]
        attach("/exec/%s/start" % x, b"hello\n")
        call("GET", "/exec/%s/json" % x)
        call("POST", "/exec/%s/resize?h=20&w=40" % x, tolerate=True)


def one(c):
    """something at random with container c"""
    do = random.randrange(24)
    if do < 4:
        call("POST", "/containers/%s/start" % c)
    elif do == 4:
        for _ in range(2):
            spawn(call, "POST", "/containers/%s/start" % c)
    elif do == 5:
        call("POST", "/containers/%s/restart?t=0" % c)
    elif do == 6:
        call("POST", "/containers/%s/stop?t=0" % c)
    elif do == 7:
        call("POST", "/containers/%s/kill?signal=%s" % (c, random.choice(["KILL", "TERM", "USR1"])))
    elif do == 8:
        call("DELETE", "/containers/%s?force=1&v=1" % c)
    elif do == 9:
        call("POST", "/containers/%s/rename?name=s%d" % (c, random.randrange(200)))
    elif do == 10:
        spawn(stream, "/containers/%s/logs?follow=1&stdout=1&stderr=1" % c, random.random())
    elif do == 11:
        call("GET", "/containers/%s/logs?stdout=1&stderr=1&tail=10" % c)
    elif do == 12:
        spawn(stream, "/containers/%s/wait?condition=%s" % (c, random.choice(
            ["not-running", "next-exit", "removed"])), random.choice([0.05, 2]), "POST")
    elif do == 13:
        spawn(stream, "/containers/%s/stats" % c, random.random() * 2)
    elif do == 14:
        spawn(execute, c)
    elif do == 15:
        spawn(attach, "/containers/%s/attach?stream=1&stdin=1&stdout=1&stderr=1&logs=%d" % (
            c, random.randrange(2)), b"x\n")
    elif do == 16:
        call("POST", "/containers/%s/pause" % c)
        call("POST", "/containers/%s/unpause" % c)
    elif do == 17:
        call("GET", "/containers/%s/json?size=1" % c)
    elif do == 18:
        call("GET", "/containers/%s/top" % c)
    elif do == 19:
        call("POST", "/containers/%s/resize?h=30&w=60" % c)
    elif do == 20:
        call("GET", "/containers/%s/changes" % c)
    elif do == 21:
        call("POST", "/containers/%s/update" % c, {"RestartPolicy": {"Name": "no"}})
    elif do == 22:
        stream("/containers/%s/export" % c, 5)
    else:
        stream("/containers/%s/archive?path=/bin" % c, 5)


def all_ids():
    status, got = call("GET", "/containers/json?all=1")
    return [c["Id"] for c in got] if status == 200 else []


def around():
    """what does not concern one container"""
    do = random.randrange(10)
    if do < 3:
        spawn(stream, "/events?since=0", random.random() * 2)
    elif do == 3:
        call("GET", "/info")
    elif do == 4:
        call("GET", "/system/df")
    elif do == 5:
        call("POST", "/images/small/tag?repo=other&tag=latest")
    elif do == 6:
        call("DELETE", "/images/other")
    elif do == 7:
        call("GET", "/images/json")
    elif do == 8:
        call("GET", "/volumes")
    else:
        call("GET", "/networks/bridge")


def imports():
    """an image comes and goes"""
    with open(ROOTFS, "rb") as f:
        data = f.read()
    while data and time.monotonic() < end:
        c = Connection("localhost")
        try:
            c.request("POST", "/images/create?fromSrc=-&repo=other&changes=ENV%20PATH=/bin", data,
                      {"Content-Type": "application/x-tar"})
            r = c.getresponse()
            text = r.read()
            if r.status != 200 or b"errorDetail" in text:
                fail("import: %d %s" % (r.status, text[:200]))
        except (OSError, http.client.HTTPException) as e:
            fail("import: %r" % e)
        finally:
            c.close()
        call("DELETE", "/images/other?force=1")


def worker(seed):
    random.seed(seed)
    while time.monotonic() < end:
        c = make()
        if c is not None:
            if random.random() < 0.5:
                spawn(attach, "/containers/%s/attach?stream=1&stdin=1&stdout=1&stderr=1" % c, b"a\n")
            call("POST", "/containers/%s/start" % c)
        around()
        ids = all_ids()
        for _ in range(6):
            if ids:
                one(random.choice(ids))
        if len(ids) > 60:
            for c in random.sample(ids, 20):
                call("DELETE", "/containers/%s?force=1&v=1" % c)


workers = [spawn(worker, int(os.environ.get("SEED", "1")) * 1000 + i) for i in range(THREADS)]
workers.append(spawn(imports))
for t in workers:
    t.join(SECONDS + 2 * TIMEOUT)
    if t.is_alive():
        fail("a client hangs")
for attempt in range(20):
    left = all_ids()
    for c in left:
        call("DELETE", "/containers/%s?force=1&v=1" % c)
    if not left:
        break
    time.sleep(0.2)
else:
    fail("containers that cannot be removed: %s" % left)
if os.environ.get("VERBOSE"):
    for k in sorted(counts):
        print("%6d %s" % (counts[k], k))
print("%d requests, %d failures" % (sum(counts.values()), len(failures)))
sys.exit(1 if failures else 0)
