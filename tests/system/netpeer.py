#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Both ends of the network tests.

netpeer.py serve ADDR PORT      TCP (get N, put) and UDP echo on one port, until killed
netpeer.py dns ADDR             answers every A question with 192.0.2.77, on port 53
netpeer.py get|put ADDR PORT N  one transfer, digests compared; put half-closes
netpeer.py slow ADDR PORT N     half-closes at once, then receives N bytes during four seconds
netpeer.py storm ADDR PORT N    N connections, up to 256 at a time, each gets 1000 bytes
netpeer.py crowd ADDR PORT N FILE  tries N connections at once, holds what there is until FILE is there
netpeer.py scatter ADDR PORT N  N datagrams, each from another port
netpeer.py sink ADDR PORT       takes connections, until they end, and datagrams; says nothing
netpeer.py flows udp|tcp ADDR PORT FIRST N EACH FILE
                                EACH datagram sockets or connections from each of N addresses, the
                                FIRST and those behind it; held until FILE is there
netpeer.py keep ADDR PORT FILE [MAY]  a datagram socket and a connection in use until FILE is there;
                                MAY: so many datagrams may be lost
netpeer.py unreachable ADDR PORT  a connection must fail in time, and not by being refused
netpeer.py udp ADDR PORT        echo of several sizes
netpeer.py bursts ADDR PORT     echo of datagrams sent and received many at a time (UDP_SEGMENT, _GRO)
netpeer.py closed ADDR PORT     a datagram to a port nobody has must be refused
netpeer.py trace ADDR           who answers to datagrams that end on their way, and who is at the end
netpeer.py largest ADDR PORT    what the way carries whole, as the routers tell
netpeer.py ask ADDR NAME        one DNS question over UDP and one over TCP, prints the addresses
netpeer.py refused ADDR PORT    a connection must be refused, at once
netpeer.py tun SOCKET           makes tap0 here, sends its descriptor to SOCKET
netpeer.py usernet SOCKET ARGS  receives it, runs ARGS with it as descriptor 3
"""
import array
import fcntl
import hashlib
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

BLOCK = 1 << 20


def family(addr):
    return socket.AF_INET6 if ":" in addr else socket.AF_INET


def get(conn, n):
    """Sends n bytes and their digest."""
    block, h = os.urandom(min(n, BLOCK)), hashlib.sha256()
    while n > 0:
        part = block[: min(n, BLOCK)]
        h.update(part)
        conn.sendall(part)
        n -= len(part)
    conn.sendall(h.hexdigest().encode())


def serve_one(conn):
    with conn, conn.makefile("rb") as f:
        line = f.readline().split()
        if line and line[0] == b"get":
            get(conn, int(line[1]))
        elif line and line[0] == b"slow":
            f.read()
            for i in range(40):
                conn.sendall(bytes(int(line[1]) // 40 + 1))
                time.sleep(0.1)
            conn.sendall(b"end")
        elif line:
            h, n = hashlib.sha256(), 0
            while part := f.read(BLOCK):
                h.update(part)
                n += len(part)
            conn.sendall(b"%d %s" % (n, h.hexdigest().encode()))


def udp_echo(addr, port):
    s = socket.socket(family(addr), socket.SOCK_DGRAM)
    s.bind((addr, port))
    while True:
        data, peer = s.recvfrom(65535)
        s.sendto(data, peer)


def serve(addr, port):
    threading.Thread(target=udp_echo, args=(addr, port), daemon=True).start()
    with socket.create_server((addr, port), family=family(addr), backlog=1024) as s:
        while True:
            conn, _ = s.accept()
            threading.Thread(target=serve_one, args=(conn,), daemon=True).start()


def answer(q):
    end = 12
    while q[end]:
        end += q[end] + 1
    return (q[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + q[12 : end + 5]
            + b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\x4d")


def dns_tcp(addr):
    with socket.create_server((addr, 53)) as s:
        while True:
            conn, _ = s.accept()
            q = conn.recv(4096)
            a = answer(q[2:])
            conn.sendall(struct.pack(">H", len(a)) + a)
            conn.close()


def dns(addr):
    threading.Thread(target=dns_tcp, args=(addr,), daemon=True).start()
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((addr, 53))
    while True:
        q, peer = s.recvfrom(4096)
        s.sendto(answer(q), peer)


def transfer(verb, addr, port, n):
    s = socket.create_connection((addr, port), timeout=30)
    if verb == "get":
        s.sendall(b"get %d\n" % n)
        h, tail = hashlib.sha256(), b""
        while part := s.recv(BLOCK):
            tail += part
            h.update(tail[:-64])
            tail = tail[-64:]
        assert tail == h.hexdigest().encode(), "digest differs"
        return
    s.sendall(b"put\n")
    block, h = os.urandom(min(n, BLOCK)), hashlib.sha256()
    left = n
    while left > 0:
        part = block[: min(left, BLOCK)]
        h.update(part)
        s.sendall(part)
        left -= len(part)
    s.shutdown(socket.SHUT_WR)
    got = b""
    while part := s.recv(256):
        got += part
    assert got == b"%d %s" % (n, h.hexdigest().encode()), got


def slow(addr, port, n):
    s = socket.create_connection((addr, port), timeout=30)
    s.sendall(b"slow %d\n" % n)
    s.shutdown(socket.SHUT_WR)
    got = b""
    while part := s.recv(BLOCK):
        got += part
    assert len(got) == n // 40 * 40 + 43 and got.endswith(b"end"), len(got)


def storm(addr, port, n):
    """Every one must succeed, each with the right bytes."""
    numbers, failed, lock = iter(range(n)), [], threading.Lock()

    def some():
        while True:
            with lock:
                if next(numbers, None) is None:
                    return
            try:
                transfer("get", addr, port, 1000)
            except (OSError, AssertionError) as e:
                failed.append(str(e))

    threads = [threading.Thread(target=some) for _ in range(256)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failed, (len(failed), failed[:5])


def wait_for(path):
    while not os.path.exists(path):
        time.sleep(0.05)


def crowd(addr, port, n, enough):
    held, failed = [], 0
    pending = select.epoll()
    for _ in range(n):
        s = socket.socket()
        s.setblocking(False)
        s.connect_ex((addr, port))
        held.append(s)
        pending.register(s, select.EPOLLOUT)
    byfd = {s.fileno(): s for s in held}
    waiting, end = n, time.monotonic() + 6
    while waiting and time.monotonic() < end:
        for fd, _ in pending.poll(0.5):
            pending.unregister(fd)
            waiting -= 1
            failed += byfd[fd].getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0
    print("holding", n - waiting - failed, "failed", failed, "waiting", waiting, flush=True)
    assert n - waiting - failed > 0
    wait_for(enough)


def scatter(addr, port, n):
    for _ in range(n):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(b"x", (addr, port))


def sink(addr, port):
    u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    u.bind((addr, port))
    held, events = {}, select.epoll()
    with socket.create_server((addr, port), backlog=4096) as s:
        events.register(s, select.EPOLLIN)
        while True:
            for fd, _ in events.poll():
                if fd == s.fileno():
                    conn, _ = s.accept()
                    held[conn.fileno()] = conn
                    events.register(conn, select.EPOLLIN)
                else:
                    held.pop(fd).close()


def flows(kind, addr, port, first, n, each, enough):
    start, = struct.unpack(">I", socket.inet_aton(first))
    held, waiting = [], 0
    ready = select.epoll()
    for i in range(n * each):
        s = socket.socket(socket.AF_INET, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
        s.setblocking(False)
        s.bind((socket.inet_ntoa(struct.pack(">I", start + i // each)), 10000 + i % each))
        s.connect_ex((addr, port))
        held.append(s)
        if kind == "udp":
            s.send(b"x")
            continue
        ready.register(s, select.EPOLLOUT)
        waiting += 1
        # no more at a time than handshakes may be under way
        while waiting > 100 and (events := ready.poll(3)):
            for fd, _ in events:
                ready.unregister(fd)
                waiting -= 1
        if waiting > 100:
            break
    if kind == "udp":
        for s in held:  # none shall have grown old while this was slow
            s.send(b"x")
    print("holding", len(held) - waiting, "waiting", waiting, flush=True)
    wait_for(enough)


def keep(addr, port, path, may="2"):  # bursts of others may overrun the queue it shares with them
    s = datagrams(addr, port)
    t = socket.create_connection((addr, port), timeout=20)
    t.sendall(b"put\n")
    name, lost = s.getsockname(), 0
    while not os.path.exists(path):
        s.send(b"k")
        try:
            s.recv(10)
        except OSError:
            lost += 1
        t.sendall(b"k")
        time.sleep(0.5)
    t.shutdown(socket.SHUT_WR)
    assert t.recv(256), "the connection ended"
    print("kept", name[1], "lost", lost, flush=True)
    assert lost <= int(may), lost


def unreachable(addr, port):
    start = time.monotonic()
    try:
        socket.create_connection((addr, port), timeout=10)
    except ConnectionRefusedError:
        raise AssertionError("refused")
    except OSError as e:
        assert time.monotonic() - start < 8, e
        return
    raise AssertionError("connected")


def datagrams(addr, port):
    s = socket.socket(family(addr), socket.SOCK_DGRAM)
    s.settimeout(5)
    s.connect((addr, port))
    return s


def bursts(addr, port):
    s = datagrams(addr, port)
    for size, n in ((1200, 40), (64, 60), (1, 3)):
        block = os.urandom(size * n - size // 2 if size > 1 else n)
        s.setsockopt(socket.IPPROTO_UDP, 103, size)
        s.send(block)
        s.setsockopt(socket.IPPROTO_UDP, 103, 0)
        got = b"".join(s.recv(65535) for _ in range(n))
        assert got == block, (size, n)
    # what comes joined is one read
    s.setsockopt(socket.IPPROTO_UDP, 104, 1)
    for i in range(100):
        s.send(bytes([i]) * 500)
    left = 100 * 500
    while left > 0:
        left -= len(s.recv(65535))


def option(fam, v4, v6):
    return (socket.IPPROTO_IPV6, v6) if fam == socket.AF_INET6 else (socket.IPPROTO_IP, v4)


def next_error(s, fam):
    """The next of the socket's queue of errors (ip(7), IP_RECVERR): errno, and who says so."""
    for _ in range(40):
        try:
            _, control, _, _ = s.recvmsg(100, 500, socket.MSG_ERRQUEUE | socket.MSG_DONTWAIT)
        except BlockingIOError:
            time.sleep(0.05)
            continue
        for level, kind, data in control:
            if (level, kind) == option(fam, 11, 25):
                who = data[24:40] if fam == socket.AF_INET6 else data[20:24]
                return struct.unpack("I", data[:4])[0], socket.inet_ntop(fam, who)
    return None


