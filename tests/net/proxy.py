#!/usr/bin/python3
"""A TCP proxy on loopback that makes the network worse; see -h.

A chunk leaves half a round trip after it came, each way, without waiting between chunks; TCP_NODELAY is on.
What comes in bulk is read once in NAP seconds, so that the proxy takes little of the machine that is measured.
"""
import argparse
import asyncio
import collections
import ctypes
import json
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
CHUNK_LIMIT = 8 * 1024 * 1024  # what one direction may hold back; more waits in the sockets
BULK = 8 * 1024  # octets at once that are no dialog
NAP = 0.0005
READ_MOST = 1024 * 1024  # octets at once


class Counts:
    def __init__(self, path):
        self.path = path
        self.connections = self.up = self.down = 0

    def write(self):
        if self.path:
            with open(self.path + ".tmp", "w") as out:
                json.dump({"connections": self.connections, "up": self.up, "down": self.down}, out)
                out.write("\n")
            os.rename(self.path + ".tmp", self.path)


class Side(asyncio.Protocol):
    """One end of a connection; what it receives goes to its peer when its time has come."""

    def __init__(self, proxy, from_server):
        self.proxy, self.from_server = proxy, from_server
        self.peer = self.transport = None
        self.waiting = collections.deque()  # (time, chunk; None is the end)
        self.held = self.seen = 0
        self.timer = None
        self.blocked = self.ended = self.dead = self.cutting = self.muted = self.napping = False
        self.tail = b""

    def connection_made(self, transport):
        self.transport = transport
        transport.max_size = READ_MOST
        if not self.from_server:
            self.proxy.opened(self)
        elif self.peer:
            self.peer.pump()

    def data_received(self, data):
        self.proxy.count(self.from_server, len(data))
        data = self.proxy.limited(self, data)
        if len(data) >= BULK and self.proxy.opts.delay_ms:
            self.napping = True
            self.proxy.loop.call_later(NAP, self.wake)
        if data:
            self.push(data)

    def wake(self):
        self.napping = False
        if self.peer:
            self.flow()

    def eof_received(self):
        self.ended = True
        self.push(None)
        return True

    def connection_lost(self, error):
        self.ended = self.dead = True
        self.push(None)
        self.proxy.counts.write()

    def push(self, chunk):
        self.waiting.append((self.proxy.loop.time() + self.proxy.opts.delay_ms / 1000, chunk))
        self.held += len(chunk or b"")
        self.pump()

    def pump(self):
        """Send what is due, and come back for the rest."""
        if self.timer:
            self.timer.cancel()
        self.timer = None
        out = self.peer and self.peer.transport
        if not out:
            return
        now = self.proxy.loop.time()
        while self.waiting and self.waiting[0][0] <= now:
            chunk = self.waiting.popleft()[1]
            if chunk is None:
                self.finish(out)
            elif not out.is_closing():
                self.held -= len(chunk)
                out.write(chunk)
        if self.waiting:
            self.timer = self.proxy.loop.call_at(self.waiting[0][0], self.pump)
        self.flow()

    def finish(self, out):
        """The end of one direction; of the connection, where the other has ended, too."""
        if self.dead or self.peer.ended:
            out.close()
            self.transport.close()
        elif not out.is_closing():
            out.write_eof()

    def flow(self):
        if self.transport and not self.transport.is_closing():
            if self.napping or self.peer.blocked or self.held > CHUNK_LIMIT:
                self.transport.pause_reading()
            else:
                self.transport.resume_reading()

    def pause_writing(self):
        self.blocked = True
        self.peer.flow()

    def resume_writing(self):
        self.blocked = False
        self.peer.flow()

    def cut(self):
        for side in (self, self.peer):
            if side and side.transport:
                side.transport.abort()


class Proxy:
    def __init__(self, opts):
        self.opts = opts
        self.loop = asyncio.get_running_loop()
        self.counts = Counts(opts.count_file)
        self.cuts = 0

    def opened(self, client):
        self.counts.connections += 1
        self.counts.write()
        if self.opts.silent:
            return
        server = Side(self, True)
        client.peer, server.peer = server, client
        self.loop.create_task(self.connect(client, server))

    async def connect(self, client, server):
        try:
            await self.loop.create_connection(lambda: server, "127.0.0.1", self.opts.target)
        except OSError:
            client.transport.abort()

    def count(self, from_server, size):
        if from_server:
            self.counts.down += size
        else:
            self.counts.up += size

    def limited(self, side, data):
        """What of the data may pass."""
        if self.opts.silent:
            return b""
        if not side.from_server:
            return self.watched(side, data)
        if side.muted:
            return b""
        before, side.seen = side.seen, side.seen + len(data)
        if self.opts.silent_after is not None and side.seen > self.opts.silent_after:
            return data[:max(0, self.opts.silent_after - before)]
        limit = self.opts.cut_after
        if limit is None or side.seen < limit or (self.opts.once and self.cuts and not side.cutting):
            return data
        if before >= limit:
            return b""
        self.cuts += 1
        side.cutting = True
        self.loop.call_later(self.opts.delay_ms / 1000 + 0.05, side.cut)
        return data[:limit - before]


    def watched(self, client, data):
        """From the text of --cut-on on, the client hears nothing more; what it sent still reaches the server."""
        text = self.opts.cut_on and self.opts.cut_on.encode()
        client.tail += data if text else b""
        if text and text in client.tail and not client.peer.muted and not (self.opts.once and self.cuts):
            self.cuts += 1
            client.peer.muted = True
            self.loop.call_later(self.opts.delay_ms / 1000 + 0.3, client.cut)
        client.tail = client.tail[-len(text):] if text else b""
        return data


async def serve(opts):
    proxy = Proxy(opts)
    server = await proxy.loop.create_server(lambda: Side(proxy, False), "127.0.0.1", opts.port)
    stop = proxy.loop.create_future()
    for number in (signal.SIGTERM, signal.SIGINT):
        proxy.loop.add_signal_handler(number, lambda: stop.done() or stop.set_result(None))
    port = server.sockets[0].getsockname()[1]
    if opts.port_file:
        with open(opts.port_file + ".tmp", "w") as out:
            out.write(f"{port}\n")
        os.rename(opts.port_file + ".tmp", opts.port_file)
    else:
        print(port, flush=True)
    await stop
    proxy.counts.write()


def main():
    args = argparse.ArgumentParser(description="a TCP proxy on loopback that makes the network worse")
    args.add_argument("--port", type=int, default=0, help="listen here (default: any free port)")
    args.add_argument("--port-file", help="write the port to this file once it listens (default: print it)")
    args.add_argument("--delay-ms", type=float, default=0, help="hold back every chunk so long, each way")
    args.add_argument("--cut-after", type=int, metavar="BYTES", help="drop a connection once so many came from the server")
    args.add_argument("--cut-on", metavar="TEXT", help="once the client has sent this text, pass it, but no answer, and drop the connection")
    args.add_argument("--once", action="store_true", help="cut only one connection, the first that comes so far")
    args.add_argument("--silent", action="store_true", help="accept, and never answer")
    args.add_argument("--silent-after", type=int, metavar="BYTES", help="pass so many from the server, then nothing more")
    args.add_argument("--count-file", help='keep {"connections","up","down"} there, in octets; final once it ended')
    args.add_argument("target", type=int, nargs="?", help="port on 127.0.0.1")
    opts = args.parse_args()
    if opts.target is None and not opts.silent:
        args.error("which port to connect to?")
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    asyncio.run(serve(opts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
