#!/usr/bin/python3
"""Ports of loopback servers.

usage: port.py free N                   prints N ports that nobody listens on
       port.py wait SECONDS PID PORT…   waits until all accept connections; fails when the time is over or PID is gone
"""
import random
import socket
import sys
import time

# Below the range that the kernel gives to outgoing connections.
FIRST, LAST = 15000, 32000


def is_free(port):
    with socket.socket() as s:
        try:
            s.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False


def free(count):
    ports = set()
    while len(ports) < count:
        port = random.randrange(FIRST, LAST)
        if is_free(port):
            ports.add(port)
    print(*ports)
    return 0


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait(seconds, pid, ports):
    end = time.monotonic() + seconds
    while ports:
        if accepts(ports[0]):
            ports = ports[1:]
        elif time.monotonic() > end or not alive(pid):
            return 1
        else:
            time.sleep(0.01)
    return 0 if alive(pid) else 1


if __name__ == "__main__":
    verb, *numbers = sys.argv[1:]
    numbers = [int(n) for n in numbers]
    sys.exit(free(numbers[0]) if verb == "free" else wait(numbers[0], numbers[1], numbers[2:]))
