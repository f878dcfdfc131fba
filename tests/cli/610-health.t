#!/bin/sh
# mail-stats health: judged by work that was completed; 0, 1 or 2; since when, and what to do.
. "${0%/*}/../lib.sh"
need jq sqlite3 openssl
[ -x "$BUILD/timed/mail-stats" ] || skip_all 'needs make timed'
PATH=$BUILD/timed:$PATH
T0=1772323200 # 2026-03-01T00:00:00Z
export MAILPIPE_STORE="$T/store" MAILPIPE_CONFIG="$T/mail.conf" MAILPIPE_TEST_NOW=$T0
cat >mail.conf <<'CONF'
[defaults]
health.diskWarning = 1K
health.diskCritical = 1K
[account support]
email = support@example.com
imap.host = imap.example.com
syncInterval = 300
[account sales]
email = sales@example.com
imap.host = imap.example.com
mailboxes = INBOX, Sent
syncInterval = 3600
[account closed]
email = closed@example.com
imap.host = imap.example.com
status = inactive
[account byhand]
email = byhand@example.com
imap.host = imap.example.com
autoSync = no
[account out]
email = out@example.com
CONF

at() { MAILPIPE_TEST_NOW=$((T0 + $1)); }
utc() { date -u -d "@$((T0 + $1))" +%Y-%m-%dT%H:%M:%SZ; }
# polled ACCOUNT MAILBOX SECONDS [STATUS [CODE [WORDS]]]: stored when it ended.
polled() {
	at "$3"
	jq -nc --arg a "$1" --arg m "$2" --arg t "$(utc "$3")" --arg s "${4:-ok}" --arg c "${5:-}" --arg e "${6:-${5:+it went wrong}}" '{type: "poll", v: 1, account: $a,
		host: "imap.example.com", protocol: "imap", mailbox: $m, startedAt: $t, endedAt: $t, found: 0, fetched: 0, failed: 0, octets: 0, status: $s,
		code: (if $c == "" then null else $c end), error: (if $e == "" then null else $e end)}' | mail-store put -q
}
# finding CHECK [ACCOUNT]: its status, message, since and hint.
finding() { mail-stats health | jq -r --arg c "$1" --arg a "${2:-}" 'select(.check == $c and (.account // "") == $a) | [.status, .message, .sinceAt, .hint] | join(" | ")'; }
status() { finding "$@" | cut -d' ' -f1; }

# -- no store, no poll
exits 2 mail-stats health
is 'no store is critical' "$(jq -r 'select(.status == "critical") | .check + ": " + .message' out)" "store: there is no store in $T/store"
mail-store init
exits 1 mail-stats health
is 'an account that was never polled' "$(finding poll support)" \
	'warning | it was never polled |  | run mail-fetch -a support | mail-parse | mail-thread | mail-store put'
is 'inactive ones, those read by hand and those without a server are left alone' "$(mail-stats health | jq -r 'select(.check == "poll") | .account' | sort | xargs)" 'sales support'

# -- the last poll that ended well, against the interval
polled support INBOX 0
polled sales INBOX 0
at 60
is 'a mailbox of two was never polled' "$(status mailboxes sales)" warning
polled sales Sent 0
at 60
exits 0 mail-stats health
schema_ok out
is 'fine' "$(finding poll support)" 'ok | INBOX: the last poll that ended well was 1m 0s ago |  | '
at 1799
is 'before six intervals: fine' "$(status poll support)" ok
at 1800
exits 1 mail-stats health
is 'six intervals: a warning, since when, what to do' "$(finding poll support)" "warning | INBOX: the last poll that ended well was 30m 0s ago | $(utc 0) | does cron run mail-fetch --all --due? try mail-fetch -a support | mail-parse | mail-thread | mail-store put"
is 'another interval, another judgement' "$(status poll sales)" ok
at 7200
exits 2 mail-stats health
is 'and 24: critical' "$(status poll support)" critical
is 'the worst stands first' "$(jq -r .status out | uniq | xargs)" 'critical ok'
exits 2 mail-stats health -a support
exits 0 mail-stats health -a sales
is '-a: nothing of others' "$(jq -r 'select(.account == "support")' out)" ''
exits 2 mail-stats health -a sale
is 'a name that nobody knows is not well' "$(mail-stats health -a sale --problems -f json | jq -r '"\(.check) \(.account): \(.message)"')" 'config sale: there is no such account'
printf '[account support]\nemail = support@example.com\n' >one.conf
chmod 600 one.conf
exits 1 mail-stats health -a sales -C one.conf
like 'one that was taken out of the configuration' "$(jq -r 'select(.check == "config") | .message' out)" 'no longer in the configuration'
is 'and the dashboard says so' "$(mail-stats dash -f html -C one.conf | grep -c 'sales</th><td>not configured')" 1
printf 'health.pollWarning = 100\nhealth.pollCritical = 200\n' >>mail.conf
sed -i '/^\[account support\]/a health.pollWarning = 100' mail.conf
is 'thresholds are settings, of an account or of all' "$(status poll support)" critical
sed -i '/^\[account support\]/a health.pollCritical = 200' mail.conf
is 'both of them' "$(status poll support)" ok
sed -i '/health.poll/d' mail.conf

