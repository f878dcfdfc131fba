#!/bin/sh
# mail-stats: threads, response times, attachments and polls are those of SQL over the views.
. "${0%/*}/../lib.sh"

export MAILPIPE_STORE="$T/store"
DB=$MAILPIPE_STORE/mail.db
"$TOP/tests/cli/stats-store.py" | mail-thread | mail-store put -q
sql() { sqlite3 -readonly -separator '	' "$DB" "$1"; }
tsv() { mail-stats "$@" -f tsv | tail -n +2; }
cat >mail.conf <<END
[account support]
email = Support@example.com
aliases = HELP@example.com, other@example.com
[account sales]
email = sales@example.com
END
export MAILPIPE_CONFIG="$T/mail.conf"

for report in threads response-time attachments polls; do
	mail-stats "$report" >"$report.jsonl"
	schema_ok "$report.jsonl"
	for f in svg html; do mail-stats "$report" -f $f >"$report.$f"; done
	ok "$report: svg is XML" /usr/bin/python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' "$report.svg"
done

# Threads. percentile N LIST: the nearest rank
rank() { sort -n | awk -v p="$1" '{v[NR] = $1} END {r = int((NR * p + 99) / 100); print v[r ? r : 1]}'; }
is 'threads' "$(jq -r '[.threads, .emails, .single, .maxEmails, .maxSeconds] | @tsv' threads.jsonl)" \
	"$(sql 'SELECT count(*), sum(emails), sum(emails = 1), max(emails), max(last_at - first_at) FROM v_thread')"
is 'threads: half of them are not larger' "$(jq .p50Emails threads.jsonl)" "$(sql 'SELECT emails FROM v_thread' | rank 50)"
is 'threads: nine of ten are not older' "$(jq .p90Seconds threads.jsonl)" "$(sql 'SELECT last_at - first_at FROM v_thread' | rank 90)"
is 'threads by the day of their first mail' "$(tsv threads --by day | awk -F'\t' '$4 {print $2, $4, $5}')" \
	"$(sqlite3 -readonly -separator ' ' "$DB" "SELECT date(first_at, 'unixepoch'), count(*), sum(emails) FROM v_thread GROUP BY 1 ORDER BY 1")"
is 'threads of an account' "$(tsv threads --by account | cut -f 2,4,5)" \
	"$(sql 'SELECT account, count(DISTINCT thread_id), count(*) FROM v_email GROUP BY 1 ORDER BY 1')"
is 'threads: opened in the range, of whatever size' "$(tsv threads --since 2026-10-24 --until 2026-10-25 | cut -f 4,5)" \
	"$(sql "SELECT count(*), sum(emails) FROM v_thread WHERE date(first_at, 'unixepoch') = '2026-10-24'")"

