#!/bin/sh
# mail-stats: its figures are those of SQL over the views, in every form.
. "${0%/*}/../lib.sh"

export MAILPIPE_STORE="$T/store"
DB=$MAILPIPE_STORE/mail.db
"$TOP/tests/cli/stats-store.py" | mail-thread | mail-store put -q
sql() { sqlite3 -readonly -separator '	' "$DB" "$1"; }
# tsv REPORT…: the lines below the names
tsv() { mail-stats "$@" -f tsv | tail -n +2; }
ok 'the store holds mail' test "$(sql 'SELECT count(*) FROM v_email')" -gt 300

for report in volume senders recipients domains; do
	mail-stats "$report" >"$report.jsonl"
	schema_ok "$report.jsonl"
done
for by in hour day week month account mailbox direction all; do
	mail-stats volume --by "$by" >"by-$by.jsonl"
	schema_ok "by-$by.jsonl"
	[ "$by" = mailbox ] || is "by $by: every email once" "$(jq -s 'map(.emails) | add' "by-$by.jsonl")" "$(sql 'SELECT count(*) FROM v_email')"
	[ "$by" = mailbox ] || is "by $by: every octet once" "$(jq -s 'map(.octets) | add' "by-$by.jsonl")" "$(sql 'SELECT sum(size) FROM v_email')"
done

is 'volume by day' "$(tsv volume --by day | cut -f 2,4- | awk -F'\t' '$2')" \
	"$(sql "SELECT date(received), count(*), sum(size), sum(direction IS 'inbound'), sum(direction IS 'outbound'), sum(direction IS 'internal'), sum(NOT seen), sum(has_attachment)
		FROM v_email GROUP BY 1 ORDER BY 1")"
is 'volume by account' "$(tsv volume --by account | cut -f 2,4,5)" "$(sql 'SELECT account, count(*), sum(size) FROM v_email GROUP BY 1 ORDER BY 1')"
is 'volume by mailbox' "$(tsv volume --by mailbox | cut -f 2,4,5 | grep -v none)" \
	"$(sql 'SELECT x.value, count(*), sum(size) FROM v_email, json_each(mailboxes) x GROUP BY 1 ORDER BY 1')"
is 'mail in no mailbox' "$(tsv volume --by mailbox | awk -F'\t' '$2 == "(none)" {print $4}')" "$(sql "SELECT count(*) FROM v_email WHERE coalesce(mailboxes, '[]') = '[]'")"
is 'volume by direction' "$(tsv volume --by direction | cut -f 2,4)" "$(sql 'SELECT direction, count(*) FROM v_email GROUP BY 1 ORDER BY 1')"
is '-a' "$(tsv volume --by all -a support | cut -f 4)" "$(sql "SELECT count(*) FROM v_email WHERE account = 'support'")"
is '-a twice' "$(tsv volume --by all -a support -a sales | cut -f 4)" "$(sql 'SELECT count(*) FROM v_email')"
is '-a of nobody' "$(tsv volume --by account -a nobody)" ''

# A second time: the same mail.
before=$(mail-stats volume --by day; mail-stats senders; mail-stats recipients)
"$TOP/tests/cli/stats-store.py" | grep '"email"' | mail-thread | mail-store put -q
is 'a day that comes twice is counted once' "$(mail-stats volume --by day; mail-stats senders; mail-stats recipients)" "$before"

