#!/bin/sh
# mail-stats dash: its numbers are those of SQL over the same store, in each of its forms; a file is replaced at once.
. "${0%/*}/../lib.sh"

export MAILPIPE_STORE="$T/store" MAILPIPE_CONFIG="$T/mail.conf" MAILPIPE_TEST_NOW=1763634180
PATH=$BUILD/timed:$PATH
DB=$MAILPIPE_STORE/mail.db
"$TOP/tests/cli/dash-store.py" $MAILPIPE_TEST_NOW | mail-thread | mail-store put -q
"$TOP/tests/cli/dash-store.py" --sql $MAILPIPE_TEST_NOW | sqlite3 "$DB"
printf '[defaults]\nwindow = office\n[window office]\nstart = 08:00\nend = 18:00\ninterval = 15\ndays = mon-fri\ntimeZone = Europe/Berlin\n[account idle]\nemail = idle@brookmill.example\n' >mail.conf
sql() { sqlite3 -readonly -separator ' ' "$DB" "$1"; }
SINCE="unixepoch('2025-10-21')" # 30 days before the day of the test's clock

mail-stats dash -f json >dash.json
is 'one record' "$(wc -l <dash.json)" 1
schema_ok dash.json
dash() { jq -r "$1" dash.json; }
is 'the range' "$(dash '[.since, .until, .at] | @csv')" '"2025-10-21T00:00:00Z",,"2025-11-20T10:23:00Z"'
is 'mail' "$(dash '[.volume[].emails] | add')" "$(sql "SELECT count(*) FROM v_email WHERE received_at >= $SINCE")"
is 'mail by day' "$(dash '.volume[] | select(.emails > 0) | "\(.key) \(.emails) \(.outbound) \(.octets)"')" \
	"$(sql "SELECT date(received), count(*), sum(direction = 'outbound'), sum(size) FROM v_email WHERE received_at >= $SINCE GROUP BY 1 ORDER BY 1")"
is 'mail by account' "$(dash '.accounts[] | select(.emails > 0) | "\(.account) \(.emails)"')" \
	"$(sql "SELECT account, count(*) FROM v_email WHERE received_at >= $SINCE GROUP BY 1 ORDER BY 1")"
is 'polls by account' "$(dash '.accounts[] | select(.polls > 0) | "\(.account) \(.polls) \(.failed) \(.lastOkAt)"')" \
	"$(sql "SELECT account, count(*), sum(status = 'failed'), strftime('%Y-%m-%dT%H:%M:%SZ', max(CASE WHEN status = 'ok' THEN ended_at END), 'unixepoch')
		FROM v_poll WHERE started_at >= $SINCE GROUP BY 1 ORDER BY 1")"
is 'an account of the configuration without mail is there' "$(dash '.accounts[] | select(.account == "idle") | .emails')" 0
is 'threads that others opened' "$(dash .responseTime.threads)" \
	"$(sql "SELECT count(*) FROM (SELECT direction, row_number() OVER (PARTITION BY thread_id ORDER BY received_at, id) AS n, received_at FROM v_email)
		WHERE n = 1 AND direction = 'inbound' AND received_at >= $SINCE")"
is 'first answers: the median' "$(dash .responseTime.p50Seconds)" \
	"$(sql "WITH q AS (SELECT thread_id, min(received_at) AS at FROM v_email GROUP BY 1 HAVING count(*) > 1 AND min(received_at) >= $SINCE),
		took AS (SELECT max(e.received_at) - q.at AS s FROM q JOIN v_email e USING (thread_id) GROUP BY thread_id)
		SELECT s FROM (SELECT s, row_number() OVER (ORDER BY s) AS n, count(*) OVER () AS all_n FROM took) WHERE n = (all_n * 50 + 99) / 100")"
is 'the queue' "$(dash '.queue | "\(.recipients) \(.queued) \(.deferred) \(.held) \(.sent) \(.failed) \(.oldestSeconds)"')" \
	"$(sql "SELECT count(*), sum(recipient_status = 'queued'), sum(recipient_status = 'deferred'), sum(recipient_status = 'held'), sum(recipient_status = 'sent'),
		sum(recipient_status = 'failed'), max(CASE WHEN recipient_status IN ('queued', 'deferred', 'held') THEN $MAILPIPE_TEST_NOW - created_at END) FROM v_queue")"
is 'it is the report' "$(dash '.queue | tojson')" "$(mail-stats queue --by all | jq -c 'del(.type, .v)')"
is 'domains where most waits' "$(dash '.domains[] | "\(.key) \(.queued + .deferred + .held)"' | sort)" \
	"$(sql "SELECT substr(recipient, instr(recipient, '@') + 1), count(*) FROM v_queue WHERE recipient_status IN ('queued', 'deferred', 'held') GROUP BY 1" | sort)"