# Answers: what waits longest is what one is to.
answers="WITH m AS (SELECT account, thread_id AS t, received_at AS at, id,
		direction IS 'outbound' OR (account = 'support' AND coalesce(from_email, '') IN ('support@example.com', 'help@example.com'))
			OR (account = 'sales' AND from_email IS 'sales@example.com') AS ours FROM v_email),
	g AS (SELECT *, coalesce(sum(ours) OVER (PARTITION BY account, t ORDER BY at, id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS k FROM m),
	r AS (SELECT account, t, k, min(CASE WHEN NOT ours THEN at END) AS asked, max(CASE WHEN ours THEN at END) AS answered FROM g GROUP BY account, t, k)
	SELECT answered - asked FROM r WHERE asked IS NOT NULL AND answered IS NOT NULL"
sql "$answers" >every
sql "$answers AND k = 0" >first
is 'there are answers to look at' "$(($(wc -l <first) > 60 && $(wc -l <every) > $(wc -l <first)))" 1
is 'answers' "$(jq -c '[.answered, .replies]' response-time.jsonl)" "[$(wc -l <first),$(wc -l <every)]"
for p in 50 90 99; do
	is "first answers: p$p" "$(jq ".p${p}Seconds" response-time.jsonl)" "$(rank $p <first)"
	is "every answer: p$p" "$(jq ".replyP${p}Seconds" response-time.jsonl)" "$(rank $p <every)"
done
sql "$answers AND k = 0 AND account = 'support'" >support
is '-a' "$(mail-stats response-time -a support | jq -c '[.answered, .p90Seconds]')" "[$(wc -l <support),$(rank 90 <support)]"
is 'by account' "$(mail-stats response-time --by account | jq -c 'select(.key == "support") | [.answered, .p90Seconds]')" "[$(wc -l <support),$(rank 90 <support)]"
sql "$answers AND k = 0 AND date(asked, 'unixepoch') = '2026-03-28'" >march
is 'the time of the question counts' "$(mail-stats response-time --since 2026-03-28 --until 2026-03-29 | jq -c '[.answered, .p50Seconds]')" "[$(wc -l <march),$(rank 50 <march)]"
is 'by day' "$(mail-stats response-time --by day | jq -c 'select(.key == "2026-03-28") | [.answered, .p50Seconds]')" "[$(wc -l <march),$(rank 50 <march)]"
is 'a day without is zero, and nothing is known of its times' "$(mail-stats response-time --by day --since 2026-06-01 --until 2026-06-02 | jq -c '[.threads, .answered, .p50Seconds]')" '[0,0,null]'
is 'without a configuration only what says outbound is ours' "$(MAILPIPE_CONFIG=/dev/null mail-stats response-time | jq "(.replies > 0) and (.replies < $(wc -l <every))")" true

# Business hours: one question on Friday 2026-03-27 at 17:30 in Berlin, its answer on Monday at 09:10, after the clock was changed.
one() {
	printf '{"type":"email","v":1,"blobId":"%s","raw":"%s","size":%s,"account":"a","mailboxes":["I"],"receivedAt":"%s","messageId":["%s@x"],"references":%s,"direction":"%s","hasAttachment":false}\n' \
		"$(printf %s "$1" | sha256sum | cut -d' ' -f1)" "$(printf %s "$1" | base64)" "${#1}" "$2" "$1" "$3" "$4"
}
{
	one question 2026-03-27T16:30:00Z null inbound
	one answer 2026-03-30T07:10:00Z '["question@x"]' outbound
} | mail-thread -s hours | mail-store put -q -s hours
hours() { TZ=Europe/Berlin mail-stats -s hours response-time "$@" | jq .p90Seconds; }
is 'elapsed' "$(hours)" 225600
is '--business-hours: half an hour and ten minutes' "$(hours --business-hours 09:00-18:00)" 2400
is 'on all days' "$(hours --business-hours 09:00-18:00 --business-days all)" $((2400 + 2 * 9 * 3600))
is 'over midnight: the night of Sunday has an hour less' "$(hours --business-hours 22:00-06:00 --business-days all)" $((3 * 8 * 3600 - 3600))
is 'days only: what is left of Friday, and of Monday' "$(hours --business-days mon-fri)" $((6 * 3600 + 1800 + 9 * 3600 + 600))
exits 64 mail-stats response-time --business-hours 9-18
exits 64 mail-stats response-time --business-days funday
exits 64 mail-stats threads --by mailbox
printf 'nonsense\n' >wrong.conf
exits 78 mail-stats response-time -C wrong.conf

# Attachments.
is 'attachments' "$(tsv attachments | sort)" \
	"$(sql "SELECT json_extract(x.value, '\$.type'), count(*), count(DISTINCT e.id), sum(json_extract(x.value, '\$.size')), max(json_extract(x.value, '\$.size'))
		FROM v_email e, json_each(e.attachments) x GROUP BY 1" | sort)"
is 'the most frequent first' "$(jq .attachments attachments.jsonl)" "$(jq .attachments attachments.jsonl | sort -rn)"
is 'attachments of a day' "$(tsv attachments --since 2026-10-25 --until 2026-10-26 | cut -f 1,2 | sort)" \
	"$(sql "SELECT json_extract(x.value, '\$.type'), count(*) FROM v_email e, json_each(e.attachments) x WHERE date(received) = '2026-10-25' GROUP BY 1" | sort)"

# Polls.
is 'polls' "$(tsv polls | cut -f 2,4-11,14)" \
	"$(sql "SELECT account, count(*), sum(status = 'ok'), sum(status = 'partial'), sum(status = 'failed'), sum(found), sum(fetched), sum(failed), sum(octets), max(ended_at - started_at) FROM v_poll GROUP BY 1 ORDER BY 1")"
is 'polls: the last that ended well' "$(tsv polls | cut -f 15 | tr -d TZ-)" "$(sql "SELECT max(ended) FROM v_poll WHERE status = 'ok' GROUP BY account ORDER BY account" | tr -d ' -')"
is 'polls by hour: no hour is left out' "$(mail-stats polls --by hour | jq -s -c '[length, (map(.polls) | add)]')" "$(sql "SELECT '[' || ((max(started_at) / 3600) - (min(started_at) / 3600) + 1) || ',' || count(*) || ']' FROM v_poll")"
is 'polls by mailbox' "$(tsv polls --by mailbox | cut -f 2,4)" "$(sql 'SELECT mailbox, count(*) FROM v_poll GROUP BY 1 ORDER BY 1')"
is 'polls of an account, in a range' "$(tsv polls -a sales --since 2026-03-28 --until 2026-03-29 | cut -f 4)" \
	"$(sql "SELECT count(*) FROM v_poll WHERE account = 'sales' AND date(started) = '2026-03-28'")"
done_testing
