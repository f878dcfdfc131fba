#!/bin/bash
# mail-parse --contacts: the member, its schema, patterns of a file, and that nothing changes without it.
. "${0%/*}/../lib.sh"

cat >m.eml <<'EOF'
From: mia.torres@orchard.example
To: support@brookmill.example
Subject: Re: order no. BM-20417 [Ticket #5521]
Organization: =?utf-8?q?Obsth=C3=B6fe?=
Message-ID: <1@orchard.example>
Content-Type: text/plain; charset=utf-8

The order of 500 boxes came on 2026-08-22, the case with serial 0301 2345678
did not. RMA 77 is what you told me.

> call me about order #99999, Tel. 030 1111111

-- 
Mia Torres
Orchard Ltd, 5 Mill Lane
Tel. +49 (0)30 901820 | Mobile: 0171/2345678
EOF
mail-parse --contacts m.eml >one
schema_ok one 'it keeps to the schema'
json_is 'what a message says of its writer' "$(jq -c .extracted one)" '{"name":"Mia Torres","company":"Orchard Ltd","phones":[
	{"number":"+4930901820","text":"+49 (0)30 901820","kind":"phone"},{"number":"01712345678","text":"0171/2345678","kind":"mobile"}],
	"signature":"Mia Torres\nOrchard Ltd, 5 Mill Lane\nTel. +49 (0)30 901820 | Mobile: 0171/2345678",
	"ids":[{"name":"order","value":"BM-20417"},{"name":"ticket","value":"5521"}]}'
is 'all else is as without it' "$(jq -c 'del(.extracted)' one)" "$(mail-parse m.eml | jq -c .)"
is 'without it there is none' "$(mail-parse m.eml | jq 'has("extracted")')" false
is 'a record that has it keeps it' "$(mail-parse <one)" "$(cat one)"
is 'parsed again with it, the same' "$(mail-parse --contacts <one)" "$(cat one)"
is '--fields asks for it' "$(mail-parse --fields extracted m.eml | jq -r .extracted.name)" 'Mia Torres'
is 'and leaves it out' "$(mail-parse --contacts --fields subject m.eml | jq 'has("extracted")')" false
json_is 'a message that says nothing' "$(printf 'Subject: x\n\nHello.\n' | mail-parse --contacts | jq -c .extracted)" \
	'{"name":null,"company":null,"phones":[],"signature":null,"ids":[]}'
json_is 'a message of nothing' "$(printf '\n' | mail-parse --contacts | jq -c .extracted)" '{"name":null,"company":null,"phones":[],"signature":null,"ids":[]}'
is 'HTML has a text, too' "$(printf 'From: a@b\nContent-Type: text/html\n\n<p>Hi<p>Tel. 030 901820' | mail-parse --contacts | jq -r '.extracted.phones[].number')" 030901820
is 'the store keeps it' "$(mail-thread --stateless <one | mail-store -s s put -q && mail-store -s s list | jq -r .extracted.company)" 'Orchard Ltd'

printf '# ours\nrma RMA ([0-9]+)\nticket none(x)\n' >ids
json_is 'patterns of a file' "$(mail-parse --contacts --patterns ids m.eml | jq -c '[.extracted.ids[] | [.name, .value]]')" '[["order","BM-20417"],["rma","77"]]'
printf 'rma (\n' >bad
exits 78 mail-parse --contacts --patterns bad m.eml
like 'it names file and line' "$(cat err)" 'bad: line 1: '
exits 66 mail-parse --contacts --patterns none m.eml
exits 64 mail-parse --patterns ids m.eml

# The same from one thread and from four.
for i in $(seq 200); do cat m.eml >"$i.eml"; done
is 'threads see the same' "$(mail-parse -j 4 --contacts [0-9]*.eml | jq -c .extracted | sort -u)" "$(jq -c .extracted one)"

need_shared
find "$SHARED/corpora/mail" -type f -path '*/msgs/*' -print0 | sort -z | xargs -0 mail-parse --contacts >all
diag "$(jq -c 'select(.extracted.signature)' all | wc -l) signatures, $(jq -c '.extracted.phones[]' all | wc -l) numbers of $(wc -l <all) messages"
schema_ok all 'of every message it keeps to the schema'
is 'no number has too few digits or too many' "$(jq -r '.extracted.phones[].text' all | grep -cvE '^([^0-9]*[0-9]){7,15}[^0-9]*$')" 0
ok 'known numbers are found' test "$(jq -r '.extracted.phones[].number' all | sort -u | grep -cxE '\+442074992264|\+15123740500|\+353-?17161987|2568242610')" -eq 4
done_testing
