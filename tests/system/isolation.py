#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Who may reach whom, tried with packets.

isolation.py NETNSCTL SOCKET N HOSTADDR

Runs as root of rootlesskit's user namespace, in the host's network namespace. N is the file of
the containers' network namespace, HOSTADDR an address of the host that is not loopback ("-":
none). It makes "containers" (processes in network namespaces of their own), has netns-helper plug
them into networks, and prints one line for each cell of the table and each attack:

    ok|BAD  FROM  TO  HOW  expected X, got Y

A probe is a datagram or a connection that carries a number of its own; whether it arrived is
asked of the receiver, for answers may be kept back by somebody else.
"""
import ctypes
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time

PORT, LOOP_PORT = 7000, 7001
CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
MARK = b"probe-"
ETH_P_ALL, IP, IP6 = 3, 0x0800, 0x86DD


def check(r):
    if r < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


# --- raw packets -------------------------------------------------------------
def checksum(data):
    data += b"\0" * (len(data) % 2)
    s = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while s >> 16:
        s = (s & 0xFFFF) + (s >> 16)
    return ~s & 0xFFFF


def packed(addr):
    return socket.inet_pton(socket.AF_INET6 if ":" in addr else socket.AF_INET, addr)


def ip_packet(src, dst, proto, payload):
    s, d = packed(src), packed(dst)
    if len(s) == 16:
        return struct.pack("!IHBB", 6 << 28, len(payload), proto, 64) + s + d + payload
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0, 64, proto, 0, s, d)
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def with_checksum(src, dst, proto, segment, at):
    s, d = packed(src), packed(dst)
    pseudo = s + d + struct.pack("!II" if len(s) == 16 else "!HH", *((len(segment), proto)
             if len(s) == 16 else (proto, len(segment))))
    c = checksum(pseudo + segment) or 0xFFFF
    return segment[:at] + struct.pack("!H", c) + segment[at + 2:]


def udp(src, dst, dport, data):
    seg = struct.pack("!HHHH", 4444, dport, 8 + len(data), 0) + data
    return ip_packet(src, dst, 17, with_checksum(src, dst, 17, seg, 6))


def tcp_syn(src, dst, dport):
    seg = struct.pack("!HHIIBBHHH", 4445, dport, 1, 0, 0x50, 2, 64000, 0, 0)
    return ip_packet(src, dst, 6, with_checksum(src, dst, 6, seg, 16))


# --- a namespace with somebody in it ------------------------------------------
class Box:
    """A process in a network namespace; calls are made there."""

    def __init__(self, name, netns=None, host=False):
        self.name, self.end = name, None
        self.end, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.pid = os.fork()
        if self.pid == 0:
            self.end.close()
            try:
                self.serve(other, netns, host)
            finally:
                os._exit(1)
        other.close()
        self.call("ready")

    def serve(self, end, netns, host):
        if netns:
            fd = os.open(netns, os.O_RDONLY)
            check(LIBC.setns(fd, CLONE_NEWNET))
        elif not host:
            check(LIBC.unshare(CLONE_NEWNET))
        self.socks, self.raw = [], None
        while q := end.recv(65536):
            name, args = json.loads(q)
            try:
                r = getattr(self, "do_" + name)(*args)
            except OSError as e:
                r = "error: " + (e.strerror or str(e))
            end.send(json.dumps(r).encode())

    def call(self, name, *args):
        self.end.send(json.dumps([name, args]).encode())
        return json.loads(self.end.recv(1 << 20))

    # what follows runs in the namespace
    def do_ready(self):
        return True

    def do_sh(self, command):
        return subprocess.run(command, shell=True, capture_output=True, text=True).stdout

    def do_listen(self, wildcard, sniff):
        for family, loop in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            for addr, port in ((loop, LOOP_PORT),) + (
                    (("0.0.0.0" if family == socket.AF_INET else "::", PORT),) if wildcard else ()):
                for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                    s = socket.socket(family, kind)
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    if family == socket.AF_INET6:
                        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                    s.bind((addr, port))
                    if kind == socket.SOCK_STREAM:
                        s.listen(64)
                    s.setblocking(False)
                    self.socks.append((s, addr))
        if sniff:
            self.raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
            self.raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            self.raw.setblocking(False)

    def do_received(self, wait, mark=None):
        """Marks that arrived at services, and those that were only seen on the wire; waits no
        longer than until mark is there."""
        got, seen, end = [], [], time.monotonic() + wait
        while mark not in got and (left := end - time.monotonic()) > 0:
            socks = [s for s, _ in self.socks] + ([self.raw] if self.raw else [])
            for s in select.select(socks, [], [], left)[0]:
                if s is self.raw:
                    data, addr = s.recvfrom(65536)
                    if addr[2] != socket.PACKET_OUTGOING and MARK in data:
                        seen.append(data[data.index(MARK):].decode(errors="replace"))
                elif s.type == socket.SOCK_STREAM:
                    conn, _ = s.accept()
                    conn.settimeout(0.2)
                    try:
                        got.append(conn.recv(100).decode())
                    except OSError:
                        pass
                    conn.close()
                else:
                    got.append(s.recv(65536).decode())
        return got, seen

    def do_tcp(self, addr, port, mark, wait):
        with socket.socket(socket.AF_INET6 if ":" in addr else socket.AF_INET) as s:
            s.settimeout(wait)
            s.connect((addr, port))
            s.sendall(mark.encode())
            s.shutdown(socket.SHUT_WR)
        return "connected"

    def do_udp(self, addr, port, mark, _wait=0):
        with socket.socket(socket.AF_INET6 if ":" in addr else socket.AF_INET,
                           socket.SOCK_DGRAM) as s:
            s.sendto(mark.encode(), (addr, port))
        return "sent"

    def do_ping(self, addr, wait):
        v6 = ":" in addr
        with socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_DGRAM,
                           socket.IPPROTO_ICMPV6 if v6 else socket.IPPROTO_ICMP) as s:
            s.settimeout(wait)
            s.connect((addr, 0))
            s.send(struct.pack("!BBHHH", 128 if v6 else 8, 0, 0, 0, 1) + b"x" * 8)
            s.recv(100)
        return "answered"

    def do_frames(self, ifname, frames):
        """Sends raw frames; each is [destination MAC, protocol, packet in hex]."""
        with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM) as s:
            for mac, proto, packet in frames:
                s.sendto(bytes.fromhex(packet), (ifname, proto, 0, 0, bytes.fromhex(mac)))
        return len(frames)

    def do_syn_answered(self, ifname, frames, port):
        """Sends raw SYNs; is any answered by somebody's port?"""
        with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL)) as s:
            for mac, proto, packet in frames:
                s.sendto(bytes.fromhex(packet), (ifname, proto, 0, 0, bytes.fromhex(mac)))
            s.settimeout(0.3)
            try:
                while True:
                    data, addr = s.recvfrom(65536)
                    tcp = data[(data[0] & 15) * 4:] if addr[1] == IP else data[40:]
                    if addr[2] != socket.PACKET_OUTGOING and addr[1] in (IP, IP6) and \
                            len(tcp) >= 14 and tcp[:2] == struct.pack("!H", port) and tcp[13] & 2:
                        return True
            except socket.timeout:
                return False