# The range, by the index and without.
for range in '2026-03-28 2026-03-30' '2026-03-01 2026-12-31' '2026-10-25T00:30:00Z 2026-10-25T06:00:00Z'; do
	since=${range% *} until=${range#* }
	is "since $since until $until" "$(tsv volume --by all --since "$since" --until "$until" | cut -f 4,5)" \
		"$(sql "SELECT count(*), coalesce(sum(size), 0) FROM v_email WHERE received_at >= unixepoch('$since') AND received_at < unixepoch('$until')")"
done
is 'the range of senders' "$(tsv senders --since 2026-10-24 --until 2026-10-25 | cut -f 1,3 | sort)" \
	"$(sql "SELECT from_email, count(*) FROM v_email WHERE date(received) = '2026-10-24' AND from_email IS NOT NULL GROUP BY 1" | sort)"

is 'senders' "$(tsv senders | cut -f 1,3,4 | sort)" "$(sql 'SELECT from_email, count(*), sum(size) FROM v_email WHERE from_email IS NOT NULL GROUP BY 1' | sort)"
is 'senders: the most frequent first' "$(jq .emails senders.jsonl)" "$(jq .emails senders.jsonl | sort -rn)"
is '-n: the first' "$(mail-stats senders -n 3)" "$(head -n 3 senders.jsonl)"
is 'recipients' "$(tsv recipients | cut -f 1,2,3 | sort)" \
	"$(sql "SELECT a, count(*), sum(size) FROM (SELECT DISTINCT e.id, e.size, json_extract(p.value, '\$.email') AS a
		FROM v_email e, json_each(json_array(json(coalesce(e.\"to\", '[]')), json(coalesce(e.cc, '[]')))) l, json_each(l.value) p) GROUP BY 1" | sort)"
is 'domains' "$(tsv domains | cut -f 1-4 | sort)" \
	"$(sql "SELECT lower(substr(from_email, instr(from_email, '@') + 1)), count(DISTINCT from_email), count(*), sum(size) FROM v_email WHERE from_email IS NOT NULL GROUP BY 1" | sort)"

# The clock on the wall: Berlin turns it on 2026-03-29 at 02:00 and on 2026-10-25 at 03:00.
is 'days of Berlin' "$(TZ=Europe/Berlin mail-stats volume --by day -f tsv | tail -n +2 | awk -F'\t' '$4 {print $2, $4}' | tr '\t' ' ')" \
	"$(TZ=Europe/Berlin sqlite3 -readonly -separator ' ' "$DB" "SELECT date(received_at, 'unixepoch', 'localtime'), count(*) FROM v_email GROUP BY 1 ORDER BY 1")"
is 'a day has 23 hours in March' "$(TZ=Europe/Berlin mail-stats volume --by hour --since 2026-03-29 --until 2026-03-30 | wc -l)" 23
is 'and 25 in October' "$(TZ=Europe/Berlin mail-stats volume --by hour --since 2026-10-25 --until 2026-10-26 | wc -l)" 25
is 'the hour that comes twice has two names' "$(TZ=Europe/Berlin mail-stats volume --by hour --since 2026-10-25 --until 2026-10-26 | jq -r .key | grep T02)" \
	'2026-10-25T02:00:00+02:00
2026-10-25T02:00:00+01:00'
is 'the sum of its hours is the day' "$(TZ=Europe/Berlin mail-stats volume --by hour --since 2026-10-25 --until 2026-10-26 | jq -s 'map(.emails) | add')" \
	"$(TZ=Europe/Berlin mail-stats volume --by day --since 2026-10-25 --until 2026-10-26 | jq .emails)"
is 'weeks' "$(mail-stats volume --by week --since 2026-12-28 --until 2027-01-11 | jq -c '[.key, .startAt, .emails]')" \
	'["2026-W53","2026-12-28T00:00:00Z",0]
["2027-W01","2027-01-04T00:00:00Z",0]'
is 'months without mail are there' "$(mail-stats volume --by month | jq -r 'select(.emails == 0) | .key' | tr '\n' ' ')" '2026-05 2026-06 2026-07 2026-08 2026-09 '
is '-n of periods: the last' "$(mail-stats volume --by month -n 1 | jq -r .key)" 2026-10
is 'up to now where only --since is said' "$(mail-stats volume --by day --since 3d | wc -l)" 4
is 'nothing yet' "$(mail-stats volume --by day --since 2030-01-01)" ''

# Forms.
mail-stats volume --by month -f svg >volume.svg
mail-stats senders -f svg >senders.svg
mail-stats senders -f html >senders.html
for f in volume.svg senders.svg; do ok "$f is XML" /usr/bin/python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' "$f"; done
is 'a bar for each month' "$(grep -c '<rect class="b"' volume.svg)" 8
is 'html has a row for each sender' "$(grep -c '<tr>' senders.html)" "$(($(wc -l <senders.jsonl) + 1))"
unlike 'html loads nothing' "$(cat senders.html)" 'src=|href=|@import|url[(]'
is 'table has the same rows' "$(mail-stats senders -f table | wc -l)" "$(($(wc -l <senders.jsonl) + 1))"

# Names from mail stay text.
printf 'From: "<script>alert(1)</script>\t&\033[31m" <a@evil.example>\nSubject: x\nDate: Mon, 2 Mar 2026 00:00:00 +0000\n\nx\n' >evil.eml
mail-parse evil.eml | mail-store put -q -s evil
for f in html svg table tsv json; do mail-stats -s evil senders -f "$f" >"evil.$f"; done
unlike 'no element in html' "$(cat evil.html)" '<script'
like 'it is escaped' "$(cat evil.html)" '&lt;script&gt;'
unlike 'no control character' "$(cat evil.html evil.svg evil.table evil.tsv evil.json)" "$(printf '\033')"
is 'tsv keeps its columns' "$(awk -F'\t' '{print NF}' evil.tsv | sort -u)" 5
schema_ok evil.json

# What cannot be.
exits 66 mail-stats -s nowhere volume
exits 64 mail-stats
exits 64 mail-stats no-such-report
exits 64 mail-stats volume senders
exits 64 mail-stats volume --by owner
like 'says what there is' "$(cat err)" 'day'
exits 64 mail-stats senders --by mailbox
exits 64 mail-stats volume -f pdf
exits 64 mail-stats volume --since yesterdayish
exits 64 mail-stats volume --by hour --since 0001
like 'too many periods: what to do' "$(cat err)" '--since'
exits 0 mail-stats -h
exits 74 sh -c 'mail-stats volume >/dev/full'
is 'head: quiet' "$(mail-stats volume --by hour 2>&1 | head -1 | jq -r .type)" volume
mail-store init -s empty
is 'an empty store has no senders' "$(mail-stats -s empty senders)" ''
is 'and no days' "$(mail-stats -s empty volume)" ''
is 'all of nothing is nothing' "$(mail-stats -s empty volume --by all | jq .emails)" 0
done_testing
