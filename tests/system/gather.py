#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What gather.bats needs: numbered datagrams from end to end.

can                              "yes" when the kernel knows threads of NAPI and joined datagrams
send ADDR PORT FILE N PAUSE SIZES...  N datagrams of SIZES in turn; with a PAUSE each hundred is received
                                 before it begins, of so many microseconds: no queue on the way runs over
serve ADDR PORT FILE             receives until all is sent and nothing came for a second, checks each:
                                 "N in order"; FILE is there when it listens, and tells both how far they are
"""
import mmap, os, platform, socket, struct, sys, time


class Shared:
    """how many were received, and whether all are sent"""

    def __init__(self, path, new=False):
        if new:
            with open(path + ".new", "wb") as f:
                f.write(bytes(8))
            os.rename(path + ".new", path)
        with open(path, "r+b") as f:
            self.map = mmap.mmap(f.fileno(), 8)

    def get(self, at):
        return struct.unpack_from("I", self.map, at)[0]

    def set(self, at, value):
        struct.pack_into("I", self.map, at, value)


RECEIVED, SENT = 0, 4


def payload(i, size):
    """its number, as far as there is room, then bytes that follow from it"""
    head = struct.pack("!I", i)
    return (head + bytes((i + k) & 255 for k in range(64)) * (size // 64 + 1))[:size]


def await_hundred(shared, sent, patience):
    """returns how many have not come, and after so many seconds without another will not"""
    seen, since = shared.get(RECEIVED), time.monotonic()
    while seen < sent and time.monotonic() - since < patience:
        time.sleep(0.0002)
        if seen != shared.get(RECEIVED):
            seen, since = shared.get(RECEIVED), time.monotonic()
    return sent - seen


def send(addr, port, path, n, pause, sizes):
    # fragments get lost without anybody's being slow
    shared, lost, patience = Shared(path), 0, 0.2 if max(sizes) > 1472 else 10
    made = [[payload(i, size) for i in range(256)] for size in sizes]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.IPPROTO_IP, 10, 0)  # IP_MTU_DISCOVER: large ones may be cut
        s.connect((addr, port))
        for i in range(n):
            which = i % len(sizes)
            data = made[which][i & 255]
            try:
                if sizes[which] >= 4:
                    data = struct.pack("!I", i) + data[4:]
                s.send(data)
            except OSError:
                pass
            if pause and i % 100 == 99:
                lost += await_hundred(shared, i + 1 - lost, patience)
                time.sleep(pause / 1e6)
    shared.set(SENT, 1)


def serve(addr, port, path):
    n, last = 0, -1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        s.bind((addr, port))
        shared = Shared(path, True)
        s.settimeout(1)
        while True:
            all_sent = shared.get(SENT)
            try:
                data = s.recv(65536)
            except socket.timeout:
                if all_sent:
                    break
                continue
            n += 1
            shared.set(RECEIVED, n)
            if len(data) < 4:
                continue
            i = struct.unpack("!I", data[:4])[0]
            if i <= last or data[4:] != payload(i & 255, len(data))[4:]:
                print("%d, %d after %d, %d bytes" % (n, i, last, len(data)))
                return
            last = i
    print("%d in order" % n)


if sys.argv[1] == "can":
    release = [int(x) for x in platform.release().split("-")[0].split(".")[:2]]
    print("yes" if release >= [5, 12] else "no")
elif sys.argv[1] == "send":
    send(sys.argv[2], int(sys.argv[3]), sys.argv[4], int(sys.argv[5]), int(sys.argv[6]), [int(x) for x in sys.argv[7:]])
else:
    serve(sys.argv[2], int(sys.argv[3]), sys.argv[4])