# --- the table -----------------------------------------------------------------
class Table:
    def __init__(self):
        self.n, self.bad, self.boxes = 0, 0, []

    def mark(self):
        self.n += 1
        return "%s%06d." % (MARK.decode(), self.n)

    def line(self, frm, to, how, expected, got):
        ok = expected == got
        self.bad += not ok
        print("%-3s %-12s %-28s %-22s expected %s, got %s" %
              ("ok" if ok else "BAD", frm, to, how, expected, got), flush=True)

    def cell(self, frm, to, addr, expected, receiver, port=PORT, kinds=("tcp", "udp")):
        for kind in kinds:
            m = self.mark()
            # long for what must work on a slow machine, short for what must not
            said = frm.call(kind, addr, port, m, 5 if expected else 0.1)
            got, _ = receiver.call("received", 5 if expected else 0.05, m)
            arrived = m in got
            how = "%s to %s" % (kind, addr)
            self.line(frm.name, to, how, expected, arrived)
            if not arrived and kind == "tcp" and said == "connected" and "127." not in addr:
                self.line(frm.name, to, how + ", silent", "an error", said)

    def ping(self, frm, to, addr, expected):
        self.line(frm.name, to, "ping " + addr, expected, frm.call("ping", addr, 5 if expected else 0.1) == "answered")

    def attack(self, frm, how, frames, victims, on_wire=False):
        """frames: function of a mark; none may arrive at a service of the victims, nor (on_wire)
        be seen by them at all."""
        marks = {}
        sent = []
        for f in frames:
            m = self.mark()
            marks[m] = f["what"]
            sent.append([f["mac"], IP6 if f["packet"](b"")[0] >> 4 == 6 else IP,
                         f["packet"](m.encode()).hex()])
        frm.call("frames", "eth0", sent)
        for v in victims:
            got, seen = v.call("received", 0.1)
            arrived = set(got) | {s[:len(MARK) + 7] for s in seen if on_wire}
            hits = sorted({w for m, w in marks.items() if m in arrived})
            self.line(frm.name, v.name, how, "nothing", hits or "nothing")


