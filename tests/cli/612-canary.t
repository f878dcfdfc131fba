#!/bin/sh
# mail-stats canary: a probe leaves through the queue and comes back through the mailbox; what does not come back is told.
. "${0%/*}/../lib.sh"
need jq
[ -x "$BUILD/timed/mail-stats" ] || skip_all 'needs make timed'
PATH=$BUILD/timed:$PATH
T0=1772323200
export MAILPIPE_STORE="$T/store" MAILPIPE_CONFIG="$T/mail.conf" MAILPIPE_TEST_NOW=$T0 SENT="$T/sent"
send=$TOP/tests/fault/fake-send
cat >mail.conf <<'CONF'
[defaults]
health.diskWarning = 1K
health.diskCritical = 1K
[account support]
email = support@example.com
canary.interval = 600
[account sales]
email = sales@example.com
[account away]
email = away@example.com
status = inactive
canary.interval = 600
CONF
at() { MAILPIPE_TEST_NOW=$((T0 + $1)); }
# What is due leaves.
run() { mail-queue claim -q | "$send" | mail-queue settle -q; }
# What left arrives: with the lines of who carried it, in INBOX or the mailbox named.
arrive() {
	for path in $(mail-queue list --all | jq -r 'select(.idempotencyKey | startswith("canary:")) | .path'); do
		{ printf 'Received: from here by there; Sun, 1 Mar 2026 00:00:00 +0000 (%s)\r\n' "${1:-INBOX}"; cat "$path"; } >back.eml
		mail-parse -q --inline -a support back.eml | jq -c --arg m "${1:-INBOX}" '.mailboxes = [$m]' | mail-store put -q
	done
}
finding() { mail-stats canary check -a "${1:-support}" | jq -r '[.status, .message, .sinceAt, .hint] | join(" | ")'; }

exits 2 mail-stats canary check
mail-store init
exits 1 mail-stats canary check
schema_ok out
is 'none was sent yet' "$(finding)" 'warning | no probe was ever sent |  | does cron run mail-stats canary send?'
is 'only where it is set' "$(mail-stats canary check | jq -r .account)" support
is '--dry-run' "$(mail-stats canary send --dry-run 2>&1; mail-queue list)" 'mail-stats: would send a probe from support'
exits 0 mail-stats canary send
is 'quiet' "$(cat out err)" ''
is 'in the queue, from us to us' "$(mail-queue list | jq -c '[.account, .envelope.mailFrom, .envelope.rcptTo, .autoSubmitted]')" \
	'["support","support@example.com",["support@example.com"],"auto-generated"]'
at 60
exits 0 mail-stats canary send
is 'one in an interval' "$(mail-queue list | wc -l)" 1
is 'under way' "$(finding)" 'ok | a probe is under way |  | '
at 900
is 'late: it never left' "$(finding)" \
	'warning | a probe has not arrived after 15m 0s; in the queue it is queued | 2026-03-01T00:00:00Z | is the queue run, account support? mail-queue show 1 tells'
run
is 'late: it left' "$(finding)" \
	'warning | a probe has not arrived after 15m 0s; in the queue it is sent: said so | 2026-03-01T00:00:00Z | it was sent: is it at the server? mail-fetch -a support test; mail-queue show 1'
is 'our own copy is no arrival' "$(mail-store list -m Sent | wc -l)" 1
arrive 'Sent Items'
is 'nor is one in a mailbox of what was sent' "$(finding | cut -d' ' -f1)" warning
at 1000
arrive
is 'it arrived' "$(finding)" 'ok | the last probe that arrived took 16m 40s, 0s ago |  | '
at 1060
exits 0 mail-stats canary send
run
at 2000
exits 1 mail-stats canary check
is 'the next one did not' "$(finding | cut -d'|' -f3)" ' 2026-03-01T00:17:40Z '
at $((1060 + 3600))
is 'health finds it, too' "$(mail-stats health | jq -r 'select(.check == "canary") | .status')" critical
is 'thresholds are settings' "$(sed '/^\[account support/a canary.critical = 9000' mail.conf >other.conf; mail-stats canary check -C other.conf | jq -r .status)" warning
arrive
is 'until it arrives; then it is time for the next' "$(finding | cut -d'|' -f1,2)" 'warning | the last probe was sent 1h 0m ago '
mail-stats canary list >list
schema_ok list
is 'list: the newest first' "$(jq -c '[.submissionId, .status, .queuedAt, .leftAt, .arrivedAt, .tookSeconds]' list)" \
	'[2,"sent","2026-03-01T00:17:40Z","2026-03-01T00:17:40Z","2026-03-01T01:17:40Z",3600]
[1,"sent","2026-03-01T00:00:00Z","2026-03-01T00:15:00Z","2026-03-01T00:16:40Z",1000]'
is 'list: as a table' "$(mail-stats canary list -f tsv | head -1)" 'account	submissionId	status	queuedAt	leftAt	arrivedAt	tookSeconds	messageId'
at 7000
is 'none sent for long' "$(finding)" 'warning | the last probe was sent 1h 39m ago | 2026-03-01T00:17:40Z | does cron run mail-stats canary send?'
at 9000
is 'for longer' "$(finding | cut -d' ' -f1)" critical

# -- what is refused, what waits
sed -i '/^\[account support/a canary.to = bad@example.com' mail.conf
exits 0 mail-stats canary send
is 'canary.to: to somebody else' "$(mail-queue list | jq -c .envelope.rcptTo | tail -1)" '["bad@example.com"]'
run
at 9001
is 'refused: critical at once' "$(finding | cut -d'|' -f1,2)" 'critical | a probe has not arrived after 1s; in the queue it is failed: said so '
at 10300
sed -i '/^canary.to/d' mail.conf
arrive
printf '[window office]\nstart = 09:00\nend = 10:00\n' >>mail.conf
sed -i '/^\[account sales/a window = office\ncanary.interval = 600' mail.conf
exits 0 mail-stats canary send
run
at 11000
is 'what waits for its window is not late' "$(finding sales)" 'ok | no probe is under way |  | '

# -- by hand
at 20000
exits 0 mail-stats canary send -a sales -v
is '-a: now' "$(cat err)" 'mail-stats: a probe from sales is in the queue'
exits 66 mail-stats canary send -a nobody
before=$(mail-queue list --all | wc -l)
exits 2 mail-stats canary send -a support --wait 1
like '--wait: it did not come' "$(cat err)" '1 of 1 probes did not arrive within 1 s'
is 'but it is under way' "$(mail-queue list --all | wc -l)" $((before + 1))
at 20100
{ sleep 0.5; run; arrive; } &
exits 0 mail-stats canary send -a support --wait 60
wait
printf '[account nameless]\n' >>mail.conf
exits 78 mail-stats canary send -a nameless
like 'no address' "$(cat err)" 'account nameless has no address'
exits 64 mail-stats canary
exits 64 mail-stats canary fly
exits 64 mail-stats canary send --wait soon
done_testing
