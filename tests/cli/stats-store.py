#!/usr/bin/python3
"""Records of 600 emails for the tests of mail-stats: two accounts, four mailboxes, questions and answers around both changes of the
clock of Europe/Berlin in 2026; and polls, of which some failed. The same at every run."""
import base64
import hashlib
import json
import random
import time

roll = random.Random(4)
SUPPORT, SALES = "support@example.com", "sales@example.com"
PEOPLE = [f"person{i}@{d}" for i in range(12) for d in ("customer.example", "Other.Example", "list.example")]


def text(t):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(t))


def email(n, account, at, sender, to, direction, parent=None, mailboxes=("INBOX",), attachments=(), cc=None):
    mid = f"m{n}@example.com"
    raw = f"From: {sender}\r\nTo: {', '.join(to)}\r\nMessage-ID: <{mid}>\r\nSubject: s{n}\r\n\r\n{'x' * roll.randrange(2000)}\r\n".encode()
    print(json.dumps({
        "type": "email", "v": 1, "blobId": hashlib.sha256(raw).hexdigest(), "raw": base64.b64encode(raw).decode(), "size": len(raw),
        "account": account, "mailboxes": list(mailboxes), "keywords": ["$seen"] if n % 3 else [], "receivedAt": text(at), "sentAt": text(at),
        "messageId": [mid], "inReplyTo": [f"m{parent}@example.com"] if parent else None,
        "references": [f"m{parent}@example.com"] if parent else None,
        "from": [{"name": f"N {sender}", "email": sender}] if sender else None, "to": [{"name": None, "email": x} for x in to],
        "cc": [{"name": None, "email": cc}] if cc else None, "bcc": None, "subject": f"s{n}", "preview": "x",
        "attachments": [{"partId": str(i + 2), "name": f"f{i}", "type": t, "size": s, "sha256": "0" * 64, "disposition": "attachment", "cid": None}
                        for i, (t, s) in enumerate(attachments)] or None,
        "hasAttachment": bool(attachments), "structure": "text/plain", "importance": "normal", "list": None, "direction": direction}))


n = 0
for start in (1774638000, 1792785600):  # 2026-03-27 19:00 and 2026-10-23 20:00 UTC, two days before each change
    for _ in range(100):
        n += 1
        account, own = roll.choice([("support", SUPPORT), ("sales", SALES)])
        asked = start + roll.randrange(5 * 86400)
        who = roll.choice(PEOPLE)
        boxes = roll.choice([("INBOX",), ("INBOX", "Important"), ("Archive",), ()])
        files = [(roll.choice(["application/pdf", "image/png", "text/csv"]), roll.randrange(90000)) for _ in range(roll.choice([0, 0, 1, 3]))]
        email(n, account, asked, who if n % 25 else None, [own], "inbound", None, boxes, files, roll.choice([None, own, "boss@example.com"]))
        question = n
        for k in range(roll.choice([0, 1, 2, 3])):
            n += 1
            asked += roll.choice([30, 600, 7200, 40000, 90000])
            answer = roll.random() < 0.6
            # A copy in Sent says outbound; the alias tells of the others.
            sender = roll.choice([own, "help@example.com"]) if answer else who
            direction = "outbound" if answer and sender == own else "inbound"
            email(n, account, asked, sender, [who] if answer else [own], direction, question, ("Sent",) if answer else ("INBOX",))

for i in range(60):
    started = 1774638000 + i * 5400
    status = "failed" if i % 7 == 3 else "partial" if i % 11 == 5 else "ok"
    print(json.dumps({
        "type": "poll", "v": 1, "account": ("support", "sales")[i % 2], "protocol": "imap", "host": "h", "mailbox": ("INBOX", "Archive")[i % 3 == 0],
        "uidValidity": 7, "startedAt": text(started), "endedAt": text(started + i % 5), "found": i, "fetched": i - i % 2, "failed": i % 2,
        "octets": i * 1000, "status": status, "code": "imap.login" if status == "failed" else None,
        "error": "no login" if status == "failed" else None}))
