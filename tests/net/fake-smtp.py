#!/usr/bin/python3
"""An SMTP and LMTP server that keeps what it accepts, counts, and fails on purpose; see -h.

It does what RFC 5321 wants of a server: a message counts as accepted exactly when its 2xx is about to be written, and is then in
the log ("ACCEPTED message-id from recipients") before the octets go out. A rule (--rule) makes it fail at a phase:

    PHASE[/REGEX][@N]=ACTION     at that phase, where the regex is found in the command (at end: in the message), from the Nth time
                                 (1, @N+ from then on every time, none: every time)
    PHASE: connect ehlo auth mail rcpt data end (all of the message was read)
    ACTION: a reply ("450 4.2.0 later"); accepts nothing | cut (close without a word) | rst | accept-cut (at end: accept, close without a
            reply) | silent (read on, never answer again) | sleep MS | 421 closes behind the reply

The log has a line per connection, command and accepted message. --state FILE keeps {"messages": {id: times}, "connections", "rsets"}.
--accepted FILE gets a line "ID RECIPIENT" in place of "messages", which takes long where they are many.
"""
import argparse
import ctypes
import json
import os
import re
import signal
import socket
import ssl
import struct
import sys
import threading
import time

PR_SET_PDEATHSIG = 1
PHASES = ("connect", "ehlo", "auth", "mail", "rcpt", "data", "end")


class Closed(Exception):
    pass


class Rule:
    def __init__(self, text):
        found = re.fullmatch(r"(\w+)(?:/(.*?))?(?:@(\d+)(\+?))?=(.*)", text, re.S)
        if not found or found[1] not in PHASES:
            sys.exit(f"what is --rule {text!r}?")
        self.phase, self.regex, self.action = found[1], found[2], found[5]
        self.first = int(found[3] or 1)
        self.last = int(found[3]) if found[3] and not found[4] else None
        self.seen = 0

    def applies(self, phase, text):
        if phase != self.phase or (self.regex and not re.search(self.regex, text, re.I)):
            return False
        self.seen += 1
        return self.seen >= self.first and (self.last is None or self.seen <= self.last)


