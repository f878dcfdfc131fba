#!/usr/bin/python3
"""Completion of bash and zsh: made for each program, accepted by the shells, and tried in both as a person does: a line and TAB."""
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "check"))
from tree import BUILD, TOP, Tap

tap = Tap()
for tool in ("bash", "zsh", "shellcheck"):
    if not shutil.which(tool):
        tap.skip_all(f"needs {tool}")
programs = sorted(p.parent.name for p in TOP.glob("cmd/*/main.c"))
work = pathlib.Path(tempfile.mkdtemp(prefix="mailpipe-test."))
environment = {**os.environ, "HOME": str(work), "PATH": f"{BUILD}/bin:{os.environ['PATH']}", "LC_ALL": "C.UTF-8", "TERM": "dumb",
               "ZDOTDIR": str(work), "HISTFILE": ""}
for name in ("MAILPIPE_CONFIG", "MAILPIPE_STORE", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
    environment.pop(name, None)


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=work, **options)


# ---- the tables, and what is made of them ----

tables, wrong = {}, []
for program in programs:
    said = run(BUILD / "bin" / program, "--help-table")
    tables[program] = [line.split("\t") for line in said.stdout.splitlines()]
    if said.returncode or not tables[program] or any(len(row) != 4 for row in tables[program]):
        wrong.append(f"{program}: exit {said.returncode} {said.stderr}")
    (work / f"{program}.tsv").write_text(said.stdout)
tap.check("each program prints its table, four columns a line", wrong)

wrong = []
for program, rows in tables.items():
    usage = run(BUILD / "bin" / program, "-h").stdout
    wrong += [f"{program}: {spelling}" for verb, option, _, _ in rows if not verb for spelling in option.split(",")
              if spelling and spelling not in usage]
    wrong += [f"{program}: {verb}" for verb, option, _, _ in rows if not option and verb not in usage]
tap.check("options and verbs of the tables stand in -h", wrong)

wrong = []
for program in programs:
    for shell, name in (("bash", program), ("zsh", f"_{program}")):
        made = run(TOP / "contrib/completion", shell, program, work / f"{program}.tsv")
        (work / name).write_text(made.stdout)
        checked = run(shell, "-n", work / name)
        if made.returncode or made.stderr or checked.returncode or checked.stderr:
            wrong.append(f"{shell} {program}: {made.stderr}{checked.stderr}")
tap.check("files for both shells are made, and their syntax is right", wrong)
said = run("shellcheck", "-s", "bash", "-S", "warning", *[work / program for program in programs])
tap.check("shellcheck has nothing to say of those for bash", said.stdout.splitlines())
tap.check("a program without a table is refused", [] if run(TOP / "contrib/completion", "bash", "x", "/dev/null").returncode == 66 else ["not 66"])

# ---- bash: what it offers at a place ----

run(BUILD / "bin/mail-account", "add", "support", "email=support@example.com", "imap.host=imap.example.com")
(work / "folder").mkdir()
(work / "letter.eml").write_text("Subject: x\n\n")


def offers(*words):
    """What bash offers for the last of the words."""
    script = 'source "$1"; name=_${2//-/_}; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); "$name"; printf "%s\\n" "${COMPREPLY[@]}"'
    return run("bash", "-c", script, "bash", work / words[0], *words).stdout.split()


def expect(words, *wanted, without=()):
    got = offers(*words)
    missing = [w for w in wanted if w not in got] + [f"not {w}" for w in without if w in got]
    tap.check(f"bash: {' '.join(words)}<TAB>", [f"{missing}, got {got}"] if missing or not wanted and got else [])


expect(["mail-store", "s"], "search", without=["put", "--store"])
expect(["mail-store", ""], "put", "search", "gc", "migrate")
expect(["mail-store", "-"], "--store", "--version", without=["--senders"])
expect(["mail-store", "search", "--s"], "--senders", "--store", without=["--skip-gaps"])
expect(["mail-store", "-s", "folder", "put", "--"], "--events", "--skip-gaps", without=["--senders"])
expect(["mail-store", "search", "--store", "f"], "folder", without=["letter.eml"])
expect(["mail-store", "search", "--store", "=", "f"], "folder")
expect(["mail-store", "list", "-a", ""], "support")
expect(["mail-store", "search", "-n", ""])
expect(["mail-parse", "--log", ""], "text", "json", "syslog")
expect(["mail-parse", "le"], "letter.eml")
expect(["mail-parse", "--hea"], "--headers")
expect(["mail-account", "set", ""], "support")
expect(["mail-account", "set", "support", "imap.h"], "imap.host=")
expect(["mail-account", "secret", "r"], "rekey", "rotate")
expect(["mail-queue", "wi"], "window")
expect(["mail-compose", "--attach", "le"], "letter.eml")
expect(["mail-stats", "vol"], "volume")

# ---- a person at a terminal ----


def typed(shell, arguments, setup, keys, wanted):
    """Start the shell on a terminal, type, and see whether the screen comes to show what is wanted."""
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(work)
        os.execvpe(shell, [shell, *arguments], environment)
    seen = ""

    def until(pattern, seconds):
        nonlocal seen
        end = time.monotonic() + seconds
        while not re.search(pattern, seen) and time.monotonic() < end:
            if select.select([terminal], [], [], 0.1)[0]:
                try:
                    seen += os.read(terminal, 4096).decode(errors="replace")
                except OSError:
                    break
        return re.search(pattern, seen) is not None

    os.write(terminal, f"{setup}; echo re''ady\n".encode())
    good = until(r"\nready\r?\n", 20)
    seen = ""
    os.write(terminal, keys.encode())
    good = good and until(wanted, 20)
    os.close(terminal)
    os.kill(process, 9)
    os.waitpid(process, 0)
    return [] if good else [repr(seen[-600:])]


tap.check("bash completes a verb at a terminal", typed("bash", ["--norc", "--noprofile", "-i"], f"source {work}/mail-store", "mail-store sea\t", r"mail-store search "))
loader = pathlib.Path("/usr/share/bash-completion/bash_completion")
if loader.exists():
    (work / ".local/share/bash-completion/completions").mkdir(parents=True)
    shutil.copy(work / "mail-queue", work / ".local/share/bash-completion/completions/mail-queue")
    tap.check("bash-completion finds the file by the name of the program",
              typed("bash", ["--norc", "--noprofile", "-i"], f"source {loader}", "mail-queue suppr\t", r"mail-queue suppress "))
else:
    tap.count += 1
    print(f"ok {tap.count} # skip needs bash-completion")
zsh = f"fpath=({work} $fpath); autoload -U compinit; compinit -D -u"
tap.check("zsh completes a verb at a terminal", typed("zsh", ["-f", "-i"], zsh, "mail-store sea\t", r"search "))
tap.check("zsh completes an option of a verb", typed("zsh", ["-f", "-i"], zsh, "mail-store search --send\t", r"--senders"))
tap.check("zsh completes the values of an option", typed("zsh", ["-f", "-i"], zsh, "mail-parse --log=js\t", r"json"))
tap.check("zsh completes accounts", typed("zsh", ["-f", "-i"], zsh, "mail-account show supp\t", r"support"))
shutil.rmtree(work)
tap.done()
