# SPDX-License-Identifier: MIT
"""What the Python scripts of the tests share: requests to an engine, and a look at its store."""
import http.client
import json
import os
import socket
import time


class Connection(http.client.HTTPConnection):
    """a connection to a Unix socket"""

    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(300)
        self.sock.connect(self.path)


def call(sock, method, path, body=None, raw=None, kind=None):
    """status and answer; (0, "") when the connection was cut"""
    c = Connection(sock)
    try:
        try:
            c.request(method, path, raw if raw is not None else json.dumps(body) if body is not None
                      else None, {"Content-Type": kind or "application/json"} if body is not None or kind else {})
        except BrokenPipeError:
            c._HTTPConnection__state = "Request-sent"  # it may have answered before it had read all
        r = c.getresponse()
        text = r.read()
    except (OSError, http.client.HTTPException):
        return 0, ""
    finally:
        c.close()
    try:
        return r.status, json.loads(text)
    except ValueError:
        return r.status, text.decode(errors="replace")


def answers(sock, seconds=120):
    for _ in range(seconds * 50):
        if call(sock, "GET", "/_ping")[0] == 200:
            return True
        time.sleep(0.02)
    return False


def names(path):
    try:
        return [n for n in os.listdir(path) if n != "l" and n[0] != "."]
    except OSError:
        return []


def text_of(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def store_faults(data):
    """what is half-written in a store of overlay2: each tree belongs to a layer or a container, nothing
    waits to be removed"""
    bad = []
    db, overlay = data + "/image/overlay2/layerdb/", data + "/overlay2"
    containers = names(data + "/containers")
    if sorted(names(db + "mounts")) != sorted(containers):
        bad.append("writable layers %s of containers %s" % (names(db + "mounts"), containers))
    known = [text_of(db + "sha256/" + l + "/cache-id") for l in names(db + "sha256")]
    known += [text_of(db + "mounts/" + c + "/" + f) for c in names(db + "mounts") for f in ("mount-id", "init-id")]
    extra, missing = set(names(overlay)) - set(known), set(known) - set(names(overlay))
    if extra or missing:
        bad.append("trees without owner %s, missing %s" % (sorted(extra), sorted(missing)))
    links = {os.readlink(overlay + "/l/" + l).split("/")[1] for l in os.listdir(overlay + "/l")}
    if links != set(known):
        bad.append("short links without tree %s, trees without %s" % (
            sorted(links - set(known)), sorted(set(known) - links)))
    for path in (db + "tmp", data + "/tmp", overlay + "/.trash", data + "/.volumes-trash"):
        # what a pull has fetched waits for the next one
        held = [n for n in os.listdir(path) if not n.startswith("pull-")] if os.path.isdir(path) else []
        if held:
            bad.append("%s holds %s" % (path, held))
    for v in names(data + "/volumes"):
        if not os.path.isdir(data + "/volumes/" + v + "/_data"):
            bad.append("volume %s is half-made" % v)
    for part in ("containers", "image", "network", "volumes"):
        for top, _, files in os.walk(data + "/" + part):
            if top.endswith("/_data"):
                continue
            bad += ["%s/%s is left" % (top, f) for f in files if ".tmp-" in f]
    return bad


def settled_faults(data, seconds=60):
    """the same, after the trash had time to be emptied"""
    for _ in range(seconds * 10):
        try:
            bad = store_faults(data)
        except OSError as x:
            bad = [str(x)]
        if not bad:
            break
        time.sleep(0.1)
    return bad
