#!/bin/sh
# mail-queue window: when mail may leave, from outside.
. "${0%/*}/../lib.sh"
need jq

export MAILPIPE_CONFIG="$T/mailpipe.conf" MAILPIPE_STORE="$T/store"
window() { mail-queue window "$@"; }

cat >mailpipe.conf <<'END'
# kept
[defaults]
window = office
[account support]
email = support@example.com
[account free]
window = none
[queue bulk]
window = night
[window office]
start = 09:00   # Berlin
end = 18:00
interval = 45
unit = minutes
days = mon-fri
timeZone = Europe/Berlin
holidays = 12-25, 2026-12-28..2026-12-31
[window night]
start = 22:00
end = 06:00
END

# ---- test: 0 open, 1 closed
exits 0 mail-queue window test office --at 2026-08-24T09:00:00+02:00
exits 1 mail-queue window test office --at 2026-08-24T08:59:59+02:00
exits 1 mail-queue window test office --at 2026-08-24T18:00:00+02:00
exits 1 mail-queue window test office --at 2026-08-23T12:00:00+02:00
exits 1 mail-queue window test office --at 2026-12-25T12:00:00+01:00
exits 1 mail-queue window test office --at 2026-12-30T12:00:00+01:00
is 'test prints nothing' "$(cat out err)" ''
exits 0 mail-queue window test night --at 2026-08-24T23:00:00Z
exits 0 mail-queue window test night --at 2026-08-24T05:59:59Z
exits 1 mail-queue window test night --at 2026-08-24T06:00:00Z
exits 1 mail-queue window test -a support --at 2026-08-24T20:00:00Z
exits 0 mail-queue window test -a free --at 2026-08-24T20:00:00Z
exits 0 mail-queue window test -a free --queue bulk --at 2026-08-24T23:00:00Z
exits 1 mail-queue window test -a free --queue bulk --at 2026-08-24T12:00:00Z
exits 66 mail-queue window test nothing
like 'a window that is not there is named' "$(cat err)" "no window 'nothing'"
exits 64 mail-queue window test
exits 64 mail-queue window test office --at tomorrow
exits 64 mail-queue window open office
exits 64 mail-queue window test office night
TZ=America/New_York exits 0 mail-queue window test night --at 2026-08-25T03:00:00Z

# ---- next
is 'next: elapsed intervals' "$(window next office -n 3 --at 2026-08-24T09:10:00+02:00 | jq -r .nextAt)" "2026-08-24T09:45:00+02:00
2026-08-24T10:30:00+02:00
2026-08-24T11:15:00+02:00"
is 'next: over a weekend and the change of the clock' "$(window next office --at 2026-10-23T18:00:00+02:00 | jq -r .nextAt)" '2026-10-26T09:00:00+01:00'
is 'next: what is open is now' "$(window next night --at 2026-08-24T23:12:13Z | jq -r .nextAt)" '2026-08-24T23:12:13Z'
exits 66 mail-queue window next -a free

# ---- list, show
window list >list.jsonl
schema_ok list.jsonl
is 'list has all' "$(jq -r .name list.jsonl | tr '\n' ' ')" 'office night '
json_is 'show' "$(window show office --at 2026-08-24T12:00:00+02:00)" '{"type":"window","v":1,"name":"office","start":"09:00","end":"18:00","interval":45,"unit":"minutes",
 "days":"mon-fri","timeZone":"Europe/Berlin","holidays":"12-25, 2026-12-28..2026-12-31","open":true,
 "opensAt":"2026-08-24T09:00:00+02:00","closesAt":"2026-08-24T18:00:00+02:00","nextAt":"2026-08-24T12:00:00+02:00"}'

# ---- crontab
window set half start=09:00 end=18:00 interval=30 days=mon-fri >half.jsonl
schema_ok half.jsonl
is 'crontab: one line' "$(window crontab half)" '*/30 9-17 * * 1-5 mail-queue run'
is 'crontab: 45 minutes do not fit into an hour' "$(window crontab office | head -n 3)" 'CRON_TZ=Europe/Berlin
0,45 9,12,15 * * 1-5 mail-queue run
30 10,13,16 * * 1-5 mail-queue run'
is 'crontab: over midnight' "$(window crontab night)" '* 0-5,22,23 * * * mail-queue run'

# ---- set
like 'set keeps what a person wrote' "$(cat mailpipe.conf)" '^# kept$'
window set office end=20:00 holidays= >/dev/null
like 'set: comments stay' "$(cat mailpipe.conf)" '^start = 09:00   # Berlin$'
like 'set changes' "$(cat mailpipe.conf)" '^end = 20:00$'
unlike 'set with nothing removes' "$(cat mailpipe.conf)" 'holidays'
cp mailpipe.conf before.conf
exits 78 mail-queue window set office end=25:00
exits 78 mail-queue window set office edn=20:00
like 'a slip is named' "$(cat err)" 'did you mean end'
exits 64 mail-queue window set office end
same_file 'what is refused changes nothing' mailpipe.conf before.conf
rm mailpipe.conf
exits 0 mail-queue window set -C new.conf office start=09:00
is 'a configuration is made' "$(cat new.conf)" '[window office]
start = 09:00'

# ---- what is wrong in the configuration
wrong() {
	printf '%s\n' "$3" | tr '|' '\n' >bad.conf
	exits 78 mail-queue window list -C bad.conf
	like "$1" "$(cat err)" "$2"
}
wrong 'a time' 'bad.conf, line 2: .window w.: a time of day' '[window w]|start = nine'
wrong 'a zone' 'line 2: .*time zone' '[window w]|timeZone = Europe/Berln'
wrong 'days' 'line 2: .*days' '[window w]|days = never'
wrong 'a holiday' 'line 2: .*holiday' '[window w]|holidays = christmas'
wrong 'an interval' 'line 2: .*interval' '[window w]|interval = 0'
wrong 'a key' 'line 2: .*no setting "strat"' '[window w]|strat = 09:00'
wrong 'a window of an account' 'account a obeys the window "x"' '[account a]|window = x'
wrong 'a window of all' 'obeys the window "x"' '[defaults]|window = x'
exits 78 mail-queue claim -C bad.conf

done_testing
