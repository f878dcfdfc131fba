#!/bin/bash
# mail-send into a real Postfix and a real Dovecot: TLS, logins, byte for byte, copies in Sent, certificates.
. "${0%/*}/../lib.sh"
. "$TOP/tests/net/testbed.sh"
need jq python3
testbed_start
postfix_start || fail 'Postfix comes up'
printf 'secret\n' >pw
printf 'wrong\n' >bad
chmod 600 pw bad
cat >mailpipe.conf <<C
[defaults]
tlsCaFile = $CA
email = ann@example.test
smtp.host = localhost
smtp.port = $SMTP
smtp.security = starttls
smtp.user = ann@example.test
smtp.secret = file:pw
imap.host = localhost
imap.port = $IMAPS
imap.user = ann@example.test
imap.secret = file:pw
[account a]
[account tls]
smtp.port = $SMTPS
smtp.security = tls
[account login]
smtp.auth = login
[account plain]
smtp.auth = plain
smtp.extensions = no
[account wrong]
smtp.secret = file:bad
[account none]
smtp.secret =
smtp.user =
[account clear]
smtp.security = none
[account swapped]
smtp.security = tls
[account closed]
smtp.port = $(port_free 1)
[account unknown]
smtp.host = no-such-host.invalid
[account untrusted]
tlsCaFile =
C
export MAILPIPE_CONFIG="$T/mailpipe.conf"

# message NAME: a message in NAME.eml
message() {
	printf 'From: ann@example.test\r\nTo: bob@example.test\r\nSubject: %s\r\nMessage-ID: <%s@test>\r\n\r\n.dot\r\n..two\r\nbye\r\n' "$1" "$1" >"$1.eml"
}
# arrived NAME [USER]: the file in the mailbox whose Message-ID is that
arrived() { grep -rl "^Message-ID: <$1@test>" "$TB/mail/${2:-bob}/new" "$TB/mail/${2:-bob}/cur" "$TB/mail/${2:-bob}/.Sent" 2>/dev/null | head -n 1; }
has_arrived() { [ -n "$(arrived "$@")" ]; }

for way in a tls login plain; do
	message "$way"
	exits 0 mail-send -a "$way" bob@example.test <"$way.eml"
	ok "through account $way it arrives" wait_for 5 has_arrived "$way"
	sed 's/\r$//; 1,/^$/d' "$way.eml" >want
	sed 's/\r$//; 1,/^$/d' "$(arrived "$way")" >got
	same_file "$way: its text is the same" got want
done
is 'what it says of it' "$(jq -c '[.account, .status, .phase, .code, .enhancedCode, (.serverId | length > 5), .host]' out)" \
	'["plain","sent","reply",250,"2.0.0",true,"localhost"]'

# ---- many, pipelined with BDAT ----
message many
jq -nc --arg p "$T/many.eml" 'range(1; 301) | {type: "submission", v: 1, id: ., account: "a", path: $p, envelope: {mailFrom: "ann@example.test", rcptTo: ["bob@example.test"]}}' >in
find "$TB/mail/bob/new" -type f -delete
exits 0 mail-send <in
is '300 messages over one connection' "$(grep -c '"status":"sent"' out) $(jq -r .serverId out | sort -u | wc -l)" '300 300'
all_there() { [ "$(find "$TB/mail/bob/new" -type f | wc -l)" -eq 300 ]; }
ok 'all arrive' wait_for 20 all_there
schema_ok out
head -c 3000000 /dev/urandom | base64 -w 76 >random
{
	sed '/^\r$/q' many.eml | sed 's/many@/large@/'
	sed 's/$/\r/' random
} >large.eml
exits 0 mail-send -a a bob@example.test <large.eml
ok 'four megabytes arrive' wait_for 10 has_arrived large
sed 's/\r$//; 1,/^$/d' "$(arrived large)" | cmp - random
is 'and are the same' $? 0

# ---- what Postfix thinks ----
message fate
exits 75 mail-send -a a bob@example.test refused@example.test later@example.test <fate.eml
is 'each recipient its own' "$(jq -r '"\(.recipient) \(.status) \(.phase) \(.code) \(.enhancedCode)"' out)" "$(printf '%s\n' \
	'bob@example.test sent reply 250 2.0.0' 'refused@example.test failed rcpt 550 5.1.1' 'later@example.test deferred rcpt 450 4.2.0')"
like "the server's words" "$(jq -r 'select(.code == 550).server' out)" 'no such user'
message bounced
exits 0 mail-send -a a nosuch@example.test <bounced.eml
bounce_there() { grep -rlq 'nosuch@example.test' "$TB/mail/ann/new"; }
ok 'what bounces later comes back to the sender' wait_for 10 bounce_there
message dsn
jq -nc --arg p "$T/dsn.eml" '{type: "submission", v: 1, path: $p, notify: "success", ret: "hdrs", envid: "job 7", envelope: {mailFrom: "ann@example.test", rcptTo: ["bob@example.test"]}}' >in
exits 0 mail-send -a a <in
success_there() { grep -rlq 'Original-Envelope-Id: job 7' "$TB/mail/ann/new"; }
ok 'a report of success was asked for, and comes' wait_for 10 success_there