def mac_of(addr):
    return "0242" + packed(addr)[-4:].hex()


def main():
    ctl, sock, n_path, host_addr = sys.argv[1:5]
    t = Table()
    bridge_macs = {}

    def netns(*args):
        subprocess.run([ctl, sock, *map(str, args)], check=True)

    nets = {  # name: (IPv4, IPv6, flags of the bridge, flags of plugs)
        "a": ("172.21.0", "fd21::", ["dns"], ["dns"]),
        "b": ("172.22.0", "fd22::", [], []),
        "int": ("172.23.0", "fd23::", ["internal", "dns"], ["dns"]),
        "alone": ("172.24.0", "fd24::", [], ["isolated"]),
    }
    n = Box("N", netns=n_path)
    host = Box("host", host=True)
    boxes = {}
    try:
        for net, (v4, v6, bridge_flags, plug_flags) in nets.items():
            netns("bridge", "br-" + net, v4 + ".1/24", v6 + "1/64", *bridge_flags)
            bridge_macs[net] = n.call("sh", "cat /sys/class/net/br-%s/address" % net) \
                .strip().replace(":", "")
            for i in (2, 3):
                b = boxes[net + str(i - 1)] = Box(net + str(i - 1))
                b.v4, b.v6, b.net = "%s.%d" % (v4, i), "%s%d" % (v6, i), net
                out = net == "int"
                netns("plug", b.pid, "iso" + b.name, "br-" + net, "eth0", b.v4 + "/24",
                      b.v6 + "/64", "-" if out else v4 + ".1", "-" if out else v6 + "1",
                      *plug_flags)
                b.call("listen", True, True)
        # one more, in two networks
        ab = boxes["ab"] = Box("ab")
        ab.v4, ab.v6, ab.net = "172.21.0.9", "fd21::9", "a"
        netns("plug", ab.pid, "isoab", "br-a", "eth0", "172.21.0.9/24", "fd21::9/64",
              "172.21.0.1", "fd21::1", "dns")
        netns("plug", ab.pid, "isoab", "br-b", "eth1", "172.22.0.9/24", "fd22::9/64", "-", "-")
        ab.call("listen", True, True)
        n.call("listen", True, False)
        host.call("listen", True, False)
        matrix(t, nets, boxes, n, host, host_addr)
        attacks(t, nets, boxes, n, bridge_macs)
        counter_check(t, boxes)
        after(t, netns, boxes, n)
    finally:
        for b in list(boxes.values()) + [n, host]:
            os.kill(b.pid, signal.SIGKILL)
        for name in boxes:
            subprocess.run([ctl, sock, "remove", "iso" + name])
        for net in nets:
            subprocess.run([ctl, sock, "unbridge", "br-" + net])
    print("%d lines are bad" % t.bad)
    return t.bad != 0


