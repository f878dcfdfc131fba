#!/usr/bin/python3
"""Length of files and functions, names, leftovers, and manual pages that know every option."""
import re
import subprocess
import sys

sys.dont_write_bytecode = True
from tree import BUILD, TOP, Tap, c_files, functions, short, without_comments

MAX_FILE = 900
MAX_FUNCTION = 100
EMPTY_NAME = re.compile(r"(^|[_.-])(utils?|helpers?|misc|common|stuff)([_.-]|$)")
LEFTOVER = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b")
LONG_OPTION = re.compile(r'\{\s*"([a-z][a-z0-9-]*)"\s*,\s*(?:no_argument|required_argument|optional_argument|[012])\s*,')
SECTIONS = ("NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "EXAMPLES", "SEE ALSO")
TEXT = (".c", ".h", ".sh", ".py", ".t", ".md", ".json", ".sql", ".conf", ".1", ".5", ".7", "")

tap = Tap()
sources = [p for folder in ("lib", "cmd", "tests") for p in c_files(folder)]


def texts():
    """The project's own text files."""
    for folder in ("lib", "cmd", "schema", "contrib", "doc", "tests", ".ci"):
        for path in sorted((TOP / folder).rglob("*")):
            if path.is_file() and path.suffix in TEXT and "__pycache__" not in path.parts and "data" not in path.parts:
                yield path
    for name in ("Makefile", "README.md"):
        if (TOP / name).is_file():
            yield TOP / name


def long_files():
    for path in sources + sorted((TOP / "tests").rglob("*.py")):
        lines = path.read_text(errors="replace").count("\n")
        if lines > MAX_FILE:
            yield f"{short(path)} has {lines} lines, over {MAX_FILE}"


def long_functions():
    for path in sources:
        for name, line, length in functions(path):
            if length > MAX_FUNCTION:
                yield f"{short(path)}:{line}: {name} has {length} lines, over {MAX_FUNCTION}"


def empty_names():
    for path in texts():
        for part in short(path).split("/"):
            if EMPTY_NAME.search(part):
                yield f"{short(path)} says nothing about what is in it"


def leftovers():
    for path in texts():
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if LEFTOVER.search(line):
                yield f"{short(path)}:{number}: {line.strip()[:100]}"


def stdout_in_lib():
    """Library code neither prints nor exits; the frame of a program does, and a full arena."""
    call = re.compile(r"\b(printf|puts|putchar|perror|exit|err|errx|warnx?)\s*\(")
    for path in c_files("lib"):
        if path.parent.name in ("sys", "mem"):
            continue
        for number, line in enumerate(without_comments(path.read_text(errors="replace")).splitlines(), 1):
            code = re.sub(r'"(?:\\.|[^"\\])*"', '""', line)
            found = call.search(code)
            if found and not re.match(r"\s*#", line):
                yield f"{short(path)}:{number}: {found[1]}() in a library"


def rendered(page):
    text = subprocess.run(["mandoc", "-Tascii", page], capture_output=True, text=True).stdout
    return re.sub(r".\x08", "", text)


def usage_options(name):
    program = BUILD / "bin" / name
    if not program.is_file():
        return set()
    text = subprocess.run([program, "-h"], capture_output=True, text=True, timeout=20).stdout
    return set(re.findall(r"(?<![\w-])--([a-z][a-z0-9-]*)", text))


def table_options(name):
    """What the program takes, by its own table."""
    program = BUILD / "bin" / name
    if not program.is_file():
        return set()
    table = subprocess.run([program, "--help-table"], capture_output=True, text=True, timeout=20).stdout
    options = {row.split("\t")[1] for row in table.splitlines() if row.count("\t") == 3}
    return {option.rpartition("--")[2] for option in options if "--" in option}


def wrong_page(folder):
    name = folder.name
    page = folder / f"{name}.1"
    if not page.is_file():
        yield f"{short(page)} is missing"
        return
    source, text = page.read_text(), rendered(page)
    code = "".join(without_comments(p.read_text(errors="replace")) for p in c_files(folder))
    for option in sorted(set(LONG_OPTION.findall(code)) | usage_options(name) | table_options(name)):
        if not re.search(rf"--{re.escape(option)}(?![a-z0-9-])", text):
            yield f"{short(page)} does not mention --{option}"
    for section in SECTIONS:
        if not re.search(rf'^\.Sh "?{section}"?$', source, re.M):
            yield f"{short(page)} has no section {section}"
    literals = set(re.findall(r'"([a-z][a-z0-9-]*)(?:=[^"]*)?"', code + lib_code)) | table_options(name)
    for option in sorted(set(re.findall(r"^\.It .*?(?:Fl Fl |Fl -)([a-z][a-z0-9-]*)", source, re.M))):
        if option not in literals:
            yield f"{short(page)} describes --{option}, which {name} does not have"


lib_code = "".join(without_comments(p.read_text(errors="replace")) for p in c_files("lib"))
tap.check(f"no file over {MAX_FILE} lines", list(long_files()))
tap.check(f"no function over {MAX_FUNCTION} lines", list(long_functions()))
tap.check("every file is named for its topic", list(empty_names()))
tap.check("nothing is left open in the text", list(leftovers()))
tap.check("lib/ neither prints nor exits", list(stdout_in_lib()))
for folder in sorted(p.parent for p in (TOP / "cmd").glob("*/main.c")):
    tap.check(f"{folder.name} has a manual page that knows its options", list(wrong_page(folder)))
tap.done()