# -- failures in a row
polled support INBOX 7300
for n in 1 2; do polled support INBOX $((7300 + n * 60)) failed net.timeout 'imap.example.com does not answer'; done
is 'two failures are not told' "$(status poll support)" ok
polled support INBOX 7480 failed net.timeout 'imap.example.com does not answer'
is 'three are a warning, since the first' "$(finding poll support)" \
	"warning | INBOX: 3 polls in a row failed: imap.example.com does not answer | $(utc 7360) | mail-fetch -a support test shows where it ends"
for n in 4 5 6 7 8 9 10; do polled support INBOX $((7300 + n * 60)) failed net.timeout 'imap.example.com does not answer'; done
is 'ten are critical' "$(status poll support)" critical
polled support INBOX 8000 partial net.lost
is 'one that brought some mail ends it' "$(status poll support)" ok
polled support INBOX 8060 failed imap.login 'the server refuses the login of support'
is 'what only a person can mend is critical at once' "$(finding poll support)" \
	"critical | INBOX: 1 poll in a row failed: the server refuses the login of support | $(utc 8060) | mail-account secret set support imap.secret, then mail-fetch -a support test"
polled support INBOX 8120
is 'mended' "$(status poll support)" ok
polled sales Sent 8130 failed net.timeout
polled sales Sent 8140 failed net.timeout
polled sales Sent 8150 failed net.timeout
polled sales INBOX 8160
is 'one mailbox of several' "$(finding poll sales | cut -d'|' -f1,2)" 'warning | Sent: 3 polls in a row failed: it went wrong '
polled sales Sent 8170

# -- all mailboxes
sed -i '/^\[account support\]/a mailboxes = *' mail.conf
polled support Archive 8180
is '*: those that are polled' "$(status poll support)" ok
polled support '*' 8190 failed imap.login 'no login'
is '*: a session that did not begin' "$(finding poll support | cut -d'|' -f1,2)" 'critical | INBOX: 1 poll in a row failed: no login '
polled support INBOX 8200
polled support Archive 8200
is '*: and then did' "$(status poll support)" ok
sed -i '/^mailboxes = \*$/d' mail.conf

# -- the queue
queue() { mail-compose --raw -a support --to "$1" --subject x --text y --key "$2" | mail-queue add -q >/dev/null; }
# settle STATUS PHASE CODE: what is due is tried, and ends so.
settle() {
	mail-queue claim -q | jq -c --arg s "$1" --arg p "$2" --arg c "${3:-}" --arg t "$(date -u -d "@$MAILPIPE_TEST_NOW" +%Y-%m-%dT%H:%M:%SZ)" '. as $m | .envelope.rcptTo[]
		| {type: "delivery", v: 1, submissionId: $m.id, lease: $m.lease, leasePath: $m.leasePath, account: $m.account, recipient: ., status: $s, phase: $p, at: $t, host: "mx.example",
		server: "words of it"} + if $c == "" then {} else {errorCode: $c} end' | mail-queue settle -q
}
at 8300
queue bob@y.example one
is 'what is queued is not late yet' "$(status queue)" ok
at 9200
is 'due for 15 minutes, and nobody takes it' "$(mail-stats health | jq -r 'select(.check == "queue") | [.status, .account, .message, .sinceAt] | join(" | ")')" \
	"warning | support | 1 submission is due, and no run took it; the oldest for 15m 0s | $(utc 8300)"
at 11900
is 'for an hour: critical' "$(status queue support)" critical
mail-queue pause --account support -q >/dev/null 2>&1 || mail-queue pause -a support -q >/dev/null
is 'paused: by a person' "$(status queue; finding pause support | cut -d'|' -f1,2)" 'ok
ok | the account was paused 0s ago '
at $((11900 + 86400))
is 'and forgotten: a warning' "$(finding pause support | cut -d'|' -f1,2,4)" 'warning | the account was paused 1d 0h ago | mail-queue resume'
mail-queue resume -a support -q >/dev/null
for n in 1 2 3 4 5; do
	at $((100000 + n * 5000))
	settle deferred connect net.timeout
