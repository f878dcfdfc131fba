#!/usr/bin/python3
"""composed.py MESSAGE WANTED.json READER: whether a reader finds in MESSAGE what was asked for. READER is email or gmime.

WANTED: {"subject", "from", "to": [[name, address]…], "text", "html", "files": [[name, sha256]…]}; exit 0 or 1, 2: no such reader."""
import hashlib
import json
import sys


def with_email(path):
    import email
    import email.header
    import email.policy
    import email.utils

    with open(path, "rb") as file:
        message = email.message_from_binary_file(file, policy=email.policy.default)
    if any(part.defects for part in message.walk()):
        sys.exit(f"defects: {[part.defects for part in message.walk()]}")
    found = {"subject": message["Subject"], "text": "", "html": "", "files": []}
    # The new parser of addresses puts a space between two encoded words of a phrase; the old one does not.
    with open(path, "rb") as file:
        old = email.message_from_binary_file(file)
    for name in ("From", "To"):
        pairs = email.utils.getaddresses([str(old[name])])
        found[name.lower()] = [[str(email.header.make_header(email.header.decode_header(n))), a] for n, a in pairs]
    for part in message.walk():
        if part.is_multipart():
            continue
        if part.get_filename():
            found["files"].append([part.get_filename(), hashlib.sha256(part.get_payload(decode=True)).hexdigest()])
        else:
            found["html" if part.get_content_type() == "text/html" else "text"] += part.get_content()
    return found


def with_gmime(path):
    try:
        import gi

        gi.require_version("GMime", "3.0")
        from gi.repository import GMime
    except (ImportError, ValueError):
        sys.exit(2)
    GMime.init()
    message = GMime.Parser.new_with_stream(GMime.StreamFile.open(path, "r")).construct_message(None)
    found = {"subject": message.get_subject(), "text": "", "html": "", "files": []}
    for name, list_ in (("from", message.get_from()), ("to", message.get_to())):
        found[name] = [[list_.get_address(i).get_name() or "", list_.get_address(i).get_addr()] for i in range(list_.length())]

    def visit(part):
        if isinstance(part, GMime.Multipart):
            for i in range(part.get_count()):
                visit(part.get_part(i))
        elif part.get_filename():
            memory = GMime.StreamMem.new()
            part.get_content().write_to_stream(memory)
            found["files"].append([part.get_filename(), hashlib.sha256(bytes(memory.get_byte_array())).hexdigest()])
        else:
            found["html" if part.get_content_type().get_mime_type() == "text/html" else "text"] += part.get_text().replace("\r\n", "\n")

    visit(message.get_mime_part())
    return found


def main():
    path, wanted, reader = sys.argv[1:]
    found = {"email": with_email, "gmime": with_gmime}[reader](path)
    with open(wanted, encoding="utf-8") as file:
        want = json.load(file)
    wrong = [f"{k}: got {found[k]!r}, want {want[k]!r}" for k in want if found[k] != want[k]]
    if wrong:
        print("\n".join(wrong), file=sys.stderr)
    sys.exit(1 if wrong else 0)


main()