class Session:
    def __init__(self, server, sock):
        self.server, self.sock, self.opts = server, sock, server.opts
        self.unread = b""
        self.out = b""
        self.secure = self.authenticated = False
        self.reset()

    def reset(self):
        self.sender, self.recipients, self.chunks, self.broken = None, [], b"", False

    def fill(self):
        # Replies wait while commands wait: what is pipelined is answered together (RFC 2920).
        self.flush()
        data = self.sock.recv(65536)
        if not data:
            raise Closed
        self.unread += data

    def flush(self):
        if self.out:
            self.sock.sendall(self.out)
            self.out = b""

    def line(self):
        while b"\n" not in self.unread:
            self.fill()
        line, _, self.unread = self.unread.partition(b"\n")
        return line.rstrip(b"\r").decode("utf-8", "replace")

    def octets(self, count):
        while len(self.unread) < count:
            self.fill()
        data, self.unread = self.unread[:count], self.unread[count:]
        return data

    def say(self, text):
        self.out += text.encode() + b"\r\n"
        if text.startswith("421"):
            self.flush()
            raise Closed

    def rule(self, phase, text=""):
        """True where a rule answered."""
        action = self.server.action(phase, text)
        if action is None:
            return None
        if action != "rst":
            self.flush()  # what was done before was said before
        if action.startswith("sleep "):
            time.sleep(int(action[6:]) / 1000)
            return None
        if action == "rst":
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raise Closed
        if action == "cut":
            raise Closed
        if action == "silent":
            while self.sock.recv(65536):
                pass
            raise Closed
        return action

    def message_until_dot(self):
        lines = []
        while True:
            while b"\n" not in self.unread:
                self.fill()
            line, _, self.unread = self.unread.partition(b"\n")
            if not line.endswith(b"\r"):
                self.server.note("BARE LF")
            if line.rstrip(b"\r") == b".":
                return b"".join(lines)
            lines.append((line[1:] if line.startswith(b".") else line) + b"\n")

    def end(self, message):
        """All of a message was read: one reply, or with LMTP one for each recipient."""
        for recipient in self.recipients if self.opts.lmtp else [None]:
            text = message.decode("utf-8", "replace") if recipient is None else recipient
            action = self.rule("end", text)
            if action and action != "accept-cut":
                self.say(action)
                continue
            name = self.server.accept(self.sender, [recipient] if recipient else self.recipients, message)
            if action:
                raise Closed
            self.say(f"250 2.0.0 Ok: queued as {name}")
        self.reset()

    def data(self):
        action = self.rule("data") or (None if self.recipients else "554 5.5.1 no valid recipients")
        if action:
            self.say(action)
            return
        self.say("354 go ahead")
        self.end(self.message_until_dot())

    def bdat(self, line):
        words = line.split()
        self.chunks += self.octets(int(words[1]))
        last = words[-1].upper() == "LAST"
        if not self.recipients:
            self.say("503 5.5.1 no valid recipients")  # the transaction stays, as RFC 3030 has it: RSET ends it
            self.chunks = b""
        elif last:
            action = self.rule("data")
            if action:
                self.say(action)
                self.chunks = b""
            else:
                self.end(self.chunks)
        else:
            self.say("250 2.0.0 chunk")

    def hello(self, line):
        action = self.rule("ehlo", line)
        if action:
            self.say(action)
            return
        self.reset()
        offers = ["fake.example.test"] + [o for o in self.opts.offer.split(",") if o]
        if self.server.tls and not self.secure and not self.opts.implicit:
            offers.append("STARTTLS")
        if self.opts.auth:
            offers.append("AUTH PLAIN LOGIN")
        for i, offer in enumerate(offers):
            self.say(f"250{' ' if i == len(offers) - 1 else '-'}{offer}")

    def login(self, line):
        words = line.split()
        action = self.rule("auth", line)
        if not action and len(words) < 3:
            self.say("334 ")
            self.line()
        self.authenticated = not action
        self.say(action or "235 2.7.0 welcome")

    def command(self, line):
        verb = line.split(" ")[0].upper()
        self.server.note("C: " + ("AUTH " + line.split(" ")[1] if verb == "AUTH" else line))
        if verb in ("EHLO", "LHLO"):
            self.hello(line)
        elif verb == "STARTTLS":
            self.say("220 2.0.0 go")
            self.flush()
            self.sock = self.server.tls.wrap_socket(self.sock, server_side=True)
            self.secure = True
        elif verb == "AUTH":
            self.login(line)
        elif verb == "MAIL":
            self.mail(line)
        elif verb == "RCPT":
            action = self.rule("rcpt", line) or ("503 5.5.1 MAIL first" if self.sender is None else None)
            if not action:
                self.recipients.append(re.search(r"<(.*)>", line)[1])
            self.say(action or "250 2.1.5 ok")
        elif verb == "DATA":
            self.data()
        elif verb == "BDAT":
            self.bdat(line)
        elif verb == "RSET":
            self.server.count("rsets")
            self.reset()
            self.say("250 2.0.0 ok")
        elif verb == "QUIT":
            self.say("221 2.0.0 bye")
            self.flush()
            raise Closed
        else:
            self.say("250 2.0.0 ok" if verb == "NOOP" else "502 5.5.2 unknown")

    def mail(self, line):
        action = self.rule("mail", line)
        if self.opts.auth and not self.authenticated:
            action = "530 5.7.0 log in first"
        if not action and self.sender is not None:
            action = "503 5.5.1 nested MAIL"
        if not action:
            self.sender = re.search(r"<(.*?)>", line)[1]
        self.say(action or "250 2.1.0 ok")

    def serve(self):
        try:
            if self.opts.implicit:
                self.sock = self.server.tls.wrap_socket(self.sock, server_side=True)
            action = self.rule("connect")
            self.say(action or "220 fake.example.test ESMTP")
            if action:
                self.flush()
                raise Closed
            while True:
                self.command(self.line())
        except Closed:
            self.server.note("CLOSED")
        except OSError as error:
            self.server.note(f"LOST {error}")
        finally:
            self.sock.close()