done
is 'attempts that reach no server' "$(finding send support)" \
	"warning | 5 attempts in a row ended at connect of mx.example: words of it | $(utc 105000) | mail-send -a support test shows where it ends"
is 'and what they leave in the queue' "$(finding deferred support | cut -d'|' -f1,2)" 'warning | 1 submission is tried again and again, and not sent; the oldest for 1d 8h '
at 130000
settle deferred login smtp.login
is 'a login that is refused is critical' "$(status send support)" critical
at 135000
settle sent reply
is 'sent' "$(finding send support | cut -d'|' -f1,2)" 'ok | the last attempt reached a server '
is 'nothing is deferred' "$(finding deferred support)" ''
at 135100
queue carl@y.example two
settle uncertain data
is 'uncertain ones' "$(finding uncertain support)" \
	"warning | 1 recipient is uncertain: the connection broke before the server confirmed it; the oldest for 0s | $(utc 135100) | mail-queue reconcile, then mail-queue mark ID sent or failed"
mail-queue mark two sent -q >/dev/null
is 'settled by hand' "$(finding uncertain support)" ''

# -- what it stands on
is 'store: never checked' "$(finding store)" 'ok | it can be read; mail-store check was never run |  | '
mail-store check
is 'store: checked' "$(finding store)" 'ok | mail-store check found nothing wrong 0s ago |  | '
at $((135100 + 36 * 86400))
is 'store: long ago' "$(status store)" warning
at 135200
blob=$(find store/blobs -type f | head -1)
mv "$blob" kept
exits 65 mail-store check
is 'store: with faults' "$(finding store)" "critical | mail-store check found 1 fault | $(utc 135200) | mail-store check --full names them; doc/store.md tells what to do"
mv kept "$blob"
mail-store check
is 'store: and without' "$(status store)" ok
sed -i 's/^health.diskWarning.*/health.diskWarning = 900000G/' mail.conf
is 'disk: short of room' "$(finding disk | sed 's/has [0-9.]* [KMGT]/has N/')" "warning | the disk of $T/store has N free |  | make room on it, or move the store to another one (-s, MAILPIPE_STORE)"
sed -i 's/^health.diskCritical.*/health.diskCritical = 900000G/' mail.conf
is 'disk: full' "$(status disk)" critical
sed -i 's/^\(health.disk.*\) = .*/\1 = 1K/' mail.conf
is 'disk: as it is' "$(status disk)" ok
polled support INBOX 135300
is 'clock: fine' "$(status clock)" ok
polled support INBOX 137100
at 135400
is 'clock: rows of the future' "$(finding clock | cut -d'|' -f1,2)" 'warning | the store has rows of the future, 28m 20s ahead of the clock '
at 2000
is 'clock: of another day' "$(status clock)" critical
mail() { printf 'From: a@b.example\nMessage-ID: <%s@b.example>\nDate: Sun, 1 Mar 2026 00:00:00 +0000\nSubject: %s\n\nx\n' "$1" "$1" | mail-parse -q --inline | mail-store put -q; }
at 140000
mail one
at 137200
mail two
at 140100
is 'clock: it went back' "$(finding clock)" "warning | the clock went back by 46m 40s | $(utc 137200) | was it set by hand? let it be kept by systemd-timesyncd, chrony or ntpd"
at $((137200 + 86401))
is 'clock: yesterday' "$(status clock)" ok

