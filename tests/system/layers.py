# SPDX-License-Identifier: MIT
"""layers.py BASE.tar.gz DIR: an image of four layers for a registry, with everything that a storage
driver may get wrong: DIR/{config.json,manifest.json,N.tar.gz}. The base is a root file system with
busybox; what a container of it must see is in cells.bash."""
import gzip
import hashlib
import io
import json
import os
import sys
import tarfile

LONG = "n" * 255
DEEP = "m/%s/%s/%s" % ("d" * 100, "e" * 120, "f" * 80)
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
    for i in range(2, 5):
        folder(tar, "/".join(DEEP.split("/")[:i]))
    entry(tar, DEEP + "/file", b"deep\n")
    entry(tar, "m/long", type=tarfile.SYMTYPE, linkname="/%s/%s" % (DEEP, DEEP))
    folder(tar, "h")
    entry(tar, "h/one", b"links\n")
    entry(tar, "h/two", type=tarfile.LNKTYPE, linkname="h/one")
    entry(tar, DEEP + "/hard", type=tarfile.LNKTYPE, linkname="h/two")
    folder(tar, "m/all", mode=0o1777)
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


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def descriptor(kind, data):
    return {"mediaType": "application/vnd.docker." + kind, "size": len(data), "digest": digest(data)}


def main():
    base, out = sys.argv[1:]
    layers = [gzip.open(base).read(), layer(things), layer(hides), layer(more)]
    blobs = [gzip.compress(l, 6, mtime=0) for l in layers]
    config = json.dumps({
        "architecture": "amd64", "os": "linux", "created": "2024-01-01T00:00:00Z",
        "config": {"Cmd": ["/bin/sh"], "Env": ["PATH=/bin"]},
        "history": [{"created_by": "test"}] * len(layers),
        "rootfs": {"type": "layers", "diff_ids": [digest(l) for l in layers]}}).encode()
    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": descriptor("container.image.v1+json", config),
        "layers": [descriptor("image.rootfs.diff.tar.gzip", b) for b in blobs]}).encode()
    os.makedirs(out)
    files = {"config.json": config, "manifest.json": manifest}
    files.update(("%d.tar.gz" % i, b) for i, b in enumerate(blobs))
    for name, data in files.items():
        with open(os.path.join(out, name), "wb") as f:
            f.write(data)


main()
