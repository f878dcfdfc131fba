#!/bin/sh
# mail-stats: queue, rates, bounces, errors and service are those of SQL over the views.
. "${0%/*}/../lib.sh"

export MAILPIPE_STORE="$T/store"
DB=$MAILPIPE_STORE/mail.db
"$TOP/tests/cli/stats-store.py" | mail-thread | mail-store put -q
# A past of 300 submissions, as rows: what mail-queue would have needed days for.
sqlite3 "$DB" "
	WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
	INSERT INTO submission (id, key, account_id, queue, blob_id, size, priority, expires_at, status, record, created_at, updated_at)
	SELECT i, 'k' || i, 1 + i % 2, CASE i % 3 WHEN 0 THEN 'bulk' ELSE 'default' END, zeroblob(32), i, 0, 1800000000, 'sent', '{}', 1774638000 + i * 997, 1774638000 FROM n;
	WITH word (k, s) AS (VALUES (0, 'sent'), (1, 'sent'), (2, 'deferred'), (3, 'failed'), (4, 'queued'), (5, 'expired'), (6, 'uncertain'), (7, 'held'), (8, 'canceled'), (9, 'sending'))
	INSERT INTO recipient (submission_id, address, domain, status, attempts, last_at, created_at, updated_at)
	SELECT m.id, 'r' || m.id || '@' || d.value, lower(d.value), w.s, m.id % 4, m.created_at + 60, m.created_at, m.created_at
	FROM submission m, json_each('[\"A.example\", \"b.example\"]') d JOIN word w ON w.k = (m.id + d.key * 3) % 10;
	INSERT INTO attempt (recipient_id, number, at, status, code, enhanced_code, server, error_code)
	SELECT r.id, 1, r.created_at + r.id % 90, CASE r.status WHEN 'sent' THEN 'sent' WHEN 'failed' THEN 'failed' WHEN 'uncertain' THEN 'uncertain' WHEN 'expired' THEN 'bounced' ELSE 'deferred' END,
		CASE r.status WHEN 'sent' THEN 250 WHEN 'failed' THEN 550 WHEN 'deferred' THEN 451 END, CASE r.status WHEN 'failed' THEN '5.1.1' END,
		'words of ' || r.id, CASE r.status WHEN 'queued' THEN 'smtp.timeout' END
	FROM recipient r WHERE r.attempts > 0;
	INSERT INTO bounce (blob_id, recipient, submission_id, kind, class, at, created_at)
	SELECT randomblob(32), r.address, CASE WHEN r.id % 3 THEN r.submission_id END, 'dsn',
		CASE r.id % 4 WHEN 0 THEN 'hard' WHEN 1 THEN 'soft' WHEN 2 THEN 'complaint' ELSE 'full' END, r.created_at + 3600, 0 FROM recipient r WHERE r.id % 5 = 0;"
sql() { sqlite3 -readonly -separator '	' "$DB" "$1"; }
tsv() { mail-stats "$@" -f tsv | tail -n +2; }

for i in 1 2 3; do
	printf '{"type":"error","v":1,"program":"mail-fetch","class":"later","code":"net.connect","stage":"connect","message":"m%s","server":null,"hint":null,"retryable":true,"object":{"account":"%s"}}\n' \
		"$i" "$([ $i = 2 ] && echo sales || echo support)"
done | mail-store put -q

for report in queue rates bounces errors service; do
	mail-stats "$report" >"$report.jsonl"
	schema_ok "$report.jsonl"
	mail-stats "$report" -f svg >"$report.svg"
	ok "$report: svg is XML" /usr/bin/python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' "$report.svg"
done

states="count(*), sum(recipient_status = 'queued'), sum(recipient_status = 'sending'), sum(recipient_status = 'sent'), sum(recipient_status = 'deferred'),
	sum(recipient_status = 'failed'), sum(recipient_status = 'held'), sum(recipient_status = 'canceled'), sum(recipient_status = 'expired'),
	sum(recipient_status = 'uncertain'), sum(attempts),
	printf('%.4f', 1.0 * sum(recipient_status = 'sent') / sum(recipient_status IN ('sent', 'failed', 'expired')))"
is 'queue by domain' "$(tsv queue | cut -f 2,4-15)" "$(sql "SELECT lower(substr(recipient, instr(recipient, '@') + 1)), $states FROM v_queue GROUP BY 1 ORDER BY 1")"
is 'queue by account' "$(tsv queue --by account | cut -f 2,4-15)" "$(sql "SELECT account, $states FROM v_queue GROUP BY 1 ORDER BY 1")"
is 'queue by queue' "$(tsv queue --by queue | cut -f 2,4-15)" "$(sql "SELECT queue, $states FROM v_queue GROUP BY 1 ORDER BY 1")"
is 'queue by day' "$(tsv queue --by day | cut -f 2,4-15)" "$(sql "SELECT date(created), $states FROM v_queue GROUP BY 1 ORDER BY 1")"
is 'queue of an account in a range' "$(tsv queue --by all -a sales --since 2026-03-29 --until 2026-03-30 | cut -f 4)" \
	"$(sql "SELECT count(*) FROM v_queue WHERE account = 'sales' AND date(created) = '2026-03-29'")"
