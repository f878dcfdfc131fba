#!/usr/bin/python3
"""The schemas are sound: JSON Schema 2020-12, one type each, every name once, every $ref leads somewhere."""
import json
import sys

sys.dont_write_bytecode = True
import jsonschema
from tree import TOP, Tap, short

tap = Tap()
files = {p: json.loads(p.read_text()) for p in sorted((TOP / "schema").glob("*.schema.json"))}
if not files:
    tap.skip_all("no schema yet")


def walk(node):
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from walk(value)
    elif isinstance(node, list):
        for value in node:
            yield from walk(value)


def twice(path):
    """Names that an object has more than once: of these only the last counts."""
    found = []
    json.loads(path.read_text(), object_pairs_hook=lambda pairs: found.extend({n for n, _ in pairs if [m for m, _ in pairs].count(n) > 1}) or dict(pairs))
    return found


def pointer_leads(schema, pointer):
    for step in pointer.split("/")[1:]:
        step = step.replace("~1", "/").replace("~0", "~")
        if not isinstance(schema, dict) or step not in schema:
            return False
        schema = schema[step]
    return True


def wrong(path, schema):
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.exceptions.SchemaError as error:
        yield f"{short(path)}: {error.json_path}: {error.message}"
    if "2020-12" not in schema.get("$schema", ""):
        yield f"{short(path)} does not say that it is JSON Schema 2020-12"
    kind = path.name.removesuffix(".schema.json")
    named = schema.get("properties", {}).get("type", {}).get("const")
    if named is not None and named != kind:
        yield f"{short(path)} is for the type {named}"
    if not (schema.get("description") or schema.get("title")):
        yield f"{short(path)} has neither title nor description"
    for name in twice(path):
        yield f"{short(path)}: {name} is there twice"
    for node in walk(schema):
        name, _, pointer = str(node.get("$ref", "#")).partition("#")
        other = schema if not name else by_name.get(name.rsplit("/", 1)[-1])
        if other is None or not pointer_leads(other, pointer):
            yield f"{short(path)}: {node['$ref']} leads nowhere"


by_name = {p.name: json.loads(p.read_text()) for p in (TOP / "schema").glob("*.json")}
ids = [schema["$id"] for schema in by_name.values() if "$id" in schema]
for path, schema in files.items():
    tap.check(f"{path.name} is sound", list(wrong(path, schema)))
tap.check("every $id is used once", sorted({i for i in ids if ids.count(i) > 1}))
tap.done()
