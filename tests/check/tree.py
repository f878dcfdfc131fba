"""What the checks of the tree share: TAP, the tables of lib/README.md, C without its comments, functions."""
import os
import pathlib
import re
import sys

sys.dont_write_bytecode = True

# The tree under test: an argument stands for it where a check is tried on a made-up one.
TOP = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2])
BUILD = TOP / os.environ.get("BUILD", "build")


class Tap:
    def __init__(self):
        self.count = self.failures = 0

    def check(self, name, wrong):
        """Passes where the list of what is wrong is empty."""
        self.count += 1
        print(f"{'not ' if wrong else ''}ok {self.count} - {name}", flush=True)
        if wrong:
            self.failures += 1
            for line in wrong[:40]:
                print(f"#   {line}", file=sys.stderr)
            if len(wrong) > 40:
                print(f"#   and {len(wrong) - 40} more", file=sys.stderr)

    def skip_all(self, reason):
        print(f"1..0 # skip {reason}")
        sys.exit(0)

    def done(self):
        print(f"1..{self.count}")
        sys.exit(1 if self.failures else 0)


def table(first_column):
    """The rows, as dicts by column name, of the table of lib/README.md whose first column is named so."""
    rows, names = [], None
    for line in (TOP / "lib/README.md").read_text().splitlines():
        cells = [c.strip() for c in line.strip("|").split("|")] if line.startswith("|") else None
        if cells is None:
            names = None
        elif names is None:
            names = cells
        elif names[0] == first_column and not set(line) <= set("|-: "):
            rows.append(dict(zip(names, cells)))
    return rows


def c_files(folder):
    return sorted(p for p in (TOP / folder).rglob("*.[ch]") if p.is_file())


def short(path):
    return str(path.relative_to(TOP))


TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def without_comments(text):
    """The text with comments blanked; its lines stay where they are."""
    return TOKEN.sub(lambda m: re.sub(r"[^\n]", " ", m[0]) if m[0][0] == "/" else m[0], text)


def without_literals(text):
    """And with strings and characters emptied."""
    return TOKEN.sub(lambda m: re.sub(r"[^\n]", " ", m[0]) if m[0][0] == "/" else m[0][0] * 2, text)


FUNCTION = re.compile(r"(\w+)\s*\([^;{}]*\)[^;{}=]*\{\s*$", re.S)


def functions(path):
    """(name, first line, lines of its body) of each function that begins in the first column."""
    lines = without_literals(path.read_text(errors="replace")).splitlines()
    head, start, name = [], 0, None
    for number, line in enumerate(lines, 1):
        if name:
            if line.startswith("}"):
                yield name, start, number - start + 1
                name, head = None, []
            continue
        if not line.strip() or line[0] in "#}" or line.rstrip().endswith(";"):
            head = []
            continue
        head.append(line)
        if line.rstrip().endswith("{"):
            joined = "\n".join(head)
            joined = re.sub(r"__attribute__\s*\(\(.*?\)\)\s*", "", joined, flags=re.S)
            found = FUNCTION.search(joined) if not head[0][0].isspace() else None
            if found:
                name, start = re.search(r"(\w+)\s*\(", joined)[1], number
            head = []