def matrix(t, nets, boxes, n, host, host_addr):
    """Ordinary sockets: every container to every container, gateway and host address."""
    for frm in boxes.values():
        for to in boxes.values():
            if frm is to:
                continue
            same = frm.net == to.net and frm.net != "alone"
            if {frm.name, to.name} <= {"ab", "b1", "b2"}:
                same = True
                to4, to6 = (to.v4, to.v6) if to is not boxes["ab"] else ("172.22.0.9", "fd22::9")
            else:
                to4, to6 = to.v4, to.v6
            t.cell(frm, to.name, to4, same, to)
            t.cell(frm, to.name, to6, same, to)
        for net, (v4, v6, _, _) in nets.items():
            own = net == frm.net or (frm.name == "ab" and net == "b")
            t.ping(frm, "gateway of " + net, v4 + ".1", own)
            t.ping(frm, "gateway of " + net, v6 + "1", own)
            if not own:
                t.cell(frm, "gateway of " + net, v4 + ".1", False, n)
                t.cell(frm, "gateway of " + net, v6 + "1", False, n)
        for addr in ("10.0.2.100", "fd00::100"):
            t.cell(frm, "N", addr, False, n)
        out = frm.net != "int"
        # the host's loopback, by the gateway's addresses: closed unless it was opened
        for addr in ("10.0.2.2", "fd00::2"):
            t.cell(frm, "host's loopback", addr, False, host, LOOP_PORT)
        # written as destinations they are the container's own, or nothing's
        t.cell(frm, "host's loopback", "::ffff:127.0.0.1", False, host, LOOP_PORT)
        t.cell(frm, "host's loopback", "127.0.0.1", False, host, LOOP_PORT, ("udp",))
        frm.call("received", 0.05)
        if host_addr != "-":
            t.cell(frm, "host's other address", host_addr, out, host)
            t.cell(frm, "host's loopback", host_addr, False, host, LOOP_PORT)


def combos(frm, to, gateway_mac, neighbours, dsts, port, srcs):
    """Frames to the gateway and (neighbours) straight to the victim and to everybody."""
    macs = {"the gateway": gateway_mac}
    if neighbours:
        macs["its port"] = mac_of(to.v4)
        macs["everybody"] = "ffffffffffff"
    for mac_name, mac in macs.items():
        for src in srcs:
            for dst in dsts:
                if (":" in src) != (":" in dst):
                    continue
                yield {"mac": mac, "what": "%s > %s by %s" % (src, dst, mac_name),
                       "packet": lambda data, s=src, d=dst: udp(s, d, port, data)}