# -- certificates and secrets
real=$(date +%s)
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -out cert.pem -subj /CN=x -days 30 2>/dev/null
sed -i "/^\[account support\]/a smime.cert = $T/cert.pem" mail.conf
certificate() { MAILPIPE_TEST_NOW=$((real + $1 * 86400)); finding certificate support | cut -d'|' -f1,2 | sed 's/[0-9]*d [0-9]*h/N/'; }
is 'a certificate' "$(certificate 1)" "ok | the certificate of $T/cert.pem ends in N "
is 'that ends soon' "$(certificate 17)" "warning | the certificate of $T/cert.pem ends in N "
is 'that ends now' "$(certificate 28)" "critical | the certificate of $T/cert.pem ends in N "
is 'that has ended' "$(certificate 32)" "critical | the certificate of $T/cert.pem ended N ago "
sed -i "s/^smime.cert.*/smime.cert = $(printf %s "$T" | sed 's,/,\\/,g')\/nowhere.pem/" mail.conf
is 'that is not there' "$(certificate 1 | cut -d' ' -f1)" critical
sed -i '/^smime.cert/d' mail.conf
echo geheim >pw
touch -d "@$T0" pw
at 140100
sed -i "/^\[account support\]/a imap.secret = file:$T/pw" mail.conf
is 'the age of a secret is nobody'"'"'s business' "$(finding secret support)" ''
sed -i '/^\[account support\]/a health.secretWarning = 90' mail.conf
at 140200
is 'unless it is set' "$(finding secret support)" ''
at $((91 * 86400))
is 'old: change it' "$(finding secret support | cut -d'|' -f1,2,4)" "warning | the secret in $T/pw is 91d 0h old | change it at the server and in the file"
unlike 'and it is never shown' "$(mail-stats health)" geheim

# -- the configuration
at 8210
cp mail.conf good.conf
sed -i '/^\[account support\]/a health.failuresWarning = many' mail.conf
exits 2 mail-stats health
is 'a wrong setting' "$(jq -r 'select(.check == "config") | .message' out | head -1)" "$T/mail.conf, line 5: health.failuresWarning of account support is \"many\", which is not a number from 1 to 9223372036854775807"
echo '[account' >mail.conf
exits 2 mail-stats health
is 'a broken file' "$(jq -r 'select(.check == "config") | .status' out)" critical
mv good.conf mail.conf

# -- whom
is '-a: an address is as good as a name' "$(mail-stats health -a Sales@Example.com)" "$(mail-stats health -a sales)"
exits 2 mail-stats health -a sales --probe
is '--probe: asks the programs' "$(jq -r 'select(.check == "fetch-test") | [.status, .account, .hint] | join(" ")' out)" 'critical sales mail-fetch -a sales test -v'
like 'and tells their words' "$(jq -r 'select(.check == "fetch-test") | .message' out)" '^mail-fetch: account sales has no imap.secret'

# -- forms
polled support INBOX 250000
polled sales INBOX 250000
polled sales Sent 250000
mail-stats health -f table >lines
is 'table: a line for each' "$(wc -l <lines)" "$(mail-stats health | wc -l)"
like 'table: what' "$(cat lines)" '^ok +poll support: INBOX: the last poll that ended well was 0s ago$'
is 'tsv' "$(mail-stats health -f tsv | head -1)" 'status	check	account	object	message	sinceAt	hint	at'
is '--problems: nothing where all is well' "$(mail-stats health --problems; mail-stats health --problems -f table; mail-stats health --problems -f html)" ''
polled sales Sent 250100 failed imap.login "$(printf '<script>alert(1)</script>\033[31m')"
exits 2 mail-stats health --problems -f html
like 'html: escaped' "$(cat out)" '&lt;script&gt;alert\(1\)&lt;/script&gt;'
unlike 'html: no script, nothing loaded' "$(cat out)" '<script|src=|href=|@import'
mail-stats health -f table >lines
unlike 'table: nothing steers the terminal' "$(cat lines)" "$(printf '\033')"
like 'the worst is the first line' "$(head -1 lines)" '^critical  poll sales: Sent: '
is '--problems: one line' "$(mail-stats health --problems -f table | wc -l)" 1
is 'report health' "$(mail-stats report health)" "$(mail-stats health)"
exits 64 mail-stats health -f svg
exits 64 mail-stats health --no-such-option
exits 64 mail-stats health now
exits 2 mail-stats -s nowhere health
exits 74 sh -c 'mail-stats health >/dev/full'
exits 0 sh -c 'mail-stats health | true'

# -- a sign of life
exits 2 mail-stats health --alive sign
not_ok 'none while something is critical' test -e sign
polled sales Sent 250200
exits 0 mail-stats health --alive sign
ok 'one when it is over' test -e sign
touch -d '2020-01-01' sign
mail-stats health --alive sign >/dev/null
ok 'touched' test sign -nt mail.conf
touch -d '2020-01-01' sign
at $((250200 + 1800))
exits 1 mail-stats health --alive sign
not_ok 'cycles stopped: so does it' test sign -nt mail.conf
polled support INBOX 252100
polled sales INBOX 252100
exits 66 mail-stats health --alive nowhere/sign
like 'what cannot be touched is told' "$(cat err)" 'nowhere/sign'
done_testing
