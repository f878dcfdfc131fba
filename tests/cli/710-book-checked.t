#!/usr/bin/python3
"""Holds the chapters of doc/ to the code: error codes and their sentences, records, tables and views, links."""
import pathlib
import re
import sqlite3
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "check"))
from tree import TOP, Tap, c_files, short, without_comments

tap = Tap()
BOOK = sorted((TOP / "doc").glob("*.md"))
PAGES = [TOP / "README.md", TOP / "lib/README.md", TOP / "tests/README.md", *BOOK]
text = {page: page.read_text() for page in PAGES}
trouble = text[TOP / "doc/troubleshooting.md"]
sources = {path: path.read_text() for folder in ("lib", "cmd") for path in c_files(folder)}

# ---- error codes ----

KEYS = set(re.findall(r'^\s*\{"([\w.]+)", ', sources[TOP / "lib/config/keys.c"], re.M))
NOT_CODES = re.compile(r"\.(com|de|net|org|ru|db|conf|eml|pdf|key|json|lock)$|^[a-z]\.")  # hosts, files, columns of SQL
CODE = re.compile(r'(?<!%)"([a-z][a-z0-9]*\.[a-z0-9][a-z0-9-]*)"')


def codes_of(path, source):
    source = re.sub(r"^\s*#\s*include.*$", "", without_comments(source), flags=re.M)
    return {code for code in CODE.findall(source) if code not in KEYS and not NOT_CODES.search(code)}


codes = {}
for path, source in sources.items():
    for code in codes_of(path, source):
        codes.setdefault(code, short(path))
rows = re.findall(r"^\| `([a-z][\w.-]*)` \| (.*?) \|", trouble, re.M)
named = {code for code, _ in rows}
elsewhere = set(re.findall(r"`([a-z]+\.[\w.-]+)`", "".join(t for page, t in text.items() if page.name != "troubleshooting.md")))
tap.check("there are codes and rows to compare", [] if len(codes) > 200 and len(rows) > 200 else [f"{len(codes)} {len(rows)}"])
tap.check("every code has a row in doc/troubleshooting.md (events and defects: in their chapters)",
          [f"{code} of {where}" for code, where in sorted(codes.items()) if code not in named | elsewhere])
whole = "".join(sources.values())
tap.check("every row has a code that exists", [code for code in named if f'"{code}"' not in whole])
tap.check("no code has two rows", sorted({code for code, _ in rows if sum(code == other for other, _ in rows) > 1}))

spoken = re.sub(r'"\s*\n\s*"', "", whole).replace('\\"', '"')
plain = trouble[trouble.index("## Warnings"):]
rows += [("a warning", says) for says in re.findall(r"^\| (?!it says)([^|`-][^|]*) \| [^|]+ \|$", plain, re.M)]
unknown = []
for code, says in rows:
    for sentence in says.split(" / "):
        pieces = [] if sentence.startswith("(") else [piece.strip() for piece in sentence.split("…")]
        unknown += [f"{code}: {piece}" for piece in pieces if len(piece) > 1 and piece not in spoken]
tap.check("every sentence of the tables is one that a program says", unknown)

checks = without_comments(sources[TOP / "lib/store/check.c"])
finds = {piece for sql in re.findall(r'"SELECT \'.*?(?=",\n)', re.sub(r'"\s*\n\s*"', "", checks)) for piece in re.findall(r"' ([a-z][^']{7,})'", sql)}
finds |= {piece for text in re.findall(r'fault\(c, "([^"]*)"', checks) for piece in re.split(r"%\S+", text) if len(piece) > 8}
tap.check("what mail-store check finds has a row", [piece for piece in sorted(finds) if piece.strip(" :,") not in plain] or ([] if len(finds) > 12 else ["few"]))

