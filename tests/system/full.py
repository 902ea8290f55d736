#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""full.py RUNDIR DATADIR STEPS: the file system of DATADIR has less and less room for pull, load, commit, create,
start, exec, logs, import, tag, volume create and network create.

Each either works or says that no space is left; the engine lives on, nothing half-written stays, and with room
it works again. The engine starts on a full disk, too."""
import os
import random
import sys
import time

import engine
import kills
from kills import DATA, call, fail

STEPS = int(sys.argv[3])
FILL = os.path.dirname(DATA) + "/fill"
SAYS = "no space left on device"


def room():
    fs = os.statvfs(os.path.dirname(DATA))
    return fs.f_bavail * fs.f_frsize


def leave(wanted):
    """fills the disk but for so many bytes"""
    with open(FILL, "wb") as f:
        size = room() - wanted
        while size > 0:
            try:
                return os.posix_fallocate(f.fileno(), 0, size)
            except OSError:  # the file system's own blocks come out of this, too
                size -= 16 << 10


def free():
    if os.path.exists(FILL):
        os.unlink(FILL)


def pull(what):
    return call("POST", "/images/create?fromImage=%s&tag=1" % what[1])


def load(what):
    return call("POST", "/images/load?quiet=1", raw=what[0])


def commit(_):
    return call("POST", "/commit?container=maker&repo=made&tag=1")


def create(_):
    return kills.create("new", "small", ["true"], Volumes={"/data": {}})


def volume(_):
    return call("POST", "/volumes/create", {"Name": "vol", "Labels": {"a": "b"}})


def start(_):
    status, text = kills.create("new", "small", ["sleep", "1000"])
    if status == 201:
        status, text = call("POST", "/containers/new/start")
    if status == 204:
        status, text = call("POST", "/containers/new/exec", {"Cmd": ["true"]})
        if status == 201:
            status, text = call("POST", "/exec/%s/start" % text["Id"], {"Detach": True})
    return status, text


def logs(_):
    """a container that writes more than there is room for, to its output and to its disk"""
    status, text = kills.create("new", "small", ["sh", "-c", "yes | head -c 3000000; yes | head -c 3000000 >/f; echo end"])
    if status == 201:
        status, text = call("POST", "/containers/new/start")
    if status == 204:
        code = call("POST", "/containers/new/wait")[1]
        if not isinstance(code, dict) or code["StatusCode"] != 0:
            fail("logs: the container ended with %s" % code)
    return status, text


def importing(what):
    return call("POST", "/images/create?fromSrc=-&repo=imported&tag=1&changes=ENV%20PATH%3D/bin", raw=what[2])


def tag(_):
    return call("POST", "/images/small/tag?repo=tagged&tag=1")


def network(_):
    return call("POST", "/networks/create", {"Name": "net", "Labels": {"a": "b"}})


OPS = {f.__name__: f for f in (pull, load, commit, create, volume, start, logs, importing, tag, network)}


def good(answer):
    return answer[0] in (200, 201, 204) and "errorDetail" not in str(answer[1])


def clean(keep):
    call("DELETE", "/volumes/vol?force=1")
    call("DELETE", "/images/tagged:1")
    call("DELETE", "/networks/net")
    return kills.clean(keep)


def once(name, what, keep, left):
    leave(left)
    answer = OPS[name](what)
    alive = engine.answers(kills.SOCK, 2)
    bad = [] if alive else ["the engine has ended"]
    if not good(answer) and SAYS not in str(answer[1]).lower():
        bad.append("it answers %d %s" % (answer[0], str(answer[1])[-200:]))
    if not good(answer):
        bad += engine.settled_faults(DATA)
    if random.random() < 0.2:  # killed in this state
        stack.kill(False, stack.aim(False))
        if not engine.answers(kills.SOCK):
            fail("%s with %d bytes free: the engine does not start on a full disk" % (name, left))
            free()
            engine.answers(kills.SOCK)
    free()
    bad += engine.settled_faults(DATA) + clean(keep)
    if bad:
        fail("%s with %d bytes free: %s" % (name, left, "; ".join(bad)))
    return good(answer)


def sweep(name, what, keep):
    """how many failed"""
    before = room()
    if not good(OPS[name](what)):
        fail("%s fails with room" % name)
    time.sleep(0.2)
    need = max(before - room(), 64 << 10)
    clean(keep)
    worked = sum(once(name, what, keep, int(need * 1.2 * i / STEPS) + random.randrange(4096)) for i in range(STEPS))
    again = OPS[name](what)
    if not good(again):
        fail("%s does not work again: %s" % (name, again))
    clean(keep)
    return STEPS - worked


stack = kills.Stack()


def main():
    seed = int(os.environ.get("SEED", "1"))
    random.seed(seed)
    what, keep = kills.begin(stack)
    try:
        failed = {n: sweep(n, what, keep) for n in os.environ.get("ONLY", " ".join(OPS)).split()}
        print("%d steps each, seed %d, %d failures; refused: %s" % (STEPS, seed, kills.failures, ", ".join(
            "%s %d" % f for f in failed.items())))
    finally:
        free()
        kills.end(stack)


main()
sys.exit(1 if kills.failures else 0)
