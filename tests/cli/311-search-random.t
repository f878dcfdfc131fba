#!/usr/bin/python3
"""Random queries through the whole pipe: mail-store search finds what a plain evaluation of the records finds.

A mbox of made-up messages in several scripts is parsed, given keywords, mailboxes and categories, and stored. SEED and QUERIES may be
set; a failure names the query."""
import base64
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time
import unicodedata

TOP = pathlib.Path(os.environ.get("TOP", pathlib.Path(__file__).resolve().parents[2]))
BUILD = TOP / os.environ.get("BUILD", "build")
SEED = int(os.environ.get("SEED", "8"))
QUERIES = int(os.environ.get("QUERIES", "250"))
MESSAGES = 300
NOW = int(time.time())
DAY = 86400

rng = random.Random(SEED)
work = tempfile.TemporaryDirectory(prefix="mailpipe-test.")
env = dict(os.environ, TZ="UTC", LC_ALL="C.UTF-8", HOME=work.name, MAILPIPE_STORE=work.name + "/store", PATH=f"{BUILD}/bin:{os.environ['PATH']}")
count = failures = 0

WORDS = ["invoice", "invoices", "Rechnung", "Grüße", "grusse", "café", "cafe", "ÉCOLE", "отчёт", "отчет", "Müller", "x1", "2026",
         "日本語", "日本", "本語", "報告", "한국어", "ﬀ", "naïve", "straße", "ＡＢＣ", "abc"]
PEOPLE = [("Ann Lee", "ann.lee@example.com"), ("Jörg Müller", "joerg@example.org"), ("田中 太郎", "tanaka@example.jp"), ("", "robot@lists.example.com"),
          ("Bob", "bob_x@example.net")]
FILES = ["invoice.pdf", "Grüße.txt", "報告 2026.csv", "a-b_c.zip"]
TAGS = ["billing", "todo", "todo-later", "$seen", "$flagged", "$answered"]
MAILBOXES = ["INBOX", "Archive", "Archive/2026"]


def check(passed, name, *details):
    global count, failures
    count += 1
    print(f"{'' if passed else 'not '}ok {count} - {name}", flush=True)
    if not passed:
        failures += 1
        for detail in details:
            print(f"#   {detail}", file=sys.stderr)


def word(text):
    return "=?utf-8?b?" + base64.b64encode(text.encode()).decode() + "?=" if not text.isascii() else text


def phrase(most):
    return " ".join(rng.choice(WORDS) for _ in range(rng.randrange(most + 1)))


def person(p):
    return f"{word(p[0])} <{p[1]}>" if p[0] else p[1]


def message(n):
    files = rng.sample(FILES, rng.choice([0, 0, 0, 1, 2]))
    at = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(NOW - rng.randrange(60) * DAY - rng.randrange(DAY)))
    head = [f"From: {person(rng.choice(PEOPLE))}", f"Date: {at}", f"Message-ID: <m{n}@example.com>", "MIME-Version: 1.0",
            f"Subject: {word(phrase(4))}", "To: " + ", ".join(map(person, rng.sample(PEOPLE, rng.randrange(1, 3))))]
    if rng.random() < 0.3:
        head.append("Cc: " + person(rng.choice(PEOPLE)))
    if rng.random() < 0.2:
        head.append("List-Id: <%s>" % rng.choice(["users.example.com", "dev.example.com"]))
    if rng.random() < 0.3:
        head.append("In-Reply-To: <m%d@example.com>" % rng.randrange(MESSAGES))
    text = "\n".join(phrase(12) for _ in range(rng.randrange(1, 4)))
    part = "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n" + base64.encodebytes(text.encode()).decode()
    if not files:
        return "\n".join(head) + "\n" + part
    parts = [part] + [f"Content-Type: application/octet-stream; name=\"{word(f)}\"\nContent-Disposition: attachment\n\n" + "x" * rng.randrange(3000) + "\n" for f in files]
    return "\n".join(head) + "\nContent-Type: multipart/mixed; boundary=b\n\n" + "".join(f"--b\n{p}\n" for p in parts) + "--b--\n"


def run(argv, data=None):
    return subprocess.run(argv, input=data, env=env, stdout=subprocess.PIPE, check=True).stdout


# ---- the plain evaluation: words are runs of letters and digits without accents and case; CJK by its characters --------------------

CJK = re.compile("[\u1100-\u11ff\u2e80-\u2fff\u3005-\u3007\u3040-\u30ff\u3100-\u31ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]")


def fold_char(c):
    if 0xff01 <= ord(c) <= 0xff5e:
        return unicodedata.normalize("NFKC", c).lower()
    if CJK.match(c):
        return c
    base = unicodedata.normalize("NFD", c)
    if unicodedata.combining(c) and ord(c) < 0x700:
        return ""
    letters = base[0] < "\u0700" or "\u1e00" <= c < "\u2000"  # the marks of other scripts are vowels
    return (base[0] if letters else c).lower()


def fold(text):
    return "".join(map(fold_char, text))


def tokens(text):
    found, last = [], None
    for c in fold(text):
        kind = "cjk" if CJK.match(c) else "word" if unicodedata.category(c)[0] in "LN" else None
        if kind == "word" and last == "word":
            found[-1] += c
        elif kind:
            found.append(c)
        last = kind
    return found


def has_words(text, want, prefix):
    have, want = tokens(text), tokens(want)
    for at in range(len(have) - len(want) + 1):
        part = have[at:at + len(want)]
        if part == want or (prefix and part[:-1] == want[:-1] and part[-1].startswith(want[-1])):
            return True
    return False


