#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""soak.py SOCKET STACK_PID CASE COUNT: much of one kind, and what is left of it afterwards.

CASE: short (COUNT containers one after another), crowd (at once), follow (attached clients and
followers of the log), join (such that come while the container writes, its log is rotated and it
ends), idle (connections that say nothing, half a request, or wait for the next), events (listeners
that do not read, COUNT events). Every case looks at the whole stack before and after; what grew is
printed and, beyond what GROWTH allows, a failure. HOME and XDG_RUNTIME_DIR are the stack's."""
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time

from engine import Connection, answers, call, settled_faults

SOCK, STACK, CASE, COUNT = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
RUN, DATA = os.environ["XDG_RUNTIME_DIR"], os.environ["HOME"] + "/.local/share/docker"
# what may be more afterwards; all else not at all. Memory in KB: what a heap keeps for the next time
GROWTH = {"private": {"dockerd": 700, "": 128}, "fds": {"": 1}, "threads": {"dockerd": 1, "": 0}}
FLAT = 150 # KB that a process may be larger at the end of "short" than half-way
faults = []


def fault(text):
    faults.append(text)
    print("FAULT " + text, flush=True)


def note(text):
    print("# %s: %s" % (CASE, text), flush=True)


# --- a look at the whole stack
def read(path):
    try:
        with open(path) as f:
            return f.read()
    except OSError:
        return ""


def shims():
    out = subprocess.run(["pgrep", "-u", str(os.getuid()), "-f", "^shim .*%s/" % RUN], stdout=subprocess.PIPE).stdout
    return [int(p) for p in out.split()]


def processes():
    """pid -> applet of the stack without shims and what they keep"""
    found, todo = {}, [STACK]
    while todo:
        pid = todo.pop()
        words = read("/proc/%d/cmdline" % pid).split("\0")
        if not words[0] or words[0].startswith("shim"):
            continue
        name = next((w for w in map(os.path.basename, words[:2]) if w in ("dockerd", "usernet", "netns-helper")), "rootlesskit")
        found[pid] = name
        for t in os.listdir("/proc/%d/task" % pid):
            todo += map(int, read("/proc/%d/task/%s/children" % (pid, t)).split())
    return found


def in_n(*command):
    child = read(RUN + "/dockerd-rootless/child_pid").strip()
    return subprocess.run(["nsenter", "--preserve-credentials", "-U", "-t", child, "nsenter",
                           "--net=/proc/%s/root%s/dockerd-rootless/netns" % (child, RUN)] + list(command),
                          stdout=subprocess.PIPE, check=True).stdout.decode()


def tree(path):
    return sum(len(d) + len(f) for _, d, f in os.walk(path))


def number(pattern, text):
    return sum(map(int, re.findall(pattern, text, re.M)))


def shims_private():
    return sum(number(r"^Private_Dirty: *(\d+)", read("/proc/%d/smaps_rollup" % p)) for p in shims())


def namespaces():
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.stat("/proc/" + pid).st_uid == os.getuid():
                found |= {os.readlink("/proc/%s/ns/%s" % (pid, n)) for n in os.listdir("/proc/%s/ns" % pid)}
        except OSError: # it has ended, or lets nobody look
            pass
    return len(found)


def look():
    seen = {"namespaces": namespaces()}
    for pid, name in sorted(processes().items()):
        p, n = "/proc/%d/" % pid, 2
        while "threads " + name in seen: # rootlesskit is more than one
            name, n = name.split(" ")[0] + " %d" % n, n + 1
        status, rollup = read(p + "status"), read(p + "smaps_rollup")
        seen["private " + name] = number(r"^Private_Dirty: *(\d+)", rollup) or number(r"^RssAnon:\s*(\d+)", status)
        seen["pss " + name] = number(r"^Pss: *(\d+)", rollup)
        try:
            seen["fds " + name] = len(os.listdir(p + "fd"))
        except PermissionError: # usernet lets nobody look; the size of its table
            seen["fds " + name] = number(r"^FDSize:\s*(\d+)", status)
        seen["threads " + name] = len(os.listdir(p + "task"))
        seen["mounts " + name] = len(read(p + "mountinfo").splitlines())
        if name == "netns-helper":
            seen["sandboxes"] = read(p + "mountinfo").count("/docker/netns/")
    seen["interfaces"] = len(in_n("ip", "-o", "link").splitlines())
    for family in "-4", "-6":
        seen["rules " + family] = len(in_n("ip", family, "rule").splitlines())
        seen["routes " + family] = len(in_n("ip", family, "route", "show", "table", "all").splitlines())
    seen["shims"] = len(shims())
    seen["cgroups"] = sum(os.stat(d).st_uid == os.getuid() for d, _, _ in os.walk("/sys/fs/cgroup"))
    seen["data files"] = tree(DATA)
    seen["run files"] = tree(RUN)
    return seen


