#!/bin/sh
# A full disk: put exits with 74 and says what to do; what it confirmed stays, and the next run brings the rest.
. "${0%/*}/../lib.sh"
need jq

/usr/bin/python3 - <<'X' >records.jsonl
import base64, hashlib, json
for n in range(120):
    raw = (f"Subject: {n}\nMessage-ID: <{n}@x>\n\n" + f"line {n} of text\n" * 1200).encode()
    print(json.dumps({"type": "email", "v": 1, "blobId": hashlib.sha256(raw).hexdigest(), "raw": base64.b64encode(raw).decode(), "size": len(raw),
        "account": "a", "receivedAt": "2024-01-01T00:00:00Z", "messageId": [f"{n}@x"], "from": None, "to": None, "cc": None, "bcc": None,
        "subject": f"{n}", "text": f"line {n}", "attachments": None, "hasAttachment": False}))
X
mkdir disk
cat >steps <<X
cd $T
head -10 records.jsonl | mail-store put -q -s disk/store || exit 1
(sleep 0.3; cat records.jsonl) | mail-store put -s disk/store 2>full.err
echo \$? >full.code
mail-store list -s disk/store --all | wc -l >kept
mount -o remount,size=64m disk
mail-store put -s disk/store <records.jsonl 2>again.err
echo \$? >again.code
mail-store list -s disk/store --all | wc -l >all
mail-store check -s disk/store --full >check
X
"$TOP/tests/fault/full-disk" 1500k "$T/disk" sh steps
if [ $? -eq 77 ]; then skip_all 'needs root or user namespaces'; fi
is 'exit 74' "$(cat full.code)" 74
like 'what is full, and what to do' "$(cat full.err)" "disk/store.*(No space left|full).*; make room"
ok 'what was confirmed is there' test "$(cat kept)" -ge 10
is 'with room it goes on' "$(cat again.code)" 0
is 'nothing is missing' "$(cat all)" 120
is 'all is well' "$(cat check)" ''
done_testing