def text_of(m, field):
    """What a field of words holds: one address or name of an attachment after the other."""
    if field in ("from", "to", "cc", "bcc"):
        return " ".join(x for a in m.get(field) or [] for x in (a["name"], a["email"]) if x)
    if field == "filename":
        return " ".join(a["name"] for a in m.get("attachments") or [] if a.get("name"))
    return m.get({"body": "text"}.get(field, field)) or ""


EVERYWHERE = ("from", "to", "cc", "bcc", "subject", "body", "filename")


def received(m):
    return time.strftime("%Y-%m-%d", time.strptime(m["receivedAt"], "%Y-%m-%dT%H:%M:%SZ"))


def words_term():
    field = rng.choice([None, None, None, "from", "to", "cc", "subject", "body", "filename"])
    text = rng.choice(WORDS + [w for p in PEOPLE for w in p if w] + FILES)
    if rng.random() < 0.3 and field not in ("from", "to", "cc", "filename"):
        text += " " + rng.choice(WORDS)
    prefix = rng.random() < 0.2
    if prefix and not CJK.search(text) and len(text) > 3:
        text = text[:rng.randrange(2, len(text))].rstrip(" .-_@") or "in"
    query = (field + ":" if field else "") + (f'"{text}"' if " " in text or rng.random() < 0.2 else text) + ("*" if prefix else "")
    return query, lambda m: any(has_words(text_of(m, f), text, prefix) for f in ([field] if field else EVERYWHERE))


def value_term():
    tag, box, size = rng.choice(TAGS), rng.choice(MAILBOXES), rng.randrange(200, 4000)
    day = time.strftime("%Y-%m-%d", time.gmtime(NOW - rng.randrange(60) * DAY))
    number = rng.randrange(MESSAGES)
    return rng.choice([
        ("tag:" + tag.upper(), lambda m: tag in m["keywords"]),
        ("tag:todo*", lambda m: any(k.startswith("todo") for k in m["keywords"])),
        ("is:unread", lambda m: "$seen" not in m["keywords"]),
        ("is:flagged", lambda m: "$flagged" in m["keywords"]),
        ("mailbox:" + box.lower(), lambda m: box in m["mailboxes"]),
        ("mailbox:arch*", lambda m: any(b.startswith("Arch") for b in m["mailboxes"])),
        ("account:local", lambda m: True),
        ("list:users.example.com", lambda m: (m.get("list") or {}).get("id") == "users.example.com"),
        ("has:list", lambda m: (m.get("list") or {}).get("id") is not None),
        ("has:attachment", lambda m: m["hasAttachment"]),
        ("has:cc", lambda m: bool(m.get("cc"))),
        ("is:reply", lambda m: bool(m.get("inReplyTo"))),
        (f"larger:{size}", lambda m: m["size"] > size),
        (f"smaller:{size}", lambda m: m["size"] < size),
        (f"after:{day}", lambda m: received(m) >= day),
        (f"before:{day}", lambda m: received(m) < day),
        (f"date:{day}", lambda m: received(m) == day),
        (f"date:{day}..", lambda m: received(m) >= day),
        (f"id:{number + 1}", lambda m: m["id"] == number + 1),
        (f"msgid:m{number}@example.com", lambda m: m["messageId"] == [f"m{number}@example.com"]),
        (f"thread:{records[number]['threadId']}", lambda m: m["threadId"] == records[number]["threadId"]),
    ])


def query(levels):
    if levels == 0 or rng.random() < 0.25:
        text, is_hit = words_term() if rng.random() < 0.6 else value_term()
    else:
        children = [query(levels - 1) for _ in range(rng.randrange(2, 4))]
        if rng.random() < 0.5:
            text, is_hit = "(%s)" % rng.choice([" ", " and "]).join(c[0] for c in children), lambda m: all(c[1](m) for c in children)
        else:
            text, is_hit = "(%s)" % " OR ".join(c[0] for c in children), lambda m: any(c[1](m) for c in children)
    if rng.random() < 0.2:
        return rng.choice(["-", "not "]) + text, lambda m: not is_hit(m)
    return text, is_hit


def fill():
    mbox = "".join("From x@example.com Thu Jan  1 00:00:00 2026\n" + re.sub("^(>*From )", r">\1", message(n), flags=re.M) + "\n" for n in range(MESSAGES))
    pathlib.Path(work.name, "all.mbox").write_text(mbox)
    lines = []
    for line in run(["mail-parse", work.name + "/all.mbox"]).splitlines():
        m = json.loads(line)
        m["keywords"] = sorted(rng.sample(TAGS, rng.randrange(4)))
        m["mailboxes"] = sorted(rng.sample(MAILBOXES, rng.randrange(1, 3)))
        lines.append(m)
    run(["mail-store", "put"], run(["mail-thread"], "".join(json.dumps(m) + "\n" for m in lines).encode()))
    stored = [json.loads(line) for line in run(["mail-store", "list", "--all"]).splitlines()]
    text = {m["blobId"]: m.get("text") for m in lines}
    for m in stored:
        m["text"] = text[m["blobId"]]
        m["keywords"] = m["keywords"] or []
    return stored


records = fill()
check(len(records) == MESSAGES, f"{MESSAGES} messages are stored", len(records))
print(f"# seed {SEED}, {QUERIES} queries")
found_any = 0
wrong = []
for _ in range(QUERIES):
    text, is_hit = query(rng.randrange(4))
    want = [m["id"] for m in records if is_hit(m)]
    got = [int(n) for n in run(["mail-store", "search", "--ids", "--", text]).split()]
    found_any += bool(want)
    if got != want:
        wrong.append((text, sorted(set(got) ^ set(want)) or "another order"))
check(not wrong, "each finds what a plain evaluation of the records finds, in the order of list", *wrong[:10])
check(found_any > QUERIES / 3, "and many find something", found_any)
print(f"1..{count}")
sys.exit(1 if failures else 0)
