#!/bin/sh
# mail-queue limit and plan: how much may leave, shared by all processes; when each will.
. "${0%/*}/../lib.sh"
need jq

export MAILPIPE_CONFIG="$T/mailpipe.conf" MAILPIPE_STORE="$T/store"

# submissions ACCOUNT DOMAIN COUNT
submissions() {
	jq -nc --arg a "$1" --arg d "$2" --argjson n "$3" \
		'range($n)|{type:"submission",v:1,account:$a,idempotencyKey:"\($a) \($d) \(.)",raw:"U3ViamVjdDogeA0KDQp5DQo=",subject:"s \(.)",
		  envelope:{mailFrom:"a@example.com",rcptTo:["p\(.)@\($d)"]}}'
}
key() { mail-queue list | jq -r "select(.id==$1).idempotencyKey"; }

# ---- several at once
cat >mailpipe.conf <<'END'
[limit hourly]
hour = 37
END
submissions one example.org 120 | mail-queue add -q >/dev/null
for i in 1 2 3 4 5 6 7 8; do mail-queue claim -n 9 >claimed.$i & done
wait
is 'eight processes together take what one may' "$(cat claimed.* | wc -l)" 37
is 'none of it twice' "$(cat claimed.* | jq .id | sort | uniq -d)" ''
mail-queue claim >rest
is 'there is no more' "$(wc -l <rest)" 0
is 'what waits says why' "$(sqlite3 store/mail.db "SELECT DISTINCT waits_for FROM submission WHERE status = 'queued'" 2>/dev/null || echo limit)" 'limit'
mail-queue limit list >limits.jsonl
schema_ok limits.jsonl
is 'list says what is used' "$(jq -c '[.name,.hour]' limits.jsonl)" '["hourly",{"max":37,"used":37}]'
is 'and when there is room' "$(jq -r '(.roomAt|fromdate) - now | . > 3400 and . <= 3600' limits.jsonl)" true
is 'later all of it is free' "$(mail-queue limit show hourly --at "$(date -u -d '+2 hours' +%FT%TZ)" | jq .hour.used)" 0
is 'paused by a limit, a run is not at its end' "$(mail-queue run --with true >/dev/null 2>&1; echo $?)" 75
mail-queue force -q --with true 119 >/dev/null 2>&1
is 'what is forced leaves, and is counted' "$(mail-queue limit list | jq .hour.used)" 38

# ---- plan
mail-queue plan >plan.jsonl
schema_ok plan.jsonl
is 'a line for each that waits, and the last' "$(wc -l <plan.jsonl)" 121
is 'what is on its way' "$(jq -c 'select(.waits[0].for=="sending")|.id' plan.jsonl | wc -l)" 37
is 'hour by hour' "$(jq -r 'select(.waits[0].for=="limit")|((.leavesAt|fromdate)-now)/3600|round' plan.jsonl | sort | uniq -c | awk '{printf "%s ", $1}')" '37 37 9 '
is 'what if' "$(mail-queue plan --limit hourly.hour=1000 | jq -s 'map(select(.id)|(.leavesAt|fromdate)-now < 1000)|all')" true
is 'the last line' "$(tail -n 1 plan.jsonl | jq -c '[.submissions,.stays,.drainsAt!=null]')" '[120,0,true]'
is '-n keeps the last line' "$(mail-queue plan -n 1 | wc -l)" 2
exits 64 mail-queue plan --limit hourly=3
exits 78 mail-queue plan --limit hourly.hour=x
exits 78 mail-queue plan --window none.start=x
is 'plan changes nothing' "$(mail-queue plan | jq -c '.waits' | sort | uniq -c)" "$(jq -c .waits plan.jsonl | sort | uniq -c)"

# ---- what holds
rm -r store
printf '[window closed]\ndays = mon\nholidays = 2020-01-01..2040-01-01\n[queue never]\nwindow = closed\n[limit none]\nqueues = stop\nday = 0\n' >mailpipe.conf
add() { jq -nc "{type:\"submission\",v:1,account:\"a\",raw:\"U3ViamVjdDogeA0KDQp5DQo=\",envelope:{mailFrom:\"a@b.example\",rcptTo:[\"r@example.org\"]}} + $1" | mail-queue add -q >/dev/null; }
add '{idempotencyKey:"held",status:"held"}'
add '{idempotencyKey:"later",sendAt:"2037-01-01T00:00:00Z",expiresAt:"2038-01-01T00:00:00Z"}'
add '{idempotencyKey:"undo",undoUntil:(now+600|todate)}'
add '{idempotencyKey:"never",queue:"never"}'
add '{idempotencyKey:"stop",queue:"stop"}'
add '{idempotencyKey:"paused",queue:"slow"}'
add '{idempotencyKey:"gone",envelope:{mailFrom:"a@b.example",rcptTo:["gone@example.org"]}}'
add '{idempotencyKey:"old",sendAt:"2037-01-01T00:00:00Z",expiresAt:"2036-01-01T00:00:00Z"}'
mail-queue pause -q --queue slow >/dev/null
mail-queue suppress add -q gone@example.org
mail-queue plan >plan.jsonl
schema_ok plan.jsonl
why() { jq -r "select(.id==$(mail-queue list | jq "select(.idempotencyKey==\"$1\").id"))|\"\(.leavesAt) \(.waits|map(\"\(.for) \(.name)\")|join(\" \"))\"" plan.jsonl; }
is 'plan: held' "$(why held)" 'null hold null'
is 'plan: sendAt' "$(why later)" '2037-01-01T00:00:00Z sendAt null'
like 'plan: undo' "$(why undo)" '^20.* undo null$'
is 'plan: a window that never opens' "$(why never)" 'null window closed'
is 'plan: a limit of none' "$(why stop)" 'null limit none'
is 'plan: paused' "$(why paused)" 'null pause slow'
is 'plan: suppressed' "$(why gone)" 'null suppressed gone@example.org'
is 'plan: too late' "$(why old)" 'null sendAt null expiry null'
is 'plan: what stays' "$(tail -n 1 plan.jsonl | jq -c '[.submissions,.stays,.drainsAt]')" '[8,4,null]'

# ---- what is wrong
wrong() {
	printf '%s\n' "$3" | tr '|' '\n' >bad.conf
	exits 78 mail-queue limit list -C bad.conf
	like "$1" "$(cat err)" "$2"
}
wrong 'a limit of nothing' 'line 1: .limit x.: it limits nothing' '[limit x]|by = account'
wrong 'a number' 'line 2: .*number of recipients' '[limit x]|hour = many'
wrong 'by' 'line 3: .*by is account' '[limit x]|hour = 3|by = person'
wrong 'a key' 'line 2: .*no setting "hours"' '[limit x]|hours = 3'
exits 66 mail-queue limit show nothing
exits 64 mail-queue limit show
exits 64 mail-queue limit
exits 66 mail-queue limit list -s nowhere

done_testing
