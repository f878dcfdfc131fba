#!/usr/bin/python3
"""What an IMAP server gives as BODY.PEEK[]: a line "MAILBOX UID SHA256 SIZE" per message, by mailbox and UID.

usage: imap-digests.py --port N --user U --password P [--ca FILE] [--flags] [MAILBOX…]      (all mailboxes by default)

With --flags the flags follow, so that a test can see that reading left no \\Seen behind. Read by Python's imaplib, which has
nothing in common with ours.
"""
import argparse
import hashlib
import imaplib
import re
import ssl
import sys

BATCH = 200


def digests(imap, mailbox, flags):
    imap.select('"' + mailbox + '"', readonly=True)
    uids = imap.uid("SEARCH", "ALL")[1][0].split()
    for start in range(0, len(uids), BATCH):
        batch = b",".join(uids[start:start + BATCH]).decode()
        for item in imap.uid("FETCH", batch, "(UID FLAGS BODY.PEEK[])")[1]:
            if not isinstance(item, tuple):
                continue
            uid = int(re.search(rb"UID (\d+)", item[0])[1])
            tail = " " + re.search(rb"FLAGS \((.*?)\)", item[0])[1].decode() if flags else ""
            yield f"{mailbox} {uid} {hashlib.sha256(item[1]).hexdigest()} {len(item[1])}{tail}"


def selectable(imap):
    for line in imap.list()[1]:
        if not re.match(rb"\([^)]*(Noselect|NonExistent)", line, re.I):
            yield re.search(rb'"?([^" ]+)"?$', line)[1].decode()


def main():
    args = argparse.ArgumentParser(description="digests of the messages of an IMAP server")
    args.add_argument("--port", type=int, required=True)
    args.add_argument("--user", required=True)
    args.add_argument("--password", required=True)
    args.add_argument("--ca")
    args.add_argument("--flags", action="store_true")
    args.add_argument("mailbox", nargs="*")
    opts = args.parse_args()
    imap = imaplib.IMAP4_SSL("127.0.0.1", opts.port, ssl_context=ssl.create_default_context(cafile=opts.ca))
    imap.login(opts.user, opts.password)
    for name in opts.mailbox or sorted(selectable(imap)):
        for line in digests(imap, name, opts.flags):
            print(line)
    imap.logout()
    return 0


if __name__ == "__main__":
    sys.exit(main())
