# SPDX-License-Identifier: MIT
"""Noise for a nameserver: `serve ADDRESS SEED` is a server whose answers are mostly wrong, `ask
ADDRESS SEED SECONDS` a client whose questions mostly are, over UDP and TCP."""
import random
import socket
import struct
import sys
import threading
import time

NAMES = ["api", "web", "one.test", "2.0.18.172.in-addr.arpa", "host.docker.internal",
         "a.b.c.d.e.front", "x" * 63 + "." + "y" * 63, "nope"]


def question():
    m = struct.pack(">HHHHHH", random.randrange(65536), 0x100, 1, 0, 0, 1)
    for label in random.choice(NAMES).split("."):
        m += bytes([len(label)]) + label.encode()
    m += b"\0" + struct.pack(">HH", random.choice([1, 28, 12, 16, 255, 65]), 1)
    return m + b"\0" + struct.pack(">HHIH", 41, random.choice([512, 1232, 4096, 65535]), 0, 0)


def mutate(m):
    m = bytearray(m)
    for _ in range(random.randrange(4)):
        i = random.randrange(len(m))
        kind = random.randrange(3)
        if kind == 0:
            m[i] = random.randrange(256)
        elif kind == 1:
            del m[i:i + random.randrange(8)]
        else:
            m[i:i] = random.randbytes(random.randrange(8))
        m = m or bytearray(1)
    return bytes(m)


def serve_tcp(listener):
    while True:
        conn, _ = listener.accept()
        conn.settimeout(1)
        try:
            m = bytearray(conn.recv(5000)[2:])
            m[2] |= 0x80
            m = mutate(bytes(m) + bytes(random.randrange(3000)))
            conn.sendall(struct.pack(">H", random.choice([len(m), len(m) + 5, 1, 0, 65535])) + m)
        except (OSError, IndexError):
            pass
        conn.close()


def serve(address):
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind((address, 53))
    tcp = socket.create_server((address, 53))
    threading.Thread(target=serve_tcp, args=(tcp,), daemon=True).start()
    while True:
        m, peer = udp.recvfrom(65535)
        m = bytearray(m)
        m[2] |= 0x80
        m[3] |= random.choice([0, 0, 0, 1, 2, 3, 5])
        try:
            for _ in range(random.choice([0, 1, 2])):
                udp.sendto(mutate(bytes(m) + bytes(random.choice([0, 50, 2000, 60000]))), peer)
            if random.random() < 0.7:
                udp.sendto(bytes(m), peer)
        except OSError:
            pass


def ask_tcp(address, end):
    while time.monotonic() < end:
        try:
            with socket.create_connection((address, 53), 2) as conn:
                conn.settimeout(0.2)
                for _ in range(random.randrange(1, 40)):
                    m = mutate(question())
                    conn.sendall(struct.pack(">H", random.choice([len(m)] * 6 + [len(m) + 3, 0])) + m)
                if random.random() < 0.5:
                    conn.shutdown(socket.SHUT_WR)
                conn.recv(70000)
        except OSError:
            pass


def ask(address, seconds):
    end = time.monotonic() + seconds
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.setblocking(False)
    for _ in range(4):
        threading.Thread(target=ask_tcp, args=(address, end), daemon=True).start()
    while time.monotonic() < end:
        for _ in range(50):
            try:
                udp.sendto(mutate(question()), (address, 53))
                udp.recv(70000)
            except OSError:
                pass
        time.sleep(0.001)


random.seed(int(sys.argv[3]))
if sys.argv[1] == "serve":
    serve(sys.argv[2])
else:
    ask(sys.argv[2], float(sys.argv[4]))
