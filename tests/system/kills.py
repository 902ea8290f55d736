#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""kills.py RUNDIR DATADIR TIMES: kill -9 at a random moment of each of KINDS.

One after another, by turns dockerd alone (which rootlesskit's child starts again) and the whole stack with
every unpack and shim (which is started again here). After each the engine has to know all that it had
answered, nothing half-written may be there, and when all is removed again the data root holds what it held
before. The moments follow from SEED (printed). ROOTFS is a root file system with busybox; the stack's
output goes to STACK_LOG; ONLY="pull rm" selects."""
import atexit
import gzip
import hashlib
import io
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import engine

RUN, DATA, TIMES = sys.argv[1], sys.argv[2], int(sys.argv[3])
SOCK = RUN + "/docker.sock"
SEED = int(os.environ.get("SEED", "1"))
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
failures = 0
TOOK = {}  # seconds that each kind takes, the least seen


def fail(what):
    global failures
    failures += 1
    print("FAIL", what, flush=True)


def call(method, path, body=None, raw=None):
    return engine.call(SOCK, method, path, body, raw)


# --- what is pulled and loaded ------------------------------------------------------------------------
def sha(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def add(tar, name, data):
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(data), 0o644
    tar.addfile(info, io.BytesIO(data))


def layer(source, name):
    """files with their sums beside them"""
    out, sums = io.BytesIO(), ""
    with tarfile.open(fileobj=out, mode="w") as tar:
        for i in range(150):
            data = source.randbytes(source.randrange(1, 20000))
            add(tar, "%s.d/%d" % (name, i), data)
            sums += "%s  %s.d/%d\n" % (hashlib.sha256(data).hexdigest(), name, i)
        add(tar, name + ".sums", sums.encode())
    return out.getvalue()


def config(layers):
    return json.dumps({"architecture": "amd64", "os": "linux", "config": {"Cmd": ["/bin/sh"], "Env": ["PATH=/bin"]},
                       "rootfs": {"type": "layers", "diff_ids": [sha(l) for l in layers]}}).encode()


def archive(layers, name):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for i, l in enumerate(layers):
            add(tar, "%d.tar" % i, l)
        add(tar, "config.json", config(layers))
        add(tar, "manifest.json", json.dumps([{"Config": "config.json", "RepoTags": [name], "Layers": [
            "%d.tar" % i for i in range(len(layers))]}]).encode())
    return out.getvalue()


def registry(layers):
    blobs = {sha(b): b for b in [config(layers)] + [gzip.compress(l, 1) for l in layers]}
    entries = [{"mediaType": LAYER if i else CONFIG, "size": len(b), "digest": d}
               for i, (d, b) in enumerate(blobs.items())]
    manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": entries[0],
                           "layers": entries[1:]}).encode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args):
            pass

        def do_GET(self):
            name = self.path.split("/")[-1]
            body = blobs.get(name, manifest if "/manifests/" in self.path else b"{}")
            start = int(self.headers.get("Range", "bytes=0-")[6:].split("-")[0])
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", "bytes %d-%d/%d" % (start, len(body) - 1, len(body)))
            self.send_header("Content-Type", MANIFEST if body is manifest else "application/octet-stream")
            self.send_header("Content-Length", str(len(body) - start))
            self.end_headers()
            try:
                self.wfile.write(b"" if self.command == "HEAD" else body[start:])
            except OSError:
                self.close_connection = True
        do_HEAD = do_GET

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return "127.0.0.1:%d/x" % server.server_port


def with_file(base, name):
    """the archive with one file more, and its sum"""
    out = io.BytesIO(base)
    with tarfile.open(fileobj=out, mode="a") as tar:
        add(tar, name, name.encode())
        add(tar, name + ".sums", ("%s  %s\n" % (hashlib.sha256(name.encode()).hexdigest(), name)).encode())
    return out.getvalue()


def taker():
    """a registry that has nothing yet and takes what is pushed; it ends with us"""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    taking = subprocess.Popen([os.path.dirname(os.path.abspath(__file__)) + "/remembering-registry", str(port), os.devnull, "1000000000"])
    atexit.register(taking.kill)
    for _ in range(200):
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.02)
    return "127.0.0.1:%d/y" % port


# --- the stack ------------------------------------------------------------------------------------------
class Stack:
    def __init__(self):
        self.main = None

    def start(self):
        with open(os.environ["STACK_LOG"], "ab") as log:
            self.main = subprocess.Popen(["dockerd-rootless.sh", "--data-root=" + DATA], stdout=log, stderr=log, start_new_session=True)

    def pids(self):
        """its processes: descendants of the script, and the shims, which have left it"""
        shims = subprocess.run(["pgrep", "-u", str(os.getuid()), "-f", "^shim .*" + RUN], stdout=subprocess.PIPE,
                               text=True, check=False).stdout.split()
        new, found = [self.main.pid] + [int(p) for p in shims], []
        while new:
            found += new
            new = [int(c) for p in new for c in subprocess.run(
                ["pgrep", "-P", str(p)], stdout=subprocess.PIPE, text=True, check=False).stdout.split()]
        return found

    def kill_all(self, pids):
        for p in pids:
            try:
                os.kill(p, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.main.wait()

    def aim(self, whole):
        """whom kill() has to kill: to look for them takes longer than some of what is cut short"""
        pids = self.pids()
        return pids if whole else [p for p in pids if engine.text_of("/proc/%d/comm" % p) == "dockerd\n"]

    def kill(self, whole, pids):
        if whole:
            self.kill_all(pids)
            self.kill_all(set(self.pids()) - set(pids))  # what was started meanwhile
            self.start()
        else:
            for p in pids:
                os.kill(p, signal.SIGKILL)

    def stop(self):
        self.main.terminate()
        try:
            self.main.wait(20)
        except subprocess.TimeoutExpired:
            fail("the stack does not stop")
            self.kill_all(self.pids())


# --- what is cut short -----------------------------------------------------------------------------------
def images():
    return {t: i["Id"] for i in call("GET", "/images/json")[1] for t in i.get("RepoTags") or []}


def containers():
    return {n[1:]: c for c in call("GET", "/containers/json?all=1")[1] for n in c["Names"]}


def create(name, image, command, **more):
    return call("POST", "/containers/create?name=" + name, dict(more, Image=image, Cmd=command))


def run(name, image, command):
    """the exit code of a container, which is removed"""
    status, got = create(name, image, command)
    if status != 201:
        return got
    call("POST", "/containers/%s/start" % name)
    code = call("POST", "/containers/%s/wait" % name)[1]
    call("DELETE", "/containers/%s?force=1" % name)
    return code["StatusCode"] if isinstance(code, dict) else code


CHECK = ["sh", "-c", "for s in /*.sums; do sha256sum -cs $s || exit 9; done"]


class Op:
    """one kind: prepare(), do() -> whether it was acknowledged, check(acknowledged) -> complaint or None"""

    def __init__(self, what):
        self.what = what  # archive, name in the registry

    def prepare(self):
        pass


def check_image(name, acknowledged):
    if name not in images():
        return name + " is lost" if acknowledged else None
    code = run("look", name, CHECK)
    return None if code == 0 else "%s is not whole: %s" % (name, code)


class Pull(Op):
    def do(self):
        status, text = call("POST", "/images/create?fromImage=%s&tag=1" % self.what[1])
        return status == 200 and "Status: Downloaded" in str(text)

    def check(self, acknowledged):
        return check_image(self.what[1] + ":1", acknowledged)


class Load(Op):
    def do(self):
        status, text = call("POST", "/images/load?quiet=1", raw=self.what[0])
        return status == 200 and "Loaded image" in str(text)

    def check(self, acknowledged):
        return check_image("loaded:1", acknowledged)


class Commit(Op):
    def do(self):
        return call("POST", "/commit?container=maker&repo=made&tag=1")[0] == 201

    def check(self, acknowledged):
        return check_image("made:1", acknowledged)


class Rmi(Op):
    def prepare(self):
        call("POST", "/images/load?quiet=1", raw=self.what[0])

    def do(self):
        return call("DELETE", "/images/loaded:1")[0] == 200

    def check(self, acknowledged):
        there = "loaded:1" in images()
        return "loaded:1 is there again" if there and acknowledged else check_image("loaded:1", False)


class Create(Op):
    def do(self):
        return create("new", "small", ["true"], Volumes={"/data": {}})[0] == 201

    def check(self, acknowledged):
        if "new" not in containers():
            return "container is lost" if acknowledged else None
        call("POST", "/containers/new/start")
        code = call("POST", "/containers/new/wait")[1]
        return None if code and code["StatusCode"] == 0 else "container does not run: %s" % code


class Remove(Create):
    def prepare(self):
        create("new", "small", ["true"], Volumes={"/data": {}})
        call("POST", "/containers/new/start")
        call("POST", "/containers/new/wait")

    def do(self):
        return call("DELETE", "/containers/new?v=1")[0] == 204

    def check(self, acknowledged):
        there = "new" in containers()
        return "container is there again" if there and acknowledged else super().check(False)


class Import(Op):
    def do(self):
        status, text = call("POST", "/images/create?fromSrc=-&repo=imported&tag=1&changes=ENV%20PATH%3D/bin", raw=self.what[2])
        return status == 200 and "sha256:" in str(text)

    def check(self, acknowledged):
        return check_image("imported:1", acknowledged)


class Tag(Op):
    def do(self):
        return call("POST", "/images/small/tag?repo=tagged&tag=1")[0] == 201

    def check(self, acknowledged):
        there = images()
        call("DELETE", "/images/tagged:1")
        if there.get("tagged:1", there["small:latest"]) != there["small:latest"]:
            return "tagged:1 is another image"
        return "tagged:1 is lost" if acknowledged and "tagged:1" not in there else None


class Push(Op):
    """whatever it was at, all of the image is here, and goes up the next time"""

    def prepare(self):
        call("POST", "/images/load?quiet=1", raw=self.what[0])
        self.name = taker()
        call("POST", "/images/loaded:1/tag?repo=%s&tag=1" % self.name)

    def do(self):
        status, text = call("POST", "/images/%s/push?tag=1" % self.name, {})
        return status == 200 and "digest: sha256:" in str(text)

    def check(self, acknowledged):
        if not acknowledged and not self.do():
            return "it cannot be pushed any more"
        return check_image(self.name + ":1", True)


class Named(Op):
    """a volume or a network: comes, with its label"""
    path = "/volumes"

    def do(self):
        return call("POST", self.path + "/create", {"Name": "named", "Labels": {"a": "b"}})[0] == 201

    def look(self):
        """whether it is there, and what is wrong with it; it is gone afterwards"""
        status, text = call("GET", self.path + "/named")
        call("DELETE", self.path + "/named")
        return status == 200, None if status != 200 or text.get("Labels") == {"a": "b"} else "named is torn: %s" % text

    def check(self, acknowledged):
        there, why = self.look()
        return "named is lost" if acknowledged and not there else why


class Unnamed(Named):
    """the same: goes"""

    def prepare(self):
        super().do()

    def do(self):
        return call("DELETE", self.path + "/named")[0] == 204

    def check(self, acknowledged):
        there, why = self.look()
        return "named is there again" if acknowledged and there else why


class Network(Named):
    path = "/networks"


class Unnetwork(Unnamed):
    path = "/networks"


KINDS = {"pull": Pull, "load": Load, "commit": Commit, "rmi": Rmi, "create": Create, "rm": Remove, "import": Import,
         "tag": Tag, "push": Push, "volume": Named, "volume-rm": Unnamed, "network": Network, "network-rm": Unnetwork}


def held():
    """the files of the data root, without what a registry's pull is remembered by"""
    found = {}
    for top, dirs, files in os.walk(DATA):
        if os.path.basename(top) == "distribution":
            dirs.clear()
            continue
        for f in files:
            if f.startswith("pull-") and top == DATA + "/tmp":
                continue
            path = os.path.join(top, f)
            try:
                found[path[len(DATA):]] = os.lstat(path).st_size if "layerdb" in top or "/diff" in top else 0
            except FileNotFoundError:
                pass  # the trash is being emptied
        found.update({os.path.join(top, d)[len(DATA):]: 0 for d in dirs})
    return found


def clean(keep):
    for name in containers():
        if name != "maker":
            call("DELETE", "/containers/%s?force=1&v=1" % name)
    for i in call("GET", "/images/json")[1]:
        if "small:latest" not in (i.get("RepoTags") or []):
            call("DELETE", "/images/%s?force=1" % i["Id"])
    call("POST", "/volumes/prune")
    for _ in range(50):
        now = held()
        if now.keys() == keep.keys():
            break
        time.sleep(0.1)
    return ["%s %s" % (w, sorted(s)[:8]) for w, s in (("left", now.keys() - keep.keys()), (
        "gone", keep.keys() - now.keys())) if s] + [
            "%s has another size" % p for p in now.keys() & keep.keys() if now[p] != keep[p]]


def measure(op, keep):
    op.prepare()
    begin = time.monotonic()
    if not op.do():
        fail("%s fails without a kill" % type(op).__name__)
    took = time.monotonic() - begin
    why = op.check(True)
    if why:
        fail("%s without a kill: %s" % (type(op).__name__, why))
    clean(keep)
    return took


def once(i, stack, name, op, keep):
    took = TOOK[name]
    whole, moment = bool((i % len(KINDS) + i // len(KINDS)) % 2), random.random() * took * 1.5
    what = "%d: %s, %s killed after %d ms of %d" % (
        i, name, "stack" if whole else "dockerd", moment * 1000, took * 1000)
    acknowledged, ended = [], []
    op.prepare()
    aim = stack.aim(whole)

    def do():
        acknowledged.append(op.do())
        ended.append(time.monotonic())

    t = threading.Thread(target=do)
    begin = time.monotonic()
    t.start()
    time.sleep(moment)
    stack.kill(whole, aim)
    t.join()
    if not engine.answers(SOCK):
        fail(what + ": no engine any more")
        sys.exit(1)
    why = op.check(acknowledged[0])
    bad = ([why] if why else []) + engine.settled_faults(DATA) + clean(keep)
    if bad:
        fail(what + (" (answered): " if acknowledged[0] else ": ") + "; ".join(bad))
    if acknowledged[0]:  # so much it takes when all is warm
        TOOK[name] = min(TOOK[name], ended[0] - begin)
    return acknowledged[0]


def begin(stack):
    """starts it with the image small and the container maker; archive and registry, and what the data root holds"""
    source = random.Random(7)
    with gzip.open(os.environ["ROOTFS"]) as f:
        base = f.read()
    stack.start()
    if not engine.answers(SOCK):
        sys.exit("no engine")
    call("POST", "/images/create?fromSrc=-&repo=small&tag=latest&changes=ENV%20PATH%3D/bin", raw=base)
    create("maker", "small", ["sh", "-c", "mkdir /d; for i in 1 2 3 4 5 6 7 8 9; do head -c 300000 /dev/urandom"
                             " >/d/$i; done; sha256sum /d/* >/work.sums"])
    call("POST", "/containers/maker/start")
    call("POST", "/containers/maker/wait")
    what = (archive([base, layer(source, "a"), layer(source, "b")], "loaded:1"),
            registry([base, layer(source, "c"), layer(source, "d"), layer(source, "e")]),
            with_file(base, "imported"))
    os.makedirs(DATA + "/tmp", exist_ok=True)
    time.sleep(0.3)
    return what, held()


def end(stack):
    for name in containers():
        call("DELETE", "/containers/%s?force=1&v=1" % name)
    stack.stop()


def main():
    random.seed(SEED)
    stack = Stack()
    what, keep = begin(stack)
    try:
        ops = {n: k(what) for n, k in KINDS.items() if n in os.environ.get("ONLY", " ".join(KINDS)).split()}
        TOOK.update({n: measure(op, keep) for n, op in ops.items()})
        known, answered = list(ops), 0
        for i in range(TIMES):
            n = known[i % len(known)]
            answered += once(i, stack, n, ops[n], keep)
        print("%d kills, seed %d, %d answered before, %d failures; %s" % (TIMES, SEED, answered, failures, ", ".join(
            "%s %d ms" % (n, t * 1000) for n, t in TOOK.items())))
    finally:
        end(stack)


if __name__ == "__main__":
    main()
    sys.exit(1 if failures else 0)
