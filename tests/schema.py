#!/usr/bin/python3
"""Check lines of JSON against the schemas of the project.

usage: tests/schema.py [--schemas DIR] [--empty-ok] FILE…      (- is stdin)

Each line must be one strict JSON object, UTF-8, at most 16 MiB, end in LF, have no member twice and hold no
lone surrogate; schema/TYPE.schema.json (JSON Schema 2020-12) of its "type" must accept it. Wrong lines are
named on stderr, and the exit code is 1. The schemas themselves are checked before they are used.
"""
import argparse
import json
import pathlib
import sys

import jsonschema

MAX_LINE = 16 * 1024 * 1024
MAX_COMPLAINTS = 20


def members(pairs):
    seen = dict(pairs)
    if len(seen) != len(pairs):
        raise ValueError("a member stands twice: " + ", ".join(k for k, _ in pairs))
    return seen


def constant(name):
    raise ValueError(name + " is not JSON")


def strict(line):
    if not line.endswith(b"\n"):
        raise ValueError("the line is cut (no LF at its end)")
    if len(line) > MAX_LINE:
        raise ValueError("the line is longer than 16 MiB")
    if line.startswith(b"\xef\xbb\xbf"):
        raise ValueError("the line begins with a byte order mark")
    value = json.loads(line.decode("utf-8"), object_pairs_hook=members, parse_constant=constant)
    json.dumps(value, ensure_ascii=False).encode("utf-8")  # raises on a lone surrogate
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


class Schemas:
    """The validators by type. A $ref may name another file of the folder, or its $id."""

    def __init__(self, folder):
        self.folder = folder
        self.store = {}
        self.validators = {}
        for path in sorted(folder.glob("*.json")):
            schema = json.loads(path.read_text())
            self.store[path.resolve().as_uri()] = schema
            if "$id" in schema:
                self.store[schema["$id"]] = schema

    def of(self, kind):
        if kind not in self.validators:
            path = (self.folder / f"{kind}.schema.json").resolve()
            schema = self.store.get(path.as_uri())
            if schema is None:
                raise ValueError(f"no {path.name} in {self.folder}")
            jsonschema.Draft202012Validator.check_schema(schema)
            resolver = jsonschema.RefResolver(schema.get("$id", path.as_uri()), schema, store=self.store)
            self.validators[kind] = jsonschema.Draft202012Validator(schema, resolver=resolver)
        return self.validators[kind]


def complaint(schemas, line):
    """What is wrong with a line, or None."""
    try:
        record = strict(line)
        kind = record.get("type")
        if not isinstance(kind, str) or not kind.replace("-", "").isalnum():
            return f"type is {kind!r}"
        error = jsonschema.exceptions.best_match(schemas.of(kind).iter_errors(record))
    except (ValueError, RecursionError, jsonschema.exceptions.SchemaError) as bad:
        return str(bad)
    return error and f"{kind}: {error.json_path}: {error.message[:300]}"


def main():
    top = pathlib.Path(__file__).resolve().parent.parent
    args = argparse.ArgumentParser(description="check lines of JSON against the project's schemas")
    args.add_argument("--schemas", type=pathlib.Path, default=top / "schema")
    args.add_argument("--empty-ok", action="store_true")
    args.add_argument("file", nargs="+")
    opts = args.parse_args()
    schemas = Schemas(opts.schemas)
    bad = lines = 0
    for name in opts.file:
        with (sys.stdin.buffer if name == "-" else open(name, "rb")) as stream:
            for number, line in enumerate(stream, 1):
                lines += 1
                what = complaint(schemas, line)
                if what:
                    bad += 1
                    if bad <= MAX_COMPLAINTS:
                        print(f"{name}:{number}: {what}", file=sys.stderr)
    if not lines and not opts.empty_ok:
        print("no record at all", file=sys.stderr)
        bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
