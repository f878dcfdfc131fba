#!/usr/bin/python3
"""An IMAP server that replays a transcript, for what real servers rarely do.

usage: fake-imap.py [--tls CERT KEY] [--port N] [--port-file FILE] [--log FILE] TRANSCRIPT

A line of the transcript is one step; empty lines and those with # in front are nothing:

    S: * OK ready         send the line and CRLF; $tag is the tag of the last command, $1… groups of the last regex
    R: * 1 FETCH {5}\\r\\nab  send as it stands, with Python's escapes and no CRLF
    F: message.eml        send the octets of a file beside the transcript
    N: 100000             send so many octets in lines of 78
    E: * 1 EXISTS\\r\\n     send that over and over, with Python's escapes, until the client goes
    C: (\\d+) LOGIN        read a command; the regex must be found in it (case does not count)
    C*: UID FETCH         read commands until it is found; all others are answered with "TAG OK done" (and
                          CAPABILITY with what --capability says)
    T:                    TLS from here on (needs --tls; else the whole connection is TLS from the start)
    D: 500                wait so many milliseconds
    W:                    wait until the client closes
    X:                    close; "X: rst" resets the connection
    ===                   what follows is for the next connection; the last part serves all later ones

Literals of the client are read as part of its command ("+ go" where it waits for that). The log has a line per command and per
surprise ("UNEXPECTED …"). Passwords in a test are made up: they are logged as they come.
"""
import argparse
import ctypes
import os
import pathlib
import re
import signal
import socket
import ssl
import struct
import sys
import threading
import time

PR_SET_PDEATHSIG = 1
LITERAL = re.compile(rb"\{(\d+)(\+?)\}\r?\n$")


class Closed(Exception):
    pass


class Unexpected(Exception):
    pass


def parse(path):
    scripts = [[]]
    for line in path.read_text().splitlines():
        if line.strip() == "===":
            scripts.append([])
        elif line.strip() and not line.startswith("#"):
            kind, colon, rest = line.partition(":")
            if not colon or kind not in ("S", "R", "F", "N", "E", "C", "C*", "T", "D", "W", "X"):
                sys.exit(f"{path}: what is {line!r}?")
            scripts[-1].append((kind, rest[1:] if rest.startswith(" ") else rest))
    return scripts


class Session:
    def __init__(self, server, sock):
        self.server, self.sock = server, sock
        self.unread = b""
        self.tag, self.groups = "*", ()

    def fill(self):
        data = self.sock.recv(65536)
        if not data:
            raise Closed
        self.unread += data

    def read_line(self):
        while b"\n" not in self.unread:
            self.fill()
        line, _, self.unread = self.unread.partition(b"\n")
        return line + b"\n"

    def read_octets(self, count):
        while len(self.unread) < count:
            self.fill()
        data, self.unread = self.unread[:count], self.unread[count:]
        return data

    def command(self):
        line = self.read_line()
        while literal := LITERAL.search(line):
            if not literal[2]:
                self.sock.sendall(b"+ go\r\n")
            line += self.read_octets(int(literal[1])) + self.read_line()
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        self.server.note("C: " + text)
        self.tag = text.split(" ")[0]
        return text

    def expand(self, text):
        text = text.replace("$tag", self.tag)
        return re.sub(r"\$(\d)", lambda m: self.groups[int(m[1]) - 1] or "", text)

    def matches(self, regex, text):
        found = re.search(regex, text, re.I | re.S)
        if found:
            self.groups = found.groups()
        return found

    def expect(self, regex):
        text = self.command()
        if not self.matches(regex, text):
            raise Unexpected(f"{text!r}, not /{regex}/")

    def expect_later(self, regex):
        while not self.matches(regex, text := self.command()):
            verb = text.split(" ")[1:2]
            if verb and verb[0].upper() == "CAPABILITY":
                self.sock.sendall(f"* CAPABILITY {self.server.opts.capability}\r\n".encode())
            self.sock.sendall(f"{self.tag} OK done\r\n".encode())

    def step(self, kind, rest):
        if kind == "S":
            self.sock.sendall(self.expand(rest).encode() + b"\r\n")
        elif kind == "R":
            self.sock.sendall(self.expand(rest).encode().decode("unicode_escape").encode("latin-1"))
        elif kind == "F":
            self.sock.sendall((self.server.folder / rest).read_bytes())
        elif kind == "N":
            line = b"x" * 76 + b"\r\n"
            self.sock.sendall((line * (int(rest) // len(line) + 1))[:int(rest)])
        elif kind == "E":
            text = self.expand(rest).encode().decode("unicode_escape").encode("latin-1")
            while True:
                self.sock.sendall(text * (65536 // len(text) + 1))
        elif kind == "C":
            self.expect(rest)
        elif kind == "C*":
            self.expect_later(rest)
        elif kind == "T":
            self.sock = self.server.tls.wrap_socket(self.sock, server_side=True)
        elif kind == "D":
            time.sleep(int(rest) / 1000)
        elif kind == "W":
            while True:
                self.fill()
        elif kind == "X":
            if rest.strip() == "rst":
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raise Closed

    def replay(self, script):
        try:
            if self.server.tls and not any(kind == "T" for kind, _ in script):
                self.sock = self.server.tls.wrap_socket(self.sock, server_side=True)
            for kind, rest in script:
                self.step(kind, rest)
        except Closed:
            pass
        except Unexpected as what:
            self.server.note(f"UNEXPECTED {what}")
        except OSError as error:
            self.server.note(f"LOST {error}")
        finally:
            self.sock.close()


class Server:
    def __init__(self, opts):
        self.opts = opts
        self.folder = opts.transcript.resolve().parent
        self.scripts = parse(opts.transcript)
        self.log = open(opts.log, "a", buffering=1) if opts.log else sys.stderr
        self.tls = None
        if opts.tls:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(*opts.tls)

    def note(self, text):
        print(text, file=self.log, flush=True)

    def run(self):
        listener = socket.create_server(("127.0.0.1", self.opts.port))
        port = listener.getsockname()[1]
        if self.opts.port_file:
            with open(self.opts.port_file + ".tmp", "w") as out:
                out.write(f"{port}\n")
            os.rename(self.opts.port_file + ".tmp", self.opts.port_file)
        else:
            print(port, flush=True)
        count = 0
        while True:
            sock, _ = listener.accept()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            script = self.scripts[min(count, len(self.scripts) - 1)]
            count += 1
            self.note(f"CONNECTION {count}")
            threading.Thread(target=Session(self, sock).replay, args=(script,), daemon=True).start()


def main():
    args = argparse.ArgumentParser(description="an IMAP server that replays a transcript (its form: head of this file)")
    args.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"))
    args.add_argument("--port", type=int, default=0)
    args.add_argument("--port-file")
    args.add_argument("--log")
    args.add_argument("--capability", default="IMAP4rev1 AUTH=PLAIN SASL-IR LITERAL+ UIDPLUS")
    args.add_argument("transcript", type=pathlib.Path)
    opts = args.parse_args()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    try:
        Server(opts).run()
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
