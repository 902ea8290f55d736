#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What gather.bats needs: numbered datagrams from end to end.

can                              "yes" when the kernel knows threads of NAPI and joined datagrams
send ADDR PORT N PAUSE SIZES...  N datagrams of SIZES in turn, PAUSE microseconds after each hundred
serve ADDR PORT                  receives until nothing came for a second, checks each: "N in order"
"""
import platform, socket, struct, sys, time

def payload(i, size):
    """its number, as far as there is room, then bytes that follow from it"""
    head = struct.pack("!I", i)
    return (head + bytes((i + k) & 255 for k in range(64)) * (size // 64 + 1))[:size]


def send(addr, port, n, pause, sizes):
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
                time.sleep(pause / 1e6)


def serve(addr, port):
    n, last = 0, -1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        s.bind((addr, port))
        s.settimeout(10)
        while True:
            try:
                data = s.recv(65536)
            except socket.timeout:
                break
            s.settimeout(1)
            n += 1
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
    send(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]), [int(x) for x in sys.argv[6:]])
else:
    serve(sys.argv[2], int(sys.argv[3]))