def allowed(key):
    kind, _, name = key.partition(" ")
    if kind in ("pss", "namespaces"):
        return 1 << 30 # told, not judged: what is shared depends on who else shares it
    rule = GROWTH.get(kind, {})
    return rule.get(name.split(" ")[0], rule.get("", 0))


def grown(before, after):
    return [k for k in after if after[k] - before.get(k, 0) > allowed(k)]


def settle(before, seconds=20):
    """the look afterwards, as soon as nothing has grown, at the latest after seconds"""
    end = time.monotonic() + seconds
    while True:
        after = look()
        if not grown(before, after) or time.monotonic() > end:
            return after
        time.sleep(0.3)


def told_growth(before, after):
    for kind in "private", "pss", "fds", "threads", "mounts":
        note("%s%s" % (kind, "".join(", %s %d -> %d" % (k[len(kind) + 1:], before[k], after.get(k, 0))
                                     for k in before if k.startswith(kind + " "))))
    rest = [k for k in after if k.split(" ")[0] not in ("private", "pss", "fds", "threads", "mounts")]
    note("".join("%s %d -> %d, " % (k, before.get(k, 0), after[k]) for k in rest)[:-2])


def judged(work):
    before = look()
    start = time.monotonic()
    work()
    took = time.monotonic() - start
    if not answers(SOCK):
        fault("the engine does not answer")
    after = settle(before)
    note("%d in %.1f s" % (COUNT, took))
    told_growth(before, after)
    for k in grown(before, after):
        fault("%s: %d before, %d afterwards" % (k, before.get(k, 0), after[k]))
    for k in settled_faults(DATA):
        fault(k)


# --- what is done
def must(method, path, body=None, status=(200, 201, 204)):
    got, text = call(SOCK, method, path, body)
    if got not in status:
        fault("%s %s: %s %s" % (method, path, got, text))
    return text


def create(cmd, **more):
    conf = {"Image": "small", "Cmd": cmd}
    conf.update(more)
    return must("POST", "/containers/create", conf)["Id"]


def at_once(count, f):
    """f(i) in a thread of its own each"""
    all_of_them = [threading.Thread(target=f, args=(i,)) for i in range(count)]
    for t in all_of_them:
        t.start()
    for t in all_of_them:
        t.join()


def one_short(i):
    """a container of one of the usual shapes, from its creation to its end"""
    host = {"AutoRemove": i % 3 == 0}
    more = {"HostConfig": host}
    if i % 10 == 1:
        more["ExposedPorts"], host["PortBindings"] = {"80/tcp": {}}, {"80/tcp": [{"HostIp": "127.0.0.1"}]}
    if i % 10 == 4:
        more["Volumes"] = {"/vol": {}}
    if i % 10 == 7:
        host["NetworkMode"] = "none"
    if i % 10 == 8:
        host["NetworkMode"] = "soak"
    talks = i % 20 == 5
    host["AutoRemove"] |= i % 10 == 9
    id_ = create(["sleep", "30"] if talks else ["sh", "-c", "echo %d" % i], **more)
    if host["AutoRemove"] and not talks:
        client = Follower(id_, True) if i % 10 == 9 else None
        gone = Connection(SOCK)
        gone.request("POST", "/containers/%s/wait?condition=removed" % id_)
        r = gone.getresponse()
        must("POST", "/containers/%s/start" % id_)
        r.read()
        gone.close()
        if client is not None and client.rest() != b"\1\0\0\0\0\0\0%c%d\n" % (len(str(i)) + 1, i):
            fault("attached to %d: %r" % (i, client.got))
        return
    must("POST", "/containers/%s/start" % id_)
    if talks:
        x = must("POST", "/containers/%s/exec" % id_, {"Cmd": ["true"], "AttachStdout": True})["Id"]
        must("POST", "/exec/%s/start" % x, {})
    else:
        must("POST", "/containers/%s/wait" % id_)
    must("DELETE", "/containers/%s?force=1&v=1" % id_)


