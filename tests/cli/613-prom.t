#!/bin/sh
# mail-stats prom: what Prometheus reads, read by its own client; the numbers are those of the store.
. "${0%/*}/../lib.sh"
need jq sqlite3
/usr/bin/python3 -c 'import prometheus_client' 2>/dev/null || skip_all 'needs python3-prometheus-client'
export MAILPIPE_STORE="$T/store" MAILPIPE_CONFIG="$T/mail.conf"
DB=$T/store/mail.db

# metrics FILE: "name{labels} value" of each sample, and "name type" of each family; fails where it is not in the format.
cat >read.py <<'PY'
import sys
from prometheus_client.parser import text_string_to_metric_families as parse
seen = set()
for family in parse(open(sys.argv[1]).read()):
    assert family.documentation and family.type in ("counter", "gauge"), family
    assert family.name.startswith("mailpipe_"), family
    print(family.name, family.type)
    for s in family.samples:
        key = (s.name, tuple(sorted(s.labels.items())))
        assert key not in seen, key
        seen.add(key)
        assert (family.type == "counter") == s.name.endswith("_total"), s
        print(s.name + "{" + ",".join(f"{k}={v!r}" for k, v in s.labels.items()) + "}", int(s.value))
PY
metrics() { /usr/bin/python3 read.py "$1" >"$1.read"; }
value() { sed -n "s/^mailpipe_$1 \([0-9]*\)$/\1/p" page.read; }

exits 0 mail-stats prom
mail-stats prom >page
ok 'no store: a page all the same' metrics page
is 'that says so' "$(value 'up{}') $(value 'health{}') $(value "finding{check='store'}")" '0 2 2'

cat >mail.conf <<'CONF'
[account support]
email = support@example.com
imap.host = h
canary.interval = 600
[account a"b\c]
email = odd@example.com
imap.host = h
CONF
"$TOP/tests/cli/stats-store.py" | mail-thread | mail-store put -q
printf '%s\n' '{"type":"poll","v":1,"account":"a\"b\\c","host":"h","protocol":"imap","mailbox":"x\"}\\ 1# y","startedAt":"2026-03-01T00:00:00Z","endedAt":"2026-03-01T00:00:01Z","found":0,"fetched":0,"failed":0,"octets":0,"status":"failed"}' | mail-store put -q
for n in 1 2 3; do mail-compose --raw -a support --to "p$n@example.org" --subject x --text y --key "k$n"; done | mail-queue add -q >/dev/null
mail-queue cancel k3 -q >/dev/null
mail-queue suppress add x@example.org -q >/dev/null 2>&1
mail-stats canary send
mail-stats prom >page
ok 'the client of Prometheus reads it' metrics page
is 'up' "$(value 'up{}')" 1
is 'emails' "$(value 'emails_stored_total{}')" "$(sqlite3 "$DB" 'SELECT count(*) FROM email')"
is 'events' "$(value 'events_total{}')" "$(sqlite3 "$DB" 'SELECT max(seq) FROM event')"
is 'polls' "$(value 'polls_total{}')" "$(sqlite3 "$DB" 'SELECT count(*) FROM v_poll')"
is 'attempts' "$(value 'attempts_total{}')" 0
ok 'the oldest' test "$(value "queue_oldest_seconds{status='queued'}")" -le 60
is 'the oldest of none' "$(value "queue_oldest_seconds{status='deferred'}")" 0
for status in queued sent canceled uncertain; do
	is "recipients that are $status" "$(value "recipients{status='$status'}")" "$(sqlite3 "$DB" "SELECT count(*) FROM v_queue WHERE recipient_status = '$status'")"
done
is 'due' "$(value 'queue_due{}')" 3
is 'suppressed' "$(value 'suppressed_addresses{}')" 1
sqlite3 -separator ' ' "$DB" "SELECT 'poll_last_timestamp_seconds', account, mailbox, max(ended_at) FROM v_poll WHERE account IN ('support', 'sales') GROUP BY account, mailbox" >want
sqlite3 -separator ' ' "$DB" "SELECT 'poll_last_good_timestamp_seconds', account, mailbox, max(ended_at) FROM v_poll WHERE account IN ('support', 'sales') AND status <> 'failed' GROUP BY account, mailbox" >>want
grep "^mailpipe_poll_last.*{account='s" page.read | sed "s/^mailpipe_//; s/{account='/ /; s/',mailbox='/ /; s/'}/ /; s/  */ /g" >got
same_file 'the last polls' got want
is 'failures in a row' "$(value "poll_failures{account='sales',mailbox='INBOX'}")" \
	"$(sqlite3 "$DB" "SELECT count(*) FROM v_poll WHERE account = 'sales' AND mailbox = 'INBOX' AND id > (SELECT max(id) FROM v_poll WHERE account = 'sales' AND mailbox = 'INBOX' AND status <> 'failed')")"
like 'labels are escaped' "$(cat page)" 'account="a\\"b\\\\c"'
mail-stats health | jq -r '[.check, .account // "", .object // "", ({ok: 0, warning: 1, critical: 2}[.status] | tostring)] | join("|")' | sort >want
/usr/bin/python3 - page >got <<'PY'
import sys
from prometheus_client.parser import text_string_to_metric_families as parse
for family in parse(open(sys.argv[1]).read()):
    for s in family.samples:
        if s.name == "mailpipe_finding":
            print("|".join([s.labels["check"], s.labels.get("account", ""), s.labels.get("object", ""), str(int(s.value))]))
PY
sort -o got got
same_file 'findings' got want
is 'database' "$(value 'database_bytes{}')" "$(stat -c %s "$DB")"
free=$(value 'disk_free_bytes{}')
real=$(($(stat -f -c '%a * %S' store)))
ok 'room on the disk' test "$free" -gt $((real - 1000000000)) -a "$free" -lt $((real + 1000000000))
is '-a: only this account' "$(mail-stats prom -a sales | grep -c 'account="support"')" 0

# -- a file for the textfile collector
umask 022
exits 0 mail-stats prom -o out.prom
is 'nothing to stdout' "$(cat out)" ''
ok 'in the file' metrics out.prom
is 'that others may read' "$(stat -c %a out.prom)" 644
exits 66 mail-stats prom -o nowhere/out.prom
exits 64 mail-stats prom -f json
exits 64 mail-stats prom now
exits 74 sh -c 'mail-stats prom >/dev/full'
exits 0 mail-stats -s store prom

done_testing