is 'they are in order' "$(dash '.domains[] | .queued + .deferred + .held')" "$(dash '.domains[] | .queued + .deferred + .held' | sort -rn)"
is 'attempts' "$(dash '.rates | "\(.attempts) \(.sent) \(.deferred) \(.failed)"')" \
	"$(sql "SELECT count(*), sum(status = 'sent'), sum(status = 'deferred'), sum(status = 'failed') FROM v_attempt WHERE at >= $SINCE")"
is 'senders' "$(dash '.senders[] | "\(.emails) \(.email)"' | head -n 3)" \
	"$(sql "SELECT count(*), from_email FROM v_email WHERE received_at >= $SINCE GROUP BY 2 ORDER BY 1 DESC LIMIT 3")"
is 'errors of polls' "$(dash '.errors[] | select(.source == "poll") | "\(.code) \(.errors)"')" \
	"$(sql "SELECT code, count(*) FROM v_poll WHERE status <> 'ok' AND started_at >= $SINCE GROUP BY 1 ORDER BY 2 DESC")"
is 'the last polls, the last one first' "$(dash '.polls[] | "\(.account) \(.status) \(.fetched) \(.startedAt)"')" \
	"$(sql "SELECT account, status, fetched, strftime('%Y-%m-%dT%H:%M:%SZ', started_at, 'unixepoch') FROM v_poll ORDER BY started_at DESC, id DESC LIMIT 8")"
is '-n: so many' "$(mail-stats dash -f json -n 2 | jq -c '[.senders, .errors, .polls, .domains] | map(length)')" '[2,2,2,2]'
is '-n 0: none' "$(mail-stats dash -f json -n 0 | jq -c '[.senders, .errors, .polls, .domains] | map(length)')" '[0,0,0,0]'
is 'each part is the report of its name' "$(dash '.volume[0] | .emails')" "$(mail-stats volume --since 30d | jq .emails | head -1)"
is '-a' "$(mail-stats dash -f json -a sales | jq -c '[([.volume[].emails] | add), .accounts[].account]')" \
	"$(sql "SELECT json_array(count(*), 'sales') FROM v_email WHERE account = 'sales' AND received_at >= $SINCE")"
is '--since --until --by' "$(mail-stats dash -f json --since 2025-11 --until 2025-11-15 --by week | jq -c '[.volume[].key]')" '["2025-W44","2025-W45","2025-W46"]'

is 'only --until: 30 days before it' "$(mail-stats dash -f json --until 2025-11-15 | jq -c '[.since, (.volume | length), ([.volume[].emails] | add)]')" \
	"$(sql "SELECT json_array('2025-10-16T00:00:00Z', 30, count(*)) FROM v_email WHERE received_at >= unixepoch('2025-10-16') AND received_at < unixepoch('2025-11-15')")"
is 'and its commands say so' "$(mail-stats dash -f html --until 2025-11-15 | grep -c 'since</span> <span>2025-10-16</span> <span>--until</span> <span>2025-11-15')" 8

# When mail leaves; the clock stands at 11:23 in Berlin.
is 'the window is open' "$(dash '.schedule | "\(.window) \(.start) \(.end) \(.interval) \(.isActive)"')" 'office 08:00 18:00 15 true'
is 'it runs' "$(dash '.service | "\(.status) \(.nextRunAt) \(.totalProcessed) \(.totalSent) \(.totalFailed)"')" \
	"running 2025-11-20T10:38:00Z $(sql "SELECT count(*), sum(recipient_status = 'sent'), sum(recipient_status = 'failed') FROM v_queue WHERE recipient_status IN ('sent', 'failed')")"
is 'in the evening it is not' "$(MAILPIPE_TEST_NOW=1763661600 mail-stats dash -f json | jq -c '[.schedule.isActive, .service.nextRunAt]')" '[false,"2025-11-21T07:00:00Z"]'
mail-stats dash -f json --names legacy >legacy.json
is 'the names of the service before: the same numbers' "$(jq -c '[.database.connected, .database.database, .schedule, .service.status, .service.nextRun, .service.emailStats]' legacy.json)" \
	"$(dash '[true, "mail.db", (.schedule | {startTime: .start, endTime: .end, interval, intervalUnit: .unit, isActive}), .service.status, .service.nextRunAt,
		(.service | {totalProcessed, totalSent, totalFailed})] | tojson' | sed 's/"intervalUnit":null/"intervalUnit":"minutes"/')"
is 'all of them' "$(jq -c '[paths(scalars) | join(".")]' legacy.json)" \
	'["database.connected","database.server","database.database","database.lastChecked","database.responseTime","schedule.startTime","schedule.endTime","schedule.interval","schedule.intervalUnit","schedule.isActive","service.status","service.lastRun","service.nextRun","service.emailStats.totalProcessed","service.emailStats.totalSent","service.emailStats.totalFailed"]'
