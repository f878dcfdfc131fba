#!/usr/bin/python3
"""A name server on UDP that knows a few domains of .example. fake-dns.py PORT-FILE"""
import socket
import struct
import sys

A, CNAME, MX, AAAA = 1, 5, 15, 28
REFUSED_NAME, FAILED = 3, 2


def name(text):
    return b"".join(bytes([len(x)]) + x.encode() for x in text.split(".") if x) + b"\0"


ZONE = {
    "two.example": {MX: [struct.pack(">H", 20) + name("later.two.example"), struct.pack(">H", 10) + name("First.two.example")]},
    "xn--bcher-kva.example": {MX: [struct.pack(">H", 5) + name("mx.buch.example")]},
    "null.example": {MX: [struct.pack(">H", 0) + name(".")]},
    "four.example": {A: [bytes([192, 0, 2, 1])]},
    "six.example": {AAAA: [bytes(16)]},
    "text.example": {},
    "alias.example": {MX: [(CNAME, name("two.example")), struct.pack(">H", 1) + name("mx.two.example")]},
    "broken.example": {MX: [struct.pack(">H", 1) + b"\xc0\xff"]},
    "many.example": {MX: [struct.pack(">H", n) + name("a.example") for n in range(20)]},
}


def answer(query):
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode())
        at += 1 + query[at]
    kind, question = struct.unpack(">H", query[at + 1:at + 3])[0], query[12:at + 5]
    domain = ".".join(labels).lower()
    code = 0 if domain in ZONE else FAILED if domain == "fails.example" else REFUSED_NAME
    records = [x if isinstance(x, tuple) else (kind, x) for x in ZONE.get(domain, {}).get(kind, [])]
    body = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", of, 1, 60, len(data)) + data for of, data in records)
    return query[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, len(records), 0, 0) + question + body


port_file = sys.argv[1]
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 0))
with open(port_file, "w") as out:
    out.write(str(server.getsockname()[1]) + "\n")
while True:
    query, peer = server.recvfrom(4096)
    server.sendto(answer(query), peer)
