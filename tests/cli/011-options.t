#!/usr/bin/python3
"""Every program by its own table (--help-table): its form, that -h shows all of it, that all of it is taken, and nothing else."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

TOP = pathlib.Path(os.environ.get("TOP", pathlib.Path(__file__).resolve().parents[2]))
BIN = TOP / os.environ.get("BUILD", "build") / "bin"
sys.path.insert(0, str(TOP / "tests/check"))
sys.dont_write_bytecode = True
from tree import Tap

tap = Tap()
folder = tempfile.TemporaryDirectory()
environment = {**os.environ, "HOME": folder.name, "LC_ALL": "C.UTF-8"}
COMMON = {"-q,--quiet", "-v,--verbose", "-h,--help", "-V,--version", "--log", "--log-level"}

def run(*args):
    return subprocess.run([BIN / args[0], *args[1:]], capture_output=True, text=True, env=environment, cwd=folder.name,
                          stdin=subprocess.DEVNULL, timeout=20)


def rows_of(name, *verb):
    done = run(name, *verb, "--help-table")
    return [line.split("\t") for line in done.stdout.splitlines()] if done.returncode == 0 else []


def form(rows):
    for row in rows:
        if len(row) != 4:
            yield f"{row} has not four columns"
        elif not row[0] and not row[1]:
            yield f"{row} is about nothing"
        elif row[1] and not re.fullmatch(r"-[A-Za-z]|(-[A-Za-z],)?--[a-z][a-z0-9-]+", row[1]):
            yield f"{row[1]} is no option"
        elif not row[3] or "  " in row[3]:
            yield f"{row[0]} {row[1]} does not say what it means"


def forms_of(option):
    return option.split(",")


def missing_in_usage(name, rows, verb=""):
    text = run(name, *verb.split(), "-h").stdout
    for row in rows:
        for option in forms_of(row[1]) if row[1] else []:
            if not re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", text):
                yield f"{verb} {option}"


def refused(name, rows, verb=""):
    """An option that is listed is known; one with an argument wants it, one without takes none."""
    for row in rows:
        for option in forms_of(row[1]) if row[1] else []:
            place = [name, *verb.split()]
            if row[2]:
                done = run(*place, option)
                if f"option '{option}' requires an argument" not in done.stderr or done.returncode != 64:
                    yield f"{verb} {option}: {done.stderr.strip()}"
            elif option.startswith("--"):
                done = run(*place, option + "=x")
                if f"option '{option}' takes no argument" not in done.stderr or done.returncode != 64:
                    yield f"{verb} {option}: {done.stderr.strip()}"


def has_own_options(name, verb):
    rows = rows_of(name, verb)
    return bool(rows) and all(row[0] == verb for row in rows)


def unknown_option(name, *verb):
    for option in ("--no-such-option", "-!"):
        done = run(name, *verb, option)
        if done.returncode != 64 or not done.stderr.startswith(" ".join((name, *verb)) + f": unrecognized option '{option}'\n"):
            yield done.stderr


def says(expected, *command):
    done = run(*command)
    return [] if done.returncode == 64 and done.stderr.splitlines()[0].partition(": ")[2] == expected else [done.stderr]


def check_options(name, own, common, *verb):
    here = " ".join((name, *verb))
    tap.check(f"{here}: what is common", sorted(common - {row[1] for row in own if row[0] in ("", *verb)}))
    tap.check(f"{here}: -h shows them all", list(missing_in_usage(name, own, *verb)))
    tap.check(f"{here}: all are taken as they stand", list(refused(name, own, *verb)))
    tap.check(f"{here}: and no other", list(unknown_option(name, *verb)))


programs = sorted(path.parent.name for path in (TOP / "cmd").glob("*/main.c"))
for name in programs:
    rows = rows_of(name)
    verbs = {row[0] for row in rows if not row[1]}
    own_verbs = {verb for verb in sorted(verbs) if has_own_options(name, verb)}
    options = [row for row in rows if row[1]]
    tap.check(f"{name}: a table", [] if len(rows) > 5 else ["it is short"])
    tap.check(f"{name}: its form", list(form(rows)))
    tap.check(f"{name}: each row once", sorted({f"{row[0]} {row[1]}" for row in rows if sum(row[:2] == other[:2] for other in rows) > 1}))
    tap.check(f"{name}: options are of verbs that there are", sorted({verb for row in options for verb in row[0].split()} - verbs))
    check_options(name, [row for row in options if row[0] not in own_verbs], COMMON)
    for verb in sorted(own_verbs):
        check_options(name, rows_of(name, verb), COMMON if verb == "templates" else COMMON | {"-s,--store"}, verb)
        if name != "mail-compose":
            tap.check(f"{name} {verb}: the table of the program has its rows", [] if all(row in rows for row in rows_of(name, verb)) else [verb])
tap.check("a letter among others", says("unrecognized option '-Z'", "mail-thread", "--stateless", "-qZv"))
tap.check("behind a long option with an argument", says("unrecognized option '-Z'", "mail-thread", "--store=x", "-Zv"))
tap.check("an argument that a letter wants", says("option '-s' requires an argument", "mail-thread", "-qs"))
tap.check("a long option by its begin", says("option '--stor' requires an argument", "mail-thread", "--stor"))
tap.check("several that begin so", says("ambiguous option '--st'", "mail-thread", "--st"))
tap.check("several that begin so, with an argument", says("ambiguous option '--st=x'", "mail-thread", "--st=x"))
tap.done()
