#!/usr/bin/python3
"""Deliver mail into a Maildir folder, quickly: copies of files, or made-up messages.

usage: make-mail.py [--owner USER:GROUP] --count N [--seed TEXT] [--first K] FOLDER
       make-mail.py [--owner USER:GROUP] --copy FOLDER FILE…

Messages FIRST … FIRST+COUNT-1 of a seed are the same bytes in every run, whatever the range asked for. They have
CRLF line ends, threads of up to nine, five charsets, HTML alternatives and attachments of up to 60 KB. The time of a file, which is
the INTERNALDATE, follows its number.
"""
import argparse
import base64
import os
import pathlib
import random
import shutil
import sys
from email.header import Header
from email.utils import formatdate

EPOCH = 1_700_000_000
STEP_SECONDS = 613
PEOPLE = [("Ann Archer", "ann"), ("Bob Baker", "bob"), ("Zoë Çelik", "zoe"), ("Jürgen Groß", "juergen"),
          ("Ольга Иванова", "olga"), ("山田 太郎", "taro"), ("", "robot")]
WORDS = """account answer april budget carton check client contract cover date delay delivery draft dollar draw early entry estimate
field figure folder garden help invoice June label ledger letter list market meeting minute north note number offer order
paper parcel payment photo plan price project question reply report river road sample schedule second sheet ship signal
station stock summer table team ticket total train update visit water week winter year""".split()
FOREIGN = [("utf-8", "Grüße aus Köln, naïve façade"), ("iso-8859-1", "Déjà vu à la carte, señor"), ("koi8-r", "Счёт за ноябрь готов"),
           ("iso-2022-jp", "請求書を送ります"), ("windows-1252", "“quoted” – 20 €")]


def words(rng, low, high):
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(low, high)))


def paragraph(rng):
    lines = [words(rng, 6, 11) for _ in range(rng.randint(1, 12))]
    return "\r\n".join(lines) + "\r\n"


def person(index):
    name, user = PEOPLE[index % len(PEOPLE)]
    address = f"{user}@example.test"
    if not name:
        return address
    return f"{name if name.isascii() else Header(name, 'utf-8').encode()} <{address}>"


def message_id(seed, number):
    return f"<{number}.{seed}@made.example.test>"


def references(seed, number):
    """Blocks of nine messages are a thread: each answers the first or the one before."""
    first = number - (number - 1) % 9
    if number == first or number % 7 == 0:
        return []
    ids = [message_id(seed, first)]
    if number - 1 > first and number % 2:
        ids.append(message_id(seed, number - 1))
    return ids


def text_part(rng, number):
    body = paragraph(rng) + "\r\n" + paragraph(rng)
    if number % 4:
        return 'text/plain; charset="us-ascii"', "7bit", body.encode()
    charset, line = FOREIGN[number // 4 % len(FOREIGN)]
    raw = (line + "\r\n" + body).encode(charset)
    return f'text/plain; charset="{charset}"', "base64", base64.encodebytes(raw).replace(b"\n", b"\r\n")


def part(kind, encoding, body, extra=""):
    return f"Content-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n{extra}\r\n".encode() + body


def multipart(subtype, number, parts):
    boundary = f"=_{subtype}_{number}"
    inner = b"".join(f"--{boundary}\r\n".encode() + p + b"\r\n" for p in parts)
    return f'multipart/{subtype}; boundary="{boundary}"', inner + f"--{boundary}--\r\n".encode()


def message(seed, number):
    rng = random.Random(f"{seed}/{number}")
    first = number - (number - 1) % 9
    topic = words(random.Random(f"{seed}/{first}"), 2, 5)
    chain = references(seed, number)
    fields = [f"From: {person(number)}", f"To: {person(number + 1)}",
              f"Subject: {'Re: ' if chain else ''}{topic}" + ("" if chain else f" {number}"),
              f"Date: {formatdate(EPOCH + number * STEP_SECONDS - 60)}", f"Message-ID: {message_id(seed, number)}"]
    if chain:
        fields += [f"In-Reply-To: {chain[-1]}", "References: " + "\r\n ".join(chain)]
    fields.append("MIME-Version: 1.0")
    kind, encoding, body = text_part(rng, number)
    if number % 6 == 0:
        html = f"<html><body><p>{words(rng, 9, 40)}</p><a href='https://example.test/{number}'>more</a></body></html>\r\n"
        parts = [part(kind, encoding, body), part('text/html; charset="utf-8"', "7bit", html.encode())]
        kind, body = multipart("alternative", number, parts)
        encoding = "7bit"
    if number % 10 == 0:
        data = base64.encodebytes(rng.randbytes(rng.randint(100, 45_000))).replace(b"\n", b"\r\n")
        name = f'Content-Disposition: attachment; filename="file-{number}.pdf"\r\n'
        kind, body = multipart("mixed", number, [part(kind, encoding, body), part("application/pdf", "base64", data, name)])
        encoding = "7bit"
    return "\r\n".join(fields).encode() + b"\r\n" + part(kind, encoding, body)


def deliver(folder, number, seed, owner, write):
    """A file in new/ whose name sorts, and is dated, by the number."""
    stamp = EPOCH + number * STEP_SECONDS
    temporary = folder / "tmp" / f"{stamp}.{seed}"
    write(temporary)
    os.utime(temporary, (stamp, stamp))
    if owner:
        shutil.chown(temporary, *owner)
    temporary.rename(folder / "new" / f"{stamp}.M{number:06d}.{seed}")


def main():
    args = argparse.ArgumentParser(description="deliver mail into a Maildir folder")
    args.add_argument("--owner", help="USER:GROUP of the files, where root delivers")
    args.add_argument("--count", type=int, default=0, help="how many made-up messages")
    args.add_argument("--seed", default="seed")
    args.add_argument("--first", type=int, default=1, help="number of the first one")
    args.add_argument("--copy", action="store_true", help="deliver the files")
    args.add_argument("folder", type=pathlib.Path)
    args.add_argument("file", nargs="*", type=pathlib.Path)
    opts = args.parse_args()
    owner = opts.owner.split(":") if opts.owner and os.geteuid() == 0 else None
    seed = "".join(c if c.isalnum() else "-" for c in opts.seed)
    if opts.copy:
        start = 1 + sum(len(os.listdir(opts.folder / d)) for d in ("new", "cur"))
        for number, path in enumerate(opts.file, start):
            deliver(opts.folder, number, "copy", owner, lambda to, path=path: shutil.copyfile(path, to))
        return 0
    for number in range(opts.first, opts.first + opts.count):
        deliver(opts.folder, number, seed, owner, lambda to, n=number: to.write_bytes(message(seed, n)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
