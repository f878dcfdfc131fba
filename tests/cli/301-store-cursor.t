#!/bin/sh
# Cursors and holes: what mail-fetch will ask for next.
. "${0%/*}/../lib.sh"
. "$TOP/tests/cli/store-records.sh"
need jq sqlite3

for n in 1 2 3 4 5 6 7 8 9 10 11 12; do message $n; done
new_store() { export MAILPIPE_STORE="$T/store-$1"; }
state() { mail-store mailboxes | jq -c '[.uidValidity, .lastUid, [.holes[]? | [.first, .last]]]'; }

new_store chain
{ fetched 1 5 0; fetched 2 8 5; fetched 3 9 8; poll; } | mail-store put -q
is 'an unbroken chain' "$(state)" '[7,9,[]]'
{ fetched 4 12 9; fetched 6 15 14; poll; } | mail-store put -q
is 'a record was dropped' "$(state)" '[7,15,[[13,14]]]'
{ fetched 5 14 9; poll; } | mail-store put -q
is 'it comes: the hole is closed, the UID that never was with it' "$(state)" '[7,15,[]]'
{ fetched 8 20 18; fetched 9 21 20; fetched 11 30 29; poll; } | mail-store put -q
is 'two holes' "$(state)" '[7,30,[[16,18],[22,29]]]'
{ fetched 10 25 0; poll; } | mail-store put -q
is 'the first of a run closes only itself' "$(state)" '[7,30,[[16,18],[22,24],[26,29]]]'
mail-store mailboxes >m.jsonl
schema_ok m.jsonl
exits 0 mail-store check
is 'in order' "$(cat out)" ''
is 'when it was last read' "$(jq -r .lastSyncAt m.jsonl)" "$(poll | jq -r .endedAt)"
poll | jq -c '.status = "failed" | .endedAt = "2099-01-01T00:00:00Z"' | mail-store put -q
is 'but not by a poll that failed' "$(mail-store mailboxes | jq -r .lastSyncAt)" "$(poll | jq -r .endedAt)"

new_store skip
{ fetched 1 5 0; fetched 2 8 7; poll; } | mail-store put -q --skip-gaps
is '--skip-gaps' "$(state)" '[7,8,[]]'

new_store refused
fetched 2 6 5 >two.jsonl
cp mail/2.eml kept
printf x >>mail/2.eml
{ fetched 1 5 0; cat two.jsonl; fetched 3 7 6; poll; } >in.jsonl
exits 65 mail-store put <in.jsonl
is 'a refused message is a hole' "$(state)" '[7,7,[[6,6]]]'
cp kept mail/2.eml
{ cat two.jsonl; poll; } | mail-store put -q
is 'and then is none' "$(state)" '[7,7,[]]'

new_store validity
{ fetched 1 5 0; poll; } | mail-store put -q
{ fetched 1 1 0 '.source.uidValidity = 8'; poll '.uidValidity = 8'; } | mail-store put 2>err
is 'a new UIDVALIDITY: no second email' "$(cat err)" 'mail-store: 0 new, 1 known'
is 'and a new cursor' "$(state)" '[8,1,[]]'

# -- a fetch that did not come to its end
new_store open
fetched 1 5 0 >one.jsonl
exits 75 mail-store put <one.jsonl
like 'no closing poll' "$(cat err)" 'fetch of work INBOX did not come to its end'
is 'what came is stored' "$(mail-store list | wc -l)" 1
{ fetched 2 6 5; poll '.status = "partial" | .failed = 1 | .code = "imap.fetch" | .error = "no"'; } >partial.jsonl
exits 1 mail-store put <partial.jsonl
is 'the poll is logged' "$(sqlite3 "$MAILPIPE_STORE/mail.db" 'SELECT account, mailbox, status, failed, code FROM v_poll')" 'work|INBOX|partial|1|imap.fetch'
poll '.status = "failed"' >failed.jsonl
exits 75 mail-store put <failed.jsonl
{ fetched 3 7 6; printf '{"type":"error","v":1,"program":"mail-fetch","class":"login","code":"imap.login","message":"wrong password"}\n'; poll; } >error.jsonl
exits 77 mail-store put <error.jsonl
is 'the rest is stored' "$(mail-store list --all | wc -l)" 3
fetched 4 8 7 '.id = 3' >again.jsonl
exits 0 mail-store put <again.jsonl
is 'what comes from a store (it has an id) is no fetch' "$(state)" '[7,7,[]]'

# -- the full text is written once a commit, not once a message
new_store segments
{ for n in 1 2 3 4 5 6 7 8 9 10 11 12; do fetched $n $n $((n - 1)); done; poll; } >twelve.jsonl
mail-store put -q <twelve.jsonl
is 'one segment of full text' "$(sqlite3 "$MAILPIPE_STORE/mail.db" 'SELECT count(DISTINCT segid) FROM email_text_idx')" 1
done_testing
