# SPDX-License-Identifier: MIT
"""layers.py BASE.tar.gz OUT.tar: an image of four layers for docker load, with everything that a
storage driver may get wrong. The base is a root file system with busybox; what a container of it
must see is printed by look.sh inside it (see graphdrivers.bats)."""
import gzip
import hashlib
import io
import json
import sys
import tarfile

LONG = "n" * 255
# version 2, effective, permitted: cap_net_raw
CAPS = bytes.fromhex("0100000200200000000000000000000000000000")


def entry(tar, name, data=None, **fields):
    info = tarfile.TarInfo(name)
    info.mtime = 1700000000
    info.mode = 0o644
    for key, value in fields.items():
        setattr(info, key, value)
    if data is not None:
        info.size = len(data)
    tar.addfile(info, io.BytesIO(data) if data is not None else None)


def folder(tar, name, mode=0o755, **fields):
    entry(tar, name, type=tarfile.DIRTYPE, mode=mode, **fields)


def layer(build):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        build(tar)
    return raw.getvalue()


def things(tar):
    folder(tar, "m")
    entry(tar, "m/one", b"hard\n", uid=7, gid=8)
    entry(tar, "m/two", type=tarfile.LNKTYPE, linkname="m/one", uid=7, gid=8)
    entry(tar, "m/setuid", b"s\n", mode=0o4755)
    entry(tar, "m/sticky", b"s\n", mode=0o2710, uid=9)
    attrs = {"SCHILY.xattr.user.note": "kept", "SCHILY.xattr.security.capability":
             CAPS.decode("utf-8", "surrogateescape")}
    entry(tar, "m/caps", b"c\n", mode=0o755, pax_headers=attrs)
    entry(tar, "m/" + LONG, b"long\n")
    entry(tar, "m/link", type=tarfile.SYMTYPE, linkname="one")
    entry(tar, "m/fifo", type=tarfile.FIFOTYPE, mode=0o600)
    sparse = {"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.name": "m/sparse",
              "GNU.sparse.size": str(8 << 20), "GNU.sparse.numblocks": "1",
              "GNU.sparse.map": "%d,%d" % (4 << 20, 4096)}
    entry(tar, "m/GNUSparseFile.0/sparse", b"x" * 4096, pax_headers=sparse)
    folder(tar, "m/closed", mode=0o700, uid=5)
    entry(tar, "m/closed/in", b"in\n")
    for name in ("gone", "opaque", "again", "turned"):
        folder(tar, name)
        entry(tar, name + "/old", b"old\n")
    entry(tar, "gonefile", b"g\n")
    entry(tar, "tofolder", b"t\n")
    entry(tar, "changed", b"first\n")


def hides(tar):
    entry(tar, ".wh.gone", b"")
    entry(tar, ".wh.gonefile", b"")
    folder(tar, "opaque", mode=0o711)
    entry(tar, "opaque/.wh..wh..opq", b"")
    entry(tar, "opaque/new", b"new\n")
    entry(tar, ".wh.again", b"")
    folder(tar, "again")
    entry(tar, "again/new", b"new\n")
    entry(tar, "turned", b"a file now\n")
    folder(tar, "tofolder")
    entry(tar, "tofolder/in", b"in\n")
    entry(tar, "changed", b"second\n", mode=0o600)
    folder(tar, "m", mode=0o755)
    entry(tar, "m/.wh.two", b"")


def more(tar):
    folder(tar, "opaque", mode=0o711)
    entry(tar, "opaque/more", b"more\n")
    entry(tar, "later", b"l\n")


def main():
    base, out = sys.argv[1:]
    layers = [gzip.open(base).read(), layer(things), layer(hides), layer(more)]
    names = [hashlib.sha256(l).hexdigest() for l in layers]
    config = json.dumps({
        "architecture": "amd64", "os": "linux", "created": "2024-01-01T00:00:00Z",
        "config": {"Cmd": ["/bin/sh"], "Env": ["PATH=/bin"]},
        "history": [{"created_by": "test"}] * len(layers),
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + n for n in names]}}).encode()
    image = hashlib.sha256(config).hexdigest()
    manifest = json.dumps([{"Config": image + ".json", "RepoTags": ["matrix:latest"],
                            "Layers": [n + "/layer.tar" for n in names]}]).encode()
    with tarfile.open(out, "w") as tar:
        for name, data in zip(names, layers):
            entry(tar, name + "/layer.tar", data)
        entry(tar, image + ".json", config)
        entry(tar, "manifest.json", manifest)


main()