def closed(addr, port):
    s = datagrams(addr, port)
    s.send(b"x")
    time.sleep(0.3)
    try:
        s.send(b"x")
    except ConnectionRefusedError:
        return
    raise AssertionError("not refused")


def trace(addr):
    fam = family(addr)
    for hops in range(1, 12):
        s = datagrams(addr, 33434 + hops)
        s.setsockopt(*option(fam, 11, 25), 1)
        s.setsockopt(*option(fam, socket.IP_TTL, 16), hops)
        s.send(b"where")
        e = next_error(s, fam)
        print(e[1] if e else "*")
        if e and e[0] == 111:
            return
    raise AssertionError("the end was not reached")


def largest(addr, port):
    fam = family(addr)
    s = datagrams(addr, port)
    s.setsockopt(*option(fam, 10, 23), 2)  # never cut
    for _ in range(3):
        try:
            s.send(bytes(1440))
            time.sleep(0.3)
        except OSError as e:
            assert e.errno == 90, e
            print(s.getsockopt(*option(fam, 14, 24)))
            return
    raise AssertionError("no router objected")


def udp(addr, port):
    s = socket.socket(family(addr), socket.SOCK_DGRAM)
    s.settimeout(2)
    s.connect((addr, port))
    for n in (0, 1, 1400, 9000, 60000):
        data, tries = os.urandom(n), 0
        while True:
            tries += 1
            s.send(data)
            try:
                assert s.recv(65535) == data, n
                break
            except OSError:  # the first large one may be lost to the path's MTU
                assert n >= 1400 and tries < 3, n


