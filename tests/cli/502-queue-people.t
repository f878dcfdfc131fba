#!/bin/sh
# What a person asks of the queue and says to it: list, show, status, hold, release, cancel, retry, mark, pause, purge, reconcile; many at once.
. "${0%/*}/../lib.sh"
need jq sqlite3
export MAILPIPE_STORE="$T/store" SENT="$T/sent"
DB=$T/store/mail.db
send=$TOP/tests/fault/fake-send
: >sent
printf 'From: ann@x.example\r\nMessage-ID: <m@x.example>\r\nSubject: s\r\n\r\nhello\r\n' >message.eml
submissions() {
	seq "$1" "$2" | jq -c --arg path "$T/message.eml" --arg who "${3:-ann}" '{type: "submission", v: 1, account: $who, path: $path, idempotencyKey: "k\(.)",
		messageId: ["m\(.)@x.example"], subject: "s \(.)", queue: (if . % 2 == 0 then "bulk" else "default" end), envelope: {mailFrom: "ann@x.example", rcptTo: ["a\(.)@y.example"]}}'
}
state() { mail-queue show "$1" | jq -r .status; }

# -- without a store
exits 66 mail-queue list
like 'no store' "$(cat err)" 'there is no store'
exits 66 mail-queue status
submissions 1 6 | mail-queue add -q >/dev/null
submissions 7 9 bob | mail-queue add -q >/dev/null

# -- list, show, status
mail-queue list >out
schema_ok out
is 'list: all, in order' "$(jq -r .id out | tr '\n' ' ')" '1 2 3 4 5 6 7 8 9 '
is 'list -n: the newest' "$(mail-queue list -n 2 | jq -r .id | tr '\n' ' ')" '8 9 '
is 'list -a' "$(mail-queue list -a bob | jq -r .id | tr '\n' ' ')" '7 8 9 '
is 'list --queue' "$(mail-queue list --queue bulk -a ann | jq -r .id | tr '\n' ' ')" '2 4 6 '
is 'list -a -a' "$(mail-queue list -a bob -a ann | wc -l)" 9
exits 64 mail-queue list --status later
exits 0 mail-queue show 3 m4@x.example k5
schema_ok out
is 'show: by number, message id, key' "$(jq -r .id out | tr '\n' ' ')" '3 4 5 '
exits 66 mail-queue show nothing
like 'show: nothing' "$(cat err)" "there is no submission 'nothing'"
mail-queue status >out
schema_ok out
is 'status' "$(jq -c '[.queued, .due, .leases, .paused]' out)" '[9,9,0,[]]'

# -- hold, release, cancel, retry, mark
exits 0 mail-queue hold 1 2 --reason 'wrong price'
is 'hold' "$(mail-queue list --status held | jq -r .id | tr '\n' ' ')" '1 2 '
exits 65 mail-queue hold 1
like 'hold: twice' "$(cat err)" 'submission 1 stays as it is; only what is queued or deferred can be held'
exits 66 mail-queue hold 99
exits 0 mail-queue release 1
exits 65 mail-queue release 1
is 'release' "$(state 1)" queued
exits 0 mail-queue cancel --dry-run 3
is 'cancel --dry-run' "$(state 3)" queued
exits 0 mail-queue cancel 3
is 'cancel' "$(state 3)" canceled
is 'list: what is settled is not open' "$(mail-queue list | jq -r .id | grep -c '^3$')" 0
is 'list --all' "$(mail-queue list --all | wc -l)" 9
exits 0 mail-queue retry 3
is 'retry' "$(state 3)" queued
exits 0 mail-queue mark 3 sent --reason 'by telephone'
is 'mark sent' "$(state 3)" sent
exits 65 mail-queue retry 3
exits 0 mail-queue mark 3 failed
is 'mark failed' "$(state 3)" failed
exits 64 mail-queue mark 3 perhaps
exits 64 mail-queue mark 3
exits 0 mail-queue hold 4 --recipient a4@Y.example
exits 65 mail-queue hold 5 --recipient other@y.example
is 'a recipient' "$(state 4) $(state 5)" 'held queued'
is 'who did what, and why' "$(sqlite3 "$DB" "SELECT kind, json_extract(detail, '\$.submissionId'), json_extract(detail, '\$.reason') FROM event WHERE json_extract(detail, '\$.by') = '$(id -un)' AND json_extract(detail, '\$.reason') IS NOT NULL")" \
	'queue.hold|1|wrong price
queue.hold|2|wrong price
queue.mark|3|by telephone'

# -- pause, resume
exits 0 mail-queue pause -a bob --reason 'server moves'
is 'pause -a' "$(mail-queue claim --dry-run -n 99 | jq -r .account | sort -u)" ann
is 'status says who' "$(mail-queue status | jq -c '[.paused[] | .scope, .name, .by, .reason]')" '["account","bob","'"$(id -un)"'","server moves"]'
mail-queue pause -a bob 2>err
like 'twice' "$(cat err)" 'is paused already'
exits 0 mail-queue pause --queue bulk
is 'pause --queue' "$(mail-queue claim --dry-run | jq -r .queue | sort -u)" default
exits 0 mail-queue pause
is 'pause all' "$(mail-queue claim)" ''
exits 0 mail-queue run --dry-run --force
is 'run --force' "$(wc -l <out)" 6
exits 0 mail-queue resume
exits 0 mail-queue resume -a bob --queue bulk
mail-queue resume 2>err
like 'resume: nothing' "$(cat err)" 'all is not paused'
is 'who started it' "$(sqlite3 "$DB" "SELECT count(*) FROM event WHERE kind = 'queue.resume'")" 3

