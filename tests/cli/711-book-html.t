#!/usr/bin/python3
"""make html: pages that hold together, with no link that leads nowhere and nothing from elsewhere."""
import html.parser
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "check"))
from tree import TOP, Tap

tap = Tap()
for tool in ("lowdown", "mandoc"):
    if not shutil.which(tool):
        tap.skip_all(f"needs {tool}")
VOID = {"meta", "link", "br", "hr", "img", "col", "input", "wbr"}
OPTIONAL = {"p", "li", "dt", "dd", "tr", "td", "th"}


class Page(html.parser.HTMLParser):
    def __init__(self, source):
        super().__init__()
        self.ids, self.links, self.loads, self.wrong, self.open, self.heads, self.names = [], [], [], [], [], 0, set()
        self.feed(source)
        self.wrong += [f"<{tag}> is not closed" for tag in self.open if tag not in OPTIONAL]

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.names.add(tag)
        self.heads += tag == "h1"
        if tag not in VOID:
            self.open.append(tag)
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        self.loads += [given[name] for name in ("src", "srcset", "data") if name in given]
        self.loads += [given["href"]] if tag == "link" else []
        self.wrong += [f"{name} in <{tag}>" for name in given if name.startswith("on")]

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        while self.open and self.open[-1] != tag and self.open[-1] in OPTIONAL:
            self.open.pop()
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}> at line {self.getpos()[0]} closes nothing")


with tempfile.TemporaryDirectory(prefix="mailpipe-test.") as folder:
    folder = pathlib.Path(folder)
    done = subprocess.run([TOP / "contrib/book-html", folder], capture_output=True, text=True)
    tap.check("it runs and says nothing", [f"exit {done.returncode}"] * (done.returncode != 0) + done.stderr.splitlines())
    sources = {path.name: path.read_text() for path in folder.glob("*.html")}
pages = {name: Page(source) for name, source in sources.items()}
chapters = {"index.html" if p.stem == "README" else f"{p.stem}.html" for p in (TOP / "doc").glob("*.md")}
manuals = {f"{p.name}.html" for p in [*TOP.glob("cmd/*/*.1"), *(TOP / "doc").glob("*.[157]")]}
tap.check("a page for each chapter and manual page", sorted(set(pages) ^ (chapters | manuals)))
tap.check("elements are closed, no scripts", [f"{name}: {wrong}" for name, page in pages.items() for wrong in page.wrong + ["<script>"] * ("script" in page.names)])
tap.check("one title, one heading of the first rank", [name for name, page in pages.items() if page.heads != 1 or "title" not in page.names])
tap.check("no id stands twice", [f"{name}: {i}" for name, page in pages.items() for i in set(page.ids) if page.ids.count(i) > 1])
tap.check("only the stylesheet is loaded", [f"{name}: {load}" for name, page in pages.items() for load in page.loads if load != "book.css"])
dead = []
for name, page in pages.items():
    for link in page.links:
        target, _, anchor = link.partition("#")
        if link.startswith(("https:", "mailto:")):
            continue
        if (target or name) not in pages or (anchor and anchor not in pages[target or name].ids):
            dead.append(f"{name}: {link}")
tap.check("no link leads nowhere", dead)
tap.check("each page leads to each other", [name for name, page in pages.items() if not set(pages) <= set(page.links)])
tap.check("examples stand as text", [] if "<b>$ mail-parse" in sources["tutorial.html"] and "<script" not in sources["security.html"] else ["no"])
tap.done()