def ask(addr, name):
    q = os.urandom(2) + b"\1\0\0\1\0\0\0\0\0\0"
    q += b"".join(bytes([len(w)]) + w for w in name.encode().split(b".")) + b"\0\0\1\0\1"
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(5)
    s.connect((addr, 53))
    s.send(q)
    a = s.recv(4096)
    assert a[:2] == q[:2] and a[3] & 15 == 0, a[:4]
    t = socket.create_connection((addr, 53), timeout=5)
    t.sendall(struct.pack(">H", len(q)) + q)
    b = t.recv(4096)[2:]
    assert b[:2] == q[:2] and b[3] & 15 == 0, b[:4]
    print(socket.inet_ntoa(a[-4:]), socket.inet_ntoa(b[-4:]))


def refused(addr, port):
    start = time.monotonic()
    try:
        socket.create_connection((addr, port), timeout=10)
    except ConnectionRefusedError:
        assert time.monotonic() - start < 1
        return
    raise AssertionError("connected")


def tun(path):
    fd = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(fd, 0x400454CA, struct.pack("16sH22x", b"tap0", 0x5001))
    try:
        fcntl.ioctl(fd, 0x400454D0, 0x67)  # checksums, TSO for both families, USO
    except OSError:
        fcntl.ioctl(fd, 0x400454D0, 7)  # Linux before 6.2
    for words in ("addr add 10.0.2.100/24 dev tap0", "link set tap0 mtu 65520 up", "link set lo up",
                  "route add default via 10.0.2.2", "-6 addr add fd00::100/64 dev tap0 nodad",
                  "-6 route add default via fd00::2"):
        subprocess.run(["ip"] + words.split(), check=True)
    s = socket.socket(socket.AF_UNIX)
    s.connect(path)
    s.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))])
    signal.pause()


def usernet(path, args):
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(path)
        s.listen()
        conn, _ = s.accept()
        _, control, _, _ = conn.recvmsg(1, socket.CMSG_SPACE(4))
    fd = struct.unpack("i", control[0][2])[0]
    os.dup2(fd, 3, inheritable=True)
    os.execvp(args[0], args)


def main(verb, *a):
    if verb in ("serve", "sink", "udp", "refused", "bursts", "closed", "largest"):
        globals()[verb](a[0], int(a[1]))
    elif verb in ("get", "put"):
        transfer(verb, a[0], int(a[1]), int(a[2]))
    elif verb == "flows":
        flows(a[0], a[1], int(a[2]), a[3], int(a[4]), int(a[5]), a[6])
    elif verb == "keep":
        keep(a[0], int(a[1]), *a[2:])
    elif verb == "unreachable":
        unreachable(a[0], int(a[1]))
    elif verb in ("slow", "storm", "crowd", "scatter"):
        globals()[verb](a[0], int(a[1]), int(a[2]), *a[3:])
    elif verb == "usernet":
        usernet(a[0], list(a[1:]))
    else:
        globals()[verb](*a)


main(*sys.argv[1:])
