#!/bin/sh
# mail-stats --by: reports about people and things for each period and account, as SQL over the views has them; clocks that change.
. "${0%/*}/../lib.sh"

export MAILPIPE_STORE="$T/store"
DB=$MAILPIPE_STORE/mail.db
"$TOP/tests/cli/stats-store.py" | mail-thread | mail-store put -q
for i in 1 2 3; do
	printf '{"type":"error","v":1,"program":"mail-fetch","class":"later","code":"net.connect","message":"m%s","object":{"account":"support"}}\n' $i
done | mail-store put -q
sqlite3 "$DB" "
	WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)
	INSERT INTO submission (id, key, account_id, queue, blob_id, size, priority, expires_at, status, record, created_at, updated_at)
	SELECT i, 'k' || i, 1 + i % 2, 'default', zeroblob(32), i, 0, 1800000000, 'sent', '{}', 1774638000 + i * 9970, 1774638000 FROM n;
	INSERT INTO recipient (submission_id, address, domain, status, attempts, last_at, created_at, updated_at)
	SELECT id, 'r' || id || '@a.example', 'a.example', CASE id % 4 WHEN 0 THEN 'failed' WHEN 1 THEN 'queued' ELSE 'sent' END, 1, created_at + 60, created_at, created_at FROM submission;
	INSERT INTO attempt (recipient_id, number, at, status, enhanced_code) SELECT id, 1, last_at, CASE status WHEN 'sent' THEN 'sent' ELSE 'failed' END, '5.1.1' FROM recipient;"
sql() { sqlite3 -readonly -separator '	' "$DB" "$1"; }
tsv() { mail-stats "$@" -f tsv | tail -n +2; }

for report in senders recipients domains attachments errors service; do
	for by in hour day week month account; do mail-stats $report --by $by; done >"$report.jsonl"
	schema_ok "$report.jsonl"
	is "$report --by all is $report" "$(mail-stats $report --by all)" "$(mail-stats $report)"
	exits 64 mail-stats $report --by mailbox
	mail-stats $report --by month -f svg >"$report.svg"
	ok "$report: svg is XML" /usr/bin/python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' "$report.svg"
done

is 'senders by day' "$(tsv senders --by day | cut -f 2,4,6,7 | sort)" \
	"$(sql 'SELECT date(received), from_email, count(*), sum(size) FROM v_email WHERE from_email IS NOT NULL GROUP BY 1, 2' | sort)"
is 'senders by account' "$(tsv senders --by account | cut -f 2,4,6 | sort)" \
	"$(sql 'SELECT account, from_email, count(*) FROM v_email WHERE from_email IS NOT NULL GROUP BY 1, 2' | sort)"
is 'the most frequent first, in each' "$(mail-stats senders --by day | jq -s -c 'group_by(.key) | map(map(.emails) == (map(.emails) | sort | reverse)) | all')" true
is '-n: so many of each' "$(mail-stats senders --by month -n 2 | jq -r .key | uniq -c | awk '{print $1, $2}')" '2 2026-03
2 2026-04
2 2026-10'
is '-a and a range' "$(tsv senders --by day -a sales --since 2026-03-29 --until 2026-03-31 | cut -f 2,4,6 | sort)" \
	"$(sql "SELECT date(received), from_email, count(*) FROM v_email WHERE account = 'sales' AND from_email IS NOT NULL AND date(received) IN ('2026-03-29', '2026-03-30') GROUP BY 1, 2" | sort)"
is 'a range that begins within a period' "$(tsv senders --by day --since 2026-03-29T12:00:00Z --until 2026-03-29T18:00:00Z | cut -f 2,4,6 | sort)" \
	"$(sql "SELECT date(received), from_email, count(*) FROM v_email WHERE from_email IS NOT NULL AND received >= '2026-03-29 12:00:00' AND received < '2026-03-29 18:00:00' GROUP BY 1, 2" | sort)"
is 'days of Berlin' "$(TZ=Europe/Berlin tsv senders --by day | awk -F'\t' '{n[$2] += $6} END {for (d in n) print d, n[d]}' | sort)" \
	"$(TZ=Europe/Berlin sqlite3 -readonly -separator ' ' "$DB" "SELECT date(received_at, 'unixepoch', 'localtime'), count(*) FROM v_email WHERE from_email IS NOT NULL GROUP BY 1 ORDER BY 1")"
