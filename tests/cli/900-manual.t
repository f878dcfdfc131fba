#!/usr/bin/python3
"""Runs the examples of the manual pages; tests/README.md says how they are written."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TOP = pathlib.Path(os.environ.get("TOP", pathlib.Path(__file__).resolve().parents[2]))
BUILD = TOP / os.environ.get("BUILD", "build")
ESCAPES = {r"\e": "\\", r"\(aq": "'", r"\(dq": '"', r"\(ha": "^", r"\(ti": "~", r"\(ga": "`", r"\-": "-", r"\&": "", r"\ ": " "}
SECONDS = 60

count = failures = 0


def result(passed, name, *details):
    global count, failures
    count += 1
    print(f"{'' if passed else 'not '}ok {count} - {name}".replace("#", "\\#"), flush=True)
    if not passed:
        failures += 1
        for detail in details:
            for line in detail.splitlines()[:30]:
                print(f"#   {line}", file=sys.stderr)


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


def examples(page):
    """(command, the lines that it must print)"""
    command, expected, open_line = None, [], False
    for line in literal_lines(page):
        if command is not None and open_line and line is not None:
            command += "\n" + line
            open_line = line.endswith("\\")
            continue
        if command is not None and (line is None or line.startswith("$ ")):
            yield command, expected
            command = None
        if line is not None and line.startswith("$ "):
            command, expected, open_line = line[2:], [], line.endswith("\\")
        elif line is not None and command is not None:
            expected.append(line)


def matches(got, expected):
    if not expected:
        return True
    pattern = ""
    for line in expected:
        if line == "...":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += r"[^\n]*".join(re.escape(piece) for piece in line.rstrip().split("...")) + r"[ ]*\n"
    return re.fullmatch(pattern, got) is not None


def run(command, folder):
    environment = {k: v for k, v in os.environ.items() if not re.match("MAILPIPE_|XDG_|SSL_CERT|CURL_CA", k)}
    environment.update(HOME=str(folder), PATH=f"{BUILD}/bin:{os.environ['PATH']}", TZ="UTC", LC_ALL="C.UTF-8")
    return subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=folder, env=environment, timeout=SECONDS,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")


def try_page(page):
    name = page.name
    commands = list(examples(page))
    if page.suffix == ".1":
        result(commands, f"{name} has an example that can be run")
    with tempfile.TemporaryDirectory(prefix="mailpipe-test.") as folder:
        folder = pathlib.Path(folder)
        (folder / "share").mkdir()
        shutil.copytree(TOP / "share/sample", folder / "share/sample")
        for command, expected in commands:
            title = f"{name}: {' '.join(command.split())[:150]}"
            try:
                done = run(command, folder)
            except subprocess.TimeoutExpired:
                result(False, title, f"still running after {SECONDS} seconds")
                continue
            passed = done.returncode == 0 and matches(done.stdout, expected)
            wanted = "\n".join(["want:", *expected]) if expected else ""
            result(passed, title, f"exit {done.returncode}", done.stderr, "got:", done.stdout, wanted)


pages = sorted([*TOP.glob("cmd/*/*.1"), *TOP.glob("doc/*.[157]")])
if not pages or not (TOP / "share/sample").is_dir():
    print("1..0 # skip no manual pages yet")
    sys.exit(0)
for page in pages:
    try_page(page)
print(f"1..{count}")
sys.exit(1 if failures else 0)
