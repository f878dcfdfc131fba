#!/usr/bin/python3
"""Runs the commands of chapters of doc/: book.py CHAPTER.md...; for tests/cli/70*.t.

Commands stand in indented blocks and are written as in manual pages. A chapter runs in one fresh folder that holds
share/sample and share/templates. Where it says "<!-- each section by itself -->" each section (## …) has a folder of its own, in which the commands that
stand before the first section run first. The servers that the book names (*.brookmill.example) are those of the test bed: BOOK_SERVERS is what
stands in their place, "NAME REPLACEMENT" a line.
"""
import os
import pathlib
import shutil
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import examples
from examples import TOP

ALONE = "<!-- each section by itself -->"
SERVERS = [line.split(" ", 1) for line in os.environ.get("BOOK_SERVERS", "").splitlines() if line]


def with_blanks(lines):
    """The lines; a blank one within an indented block becomes one of the block."""
    for line, behind in zip(lines, [*lines[1:], ""]):
        yield "    " if not line and behind.startswith("    ") and not behind.startswith("    $ ") else line


def sections(chapter):
    """(title, lines of its indented blocks, None between two); the first title is that of the chapter."""
    title, lines = None, []
    for line in with_blanks(chapter.read_text().splitlines()):
        if line.startswith("## "):
            yield title, lines
            title, lines = line[3:], []
        elif line.startswith("# ") and title is None:
            title = line[2:]
        elif line.startswith("    "):
            lines.append(line[4:])
        else:
            lines.append(None)
    yield title, lines


def at_testbed(command):
    for name, replacement in SERVERS:
        command = command.replace(name, replacement)
    return command


def try_in_folder(name, commands):
    with tempfile.TemporaryDirectory(prefix="mailpipe-test.") as folder:
        folder = pathlib.Path(folder)
        for data in ("sample", "templates"):
            shutil.copytree(TOP / "share" / data, folder / "share" / data)
        for command, expected in commands:
            examples.try_command(name, at_testbed(command), expected, folder)


def try_chapter(chapter):
    parts = [(title, list(examples.commands(lines))) for title, lines in sections(chapter)]
    if ALONE not in chapter.read_text():
        try_in_folder(chapter.name, [command for _, commands in parts for command in commands])
        return
    first = parts[0][1]
    for title, commands in parts[1:]:
        examples.result(commands, f"{chapter.name}: {title}: has a command that can be run")
        try_in_folder(f"{chapter.name}: {title}", first + commands)


for argument in sys.argv[1:]:
    try_chapter(TOP / "doc" / argument)
sys.exit(examples.finish())
