#!/usr/bin/python3
"""Holds the includes of lib/ and cmd/ to the tables of lib/README.md."""
import re
import sys

sys.dont_write_bytecode = True
from tree import TOP, Tap, c_files, short, table, without_comments

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)
# A statement of SQL in a string. (IMAP's SELECT has no FROM.)
SQL = re.compile(r'"\s*(SELECT\b.*\bFROM\b|INSERT (OR \w+ )?INTO\b|REPLACE INTO\b|UPDATE \w+ SET\b|DELETE FROM\b|'
                 r'CREATE (TEMP |VIRTUAL |UNIQUE )?(TABLE|INDEX|VIEW|TRIGGER)\b|PRAGMA \w|BEGIN IMMEDIATE\b)', re.S)

rooms = {row["room"]: row for row in table("room")}
for row in rooms.values():
    row["layer"] = int(row["layer"])
    row["also"] = row["may also include"].split()
foreign = table("header")
tap = Tap()


def includes(path):
    text = without_comments(path.read_text(errors="replace"))
    for found in INCLUDE.finditer(text):
        yield text.count("\n", 0, found.start()) + 1, found[1], found[2]


def owner(path):
    """lib/ROOM or cmd/NAME."""
    return "/".join(short(path).split("/")[:2])


def bad_own_include(path, name):
    """What is wrong with #include "name" in a file of lib/ or cmd/, or None."""
    kind, place = short(path).split("/")[:2]
    if kind == "cmd" and (path.parent / name).is_file():
        return None
    room, _, header = name.partition("/")
    if kind == "cmd" and room == place and (path.parent / header).is_file():
        return None
    if not header:
        return f'"{name}" names no room'
    if room not in rooms:
        return f'"{name}": {room} is no room of the table'
    if kind == "lib" and room == place:
        return None
    if header != room + ".h":
        return f'"{name}" is private to lib/{room}'
    if kind == "cmd":
        return None
    here, there = rooms.get(place), rooms[room]
    if here is None or there["layer"] < here["layer"] or room in here["also"]:
        return None
    return f'"{name}": layer {there["layer"]} from layer {here["layer"]}, and the table does not allow it'


def bad_foreign(path, name):
    for rule in foreign:
        pattern = rule["header"]
        if name == pattern or (pattern.endswith("/") and name.startswith(pattern)):
            if owner(path) not in rule["only in"].split():
                return f"<{name}> belongs to {rule['only in']}"
    return None


def wrong_in(path):
    for line, mark, name in includes(path):
        what = bad_foreign(path, name) if mark == "<" else bad_own_include(path, name)
        if what:
            yield f"{short(path)}:{line}: {what}"
    if owner(path) != "lib/store":
        text = without_comments(path.read_text(errors="replace"))
        for found in SQL.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            yield f"{short(path)}:{line}: SQL outside lib/store"


def wrong_table():
    for name, row in rooms.items():
        if row["also"] and not row["reason"]:
            yield f"{name} may also include {row['may also include']}, but no reason is given"
        for other in row["also"]:
            if other not in rooms or rooms[other]["layer"] != row["layer"] or name in rooms[other]["also"]:
                yield f"{name}: {other} is no room of its layer, or each may include the other"


def wrong_room(folder):
    files = [p for p in c_files(folder)]
    if folder.name not in rooms:
        yield f"lib/{folder.name} is missing in lib/README.md"
    if files and not (folder / f"{folder.name}.h").is_file():
        yield f"lib/{folder.name}/{folder.name}.h, its public header, is missing"
    for path in files:
        yield from wrong_in(path)


tap.check("the table of rooms is sound", list(wrong_table()))
tap.check("every file of lib/ lies in a room", [short(p) for p in (TOP / "lib").glob("*.[ch]")])
for kind, wrong in (("lib", wrong_room), ("cmd", lambda d: (w for p in c_files(d) for w in wrong_in(p)))):
    for folder in sorted(p for p in (TOP / kind).glob("*") if p.is_dir() and any(c_files(p))):
        tap.check(f"{kind}/{folder.name} keeps to the table", list(wrong(folder)))
tap.done()