# -- uncertain: reconcile
printf '%s\n' '{"type":"submission","v":1,"idempotencyKey":"u1","account":"ann","path":"'"$T/message.eml"'","messageId":["u1@x.example"],"envelope":{"mailFrom":"ann@x.example","rcptTo":["cut@y.example"]}}' \
	'{"type":"submission","v":1,"idempotencyKey":"u2","account":"ann","path":"'"$T/message.eml"'","messageId":["u2@x.example"],"envelope":{"mailFrom":"ann@x.example","rcptTo":["cut2@y.example"]}}' |
	mail-queue add -q --queue u >/dev/null
mail-queue run -q --queue u --with "$send" 2>/dev/null
is 'uncertain' "$(state u1) $(state u2)" 'uncertain uncertain'
exits 75 mail-queue reconcile
like 'nothing is known' "$(cat err)" '0 uncertain deliveries were sent, 2 wait for a person'
printf 'From: ann@x.example\r\nMessage-ID: <u1@x.example>\r\nReceived: by y.example\r\n\r\nhello\r\n' >copy.eml
# As fetched from the mailbox of whoever got it.
mail-parse copy.eml | jq -c '.account = "bob" | .mailboxes = ["INBOX"] | .source = {protocol: "imap", host: "h", mailbox: "INBOX", uidValidity: 1, uid: 5, after: 0}' | mail-store put -q
exits 75 mail-queue reconcile --dry-run
is 'reconcile --dry-run' "$(state u1)" uncertain
exits 75 mail-queue reconcile
is 'a copy was seen: sent' "$(state u1) $(state u2)" 'sent uncertain'
exits 65 mail-queue retry u2
like 'retry: not what is uncertain' "$(cat err)" 'needs --uncertain'
exits 0 mail-queue mark u2 failed
exits 0 mail-queue reconcile

# -- purge
exits 0 mail-queue purge
is 'purge: nothing is old enough' "$(mail-queue list --all | wc -l)" 11
sqlite3 "$DB" 'UPDATE submission SET settled_at = settled_at - 10'
exits 0 mail-queue purge --age 5 --status sent
is 'purge --status' "$(mail-queue list --all --status sent | wc -l)" 0
exits 0 mail-queue purge --age 5 --dry-run
is 'purge --dry-run' "$(mail-queue list --all | wc -l)" 10
exits 0 mail-queue purge --age 5
is 'purge' "$(mail-queue list --all | wc -l)" 8

# -- who is at work
rm -rf store
submissions 1 2 | mail-queue add -q >/dev/null
is 'status: nobody is at work' "$(mail-queue status | jq -c .runners)" '[]'
SEND_MS=4000 mail-queue run -q -n 1 --with "$send" &
runner=$!
wait_for 10 sh -c 'mail-queue status | jq -e ".runners | length == 2" >/dev/null'
mail-queue status >out
schema_ok out
is 'status: who is at work' "$(jq -r '.runners[].program' out | sort | tr '\n' ' ')" 'fake-send mail-queue '
ok 'since when, and what it takes' jq -e --argjson pid "$runner" '.runners[] | select(.pid == $pid) | .memory > 100000 and .cpuMs >= 0 and
	((now - (.startedAt | fromdate)) | . > -3 and . < 60)' out
wait "$runner"

# -- an account, or a profile, that is not active keeps its mail
printf '[account ann]\nstatus = inactive\n[profile old]\nstatus = inactive\n' >inactive.conf
submissions 3 3 bob | jq -c '.profile = "old"' | mail-queue add -q >/dev/null
is 'inactive: nothing is claimed' "$(MAILPIPE_CONFIG=inactive.conf mail-queue claim | wc -l)" 0
MAILPIPE_CONFIG=inactive.conf mail-queue plan >out
schema_ok out
is 'plan says why' "$(jq -c 'select(.id) | [.id, (.waits[] | select(.for == "inactive") | .for, .name)]' out | tr '\n' ' ')" '[2,"inactive","ann"] [3,"inactive","old"] '
is 'force sends it' "$(MAILPIPE_CONFIG=inactive.conf mail-queue force -q --with "$send" 3; state 3)" sent

# -- sixteen at once: eight add, eight run
rm -rf store
: >sent
mail-store init
for i in 1 2 3 4 5 6 7 8; do
	submissions $((i * 100)) $((i * 100 + 49)) >"in.$i"
	{ mail-queue add -q <"in.$i" >"added.$i" 2>"adderr.$i"; echo $? >"addcode.$i"; } &
	{ for n in 20 20 20 20 20 20; do mail-queue claim -q -n $n | "$send" | mail-queue settle -q || echo "exit $?"; done >"run.$i" 2>"runerr.$i"; } &
done
wait
is 'sixteen at once: no one hears of a lock' "$(cat adderr.* runerr.* run.*)" ''
is 'all are added' "$(sort -u addcode.* | tr '\n' ' ')$(cat added.* | wc -l)" '0 400'
exits 0 mail-queue run -q --with "$send"
is 'each is sent once' "$(sort -u sent | wc -l) $(wc -l <sent)" '400 400'
is 'and said to be' "$(mail-queue status | jq -c '[.sent, .queued, .sending, .uncertain]')" '[400,0,0,0]'
exits 0 mail-store check
is 'in order' "$(cat out)" ''
done_testing