sqlite3 "$DB" "UPDATE submission SET created_at = unixepoch() - id * 60"
open="recipient_status IN ('queued', 'sending', 'deferred', 'held', 'uncertain')"
is 'ages of what is open' "$(tsv queue --by all | cut -f 16-20)" \
	"$(sql "SELECT sum(a < 300), sum(a >= 300 AND a < 3600), sum(a >= 3600 AND a < 21600), sum(a >= 21600 AND a < 86400), sum(a >= 86400)
		FROM (SELECT unixepoch() - 10 - created_at AS a FROM v_queue WHERE $open)")"
ok 'the oldest' test "$(tsv queue --by all | cut -f 21)" -ge "$(sql "SELECT unixepoch() - 10 - min(created_at) FROM v_queue WHERE $open")"
is 'nothing is waiting: nothing is old' "$(mail-stats queue --by all -a nobody | jq -c '[.recipients, .oldestSeconds, .successRate]')" '[0,null,null]'

outcomes="sum(status <> 'bounced'), sum(status = 'sent'), sum(status = 'deferred'), sum(status = 'failed'), sum(status = 'uncertain'), sum(status = 'bounced')"
is 'rates by hour' "$(tsv rates | cut -f 3-9 | awk '$2 + $7')" \
	"$(sql "SELECT strftime('%Y-%m-%dT%H:00:00Z', time), $outcomes FROM v_attempt GROUP BY 1 ORDER BY 1")"
is 'the fullest minute of a day' "$(tsv rates --by day | cut -f 2,10)" \
	"$(sql "SELECT date(m * 60, 'unixepoch'), max(n) FROM (SELECT at / 60 AS m, sum(status <> 'bounced') AS n FROM v_attempt GROUP BY 1) GROUP BY 1 ORDER BY 1")"
is 'success rate' "$(mail-stats rates --by all | jq .successRate)" "$(sql "SELECT round(1.0 * sum(status = 'sent') / sum(status <> 'bounced'), 4) FROM v_attempt")"
is 'rates of an account' "$(tsv rates --by account -a sales | cut -f 4)" \
	"$(sql "SELECT count(*) FROM v_attempt WHERE status <> 'bounced' AND submission_id IN (SELECT id FROM v_queue WHERE account = 'sales')")"

is 'bounces by domain' "$(tsv bounces | cut -f 2,4-8,11,14)" \
	"$(sql "SELECT lower(substr(recipient, instr(recipient, '@') + 1)), count(*), sum(class = 'hard'), sum(class = 'full'), sum(class = 'block'), sum(class = 'policy'), sum(class = 'complaint'), sum(submission_id IS NULL)
		FROM v_bounce GROUP BY 1 ORDER BY 1")"
is 'bounces by day' "$(tsv bounces --by day | cut -f 2,4)" "$(sql 'SELECT date(time), count(*) FROM v_bounce GROUP BY 1 ORDER BY 1')"
is 'bounces of an account' "$(tsv bounces --by account -a sales | cut -f 2,4)" \
	"$(sql "SELECT 'sales', count(*) FROM v_bounce WHERE submission_id IN (SELECT id FROM v_queue WHERE account = 'sales')")"

is 'errors of polls' "$(tsv errors | awk -F'\t' '$1 == "poll" {print $2, $3}' | sort)" "$(sql "SELECT coalesce(code, 'unknown') || ' ' || count(*) FROM v_poll WHERE status <> 'ok' GROUP BY code" | sort)"
is 'errors of deliveries' "$(tsv errors | awk -F'\t' '$1 == "delivery" {print $2, $3}' | sort)" \
	"$(sql "SELECT coalesce(error_code, enhanced_code, code, 'unknown') || ' ' || count(*) FROM v_attempt WHERE status <> 'sent' GROUP BY coalesce(error_code, enhanced_code, code)" | sort)"
is 'errors that were stored, with the last words' "$(mail-stats errors | jq -c 'select(.source == "record") | [.code, .errors, .message]')" '["net.connect",3,"m3"]'
is 'errors of an account' "$(mail-stats errors -a sales | jq -c 'select(.source == "record") | [.errors, .message]')" '[1,"m2"]'
is 'the most frequent first' "$(jq .errors errors.jsonl)" "$(jq .errors errors.jsonl | sort -rn)"

is 'service' "$(jq -r '[.emails, .emailsFetched, .requestsTotal, .requestsSuccessful, .requestsFailed, .totalProcessed, .totalSent, .totalFailed, .waiting] | @tsv' service.jsonl)" \
	"$(sql "SELECT (SELECT count(*) FROM v_email), sum(fetched), count(*), sum(status = 'ok'), sum(status = 'failed'),
		(SELECT count(*) FROM v_queue WHERE recipient_status IN ('sent', 'failed', 'expired')), (SELECT count(*) FROM v_queue WHERE recipient_status = 'sent'),
		(SELECT count(*) FROM v_queue WHERE recipient_status IN ('failed', 'expired')), (SELECT count(*) FROM v_queue WHERE $open) FROM v_poll")"
exits 64 mail-stats errors --by domain
exits 64 mail-stats queue --by mailbox
done_testing