def short():
    """memory grows while the ring of events and the heap fill, and then no more"""
    seen = {}
    for i in range(COUNT):
        if i in (COUNT // 10, COUNT // 2):
            time.sleep(1) # the last of them is gone
            seen[i] = look()
            note("after %d:" % i)
            told_growth(seen[COUNT // 10], seen[i])
        one_short(i)
    time.sleep(1)
    half, end = seen[COUNT // 2], look()
    for k in [k for k in end if k.startswith("private ")]:
        if end[k] - half[k] > FLAT:
            fault("%s: %d half-way, %d at the end" % (k, half[k], end[k]))


def crowd():
    ids = [None] * COUNT
    look_at = processes()

    def start(i):
        ids[i] = create(["sleep", "1000"])
        must("POST", "/containers/%s/start" % ids[i])

    begin = time.monotonic()
    at_once(COUNT, start)
    note("all run after %.1f s" % (time.monotonic() - begin))
    if len(must("GET", "/containers/json")) != COUNT:
        fault("not all of them run")
    now = look()
    note("while they run: private, " + ", ".join("%s %d" % (k[8:], now[k]) for k in now if k.startswith("private ")) +
         "; of the shims %d each" % (shims_private() // max(len(shims()), 1)))
    if processes().keys() != look_at.keys():
        fault("a process of the stack was lost or is new")
    at_once(COUNT, lambda i: must("DELETE", "/containers/%s?force=1" % ids[i]))


class Follower:
    """an attached client or a follower of the log; knows what has come"""

    def __init__(self, id_, attached, more=""):
        self.s = socket.socket(socket.AF_UNIX)
        self.s.settimeout(60)
        self.s.connect(SOCK)
        line = "POST /containers/%s/attach?stream=1&stdout=1" + more if attached else "GET /containers/%s/logs?follow=1&stdout=1"
        upgrade = "Connection: Upgrade\r\nUpgrade: tcp\r\n" if attached else "Connection: close\r\n"
        self.s.sendall(((line + " HTTP/1.1\r\nHost: x\r\n%s\r\n") % (id_, upgrade)).encode())
        self.got = b""
        self.until(b"\r\n\r\n")

    def until(self, text):
        while text not in self.got:
            more = self.s.recv(65536)
            if not more:
                return False
            self.got += more
        return True

    def rest(self):
        """all behind the head"""
        self.until(b"nothing ends before it ends")
        self.s.close()
        return self.got.partition(b"\r\n\r\n")[2]

    def ended(self):
        while True:
            try:
                if not self.s.recv(65536):
                    return True
            except socket.timeout:
                return False


def told(followers, line):
    without = [f.got[-200:] for f in followers if not f.until(line)]
    if without:
        fault("%d followers have not got a line: %r" % (len(without), without[:3]))


def ticks(pid):
    return sum(map(int, read("/proc/%d/stat" % pid).rsplit(")", 1)[1].split()[11:13]))


def follow():
    id_ = create(["sh", "-c", "while read l; do echo $l; done"], OpenStdin=True, Tty=True)
    feed = socket.socket(socket.AF_UNIX)
    feed.connect(SOCK)
    feed.sendall(("POST /containers/%s/attach?stream=1&stdin=1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
                  "Upgrade: tcp\r\n\r\n" % id_).encode())
    feed.recv(4096)
    must("POST", "/containers/%s/start" % id_)
    crowd_of = [None] * COUNT

    def join(i):
        crowd_of[i] = Follower(id_, i % 2 == 0)

    at_once(COUNT, join)
    begin = time.monotonic()
    feed.sendall(b"first\n")
    told(crowd_of, b"first")
    note("a line has reached all after %.0f ms" % ((time.monotonic() - begin) * 1000))
    watched = list(processes()) + shims()
    begin = sum(map(ticks, watched))
    time.sleep(2)
    note("processor time while nothing is said: %.1f %%" % ((sum(map(ticks, watched)) - begin) / 2))
    now = look()
    note("meanwhile: dockerd private %d, fds %d, threads %d; the shim's private %d" % (
        now["private dockerd"], now["fds dockerd"], now["threads dockerd"],
        shims_private()))
    for f in crowd_of[:COUNT // 2]:
        f.s.close()
    feed.sendall(b"second\n")
    rest = crowd_of[COUNT // 2:]
    told(rest, b"second")
    must("DELETE", "/containers/%s?force=1" % id_)
    if not all(f.ended() for f in rest):
        fault("a follower was not told the end")
    for f in rest + [feed]:
        (f if f is feed else f.s).close()


LINES = 1500


def join():
    """who comes when all has begun, or when it nearly is over, gets each line once"""
    log = {"Type": "json-file", "Config": {"max-size": "8k", "max-file": "100", "compress": "true"}}
    id_ = create(["sh", "-c", "read x; i=0; while [ $i -lt %d ]; do echo line $i; i=$((i+1));"
                  " busybox usleep 300; done" % LINES],
                 OpenStdin=True, Tty=True, HostConfig={"LogConfig": log, "NetworkMode": "none"})
    feed = Follower(id_, True, "&stdin=1")
    must("POST", "/containers/%s/start" % id_)
    wrong, plain = [], b"\r\n".join(b"line %d" % i for i in range(LINES))

    def one(i):
        time.sleep(i * 1.5 / COUNT)
        if i % 2 == 0:
            got = Follower(id_, True, "&logs=1").rest()
        else:
            c = Connection(SOCK)
            c.request("GET", "/containers/%s/logs?follow=1&stdout=1" % id_)
            got = c.getresponse().read()
            c.close()
        if got.strip() != plain:
            wrong.append((i, len(got), got[:30], got[-30:]))

    feed.s.sendall(b"\n")
    at_once(COUNT, one)
    if wrong:
        fault("%d followers did not get what was written: %r" % (len(wrong), wrong[:5]))
    must("DELETE", "/containers/%s?force=1" % id_)
    feed.s.close()


def quiet_client(kind):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(30)
    s.connect(SOCK)
    if kind == 1:
        s.sendall(b"GET /_ping HTTP/1.1\r\nHo")
    if kind == 2: # has had an answer and may ask again
        s.sendall(b"GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n")
        while b"OK" not in s.recv(4096):
            pass
    return s


def idle():
    held = [quiet_client(i % 3) for i in range(COUNT)]
    now = look()
    note("meanwhile: dockerd private %d, fds %d, threads %d" % (now["private dockerd"], now["fds dockerd"], now["threads dockerd"]))
    asks = held[2]
    asks.sendall(b"GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n")
    if b"200 OK" not in asks.recv(4096):
        fault("a client that asks again gets no answer")
    # more than there may be at a time: who has been quiet longest goes, who comes is answered
    more = [quiet_client(i % 3) for i in range(1300)]
    begin = time.monotonic()
    for _ in range(100):
        must("GET", "/_ping")
    note("100 requests beside %d quiet clients: %.0f ms" % (len(held + more), (time.monotonic() - begin) * 1000))
    one_short(3)
    cut = 0
    for s in held + more:
        s.setblocking(False)
        try:
            cut += s.recv(65536, socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            pass
        except OSError:
            cut += 1
    note("cut off: %d" % cut)
    if len(held + more) - cut > 1024:
        fault("more connections than there may be")
    for s in held + more:
        s.close()


def events():
    since = int(time.time())
    id_ = create(["sleep", "1000"])
    must("POST", "/containers/%s/start" % id_)
    deaf = [Connection(SOCK) for _ in range(50)]
    for c in deaf:
        c.request("GET", "/events")
    slowest, heads = 0, [c.getresponse() for c in deaf]
    asks = Connection(SOCK)
    for _ in range(COUNT): # each is an event
        begin = time.monotonic()
        asks.request("POST", "/containers/%s/kill?signal=CONT" % id_)
        if asks.getresponse().read():
            fault("kill failed")
        slowest = max(slowest, time.monotonic() - begin)
    must("POST", "/containers/%s/rename?name=newest" % id_)
    now = look()
    note("meanwhile: dockerd private %d; the slowest of the requests that made them: %.0f ms" % (
        now["private dockerd"], slowest * 1000))
    last = Connection(SOCK)
    last.request("GET", "/events?since=%d&until=%d" % (since, int(time.time()) + 1))
    lines = last.getresponse().read().splitlines()
    note("a reader gets %d of them" % len(lines))
    if not lines or json.loads(lines[-1])["Action"] != "rename":
        fault("a reader misses the newest event")
    if not heads[0].readline().endswith(b"\n"): # one that reads at last begins with the oldest it was sent
        fault("a slow listener was cut off")
    for c in deaf + [last, asks]:
        c.close()
    must("DELETE", "/containers/%s?force=1" % id_)


must("POST", "/networks/create", {"Name": "soak"}, (201, 409))
for warm in range(200 if COUNT > 1000 else 20): # what comes with use comes now; the ring of events fills
    one_short(warm)
time.sleep(1) # the last of them is gone
if CASE == "crowd": # a heap keeps for the next crowd what the first one made it take
    start = look()
    crowd()
    told_growth(start, settle(start, 2))
judged({"short": short, "crowd": crowd, "follow": follow, "join": join, "idle": idle, "events": events}[CASE])
sys.exit(1 if faults else 0)