# ---- copies ----
mailbox_make ann Sent
message copied
exits 0 mail-send -a a --sent bob@example.test <copied.eml
copy=$(grep -rl 'Message-ID: <copied@test>' "$TB/mail/ann/.Sent" | head -n 1)
ok 'a copy is in Sent' test -n "$copy"
# Dovecot keeps lines with LF
tr -d '\r' <copied.eml >want
tr -d '\r' <"$copy" >got
same_file 'it is the message' got want
like 'and is read' "$copy" ':2,.*S'
sed "s/^imap.port = .*/imap.port = $(port_free 1)/" mailpipe.conf >nocopy.conf
message nocopy
exits 0 mail-send -C nocopy.conf -a a --sent bob@example.test <nocopy.eml
is 'a copy that fails makes nothing look unsent' "$(jq -r .status out)" sent
like 'but is told' "$(jq -r '.warnings[0]' out)" 'sent, but no copy was kept: .*refused'
schema_ok out

# ---- it does not work ----
for x in 'wrong 77 smtp.login' 'none 69 null' 'clear 78 smtp.plaintext' 'swapped 78 net.not-tls' 'closed 75 net.refused' 'unknown 75 net.unknown-host' \
	'untrusted 69 net.certificate-issuer' 'missing 78 config.account'; do
	read -r account code word <<<"$x"
	exits "$code" mail-send -a "$account" bob@example.test --from ann@example.test <many.eml
	is "$account: nothing is lost" "$(jq -r '"\(.status) \(.errorCode)"' out)" "$([ "$account" = none ] && echo failed || echo deferred) $word"
done
like 'without a login the server says so' "$(mail-send -a none --from ann@example.test bob@example.test <many.eml 2>/dev/null)" '"phase":"rcpt".*"code":554'
unlike 'no secret is told' "$(cat out err; mail-send -v -a wrong bob@example.test <many.eml 2>&1)" 'wrong[^"]|d3Jvbmc'
proxy_start "$SMTPS"
sed "s/^smtp.port = $SMTPS/smtp.port = $PROXY/" mailpipe.conf >proxy.conf
exits 0 mail-send -C proxy.conf -a tls bob@example.test <many.eml

# ---- test ----
exits 0 mail-send -a a test --dry-run --to bob@example.test
is 'each stage' "$(jq -r .stage out | tr '\n' ' ')" 'resolve connect tls greeting login rcpt '
like 'what the server offers' "$(jq -r 'select(.stage == "greeting").server' out)" 'PIPELINING.*CHUNKING'
is 'how it was logged in' "$(jq -r 'select(.stage == "login").mechanism' out)" SCRAM-SHA-256
schema_ok out
exits 0 mail-send -a a test --to bob@example.test
id=$(jq -r 'select(.stage == "message").messageId[0]' out)
ok 'a test message arrives' wait_for 5 grep -rq "^Message-ID: <$id>" "$TB/mail/bob/new"
schema_ok out
exits 69 mail-send -a a test --to refused@example.test
like 'what is refused' "$(jq -r 'select(.type == "error") | "\(.stage) \(.server)"' out)" 'rcpt 550 5.1.1 .*no such user'
exits 69 mail-send -a a test --dry-run --to refused@example.test
like 'what would be refused' "$(cat err)" 'does not take mail .* no such user'
schema_ok out
exits 77 mail-send -a wrong test
like 'wrong password' "$(cat err)" 'refuses the login of ann@example.test'
exits 75 mail-send -a closed test
schema_ok out

# ---- straight to Dovecot by LMTP ----
message lmtp
exits 1 mail-send --url "lmtp://localhost:$LMTP" --from ann@example.test bob@example.test nosuch@example.test <lmtp.eml
is 'LMTP' "$(jq -r '"\(.recipient) \(.status) \(.code)"' out)" "$(printf '%s\n' 'bob@example.test sent 250' 'nosuch@example.test failed 550')"
ok 'LMTP delivers' wait_for 5 has_arrived lmtp

# ---- the line is cut behind the final dot, and the message is there all the same ----
proxy_start "$LMTP" --cut-on 'cut@test'
message cut
exits 1 mail-send --url "lmtp://localhost:$PROXY" --from ann@example.test bob@example.test <cut.eml
is 'no answer behind the message: uncertain' "$(jq -r '"\(.status) \(.phase) \(.errorCode)"' out)" 'uncertain reply net.lost'
like 'and a person is told' "$(cat err)" 'may have it, or not.*before it is sent again'
ok 'it is there' wait_for 5 has_arrived cut

# ---- the certificate, the server ----
proxy_stop
for cert in expired wrong; do
	cp "$TB/$cert.pem" "$TB/good.pem"
	cp "$TB/$cert.key" "$TB/good.key"
	postfix_stop
	postfix_start
	sed "s/^smtp.port = .*/smtp.port = $SMTP/" mailpipe.conf >cert.conf
	exits 69 mail-send -C cert.conf -a a bob@example.test <many.eml
	like "certificate: $cert" "$(jq -r '"\(.status) \(.phase) \(.errorCode)"' out)" 'deferred tls net.certificate'
done
done_testing
