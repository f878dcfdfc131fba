#!/bin/sh
# Many at once: sixteen writers, readers beside them; no one waits in vain, no one reads half.
. "${0%/*}/../lib.sh"
need jq sqlite3
export MAILPIPE_STORE="$T/store"

# Records of writer W: 40 of its own, and 20 that every writer has. Messages lie in the records.
records() {
	/usr/bin/python3 - "$1" <<'X'
import base64, hashlib, json, sys
writer = int(sys.argv[1])
for n in [f"own-{writer}-{k}" for k in range(40)] + [f"all-{k}" for k in range(20)]:
    raw = f"Subject: {n}\nMessage-ID: <{n}@x>\n\nwords of {n}\n".encode()
    print(json.dumps({"type": "email", "v": 1, "blobId": hashlib.sha256(raw).hexdigest(), "raw": base64.b64encode(raw).decode(), "size": len(raw),
        "account": "a", "receivedAt": "2024-01-01T00:00:00Z", "messageId": [n + "@x"], "references": ["root@x"], "from": [{"name": None, "email": n + "@x"}],
        "to": None, "cc": None, "bcc": None, "subject": n, "text": f"words of {n}", "attachments": None, "hasAttachment": False}), flush=True)
X
}
for w in $(seq 16); do
	{ records "$w" | mail-store put >"out.$w" 2>"err.$w"; echo $? >"code.$w"; } &
done
for r in 1 2; do
	{ until [ -e stop ]; do mail-store search --count words; mail-store list -n 5 >/dev/null; done; } >"read.$r" 2>"readerr.$r" &
done
for w in $(seq 16); do wait_for 120 test -s "code.$w"; done
touch stop
wait
is 'all sixteen succeed' "$(cat code.* | sort | uniq -c | tr -s ' ')" ' 16 0'
is 'no one hears of a lock' "$(cat err.* | grep -ci lock)" 0
is 'each message once' "$(mail-store list --all | wc -l)" $((16 * 40 + 20))
is 'together they were new once' "$(cat err.* | sed 's/.*: \([0-9]*\) new.*/\1/' | awk '{n += $1} END {print n}')" $((16 * 40 + 20))
is 'all are one thread' "$(mail-store threads --all | wc -l)" 1
is 'readers saw no error' "$(cat readerr.* | grep -v 'no store in')" ''
ok 'and something' test -s read.1
is 'never less than before' "$(sort -n read.1)" "$(cat read.1)"
exits 0 mail-store check --full
is 'in order' "$(cat out)" ''

# -- stores that are made at the same moment
for w in $(seq 8); do mail-store -s fresh init 2>"init.$w" & done
wait
is 'eight that make one store' "$(cat init.*)" ''
exits 0 mail-store check -s fresh

# -- a reader that stops in the middle holds nothing up
mail-store list --all | { head -c 100 >/dev/null; sleep 1; cat >/dev/null; } &
records 99 | mail-store put -q
is 'a slow reader, a writer' "$?" 0
wait
done_testing
