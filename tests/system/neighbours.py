#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What containers notice of one among them that sends whatever it can think of.

neighbours.py work SECONDS HOST PORT [NAME]  does measurable work, prints a line a kind of it:
    KIND done N errors N lost N p50_us N p99_us N
neighbours.py attack SECONDS SEED HOST PORT NEIGHBOUR...  the hostile one; needs raw sockets,
    prints how many frames of each kind were sent
neighbours.py threaten (the same)  uses the processor as an attack does, and sends nothing

HOST PORT is a server of netpeer.py. NAME is another container's name: asked of the nameserver,
then its own server (port 7000) is talked to.
"""
import collections
import hashlib
import os
import random
import socket
import struct
import sys
import threading
import time

IP, IP6, ARP = 0x0800, 0x86DD, 0x0806
RESOLVER, TUN_RESOLVER = "127.0.0.11", "10.0.2.3"


# --- the work ---------------------------------------------------------------
class Clock:
    """Counts how often this process stood still for seconds, as where a machine is suspended: what
    was under way then fails and says nothing. An attack that takes the processor is no such thing:
    it is shared."""

    def __init__(self):
        self.stood = 0
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        last = time.monotonic()
        while True:
            time.sleep(0.2)
            now = time.monotonic()
            if now - last > 10:
                self.stood += 1
                print("# stood still for", int(now - last), "s", flush=True)
            last = now


class Work:
    """Repeats one operation until the end; counts, times, and keeps what went wrong."""

    def __init__(self, clock, kind, end, operation, pause):
        self.clock = clock
        self.kind, self.end, self.operation, self.pause = kind, end, operation, pause
        self.times, self.errors, self.lost, self.said = [], 0, 0, None
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while time.monotonic() < self.end:
            start, stood = time.monotonic(), self.clock.stood
            try:
                self.lost += self.operation() or 0
                self.times.append(time.monotonic() - start)
            except (OSError, AssertionError) as e:
                time.sleep(0.5)  # for the clock to notice
                if self.clock.stood == stood:
                    self.errors += 1
                    self.said = repr(e)
            time.sleep(self.pause)

    def line(self):
        self.thread.join()
        t = sorted(self.times) or [0]
        if self.said:
            print("#", self.kind, self.said)
        print(self.kind, "done", len(self.times), "errors", self.errors, "lost", self.lost,
              "p50_us", int(t[len(t) // 2] * 1e6), "p99_us", int(t[len(t) * 99 // 100] * 1e6))


def read_all(s):
    got = b""
    while part := s.recv(1 << 20):
        got += part
    return got


def cycle(addr, n):
    """A connection of its own; n bytes with their digest."""
    with socket.create_connection(addr, timeout=20) as s:
        s.sendall(b"get %d\n" % n)
        got = read_all(s)
    assert len(got) == n + 64 and hashlib.sha256(got[:-64]).hexdigest().encode() == got[-64:]


def upload(addr, block, digest):
    with socket.create_connection(addr, timeout=20) as s:
        s.sendall(b"put\n")
        s.sendall(block)
        s.shutdown(socket.SHUT_WR)
        assert read_all(s) == b"%d %s" % (len(block), digest), "digest differs"


def tries(s, message):
    """One question, asked again when nothing comes; how often it was lost."""
    for lost in range(4):
        s.send(message)
        try:
            while s.recv(2048)[:2] != message[:2]:
                pass
            return lost
        except socket.timeout:
            pass
    raise OSError("no answer to four datagrams")


def datagram(addr):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(1)
    s.connect(addr)
    return lambda: tries(s, os.urandom(100))


def question(name):
    m = os.urandom(2) + b"\1\0\0\1\0\0\0\0\0\0"
    return m + b"".join(bytes([len(w)]) + w for w in name.split(b".")) + b"\0\0\1\0\1"


def lookup(name):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(1)
    s.connect((RESOLVER, 53))
    return lambda: tries(s, question(name.encode()))


def work(seconds, host, port, name=None):
    end, addr, block = time.monotonic() + seconds, (host, port), os.urandom(2 << 20)
    clock = Clock()
    digest = hashlib.sha256(block).hexdigest().encode()
    todo = [Work(clock, "connection", end, lambda: cycle(addr, 1000), 0.01),
            Work(clock, "download", end, lambda: cycle(addr, 2 << 20), 0.05),
            Work(clock, "upload", end, lambda: upload(addr, block, digest), 0.05),
            Work(clock, "datagram", end, datagram(addr), 0.005)]
    if name:
        todo += [Work(clock, "name", end, lookup(name), 0.005),
                 Work(clock, "neighbour", end, lambda: cycle((name, 7000), 1000), 0.01)]
    for w in todo:
        w.line()


# --- the attack -------------------------------------------------------------
def checksum(data):
    data += b"\0" * (len(data) % 2)
    s = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while s >> 16:
        s = (s & 0xFFFF) + (s >> 16)
    return ~s & 0xFFFF


class Attack:
    def __init__(self, seed, host, port, neighbours):
        self.rnd = random.Random(seed)
        with open("/sys/class/net/eth0/address") as f:
            self.own_mac = bytes.fromhex(f.read().strip().replace(":", ""))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.connect((host, port))
            self.own = s.getsockname()[0]
        net = self.own.rsplit(".", 1)[0]
        self.gateway, self.host, self.port = net + ".1", host, port
        self.neighbours = neighbours
        self.macs = [self.mac_of(a) for a in [self.gateway] + neighbours] + [b"\xff" * 6]
        self.targets = [self.gateway, host, RESOLVER, TUN_RESOLVER, "10.0.2.2", "10.0.2.100",
                        "127.0.0.1", "169.254.169.254", "224.0.0.1", "255.255.255.255",
                        net + ".255"] + neighbours

    def mac_of(self, addr):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(b"x", (addr, 9))
        time.sleep(0.2)
        for line in open("/proc/net/arp"):
            w = line.split()
            if w[0] == addr:
                return bytes.fromhex(w[3].replace(":", ""))
        return b"\xff" * 6

    def bytes(self, most=200):
        return self.rnd.randbytes(self.rnd.randrange(most))

    def target(self):
        return self.rnd.choice(self.targets) if self.rnd.random() < 0.9 else self.any_address()

    def any_address(self):
        return socket.inet_ntoa(self.rnd.randbytes(4))

    def source(self):
        return self.rnd.choice([self.own, self.own, self.any_address(), self.gateway, self.host]
                               + self.neighbours)

    def ether(self, kind, body):
        return self.rnd.choice(self.macs) + self.own_mac + struct.pack("!H", kind) + body

    def ip(self, proto, body, src=None, dst=None, frag=0, ident=None):
        r = self.rnd
        h = struct.pack("!BBHHHBBH4s4s", 0x45, r.choice([0, r.randrange(256)]), 20 + len(body),
                        r.randrange(65536) if ident is None else ident, frag,
                        r.choice([64, 64, r.randrange(256)]), proto, 0,
                        socket.inet_aton(src or self.source()), socket.inet_aton(dst or self.target()))
        return self.ether(IP, h[:10] + struct.pack("!H", checksum(h)) + h[12:] + body)

    def segment(self, src, dst, sport, dport, flags, data=b""):
        t = struct.pack("!HHIIBBHHH", sport, dport, self.rnd.randrange(1 << 32), 0, 0x50, flags,
                        64000, 0, 0) + data
        pseudo = socket.inet_aton(src) + socket.inet_aton(dst) + struct.pack("!HH", 6, len(t))
        return t[:16] + struct.pack("!H", checksum(pseudo + t)) + t[18:]

    # one frame of a kind each
    def random_frame(self):
        return self.rnd.choice(self.macs + [self.rnd.randbytes(6)]) + self.rnd.choice(
            [self.own_mac, self.rnd.randbytes(6)]) + self.rnd.randbytes(2) + self.bytes(1400)

    def random_arp(self):
        return self.ether(ARP, b"\0\1\x08\0\6\4\0" + bytes([self.rnd.randrange(3)]) + self.rnd.randbytes(20))

    def random_ip(self):
        return self.ip(self.rnd.choice([1, 2, 6, 17, 41, 47, 50, 132, self.rnd.randrange(256)]), self.bytes(1400))

    def random_udp(self):
        data = self.bytes(1200)
        return self.ip(17, struct.pack("!HHHH", self.rnd.randrange(65536), self.rnd.choice(
            [53, self.port, self.rnd.randrange(65536)]), 8 + len(data), 0) + data)

    def fragment(self):
        more = self.rnd.choice([0, 0x2000])
        return self.ip(self.rnd.choice([1, 6, 17]), self.rnd.randbytes(8 * self.rnd.randrange(1, 180)),
                       frag=more | self.rnd.choice([0, 1, 185, self.rnd.randrange(8192)]),
                       ident=self.rnd.randrange(200))

    def syn(self):
        src, dst = self.source(), self.rnd.choice([self.host, self.host, self.target()])
        dport = self.rnd.choice([self.port, self.port, 443, self.rnd.randrange(65536)])
        return self.ip(6, self.segment(src, dst, self.rnd.randrange(1024, 65536), dport, 2), src, dst)

    def tcp(self):
        src, dst = self.source(), self.target()
        return self.ip(6, self.segment(src, dst, self.rnd.randrange(65536), self.rnd.choice(
            [self.port, 7000]), self.rnd.randrange(256), self.bytes()), src, dst)

    def icmp(self):
        kind = self.rnd.choice([0, 3, 4, 5, 8, 8, 8, 11, 12, 13, self.rnd.randrange(256)])
        body = bytes([kind, self.rnd.randrange(16), 0, 0]) + self.rnd.randbytes(4) + self.bytes()
        return self.ip(1, body[:2] + struct.pack("!H", checksum(body)) + body[4:])

    def ip6(self):
        r = self.rnd
        body = bytes([r.choice([133, 134, 135, 136, 137, r.randrange(256)]), 0]) + self.bytes(300)
        return self.ether(IP6, struct.pack("!IHBB", 6 << 28, len(body), r.choice(
            [0, 6, 17, 43, 44, 58, 58, 58, 60, r.randrange(256)]), 255) + r.choice(
                [b"\xfe\x80" + r.randbytes(14), r.randbytes(16)]) + r.choice(
                    [b"\xff\2" + bytes(13) + b"\1", b"\xfd" + r.randbytes(15), r.randbytes(16)]) + body)

    def dns(self):
        m = bytearray(question(b"%x.example.test" % self.rnd.randrange(1 << 32)))
        for _ in range(self.rnd.randrange(4)):
            m[self.rnd.randrange(len(m))] = self.rnd.randrange(256)
        return bytes(m)

    def run(self, seconds, send):
        kinds = [self.random_frame, self.random_arp, self.random_ip, self.random_udp, self.fragment,
                 self.syn, self.tcp, self.icmp, self.ip6]
        sent, end = collections.Counter(), time.monotonic() + seconds
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        raw.bind(("eth0" if send else "lo", 0))
        asks = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
        for s, a in zip(asks, (RESOLVER, TUN_RESOLVER)):
            s.setblocking(False)
            s.connect((a, 53) if send else ("127.0.0.1", 9))
        while time.monotonic() < end:
            # making a frame takes longer than sending it: each batch is sent several times
            batch = [(f.__name__, f()) for f in self.rnd.choices(kinds, k=200)]
            questions = [self.dns() for _ in range(20)]
            for _ in range(10):
                for kind, frame in batch:
                    try:
                        raw.send(frame)
                        sent[kind] += 1
                    except OSError:
                        sent["refused"] += 1
                for q in questions:
                    try:
                        self.rnd.choice(asks).send(q)
                        sent["dns"] += 1
                    except OSError:
                        sent["refused"] += 1
        print("sent", sum(sent.values()), dict(sent), flush=True)


if sys.argv[1] == "work":
    work(float(sys.argv[2]), sys.argv[3], int(sys.argv[4]), *sys.argv[5:6])
else:
    Attack(int(sys.argv[3]), sys.argv[4], int(sys.argv[5]), sys.argv[6:]).run(
        float(sys.argv[2]), sys.argv[1] == "attack")
