#!/usr/bin/python3
"""A month of mail before NOW (seconds since 1970 UTC, the only argument) for looking at the dashboard: three accounts, one of which cannot log in
since yesterday, questions and answers in the rhythm of a week, polls, errors. With --sql NOW: SQL that makes a queue beside it.
The same at every run of the same NOW."""
import base64
import hashlib
import json
import random
import sys
import time

now = int(sys.argv[-1])
roll = random.Random(7)
DAY = 86400
PEOPLE = [("Mara Lindqvist", "mara@nordlicht.example"), ("Tomás Herrera", "tomas@herrera.example"), ("Aiko Tanaka", "aiko.tanaka@kumo.example"),
          ("Bjarne Olsen", "bjarne@fjordbygg.example"), ("Priya Raman", "priya@raman-labs.example"), ("Lucie Moreau", "lucie@atelier-moreau.example"),
          ("Jonas Weber", "j.weber@weber-soehne.example"), ("Grace Okafor", "grace@okafor.example"), (None, "noreply@parcel.example"),
          ("Ola Nowak", "ola@nowak.example"), ("Build Server", "ci@build.example"), ("Ines Duarte", "ines@duarte.example")]
WEIGHTS = [22, 17, 15, 12, 11, 9, 8, 7, 20, 4, 14, 3]
ACCOUNTS = [("support", "support@brookmill.example", 6), ("sales", "sales@brookmill.example", 3), ("billing", "billing@brookmill.example", 2)]


def text(t):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(t))


def put(record):
    print(json.dumps(record, ensure_ascii=False))


def email(n, account, at, sender, to, direction, parent=None):
    mid = "d%d@brookmill.example" % n
    raw = ("From: %s\r\nMessage-ID: <%s>\r\n\r\n%s\r\n" % (sender[1], mid, "x" * roll.randrange(400, 9000))).encode()
    put({"type": "email", "v": 1, "blobId": hashlib.sha256(raw).hexdigest(), "raw": base64.b64encode(raw).decode(), "size": len(raw), "account": account,
         "mailboxes": ["Sent" if direction == "outbound" else "INBOX"], "keywords": ["$seen"], "receivedAt": text(at), "sentAt": text(at),
         "messageId": [mid], "inReplyTo": ["d%d@brookmill.example" % parent] if parent else None,
         "references": ["d%d@brookmill.example" % parent] if parent else None, "from": [{"name": sender[0], "email": sender[1]}],
         "to": [{"name": None, "email": to}], "cc": None, "bcc": None, "subject": "About %d" % (parent or n), "preview": "x", "attachments": None,
         "hasAttachment": False, "structure": "text/plain", "importance": "normal", "list": None, "direction": direction})


def mail():
    n = 0
    for day in range(31, -1, -1):
        midnight = now - now % DAY - day * DAY
        busy = 0.35 if time.gmtime(midnight).tm_wday >= 5 else 1
        for account, own, weight in ACCOUNTS:
            for _ in range(int(busy * weight * roll.uniform(1.6, 3.6))):
                at = midnight + int(roll.triangular(5, 22, 10) * 3600) + roll.randrange(3600)
                if at >= now - 600:
                    continue
                n += 1
                who = roll.choices(PEOPLE, WEIGHTS)[0]
                email(n, account, at, who, own, "inbound")
                question, answer = n, at + int(roll.lognormvariate(8.7, 1.1))
                if who[1].startswith(("noreply", "ci@")) or roll.random() < 0.2 or answer >= now:
                    continue
                n += 1
                email(n, account, answer, (account.capitalize(), own), who[1], "outbound", question)


def polls():
    for account, _, _ in ACCOUNTS:
        for at in range(now - 6 * DAY, now - 60, 1800):
            broken = account == "billing" and at > now - 20 * 3600
            slow = roll.random() < 0.01
            found = 0 if broken else int(roll.expovariate(0.8))
            put({"type": "poll", "v": 1, "account": account, "protocol": "imap", "host": "imap.brookmill.example", "mailbox": "INBOX", "uidValidity": 7,
                 "startedAt": text(at), "endedAt": text(at + roll.choice([1, 1, 1, 2, 4])), "found": found, "fetched": found, "failed": 0,
                 "octets": found * roll.randrange(2000, 90000), "status": "failed" if broken or slow else "ok",
                 "code": "imap.login" if broken else "net.timeout" if slow else None,
                 "error": "imap.brookmill.example refuses the password of billing" if broken else
                          "imap.brookmill.example did not answer within 30 s" if slow else None})


def queue():
    """Recipients, attempts: as rows, what mail-queue would have needed a month for."""
    words = {"sent": ("250", "2.0.0", "OK queued", "NULL"), "deferred": ("451", "4.7.1", "Greylisted, try again later", "NULL"),
             "failed": ("550", "5.1.1", "No such user here", "NULL"), "queued": None, "held": None}
    print("BEGIN;")
    for i in range(1, 421):
        domain = roll.choices(["parcel.example", "nordlicht.example", "kumo.example", "fjordbygg.example", "herrera.example"], [5, 4, 3, 2, 1])[0]
        new = i > 380
        at = now - int(roll.choice([90, 700, 2000, 9000, 50000, 100000]) * roll.uniform(0.5, 1)) if new else now - int(30 * DAY * (1 - i / 400))
        status = roll.choice(["queued", "queued", "deferred", "deferred", "held"]) if new else roll.choices(["sent", "failed"], [40, 1])[0]
        print("INSERT INTO submission (id, key, account_id, queue, blob_id, size, priority, expires_at, status, next_at, record, created_at, updated_at, settled_at) "
              "VALUES (%d, 'k%d', 1, 'default', zeroblob(32), 900, 0, %d, '%s', %s, '{}', %d, %d, %s);"
              % (i, i, at + 5 * DAY, status, now + 900 if status in ("queued", "deferred") else "NULL", at, at, "NULL" if new else at + 5))
        print("INSERT INTO recipient (id, submission_id, address, domain, status, next_at, attempts, last_at, created_at, updated_at) "
              "VALUES (%d, %d, 'c%d@%s', '%s', '%s', %s, %d, %s, %d, %d);"
              % (i, i, i, domain, domain, status, now + 900 if status in ("queued", "deferred") else "NULL", words[status] is not None,
                 min(at + 5, now) if words[status] else "NULL", at, at))
        if words[status]:
            code, enhanced, server, error = words[status]
            print("INSERT INTO attempt (recipient_id, number, at, status, phase, code, enhanced_code, server, host, error_code) "
                  "VALUES (%d, 1, %d, '%s', 'rcpt', %s, '%s', '%s', 'mx.%s', %s);" % (i, min(at + 5, now), status, code, enhanced, server, domain, error))
    print("COMMIT;")


if "--sql" in sys.argv:
    queue()
else:
    mail()
    polls()
