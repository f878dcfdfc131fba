#!/usr/bin/python3
"""What notmuch show or mu find print as JSON (stdin), counted: answers of me@example.com and the median of what they took.

usage: notmuch show --format=json --body=false --entire-thread=true '*' | answers.py notmuch
       mu find --format=json '' | answers.py mu
"""
import json
import statistics
import sys

ME = "me@example.com"


def of_notmuch(data):
    """(time, mine, time of the mail that it hangs under)"""
    stack = [(node, None) for thread in data for node in thread]
    while stack:
        (message, replies), above = stack.pop()
        time = above
        if message:
            time = message["timestamp"]
            yield time, ME in message["headers"].get("From", ""), above
        stack += [(node, time) for node in replies]


def of_mu(data):
    times = {}
    for m in data:
        date = m.get(":date") or [0, 0, 0]
        times[m.get(":message-id")] = date[0] * 65536 + date[1]
    for m in data:
        above = times.get((m.get(":references") or [None])[-1])
        yield times[m.get(":message-id")], (m.get(":from") or [{}])[0].get(":email") == ME, above


text = sys.stdin.buffer.read().decode("utf-8", "replace")
rows = (of_notmuch if sys.argv[1] == "notmuch" else of_mu)(json.loads(text, strict=False))
took = [time - above for time, mine, above in rows if mine and above is not None and time > above]
print(len(took), "answers, median", statistics.median(took) if took else None)
