# SPDX-License-Identifier: MIT
"""A syslog server or a journal: `logpeer.py FILE KIND:WHERE...` with the kinds unixgram, unix (a
path), udp and tcp (a port of 127.0.0.1) writes each message to FILE as a line of JSON text."""
import json
import os
import socket
import sys
import threading

out = open(sys.argv[1], "a", buffering=1)


def tell(data):
    out.write(json.dumps(data.decode("latin-1")) + "\n")


def serve(kind, where):
    local = kind.startswith("unix")
    family = socket.AF_UNIX if local else socket.AF_INET
    s = socket.socket(family, socket.SOCK_DGRAM if kind in ("udp", "unixgram") else socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if local:
        if not os.path.isdir(os.path.dirname(where)):
            if os.path.islink("/run/systemd"):  # of the host; this /run is RootlessKit's copy
                os.unlink("/run/systemd")
            os.makedirs(os.path.dirname(where))
        if os.path.lexists(where):
            os.unlink(where)
    s.bind(where if local else ("127.0.0.1", int(where)))
    if kind in ("udp", "unixgram"):
        threading.Thread(target=datagrams, args=(s,)).start()
    else:
        s.listen()
        threading.Thread(target=accept, args=(s,)).start()


def datagrams(s):
    while True:
        data = s.recv(1 << 20)
        if data:
            tell(data)


def accept(s):
    while True:
        threading.Thread(target=lines, args=(s.accept()[0],), daemon=True).start()


def lines(c):
    for line in c.makefile("rb"):
        tell(line)


for arg in sys.argv[2:]:
    serve(*arg.split(":", 1))
open(sys.argv[1] + ".ready", "w").close()
