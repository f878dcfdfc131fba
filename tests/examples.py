"""Examples in words: a line that begins with "$ " is a command, what follows is what it must print (tests/README.md).

Used by tests/cli/900-manual.t (manual pages) and tests/cli/book.py (doc/). Speaks TAP.
"""
import os
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(os.environ.get("TOP", pathlib.Path(__file__).resolve().parents[1]))
BUILD = TOP / os.environ.get("BUILD", "build")
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


def finish():
    """Print the plan; the exit code of the test."""
    print(f"1..{count}")
    return 1 if failures else 0


def commands(lines):
    """(command, the lines that it must print) of lines; None parts two blocks. A command goes on behind a backslash, and on
    lines that begin with "> "."""
    command, expected, open_line = None, [], False
    for line in [*lines, None]:
        if command is not None and open_line and line is not None:
            command += "\n" + line
            open_line = line.endswith("\\")
            continue
        if command is not None and not expected and line is not None and line.startswith("> "):
            command += "\n" + line[2:]
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
    environment.update(HOME=str(folder), PATH=f"{BUILD}/bin:{TOP}/contrib:{os.environ['PATH']}", TZ="UTC", LC_ALL="C.UTF-8")
    return subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=folder, env=environment, timeout=SECONDS,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")


def try_command(name, command, expected, folder):
    """Run it: it exits with 0 and prints what it must; one check."""
    title = f"{name}: {' '.join(command.split())[:150]}"
    try:
        done = run(command, folder)
    except subprocess.TimeoutExpired:
        result(False, title, f"still running after {SECONDS} seconds")
        return
    passed = done.returncode == 0 and matches(done.stdout, expected)
    wanted = "\n".join(["want:", *expected]) if expected else ""
    result(passed, title, f"exit {done.returncode}", done.stderr, "got:", done.stdout, wanted)