mail-queue pause -q
is 'paused: stopped, and no next run' "$(mail-stats dash -f json | jq -c '[.service.status, .service.nextRunAt]')" '["stopped",null]'
mail-queue resume -q

# The page has the same numbers; tests/browser looks at it.
mail-stats dash -f html >dash.html
number() { sed -n "s/.*id=\"n-$1\"[^>]*><data value=\"\([0-9]*\)\".*/\1/p" dash.html; }
is 'page: mail' "$(number volume)" "$(dash '[.volume[].emails] | add')"
is 'page: first answers' "$(number p50) $(number p90) $(number p99) $(number reply)" "$(dash '.responseTime | "\(.p50Seconds) \(.p90Seconds) \(.p99Seconds) \(.replyP50Seconds)"')"
is 'page: queue' "$(number queue) $(number queued) $(number deferred)" "$(dash '.queue | "\(.queued + .deferred + .held) \(.queued) \(.deferred)"')"
is 'page: sent' "$(number rates)" "$(dash .rates.sent)"
is 'page: errors' "$(number errors)" "$(mail-stats errors --since 30d | jq -s 'map(.errors) | add')"
grep -o 'href="#cmd-[a-z]*"' dash.html | sed 's/.*#\(.*\)"/\1/' | sort -u >ids
is 'so many of them' "$(wc -l <ids)" 6
while read -r id; do
	is "$id: the command is in the page" "$(grep -c "class=\"cmd\" id=\"$id\"" dash.html)" 1
done <ids
sed -n 's,.*class="cmd"[^>]*><code>\(.*\)</code>.*,\1,p' dash.html | sed 's/<[^>]*>//g; s/&#39;/'"'"'/g' >commands
is 'so many commands' "$(wc -l <commands)" 9
while read -r line; do
	sh -c "$line" >line.out
	code=$?
	case $line in *health*) ok "it runs: $line" test $code -le 2 ;; *) is "it runs: $line" $code 0 ;; esac
done <commands
unlike 'nothing is loaded' "$(cat dash.html)" '<script|src=|@import|url[(]|https?:'

# The terminal.
mail-stats dash -f table >dash.txt
like 'a page for the terminal' "$(cat dash.txt)" '^Mail, Thu 20 Nov 2025, 10:23, the last 30 days'
like 'its mail' "$(cat dash.txt)" "^  $(dash '[.volume[].emails] | add') emails, "
like 'its queue' "$(cat dash.txt)" "^  $(dash '.queue | .queued + .deferred + .held') waiting; "
is 'no line is very wide' "$(awk 'length > 170' dash.txt | grep -v '^  \(warning\|critical\)')" ''

# --errors
is '--errors: polls that did not end well' "$(mail-stats dash --errors -f json | jq -r '.polls[] | "\(.account) \(.startedAt)"')" \
	"$(sql "SELECT account, strftime('%Y-%m-%dT%H:%M:%SZ', started_at, 'unixepoch') FROM v_poll WHERE status <> 'ok' ORDER BY started_at DESC, id DESC LIMIT 8")"
is 'and no figures' "$(mail-stats dash --errors -f table | grep -c -e '^Senders' -e '^Queue' -e '^Mail  ')" 0
is 'nor on the page' "$(mail-stats dash --errors -f html | grep -c -e 'class="tile"' -e 'id="senders"')" 0

# -o
printf old >out.html
mail-stats dash -f html -o out.html
is 'the file has the page' "$(grep -c '<title>Mail</title>' out.html)" 1
is 'no other file is left beside it' "$(find . -name 'out.html?*')" ''
(umask 027 && mail-stats dash -f json -o new.json)
is 'as the umask says' "$(stat -c %a new.json)" 640
is 'nothing on stdout' "$(mail-stats dash -f json -o new.json)" ''
exits 66 mail-stats dash -f html -o nowhere/out.html
like 'names the file' "$(cat err)" 'nowhere/out.html'
exits 66 mail-stats dash -f html -s none -o out.html
is 'the old page stays where there is no new one' "$(grep -c '<title>Mail</title>' out.html)" 1
exits 74 sh -c 'mail-stats dash -f html >/dev/full'

exits 64 mail-stats dash -f svg
like 'says what there is' "$(cat err)" 'json table html'
exits 64 mail-stats dash --names theirs
exits 64 mail-stats dash --by account
exits 64 mail-stats volume -o out.svg
exits 64 mail-stats report dash volume

# Nothing yet: every number is 0 or not known.
mail-store init -s empty
for f in html json table; do exits 0 mail-stats -s empty dash -f $f; done
mail-stats -s empty dash -f json >empty.json
schema_ok empty.json
is 'no mail' "$(jq -c '[([.volume[].emails] | add), .responseTime.p50Seconds, .queue.recipients, .service.lastRunAt]' empty.json)" '[0,null,0,null]'
done_testing
