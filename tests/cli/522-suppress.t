#!/bin/sh
# mail-queue suppress: addresses to which nothing goes.
. "${0%/*}/../lib.sh"
need jq

export MAILPIPE_STORE="$T/store"
suppress() { mail-queue suppress "$@"; }

exits 66 mail-queue suppress list
exits 0 mail-queue suppress add --reason bounce --detail '550 no such user' Ann@Example.ORG bob@example.org
exits 0 mail-queue suppress add -a support --expires 30d @spam.example
exits 64 mail-queue suppress add --reason tired ann@example.org
exits 64 mail-queue suppress add --expires soon ann@example.org
exits 64 mail-queue suppress add
exits 65 mail-queue suppress add nobody
like 'what is no address is named' "$(cat err)" '"nobody" is no address'
suppress list >list.jsonl
schema_ok list.jsonl
is 'domains have no case, local parts have' "$(jq -r .address list.jsonl | tr '\n' ' ')" 'Ann@example.org bob@example.org @spam.example '
is 'who and why' "$(jq -c '[.reason,.detail,.by!=null,.expiresAt]' list.jsonl | head -n 1)" '["bounce","550 no such user",true,null]'
is 'expiry' "$(jq -r 'select(.expiresAt)|(.expiresAt|fromdate)-(.createdAt|fromdate)' list.jsonl)" 2592000

suppress why Ann@EXAMPLE.org >why.jsonl
schema_ok why.jsonl
is 'why' "$(jq -r .reason why.jsonl)" bounce
is 'why: everyone of a domain' "$(suppress why -a support x@spam.example | jq -r .address)" '@spam.example'
exits 1 mail-queue suppress why -a sales x@spam.example
exits 1 mail-queue suppress why ann@example.org

# ---- what claim does with them, and release on removal
submission() { jq -nc --arg a "$1" '{type:"submission",v:1,account:"support",idempotencyKey:$a,raw:"U3ViamVjdDogeA0KDQp5DQo=",envelope:{mailFrom:"a@b.example",rcptTo:($a|split(" "))}}'; }
{ submission 'Ann@example.org carl@example.org'; submission 'dora@spam.example'; submission 'Ann@Example.org'; } | mail-queue add -q >/dev/null
is 'the others are claimed' "$(mail-queue claim | jq -c .envelope.rcptTo)" '["carl@example.org"]'
is 'they failed, and say why' "$(mail-queue list --status failed | jq -r .id | xargs mail-queue show | jq -r '.recipients[]|select(.status=="failed")|"\(.recipient) \(.errorCode) \(.server)"' | sed 's/ on [0-9T:-]*Z//' | sort)" \
	'Ann@example.org queue.suppressed suppressed: bounce: 550 no such user
Ann@example.org queue.suppressed suppressed: bounce: 550 no such user
dora@spam.example queue.suppressed suppressed: manual'
exits 66 mail-queue suppress remove @spam.example
exits 0 mail-queue suppress remove -a support --retry @spam.example
like 'what was refused goes again' "$(cat err)" '1 recipients are queued again'
is 'and leaves' "$(mail-queue claim | jq -c .envelope.rcptTo)" '["dora@spam.example"]'
exits 0 mail-queue suppress remove Ann@example.org
like 'without --retry it is told' "$(cat err)" '2 recipients were refused'
exits 66 mail-queue suppress rm Ann@example.org

# ---- import and export
suppress add -q -a support --reason complaint --detail 'two  "words"' eve@example.org
suppress export >export.jsonl
MAILPIPE_STORE=$T/other suppress import -q export.jsonl
MAILPIPE_STORE=$T/other suppress export >again.jsonl
same_file 'what export prints, import takes' export.jsonl again.jsonl
printf '# a list\nfred@example.org\n\nno address\n{"address":"gil@example.org","reason":"unsubscribe"}\n{"address":"hal@example.org","reason":"?"}\n{broken\n' >lines
exits 1 mail-queue suppress import --reason unsubscribe lines
is 'lines that are wrong are named' "$(grep -o 'lines, line [0-9]*' err | sort | tr '\n' ' ')" 'lines, line 4 lines, line 6 lines, line 7 '
is 'the others are taken' "$(suppress list | jq -r 'select(.reason=="unsubscribe").address' | tr '\n' ' ')" 'fred@example.org gil@example.org '
exits 65 sh -c 'printf "ida@example.org\njoe@exam" | mail-queue suppress import'
exits 1 mail-queue suppress why joe@exam
exits 0 mail-queue suppress why ida@example.org
jq -nr 'range(3000)|"n\(.)@example.org"' | mail-queue suppress import -q
is 'long lists' "$(suppress list | wc -l)" $((3000 + 5))
exits 0 sh -c 'mail-queue suppress list | head -n 1'
exits 74 sh -c 'mail-queue suppress list >/dev/full'
is 'dry-run changes nothing' "$(suppress add --dry-run kim@example.org | jq -r .address; suppress why kim@example.org 2>/dev/null | wc -l)" 'kim@example.org
0'

done_testing
