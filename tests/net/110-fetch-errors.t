#!/bin/sh
# What mail-fetch says, and with which exit code, when it cannot connect, log in, open a mailbox, write, or is not alone.
. "${0%/*}/../lib.sh"
. "$TOP/tests/net/testbed.sh"
need timeout

testbed_start
mailbox_generate ann INBOX 60
mailbox_generate ann Archive.2024 3
export PW=secret
# said NAME CODE STAGE: what the last `exits` printed has one error record of that code and stage, and its sentence on stderr.
said() {
	is "$1: code and stage" "$(jq -r 'select(.type=="error")|"\(.code) \(.stage)"' out)" "$2 $3"
	ok "$1: the sentence stands on stderr, too" grep -qF "$(jq -r 'select(.type=="error").message' out)" err
	schema_ok out "$1: records"
	unlike "$1: no password" "$(cat out err)" "$PW"
}
at() { # at PORT [OPTION…]
	port=$1
	shift
	mail-fetch --url "imaps://ann%40example.test@localhost:$port/INBOX" --secret env:PW --ca-file "$CA" -s "$T/store" "$@"
}

PW=wrong-word exits 77 at "$IMAPS"
PW=wrong-word said 'wrong password' imap.login login
like 'wrong password: the words of the server' "$(jq -r 'select(.type=="error").server' out)" 'AUTHENTICATIONFAILED'
is 'wrong password: the poll tells it, too' "$(jq -r 'select(.type=="poll")|"\(.status) \(.code)"' out)" 'failed imap.login'
exits 75 at 1
said 'refused port' net.refused connect
like 'refused port: host and port are named' "$(cat err)" 'localhost:1'
exits 75 mail-fetch --url imaps://ann@no-such-host.invalid/INBOX --secret env:PW -s "$T/store"
said 'unknown host' net.unknown-host resolve
exits 69 mail-fetch --url "imaps://ann%40example.test@localhost:$IMAPS" --secret env:PW -s "$T/store"
said 'unknown authority' net.certificate-issuer tls
exits 78 at "$IMAP"
said 'TLS to a plain port' net.not-tls tls
exits 75 mail-fetch --url "imap://ann%40example.test@localhost:$IMAPS" --secret env:PW --ca-file "$CA" -s "$T/store" --connect-timeout 1
said 'STARTTLS to a TLS port' net.timeout greeting
like 'STARTTLS to a TLS port: the hint' "$(cat err)" 'TLS from the start'
exits 78 at "$IMAPS" --ca-file /nowhere.pem
said 'no such authorities' net.ca-file tls
exits 78 at "$IMAPS" --auth XOAUTH2
said 'a mechanism that is not offered' imap.mechanism login
exits 77 at "$IMAPS" --secret env:NOT_SET
is 'no secret: a poll closes' "$(jq -r 'select(.type=="poll")|"\(.status) \(has("uidValidity"))"' out)" 'failed false'
exits 66 at "$IMAPS" -m Archvie.2024
said 'unknown mailbox' imap.no-mailbox select
like 'unknown mailbox: one that is like it' "$(cat err)" 'Archive\.2024'
exits 66 at "$IMAPS" -m Nowhere -m Archive.2024
is 'unknown mailbox: the next is read all the same' "$(jq -c 'select(.type=="poll")|[.mailbox,.fetched]' out | tr -d '\n')" '["Nowhere",0]["Archive.2024",3]'
exits 66 at "$IMAPS" -m Archive
like 'a mailbox that only holds others' "$(cat err)" 'Archive'

proxy_start "$IMAPS" --silent
start=$(date +%s)
exits 75 at "$PROXY" --connect-timeout 1
said 'silent server' net.timeout tls
ok 'silent server: the deadline holds' test $(($(date +%s) - start)) -le 4
proxy_start "$IMAPS" --silent-after 30000
rm -rf "$T/store"
start=$(date +%s)
exits 75 at "$PROXY" --response-timeout 1
ok 'fallen silent: the deadline holds' test $(($(date +%s) - start)) -le 12
like 'fallen silent: said' "$(cat err)" 'silent for too long'
is 'fallen silent: poll' "$(tail -n 1 out | jq -r '"\(.type) \(.status)"')" 'poll partial'
ok 'fallen silent: what came is there' test "$(jq -r 'select(.type=="email").path' out | wc -l)" -gt 0

proxy_start "$IMAPS" --cut-after 40000 --once
rm -rf "$T/store"
exits 0 at "$PROXY" -v
like 'cut once in the middle: it goes on by itself' "$(cat err)" 'connecting again'
is 'cut once: all came, none twice' "$(jq -r 'select(.type=="email").source.uid' out | sort -n | uniq | wc -l) $(grep -c '"email"' out)" '60 60'
jq -r 'select(.type=="email")|"INBOX \(.source.uid) \(.blobId) \(.size)"' out | sort >got
imap_digests ann INBOX | sort >want
same_file 'cut once: as the server has them' got want
proxy_stop
is 'cut once: no half blob stays' "$(find "$T/store/blobs" -name 'new-*' | wc -l)" 0

