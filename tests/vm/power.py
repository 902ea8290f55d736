#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""power.py NAME SECTOR BEFORE LOG POINTS SEED: what power cuts leave of a recorded disk.

BEFORE is the disk as it was, LOG the writes to it as qemu's blklogwrites records them (the format of
dm-log-writes), with what the engine acknowledged (power.sh) from SECTOR on. A disk may lose, of the
writes since the last flush, any part. So a point is: all up to a flush, then
  nothing more, while everything is asked for that was acknowledged until the next flush ("strict"),
  or some of the writes that followed, chosen by chance.
Each is mounted in a mount namespace of its own, the engine is started there as uid 1000, and has to
come up without a complaint, to know everything acknowledged, to run it, and to hold nothing else.
THIMBLE_LONG=1: every flush, and 100 points by chance."""
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

FLUSH, FUA, DISCARD = 1, 2, 4
HOME, RUN = "/home/user", "/run/user/1000"
DATA = HOME + "/.local/share/docker"
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.dont_write_bytecode = True
sys.path.insert(0, TOP + "/tests/system")
import engine  # noqa: E402


class Log:
    """the entries of a log: (sector, sectors, flags, where their data are)"""

    def __init__(self, path, record_sector):
        self.file = open(path, "rb")
        magic, version, _, self.unit = struct.unpack("<QQQI", self.file.read(28))
        assert (magic, version) == (0x6a736677736872, 1), "no log of writes"
        self.record_sector, self.entries = record_sector, []
        at, end = self.unit, os.fstat(self.file.fileno()).st_size
        while at + 32 <= end:
            self.file.seek(at)
            sector, n, flags, _ = struct.unpack("<QQQQ", self.file.read(32))
            at += self.unit
            if at + n * self.unit > end and not flags & DISCARD:
                break
            if not n and not flags:
                break
            self.entries.append((sector, n, flags, at))
            if not flags & DISCARD:
                at += n * self.unit
        self.flushes = [i for i, e in enumerate(self.entries) if e[2] & FLUSH]

    def data(self, entry):
        self.file.seek(entry[3])
        return self.file.read(entry[1] * self.unit)

    def is_record(self, entry):
        return entry[0] * self.unit // 512 >= self.record_sector and entry[1] > 0

    def records(self):
        """(number of the entry, its words)"""
        for i, e in enumerate(self.entries):
            if self.is_record(e):
                for k in range(0, e[1] * self.unit, 4096):
                    words = self.data(e)[k:k + 4096].decode().split()
                    if words:
                        yield i, words

    def write(self, out, numbers):
        for i in numbers:
            e = self.entries[i]
            if e[1] and not e[2] & DISCARD and not self.is_record(e):
                out.seek(e[0] * self.unit)
                out.write(self.data(e))


def facts_at(records, number):
    """what was acknowledged before an entry: (kind, name) -> value, None: may be there, False: gone"""
    facts = {}
    for i, words in records:
        if i >= number:
            break
        value = {"have": " ".join(words[3:]), "may": None, "gone": False}[words[0]]
        facts[words[1], words[2]] = value
    return facts


def choose(log, records, want):
    """points: (last flush, further writes, number up to which acknowledgements count)"""
    flushes = [-1] + log.flushes
    spans = [(f, flushes[i + 1] if i + 1 < len(flushes) else len(log.entries))
             for i, f in enumerate(flushes)]
    told = [s for s in spans if any(s[0] < i < s[1] for i, _ in records)]
    strict = [(f, [], end) for f, end in told]
    busy = [s for s in spans if s[1] - s[0] > 2]
    chance = []
    for _ in range(100 if os.environ.get("THIMBLE_LONG") else want // 3):
        f, end = random.choice(busy)
        cut = random.randrange(f + 1, end + 1)
        part = random.choice([1.0, 0.7, 0.3])
        chance.append((f, [i for i in range(f + 1, cut) if random.random() < part], cut))
    if os.environ.get("THIMBLE_LONG"):
        return [(f, [], end) for f, end in spans] + chance
    others = [(f, [], end) for f, end in spans if (f, end) not in told]
    n = want - len(chance)
    if len(strict) > n:
        strict = random.sample(strict, n)
    return strict + random.sample(others, min(n - len(strict), len(others))) + chance


# --- one point, in a mount namespace of its own ---------------------------------------------------
def get(path):
    return engine.call(RUN + "/docker.sock", "GET", path)[1]


def run(*command, **more):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, **more)


AS_USER = ["setpriv", "--reuid", "1000", "--regid", "1000", "--clear-groups", "env", "-i", "HOME=" + HOME,
           "XDG_RUNTIME_DIR=" + RUN, "DOCKER_HOST=unix://" + RUN + "/docker.sock", "LC_ALL=C.UTF-8"]


def as_user(*command):
    path = os.environ["BIN"] + ":/usr/sbin:/usr/bin:/sbin:/bin"
    return AS_USER + ["PATH=" + path] + list(command)


def prepare(work, disk):
    """the user, his devices and the disk, for this process and its children"""
    def mount(*arguments):
        subprocess.run(("mount",) + arguments, check=True)
    etc = {"passwd": "user:x:1000:1000:user:/home/user:/bin/sh\nroot:x:0:0:root:/root:/bin/sh\n",
           "group": "user:x:1000:\nroot:x:0:\n", "subuid": "user:100000:65536\n",
           "subgid": "user:100000:65536\n"}
    for name, text in etc.items():
        with open(work + "/" + name, "w") as f:
            f.write(text)
        mount("--bind", work + "/" + name, "/etc/" + name)
    for d in ("/home", "/run"):
        mount("-t", "tmpfs", "-o", "mode=755", "power", d)
    for d in (RUN, DATA):
        os.makedirs(d)
    mount("-o", "loop", disk, DATA)
    for name, minor in (("tun", 200), ("fuse", 229)):
        os.mknod("/run/" + name, 0o20666, os.makedev(10, minor))
        os.chmod("/run/" + name, 0o666)
        where = "/dev/net/tun" if name == "tun" else "/dev/fuse"
        if os.path.exists(where):
            mount("--bind", "/run/" + name, where)
    for top in (HOME, "/run/user"):
        for d, _, _ in os.walk(top):
            if not d.startswith(DATA):
                os.chown(d, 1000, 1000)
    os.chmod(RUN, 0o700)


def start(log):
    daemon = subprocess.Popen(as_user("dockerd-rootless.sh"), stdout=log, stderr=log)
    for _ in range(30):
        if daemon.poll() is not None:
            break
        if engine.answers(RUN + "/docker.sock", 1):
            return daemon
    return None


def check_facts(facts, bad):
    if facts.get(("running", "runs")):
        for _ in range(50):  # the policies have their turn when the engine answers already
            if any(c["State"] == "running" for c in get("/containers/json?all=1")):
                break
            time.sleep(0.1)
    images = {t: i["Id"] for i in get("/images/json") for t in i.get("RepoTags") or []}
    containers = {n[1:]: c for c in get("/containers/json?all=1") for n in c["Names"]}
    volumes = {v["Name"]: (v["Labels"] or {}).get("sort", "") for v in get("/volumes")["Volumes"] or []}
    networks = {n["Name"]: n["Id"] for n in get("/networks")}
    there = {"image": images, "container": {n: c["Id"] for n, c in containers.items()},
             "running": {n: str(c["State"] == "running").lower() for n, c in containers.items()},
             "volume": volumes, "network": networks}
    for (kind, name), value in facts.items():
        now = there[kind].get(name)
        if value is False and now is not None:
            bad.append("%s %s is there again" % (kind, name))
        elif value and now != value:
            bad.append("%s %s is %s, not %s" % (kind, name, now, value))
    return images, containers


def check_content(images, containers, bad):
    for name in images:
        r = run(*as_user("docker", "run", "--rm", name, "sh", "-c", "for s in /*.sums; do sha256sum -cs $s || exit 9; done"))
        # an image of files only has no shell
        if r.returncode:
            bad.append("image %s: %d %s" % (name, r.returncode, r.stdout))
    for name, c in containers.items():
        if c["State"] == "running":
            r = run(*as_user("docker", "exec", name, "true"))
        else:
            r = run(*as_user("docker", "start", *(["-a"] if name != "runs" else []), name))
        if r.returncode or (name != "runs" and "ran" not in r.stdout):
            bad.append("container %s: %d %s" % (name, r.returncode, r.stdout))


def check_point(work, disk, facts):
    bad = []
    prepare(work, disk)
    with open(work + "/said", "wb") as log:
        daemon = start(log)
    try:
        if daemon is None:
            bad.append("the engine does not start")
        else:
            images, containers = check_facts(facts, bad)
            check_content(images, containers, bad)
            bad += engine.settled_faults(DATA)
    except (OSError, ValueError, TypeError, subprocess.TimeoutExpired) as x:
        bad.append("%s: %s" % (type(x).__name__, x))
    if daemon is not None:
        run(*as_user("docker", "kill", "runs"))
        daemon.send_signal(signal.SIGTERM)
        try:
            daemon.wait(20)
        except subprocess.TimeoutExpired:
            daemon.kill()
            bad.append("the engine does not stop")
        r = run(*as_user("thimble", "fsck", "--check-content", "--data-root=" + DATA))
        if r.returncode or r.stdout:
            bad.append("fsck: %d %s" % (r.returncode, r.stdout))
    with open(work + "/said", errors="replace") as f:
        text = f.read()
    bad += [line for line in text.splitlines() if "level=error" in line or "level=fatal" in line or
            "cannot be loaded" in line or "unfinished" in line]
    if bad:
        print("\n".join(bad))
        print(text)
    subprocess.run(["umount", "-l", DATA], check=False)
    sys.exit(1 if bad else 0)


def main():
    name, record_sector, before, path, want, seed = sys.argv[1:]
    random.seed(int(seed))
    log = Log(path, int(record_sector))
    records = list(log.records())
    points = sorted(choose(log, records, int(want)), key=lambda p: p[0])
    print("# power %s: %d writes, %d flushes, %d acknowledgements, %d points, seed %s" % (
        name, len(log.entries), len(log.flushes), len(records), len(points), seed), flush=True)
    work = tempfile.mkdtemp(prefix="thimble-power.")
    os.chmod(work, 0o755)
    os.mkdir(work + "/bin")
    shutil.copy(TOP + "/build/thimble", work + "/bin")
    run(work + "/bin/thimble", "--install", "-s", work + "/bin")
    os.environ["BIN"] = work + "/bin"
    failed = done = 0
    try:
        run("cp", "--sparse=always", before, work + "/base")
        with open(work + "/base", "r+b") as base:
            for n, (flush, more, until) in enumerate(points):
                log.write(base, range(done, flush + 1))
                base.flush()
                done = max(done, flush + 1)
                run("cp", "--sparse=always", work + "/base", work + "/disk")
                with open(work + "/disk", "r+b") as disk:
                    log.write(disk, more)
                with open(work + "/facts", "w") as f:
                    json.dump([[*k, v] for k, v in facts_at(records, until).items()], f)
                with open(work + "/told", "w+") as told:
                    # all that it started ends with it
                    code = subprocess.run(["timeout", "120", "unshare", "--mount", "--propagation", "private",
                                           "--pid", "--fork", "--kill-child", "--mount-proc", sys.argv[0], "--point",
                                           work], stdout=told, stderr=told, check=False).returncode
                    told.seek(0)
                    text = told.read()
                if code:
                    failed += 1
                    print("# point %d: flush %d, %d of the writes after it, acknowledged until %d: %d\n%s" % (
                        n, flush, len(more), until, code, "\n".join("#   " + t for t in text.splitlines())), flush=True)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print("%s - power %s: %d points of %d hold everything acknowledged" % (
        "not ok" if failed or not records else "ok", name, len(points) - failed, len(points)))


if len(sys.argv) == 3 and sys.argv[1] == "--point":
    with open(sys.argv[2] + "/facts") as facts_file:
        check_point(sys.argv[2], sys.argv[2] + "/disk",
                    {(k, n): v for k, n, v in json.load(facts_file)})
elif len(sys.argv) == 7:
    main()
else:
    sys.exit(__doc__)
