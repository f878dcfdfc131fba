#!/usr/bin/python3
"""Runs the examples of the manual pages; tests/README.md says how they are written."""
import pathlib
import re
import shutil
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import examples
from examples import TOP

ESCAPES = {r"\e": "\\", r"\(aq": "'", r"\(dq": '"', r"\(ha": "^", r"\(ti": "~", r"\(ga": "`", r"\-": "-", r"\&": "", r"\ ": " "}


def literal_lines(page):
    """The lines of the literal blocks of a page as a reader sees them, None between two blocks."""
    inside = False
    for line in page.read_text().splitlines():
        if re.match(r"\.Bd .*-literal", line):
            inside = True
        elif line.startswith(".Ed"):
            inside = False
            yield None
        elif inside and not line.startswith("."):
            yield re.sub(r"\\(?:\(..|.)", lambda m: ESCAPES.get(m[0], m[0]), line)


def try_page(page):
    name = page.name
    commands = list(examples.commands(literal_lines(page)))
    if page.suffix == ".1":
        examples.result(commands, f"{name} has an example that can be run")
    with tempfile.TemporaryDirectory(prefix="mailpipe-test.") as folder:
        folder = pathlib.Path(folder)
        (folder / "share").mkdir()
        shutil.copytree(TOP / "share/sample", folder / "share/sample")
        for command, expected in commands:
            examples.try_command(name, command, expected, folder)


pages = sorted([*TOP.glob("cmd/*/*.1"), *TOP.glob("doc/*.[157]")])
if not pages or not (TOP / "share/sample").is_dir():
    print("1..0 # skip no manual pages yet")
    sys.exit(0)
for page in pages:
    try_page(page)
sys.exit(examples.finish())
