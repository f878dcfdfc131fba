#!/bin/sh
# mail-stats customers: what others wrote in threads and how they were answered, as SQL over the views has it.
. "${0%/*}/../lib.sh"

export MAILPIPE_STORE="$T/store" MAILPIPE_CONFIG="$T/mail.conf"
DB=$MAILPIPE_STORE/mail.db
"$TOP/tests/cli/stats-store.py" | mail-thread | mail-store put -q
printf '[account support]\nemail = Support@example.com\naliases = HELP@example.com\n[account sales]\nemail = sales@example.com\n' >mail.conf
sql() { sqlite3 -readonly -separator '	' "$DB" "$1"; }
tsv() { mail-stats customers "$@" -f tsv | tail -n +2; }

m="WITH m AS (SELECT account, thread_id AS t, received_at AS at, id, from_email AS who,
	direction IS 'outbound' OR (account = 'support' AND coalesce(from_email, '') IN ('support@example.com', 'help@example.com'))
		OR (account = 'sales' AND from_email IS 'sales@example.com') AS ours, row_number() OVER (PARTITION BY account, thread_id ORDER BY received_at, id) AS n FROM v_email),
	g AS (SELECT *, coalesce(sum(ours) OVER (PARTITION BY account, t ORDER BY at, id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS k FROM m),
	q AS (SELECT *, row_number() OVER (PARTITION BY account, t, k ORDER BY at, id) AS nth FROM g WHERE NOT ours),
	r AS (SELECT q.who, q.k, g.at - q.at AS took FROM q JOIN g USING (account, t, k) WHERE q.nth = 1 AND g.ours)"

mail-stats customers >all.jsonl
mail-stats customers --by account >by-account.jsonl
schema_ok all.jsonl by-account.jsonl
is 'what they wrote' "$(tsv | cut -f 1,3,5 | sort)" "$(sql "$m SELECT who, count(*), sum(n = 1) FROM m WHERE NOT ours AND who IS NOT NULL GROUP BY 1" | sort)"
is 'what they got back' "$(tsv | awk -F'\t' '$4 {print $1, $4, $6}' | sort)" \
	"$(sql "$m SELECT who, count(*), sum(k = 0) FROM r WHERE who IS NOT NULL GROUP BY 1" | tr '\t' ' ' | sort)"
is 'how soon: the median of each' "$(tsv | awk -F'\t' '$6 {print $1, $7}' | sort)" \
	"$(sql "$m, s AS (SELECT who, took, row_number() OVER (PARTITION BY who ORDER BY took) AS i, count(*) OVER (PARTITION BY who) AS c FROM r WHERE k = 0 AND who IS NOT NULL)
		SELECT who, took FROM s WHERE i = (c * 50 + 99) / 100" | tr '\t' ' ' | sort)"
is 'when' "$(jq -r '"\(.email) \(.firstAt) \(.lastAt)"' all.jsonl | sort)" \
	"$(sql "$m SELECT who || ' ' || strftime('%Y-%m-%dT%H:%M:%SZ', min(at), 'unixepoch') || ' ' || strftime('%Y-%m-%dT%H:%M:%SZ', max(at), 'unixepoch') FROM m WHERE NOT ours AND who IS NOT NULL GROUP BY who" | sort)"
is 'by account' "$(jq -r '"\(.key) \(.email) \(.emails)"' by-account.jsonl | sort)" \
	"$(sql "$m SELECT account || ' ' || who || ' ' || count(*) FROM m WHERE NOT ours AND who IS NOT NULL GROUP BY account, who" | sort)"
is 'a range' "$(tsv --since 2026-03-28 --until 2026-03-29 | cut -f 1,3 | sort)" \
	"$(sql "$m SELECT who, count(*) FROM m WHERE NOT ours AND who IS NOT NULL AND date(at, 'unixepoch') = '2026-03-28' GROUP BY 1" | sort)"
is 'none of them is ours' "$(mail-stats customers -a support | jq -r .email | grep -c -i -e '^support@example.com' -e '^help@')" 0
is 'the most frequent first' "$(jq .emails all.jsonl)" "$(jq .emails all.jsonl | sort -rn)"
is '-n' "$(mail-stats customers -n 2)" "$(head -n 2 all.jsonl)"
ok 'in business hours it is less' test "$(mail-stats customers --business-hours 09:00-17:00 | jq -s 'map(.p90Seconds // 0) | add')" -lt "$(jq -s 'map(.p90Seconds // 0) | add' all.jsonl)"
exits 64 mail-stats customers --by day
done_testing
