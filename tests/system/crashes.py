#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""crashes.py RUNDIR DATADIR TIMES: kills dockerd with -9 at random moments.

While clients create, start, end, remove containers, exec and import, dockerd (its pid is in
RUNDIR/docker.pid) is killed; the next one has to know every container that was acknowledged, with
the state it should have, control the running ones, and hold exactly their published ports."""
import os
import random
import signal
import subprocess
import sys
import threading
import time

import engine

RUN, DATA, TIMES = sys.argv[1], sys.argv[2], int(sys.argv[3])
ROOTFS = os.environ.get("ROOTFS", "/dev/null")
random.seed(int(os.environ.get("SEED", "1")))
failures = 0


def call(method, path, body=None, sock=None, raw=None):
    return engine.call(sock or RUN + "/docker.sock", method, path, body, raw)


def fail(what):
    global failures
    failures += 1
    print("FAIL", what, flush=True)


class Known:
    """what was acknowledged to us of one container"""
    def __init__(self, kind):
        self.kind, self.started, self.ending, self.removing = kind, False, False, False


KINDS = {"long": ["sleep", "100"], "seven": ["sh", "-c", "exit 7"],
         "later": ["sh", "-c", "sleep 0.3; exit 7"],
         "count": ["sh", "-c", "i=0; while :; do i=$((i+1)); echo $i; sleep 0.02; done"]}


def client(known, stop):
    while not stop.is_set():
        kind = random.choice(list(KINDS))
        host = {}
        if random.random() < 0.6:
            host["PortBindings"] = {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]}
        status, got = call("POST", "/containers/create", {
            "Image": "small", "Cmd": KINDS[kind], "HostConfig": host, "StopTimeout": 0})
        if status != 201:
            continue
        k = known[got["Id"]] = Known(kind)
        name = "/containers/" + got["Id"]
        if call("POST", name + "/start")[0] == 204:
            k.started = True
        do = random.randrange(5)
        if do == 0:
            k.ending = True
            call("POST", name + "/stop?t=0")
        elif do == 1:
            k.removing = True
            call("DELETE", name + "?force=1")
        elif do == 2:
            status, got = call("POST", name + "/exec", {"AttachStdout": True, "Cmd": ["true"]})
            if status == 201:
                call("POST", "/exec/%s/start" % got["Id"], {"Detach": True})
        elif do == 3 and os.path.isfile(ROOTFS):
            with open(ROOTFS, "rb") as f:
                call("POST", "/images/create?fromSrc=-&repo=other", raw=f.read())


def run_exec(name):
    status, got = call("POST", name + "/exec", {"AttachStdout": True, "Cmd": ["sh", "-c", "exit 5"]})
    if status != 201:
        return "exec create: %d %s" % (status, got)
    x = got["Id"]
    status, got = call("POST", "/exec/%s/start" % x, {"Detach": True})
    if status != 200:
        return "exec start: %d %s" % (status, got)
    for _ in range(3000):
        got = call("GET", "/exec/%s/json" % x)[1]
        if not got["Running"]:
            return None if got["ExitCode"] == 5 else "exec ended with %s" % got["ExitCode"]
        time.sleep(0.02)
    return "exec does not end"


def check_log(name):
    c = engine.Connection(RUN + "/docker.sock")
    try:
        c.request("GET", name + "/logs?stdout=1")
        text = c.getresponse().read()
    finally:
        c.close()
    n = want = 0
    while n + 8 <= len(text):
        size = int.from_bytes(text[n + 4:n + 8], "big")
        want += 1
        if text[n + 8:n + 8 + size] != b"%d\n" % want:
            return "log: %r where %d should be" % (text[n + 8:n + 8 + size], want)
        n += 8 + size
    return None


def check(i, known, present):
    for c, k in known.items():
        what = "%d: %s %s" % (i, k.kind, c[:12])
        if c not in present:
            if not k.removing:
                fail(what + " is lost")
            continue
        if k.removing or not k.started:
            continue
        name = "/containers/" + c
        if k.kind in ("seven", "later") and not k.ending:
            got = call("POST", name + "/wait")[1]
            if got["StatusCode"] != 7:
                fail(what + " ended with %d" % got["StatusCode"])
            continue
        state = call("GET", name + "/json")[1]["State"]
        if k.ending:
            continue
        if not state["Running"]:
            fail(what + " does not run: %s" % state)
            continue
        why = run_exec(name) or (check_log(name) if k.kind == "count" else None)
        if why:
            fail(what + ": " + why)


def ports_listed():
    status, got = call("GET", "/v1/ports", sock=RUN + "/dockerd-rootless/api.sock")
    return sorted(p["spec"]["parentPort"] for p in got) if status == 200 else None


def check_ports(i):
    for _ in range(600):  # what was never acknowledged may end just now
        want = []
        for c in call("GET", "/containers/json")[1]:
            want += [p["PublicPort"] for p in c["Ports"] if "PublicPort" in p]
        have = ports_listed()
        if have == sorted(want):
            break
        time.sleep(0.05)
    else:
        fail("%d: published %s, but %s are listed" % (i, have, sorted(want)))


def leftovers():
    found = []
    for what, path in (("bundles", RUN + "/docker/containers"), ("containers", DATA + "/containers"),
                       ("mounts", DATA + "/image/overlay2/layerdb/mounts")):
        left = [x for x in os.listdir(path) if x[0] != "."] if os.access(path, os.R_OK) else []
        if left:
            found.append("%d %s" % (len(left), what))
    shims = subprocess.run(["pgrep", "-u", str(os.getuid()), "-f", "^shim .*" + RUN],
                           stdout=subprocess.PIPE, text=True).stdout.split()
    if shims:
        found.append("%d shims" % len(shims))
    if ports_listed():
        found.append("ports")
    return found


def once(i):
    known, stop = {}, threading.Event()
    clients = [threading.Thread(target=client, args=(known, stop)) for _ in range(4)]
    with open(RUN + "/docker.pid") as f:
        pid = int(f.read())
    for t in clients:
        t.start()
    time.sleep(random.random() * 0.5)
    stop.set()
    os.kill(pid, signal.SIGKILL)
    for t in clients:
        t.join()
    if not engine.answers(RUN + "/docker.sock"):
        fail("%d: no dockerd any more" % i)
        sys.exit(1)
    check(i, known, {c["Id"] for c in call("GET", "/containers/json?all=1")[1]})
    for _ in range(2):
        for c in call("GET", "/containers/json?all=1")[1]:
            if _ == 0 and random.random() < 0.3 and c["State"] == "running":
                status, got = call("POST", "/containers/%s/stop?t=0" % c["Id"])
                if status not in (204, 304):
                    fail("%d: stop: %d %s" % (i, status, got))
    check_ports(i)
    for c in call("GET", "/containers/json?all=1")[1]:
        status, got = call("DELETE", "/containers/%s?force=1" % c["Id"])
        if status != 204:
            fail("%d: rm: %d %s" % (i, status, got))
    for _ in range(1200):
        left = leftovers()
        if not left:
            return
        time.sleep(0.05)
    fail("%d: left: %s" % (i, ", ".join(left)))


for n in range(TIMES):
    once(n)
print("%d crashes, %d failures" % (TIMES, failures))
sys.exit(1 if failures else 0)