def attacks(t, nets, boxes, n, bridge_macs):
    """A hostile container with raw sockets and any source address."""
    foreign = ["8.8.8.8", "127.0.0.1", "0.0.0.0", "10.0.2.2", "10.0.2.100", "2001:db8::1", "::1",
               "fd00::2", "fd00::100", "::ffff:127.0.0.1"]
    for frm in (boxes["a1"], boxes["int1"], boxes["alone1"]):
        gw = bridge_macs[frm.net]
        everybody = foreign + [a for b in boxes.values() for a in (b.v4, b.v6)] + \
            [g for v4, v6, _, _ in nets.values() for g in (v4 + ".1", v6 + "1")]
        for to in boxes.values():
            near = to.net == frm.net
            if to is frm or (near and frm.net != "alone"):
                continue
            # into other networks, and past ICC=false
            t.attack(frm, "any source, its address",
                     list(combos(frm, to, gw, near, [to.v4, to.v6], PORT, everybody)), [to],
                     on_wire=True)
        # spoofed sources reach nobody by the router, not even those who may be reached
        spoofed = [s for s in everybody if s not in (frm.v4, frm.v6)]
        own_net = [a for b in boxes.values() if b.net == frm.net for a in (b.v4, b.v6)]
        loops = ["127.0.0.1", "127.0.0.11", "127.1.2.3", "::1", "::ffff:127.0.0.1"]
        t.attack(frm, "spoofed, N's own", list(combos(frm, frm, gw, False,
                 ["10.0.2.100", "fd00::100"] + loops, PORT,
                 [s for s in spoofed if s not in own_net])), [n])
        t.attack(frm, "N's loopback", list(combos(frm, frm, gw, False, loops, LOOP_PORT,
                 everybody)), [n])
        t.attack(frm, "N, any", list(combos(frm, frm, gw, False,
                 ["10.0.2.100", "fd00::100"] + [g for v4, v6, _, _ in nets.values()
                  for g in (v4 + ".1", v6 + "1") if not v4.startswith(frm.v4[:-2])],
                 PORT, everybody)), [n])
        for to in boxes.values():
            if to is frm or to.net != frm.net:
                continue
            # neighbours' loopback, which route_localnet must not open
            t.attack(frm, "its loopback", list(combos(frm, to, gw, True, loops, LOOP_PORT,
                     everybody)), [to])
            syns = [[mac_of(to.v4), IP, tcp_syn(frm.v4, "127.0.0.1", LOOP_PORT).hex()],
                    [mac_of(to.v4), IP6, tcp_syn(frm.v6, "::1", LOOP_PORT).hex()]]
            t.line(frm.name, to.name, "SYN to its loopback", False,
                   frm.call("syn_answered", "eth0", syns, LOOP_PORT))
    steal(t, boxes)


def steal(t, boxes):
    """a1 says it has a2's MAC and IP address: N's packets for a2 still go to a2."""
    a1, a2, ab = boxes["a1"], boxes["a2"], boxes["ab"]
    a1.call("sh", "ip link set eth0 down; ip link set eth0 address %s; ip link set eth0 up; "
            "ip addr add 172.21.0.3/24 dev eth0; ip -6 addr add fd21::3/64 dev eth0 nodad; "
            "ip -6 addr add %s/64 dev eth0 nodad; ip route add default via 172.21.0.1; "
            "ip -6 route add default via fd21::1" %
            (":".join(mac_of(a2.v4)[i:i + 2] for i in range(0, 12, 2)), a1.v6))
    for _ in range(3):
        a1.call("ping", "172.21.0.1", 0.1)
        a1.call("udp", "172.21.0.255", PORT, "x")
        a1.call("udp", ab.v4, PORT, t.mark())
    for frm in (ab,):
        t.cell(frm, "a2, its MAC claimed", a2.v4, True, a2)
        t.cell(frm, "a2, its MAC claimed", a2.v6, True, a2)
    t.ping(a2, "gateway, MAC claimed", "172.21.0.1", True)
    t.ping(a2, "gateway, MAC claimed", "fd21::1", True)


def counter_check(t, boxes):
    """The probes can see what they look for: without its rule a2's loopback is open."""
    a2, ab = boxes["a2"], boxes["ab"]
    a2.call("sh", "ip rule del pref 1")
    m = t.mark()
    ab.call("frames", "eth0", [[mac_of(a2.v4), IP,
            udp(ab.v4, "127.0.0.1", LOOP_PORT, m.encode()).hex()]])
    got, _ = a2.call("received", 5, m)
    t.line("ab", "a2", "its loopback, no rule", True, m in got)
    t.line("ab", "a2", "SYN, no rule", True, ab.call("syn_answered", "eth0", [[mac_of(a2.v4), IP,
           tcp_syn(ab.v4, "127.0.0.1", LOOP_PORT).hex()]], LOOP_PORT))


def after(t, netns, boxes, n):
    """Disconnected: nothing comes through any more, and the other network still works."""
    ab, b1, a2 = boxes["ab"], boxes["b1"], boxes["a2"]
    netns("unplug", "isoab", "eth1")
    t.cell(ab, "b1, disconnected", b1.v4, False, b1)
    t.cell(ab, "a2, still connected", a2.v4, True, a2)
    netns("remove", "isob1")
    t.cell(boxes["b2"], "b1, removed", b1.v4, False, b1)


if __name__ == "__main__":
    sys.exit(main())
