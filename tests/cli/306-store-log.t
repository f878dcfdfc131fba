#!/bin/sh
# mail-store log: what happened, of whom, of what kind, since when.
. "${0%/*}/../lib.sh"
. "$TOP/tests/cli/store-records.sh"
need jq sqlite3
export MAILPIPE_STORE="$T/store"
DB=$MAILPIPE_STORE/mail.db

exits 66 mail-store log
mail-store init
exits 0 mail-store log
is 'nothing has happened' "$(cat out)" ''
for n in 1 2 3; do message $n; done
{ record 1; record 2; record 3 '.account = "home"'; } | mail-store put -q --events >events
mail-store log >all
schema_ok all
is 'the same events as put printed' "$(jq -c '[.seq, .kind, .id, .account, .blobId, .at]' all)" "$(jq -c '[.seq, .kind, .id, .account, .blobId, .at]' events)"
is 'of an account' "$(mail-store log -a home | jq -c .id)" 3
is 'of two' "$(mail-store log -a home -a work | jq -s length)" 3
is 'of none that there is' "$(mail-store log -a ho)" ''
is 'the last two, the newest last' "$(mail-store log -n 2 | jq -c .id | tr '\n' ' ')" '2 3 '
is 'none' "$(mail-store log -n 0)" ''
is 'more than there are' "$(mail-store log -n 99 | jq -s length)" 3

# -- the queue's, errors
jq -nc --arg path "$T/mail/1.eml" '{type: "submission", v: 1, account: "work", path: $path, messageId: ["q@x.example"],
	envelope: {mailFrom: "ann@x.example", rcptTo: ["bob@y.example"]}}' | mail-queue add -q >/dev/null
mail-queue hold -q 1
echo '{"type":"error","v":1,"program":"mail-fetch","class":"later","code":"net.connect","message":"m","object":{"account":"work"}}' | mail-store put -q
mail-store log >all
schema_ok all
is 'kinds' "$(jq -r .kind all | tr '\n' ' ')" 'email.stored email.stored email.stored queue.added queue.hold error '
is 'seq grows' "$(jq -s 'map(.seq) == (map(.seq) | unique)' all)" true
is 'kinds that begin with a word' "$(mail-store log --kind queue | jq -r .kind | tr '\n' ' ')" 'queue.added queue.hold '
is 'a kind' "$(mail-store log --kind queue.added --kind error | jq -r .kind | tr '\n' ' ')" 'queue.added error '
is 'not a part of a word' "$(mail-store log --kind que --kind stored)" ''
is 'whose mail of the queue' "$(mail-store log --kind queue.added | jq -c '[.account, .submissionId]')" '["work",1]'
is 'an error whole' "$(mail-store log --kind error | jq -r .error.code)" net.connect

# -- times; more events than a page holds
sqlite3 "$DB" "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1999)
	INSERT INTO event (at, kind) SELECT 1700000000 + i * 60, 'old.' || (i % 2) FROM n"
is 'all pages' "$(mail-store log --kind old | jq -s 'length, (map(.seq) == (map(.seq) | sort))' | tr '\n' ' ')" '2000 true '
is 'since and until, whose end does not count' "$(mail-store log --since 2023-11-14T22:13:20Z --until 2023-11-14T22:15:20Z | jq -r .at | tr '\n' ' ')" \
	'2023-11-14T22:13:20Z 2023-11-14T22:14:20Z '
is 'the last of those before' "$(mail-store log --until 2023-11-14T22:15:20Z -n 1 | jq -r .at)" 2023-11-14T22:14:20Z
is 'a day' "$(TZ=UTC mail-store log --since 2023-11-15 --until 2023-11-16 | jq -s length)" 1440
is 'so long ago' "$(mail-store log --since 1h --kind email | jq -s length)" 3
is 'not so long ago' "$(mail-store log --until 1h --kind email)" ''
is 'whoever reads no further ends it' "$(mail-store log | head -n 1 | jq -r .kind)" email.stored
exits 64 mail-store log --since yesterday
like 'what a time is' "$(cat err)" 'RFC 3339'
exits 64 mail-store log --until 5x
exits 64 mail-store log --kind ''
exits 64 mail-store log 7
done_testing