for cert in expired wrong; do
	dovecot_restart "$cert"
	exits 69 at "$IMAPS"
	said "certificate: $cert" "net.certificate-$(echo $cert | sed s/wrong/name/)" tls
done
dovecot_restart good

# two at once, and one that is stopped
rm -rf "$T/store"
proxy_start "$IMAPS" --delay-ms 400
mail-fetch --url "imaps://ann%40example.test@localhost:$PROXY/INBOX" --secret env:PW --ca-file "$CA" -s "$T/store" -n 1 >first 2>first.err &
first=$!
wait_for 5 test -s "$T/store/fetch-ann@example.test.lock"
exits 75 at "$IMAPS"
like 'the second says who holds it' "$(cat err)" "pid $first"
is 'the second leaves a reason in the stream' "$(jq -r .code out | head -n 1)" lock.held
exits 0 at "$IMAPS" -a other -n 1
is 'another account is free' "$(head -n 1 out | jq -r .account)" other
wait "$first"
is 'the first is not disturbed' "$? $(grep -c '"email"' first)" '0 1'

rm -rf "$T/store"
proxy_start "$IMAPS" --silent-after 60000
mail-fetch --url "imaps://ann%40example.test@localhost:$PROXY/INBOX" --secret env:PW --ca-file "$CA" -s "$T/store" >partial 2>err &
pid=$!
wait_for 5 grep -q email partial
kill -TERM "$pid"
start=$(date +%s)
wait "$pid"
is 'SIGTERM: try again later' "$?" 75
ok 'SIGTERM: a message whose rest does not come is waited for, but not long' test $(($(date +%s) - start)) -le 6
is 'SIGTERM: a poll closes' "$(tail -n 1 partial | jq -r '"\(.type) \(.status)"')" 'poll partial'
is 'SIGTERM: no half blob stays' "$(find "$T/store/blobs" -name 'new-*' | wc -l)" 0
rm -rf "$T/store"
exits 75 at "$PROXY" --time-limit 1
is '--time-limit: a poll closes' "$(tail -n 1 out | jq -r '"\(.type) \(.status) \(.code)"')" 'poll partial fetch.stopped'
proxy_stop

# where it writes to
at "$IMAPS" -s "$T/store2" 2>err | head -n 1 >one
is 'head: one line' "$(wc -l <one)" 1
is 'head: quiet' "$(cat err)" ''
if [ -e /dev/full ]; then
	code=0
	at "$IMAPS" -s "$T/store3" >/dev/full 2>err || code=$?
	is '/dev/full' "$code" 74
	like '/dev/full: said' "$(cat err)" 'cannot write the output'
fi

# the command line
exits 64 mail-fetch
like 'nothing to read: said' "$(cat err)" '-a NAME'
exits 64 mail-fetch --no-such-option
exits 64 mail-fetch --all nonsense
exits 64 mail-fetch -n many --all
exits 64 mail-fetch --url imaps://ann:secret@localhost/INBOX --secret env:PW
like 'a password in the URL: said' "$(cat err)" '--secret'
unlike 'and not repeated' "$(cat err)" 'ann:secret'
exits 64 mail-fetch --url http://localhost/ --secret env:PW
exits 64 mail-fetch --url imaps://ann@localhost/
exits 64 mail-fetch --url imaps://ann@localhost:99999/ --secret env:PW
exits 78 mail-fetch --all
cat >conf <<X
[account ann]
imap.host = localhost
imap.port = $IMAPS
imap.user = ann@example.test
imap.secret = env:PW
tlsCaFile = $CA
[account plain]
imap.host = localhost
imap.port = $IMAP
imap.security = none
imap.user = ann@example.test
imap.secret = env:PW
[account dead]
imap.host = localhost
imap.port = 1
imap.user = x
imap.secret = env:PW
mailboxes = INBOX, Sent
[account asleep]
imap.host = localhost
imap.port = 1
imap.user = x
imap.secret = env:PW
autoSync = no
X
exits 66 mail-fetch -C conf -a nobody
like 'unknown account: said' "$(cat err)" 'nobody'
exits 78 mail-fetch -C conf -a plain
said 'no login without TLS' imap.plaintext login
exits 75 mail-fetch -C conf -a ann -a dead -j 1 -n 1 -s "$T/store4"
is 'one account that fails does not stop the other' "$(jq -c 'select(.type=="poll")|[.account,.mailbox,.status]' out | tr -d '\n')" \
	'["ann","INBOX","ok"]["dead","INBOX","failed"]["dead","Sent","failed"]'
exits 78 mail-fetch -C conf --all -n 1 -s "$T/store4"
is '--all leaves out what is not to be read by itself' "$(jq -r 'select(.type=="poll").account' out | sort -u | tr '\n' ' ')" 'ann dead plain '
exits 0 mail-fetch -C conf -a ann test
is 'test: all stages' "$(jq -r .stage out | tr '\n' ' ')" 'resolve connect tls greeting login select '
schema_ok out 'test: records'
exits 75 mail-fetch -C conf -a dead test
exits 78 mail-fetch --url 'imap://a@no host/' --secret env:PW -s "$T/store4"
said 'a host that is none' net.host null
done_testing