is 'the hour that comes twice is two' "$(TZ=Europe/Berlin mail-stats service --by hour --since 2026-10-25 --until 2026-10-26 | jq -r .key | grep -c T02)" 2
is 'every email once, by hour' "$(TZ=Europe/Berlin mail-stats service --by hour | jq -s 'map(.emails) | add')" "$(sql 'SELECT count(*) FROM v_email')"

is 'recipients by month' "$(tsv recipients --by month | cut -f 2,4,5 | sort)" \
	"$(sql "SELECT m, a, count(*) FROM (SELECT DISTINCT e.id, strftime('%Y-%m', received) AS m, json_extract(p.value, '\$.email') AS a
		FROM v_email e, json_each(json_array(json(coalesce(e.\"to\", '[]')), json(coalesce(e.cc, '[]')))) l, json_each(l.value) p) GROUP BY 1, 2" | sort)"
is 'domains by month' "$(tsv domains --by month | cut -f 2,4,5,6 | sort)" \
	"$(sql "SELECT strftime('%Y-%m', received), lower(substr(from_email, instr(from_email, '@') + 1)), count(DISTINCT from_email), count(*) FROM v_email WHERE from_email IS NOT NULL GROUP BY 1, 2" | sort)"
is 'attachments by account' "$(tsv attachments --by account | cut -f 2,4-8 | sort)" \
	"$(sql "SELECT account, json_extract(a.value, '\$.type'), count(*), count(DISTINCT e.id), sum(json_extract(a.value, '\$.size')), max(json_extract(a.value, '\$.size'))
		FROM v_email e, json_each(e.attachments) a GROUP BY 1, 2" | sort)"
is 'errors of polls by day' "$(tsv errors --by day | awk -F'\t' '$4 == "poll" {print $2, $5, $6}')" \
	"$(sql "SELECT date(started) || ' ' || coalesce(code, 'unknown') || ' ' || count(*) FROM v_poll WHERE status <> 'ok' GROUP BY date(started), code ORDER BY date(started), count(*) DESC, max(started_at) DESC")"
is 'errors of deliveries by month' "$(tsv errors --by month | awk -F'\t' '$4 == "delivery" {print $2, $5, $6}')" \
	"$(sql "SELECT strftime('%Y-%m', time), '5.1.1', count(*) FROM v_attempt WHERE status <> 'sent' GROUP BY 1" | tr '\t' ' ')"
is 'all errors, by month and at once' "$(mail-stats errors --by month | jq -s 'map(.errors) | add')" "$(mail-stats errors | jq -s 'map(.errors) | add')"
is 'service by day: mail' "$(mail-stats service --by day | jq -r 'select(.emails > 0) | "\(.key) \(.emails)"')" "$(sql 'SELECT date(received), count(*) FROM v_email GROUP BY 1 ORDER BY 1' | tr '\t' ' ')"
is 'service by day: polls' "$(mail-stats service --by day | jq -r 'select(.requestsTotal > 0) | "\(.key) \(.requestsTotal) \(.requestsFailed) \(.emailsFetched)"')" \
	"$(sql "SELECT date(started), count(*), sum(status = 'failed'), sum(fetched) FROM v_poll GROUP BY 1 ORDER BY 1" | tr '\t' ' ')"
is 'service by month: sent' "$(mail-stats service --by month | jq -r 'select(.totalProcessed > 0) | "\(.key) \(.totalProcessed) \(.totalSent) \(.totalFailed)"')" \
	"$(sql "SELECT strftime('%Y-%m', created), sum(recipient_status IN ('sent', 'failed')), sum(recipient_status = 'sent'), sum(recipient_status = 'failed') FROM v_queue GROUP BY 1 ORDER BY 1" | tr '\t' ' ')"
is 'a day with nothing is a row of zeros' "$(mail-stats service --by day --since 2026-06-01 --until 2026-06-03 | jq -c '[.key, .emails, .totalSent]')" '["2026-06-01",0,0]
["2026-06-02",0,0]'
is 'nobody wrote on it' "$(mail-stats senders --by day --since 2026-06-01 --until 2026-06-03)" ''
is 'tsv has its names then too' "$(mail-stats senders --by day --since 2026-06-01 --until 2026-06-03 -f tsv)" 'by	key	startAt	email	name	emails	octets	lastAt'
is 'a chart of a service is one of periods' "$(grep -c '<rect class="b"' service.svg)" "$(mail-stats service --by month | wc -l)"
exits 64 mail-stats senders --by hour --since 0001
mail-store init -q -s empty
is 'an empty store: no periods' "$(mail-stats -s empty service --by day; mail-stats -s empty senders --by account)" ''
done_testing