numbers = dict(re.findall(r"ERR_(\w+) = (\d+)", sources[TOP / "lib/err/err.h"]))
classes = {int(number): word for number, word in re.findall(r"^\| (\d+) \| (\w+) \|", trouble, re.M)}
tap.check("the exit codes are those of lib/err/err.h",
          sorted({int(n) for n in numbers.values()} - {0} ^ set(classes)) + [w for w in classes.values() if w.upper() not in numbers])

# ---- the record and the store ----

tables = subprocess.run([TOP / "contrib/record-tables"], capture_output=True, text=True, check=True).stdout
shown = text[TOP / "doc/record.md"].partition("<!-- contrib/record-tables --write -->\n")[2]
tap.check("doc/record.md has the members of schema/ (contrib/record-tables --write puts them there)",
          [] if shown == tables else [line for line in tables.splitlines() if line not in shown.splitlines()] or ["other order"])
keys = subprocess.run([TOP / "contrib/record-tables", "--keys"], capture_output=True, text=True, check=True).stdout
tap.check("doc/mailpipe.conf.5 has the settings of lib/config/keys.c (contrib/record-tables --write puts them there)",
          [] if keys and keys in (TOP / "doc/mailpipe.conf.5").read_text() else ["run contrib/record-tables --write"])
tap.check("and none is missing", sorted(key for key in KEYS if f".It Li {key}\n" not in keys))

database = sqlite3.connect(":memory:")
for path in sorted((TOP / "schema/sql").glob("*.up.sql")):
    database.executescript(path.read_text())
names = {kind: [name for name, in database.execute("SELECT name FROM sqlite_master WHERE type = ? ORDER BY name", (kind,))] for kind in ("table", "view")}
own = [name for name in names["table"] if not name.startswith(("sqlite_", "email_text_"))]
book = "".join(text[page] for page in BOOK)
cells = {name for first in re.findall(r"^\| (.*?) \|", text[TOP / "doc/store.md"], re.M) for name in re.findall(r"`(\w+)`", first)}
tap.check("every table of the store stands in doc/store.md", sorted(set(own) - cells))
wrong = []
for view in names["view"]:
    row = re.search(rf"^\| `{view}` \|[^|]*\| (.*) \|$", book, re.M)
    told = {word.strip() for word in re.sub(r"\([^)]*\)", "", row[1] if row else "").split(",")}
    wrong += [f"{view}: {column}" for column in told ^ {column[1] for column in database.execute(f"PRAGMA table_info({view})")}]
tap.check("every view stands in the book with all of its columns", wrong or ([] if names["view"] else ["no views"]))
tap.check("every view of the book exists", sorted(set(re.findall(r"`(v_\w+)`", book)) - set(names["view"])))

# ---- links and contents ----


def anchors(markdown):
    """The anchors of the headings, as GitHub and lowdown make them."""
    heads = re.findall(r"^#+ (.*)$", re.sub(r"^    .*$", "", markdown, flags=re.M), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


dead = []
for page, markdown in text.items():
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"^    .*$|`[^`]*`", "", markdown, flags=re.M)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        there = (page.parent / name).resolve() if name else page
        if not there.exists():
            dead.append(f"{short(page)}: {target}")
        elif anchor and anchor not in anchors(there.read_text()):
            dead.append(f"{short(page)}: {target} has no such heading")
tap.check("no link of the book and the READMEs is dead", dead)
contents = text[TOP / "doc/README.md"]
tap.check("the contents name every chapter", [p.name for p in BOOK if p.name != "README.md" and f"]({p.name})" not in contents])
manuals = [p.stem for p in [*TOP.glob("cmd/*/*.1"), *(TOP / "doc").glob("*.[157]")]]
tap.check("the contents name every manual page", [name for name in manuals if f"{name}`" not in contents])
recipes = re.findall(r"^## ", text[TOP / "doc/recipes.md"], re.M)
tap.check("there are 25 recipes and more", [] if len(recipes) >= 25 else [str(len(recipes))])
tap.done()
