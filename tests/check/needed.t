#!/usr/bin/python3
"""Holds the libraries that each program links to the table of lib/README.md, and its ELF flags to a hardened build."""
import re
import subprocess
import sys

sys.dont_write_bytecode = True
from tree import BUILD, TOP, Tap, table

# libc, and what compilers and sanitizers add by themselves.
EVERYWHERE = re.compile(r"lib(c|m|gcc_s|pthread|dl|rt|asan|ubsan|stdc\+\+)\.so|ld-linux|libclang_rt")

allowed = {row["program"]: row["may link"].split() for row in table("program")}
tap = Tap()


def readelf(path, *flags):
    return subprocess.run(["readelf", "-W", *flags, path], capture_output=True, text=True, check=True).stdout


def wrong_libraries(path):
    if path.name not in allowed:
        yield f"{path.name} is missing in the last table of lib/README.md"
        return
    for library in re.findall(r"\(NEEDED\).*\[(.*)\]", readelf(path, "-d")):
        stem = library.split(".so")[0]
        if not EVERYWHERE.match(library) and stem not in allowed[path.name]:
            yield f"{path.name} links {library}"


def wrong_flags(path):
    dynamic, segments = readelf(path, "-d"), readelf(path, "-l", "-h")
    if not re.search(r"Type:\s+DYN", segments):
        yield f"{path.name} is not position independent"
    if "GNU_RELRO" not in segments or not re.search(r"BIND_NOW|Flags:.*NOW", dynamic):
        yield f"{path.name} has no full RELRO"
    if re.search(r"GNU_STACK.*RWE", segments):
        yield f"{path.name} has an executable stack"


programs = sorted(p for p in (BUILD / "bin").glob("*") if p.is_file() and (TOP / "cmd" / p.name).is_dir())
if not programs:
    tap.skip_all(f"no program in {BUILD}/bin")
for program in programs:
    tap.check(f"{program.name} links only what it may", list(wrong_libraries(program)))
    tap.check(f"{program.name} is hardened", list(wrong_flags(program)))
tap.done()