class Server:
    def __init__(self, opts):
        self.opts = opts
        self.rules = [Rule(r) for r in opts.rule]
        self.lock = threading.Lock()
        self.log = open(opts.log, "a", buffering=1) if opts.log else None
        self.state = {"messages": {}, "connections": 0, "rsets": 0}
        self.kept = 0
        if opts.state and os.path.exists(opts.state):
            self.state = json.load(open(opts.state))
        self.accepted = os.open(opts.accepted, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) if opts.accepted else None
        self.tls = None
        if opts.tls:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(*opts.tls)

    def note(self, text):
        if self.log:
            self.log.write(text + "\n")

    def action(self, phase, text):
        with self.lock:
            for rule in self.rules:
                if rule.applies(phase, text):
                    return rule.action
        return None

    def write_state(self):
        if self.opts.state:
            with open(self.opts.state + ".tmp", "w") as out:
                json.dump(self.state, out)
            os.rename(self.opts.state + ".tmp", self.opts.state)

    def count(self, what):
        with self.lock:
            self.state[what] += 1
            self.write_state()

    def remember(self, name, recipients):
        if self.accepted is not None:
            os.write(self.accepted, "".join(f"{name} {r}\n" for r in recipients).encode())
            return
        for recipient in recipients:
            key = f"{name} {recipient}"
            self.state["messages"][key] = self.state["messages"].get(key, 0) + 1
        self.write_state()

    def accept(self, sender, recipients, message):
        found = re.search(rb"(?im)^message-id:\s*<([^>]*)>", message)
        name = found[1].decode() if found else f"none-{len(message)}"
        with self.lock:
            self.remember(name, recipients)
            self.kept += 1
            if self.opts.keep:
                with open(os.path.join(self.opts.keep, f"{self.kept:05d}.eml"), "wb") as out:
                    out.write(message)
            self.note(f"ACCEPTED {name} from <{sender}> to {' '.join(recipients)}")
            return f"F{self.kept:07d}"

    def run(self):
        if self.opts.unix:
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(self.opts.unix)
            listener.listen(64)
            port = self.opts.unix
        else:
            listener = socket.create_server(("127.0.0.1", self.opts.port), backlog=64)
            port = listener.getsockname()[1]
        if self.opts.port_file:
            with open(self.opts.port_file + ".tmp", "w") as out:
                out.write(f"{port}\n")
            os.rename(self.opts.port_file + ".tmp", self.opts.port_file)
        else:
            print(port, flush=True)
        while True:
            sock, _ = listener.accept()
            if not self.opts.unix:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.count("connections")
            self.note("CONNECTION")
            threading.Thread(target=Session(self, sock).serve, daemon=True).start()


def main():
    args = argparse.ArgumentParser(description="an SMTP server that counts and fails on purpose (rules: head of this file)")
    args.add_argument("--port", type=int, default=0)
    args.add_argument("--unix", metavar="PATH", help="listen on a local socket")
    args.add_argument("--port-file")
    args.add_argument("--log")
    args.add_argument("--state")
    args.add_argument("--accepted", metavar="FILE")
    args.add_argument("--keep", metavar="DIR", help="accepted messages, as they came, in files there")
    args.add_argument("--offer", default="PIPELINING,8BITMIME,SMTPUTF8,CHUNKING,DSN,ENHANCEDSTATUSCODES,SIZE 10000000")
    args.add_argument("--lmtp", action="store_true")
    args.add_argument("--auth", action="store_true", help="want a login; any will do unless a rule says no")
    args.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"), help="offer STARTTLS")
    args.add_argument("--implicit", action="store_true", help="TLS from the start")
    args.add_argument("--rule", action="append", default=[])
    opts = args.parse_args()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    try:
        Server(opts).run()
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
