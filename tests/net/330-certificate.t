#!/bin/sh
# When the certificate of a server ends: in the poll, in the store, in health, in good time.
. "${0%/*}/../lib.sh"
. "$TOP/tests/net/testbed.sh"
need openssl
export TB_CERT_DAYS=60
testbed_start
export PW=secret MAILPIPE_STORE="$T/store" MAILPIPE_CONFIG="$T/conf"
cat >conf <<X
[defaults]
tlsCaFile = $CA
imap.host = localhost
imap.secret = env:PW
imap.user = ann@example.test
health.diskWarning = 1K
health.diskCritical = 1K
[account tls]
imap.port = $IMAPS
[account starttls]
imap.port = $IMAP
imap.security = starttls
X
ends=$(date -u -d "$(openssl x509 -in "$TB/good.pem" -noout -enddate | cut -d= -f2)" +%s)
utc=$(date -u -d "@$ends" +%Y-%m-%dT%H:%M:%SZ)
mail-fetch --all >fetched
schema_ok fetched
is 'the poll tells' "$(jq -r 'select(.type == "poll") | .account + " " + .certificateUntil' fetched | sort)" "starttls $utc
tls $utc"
mail-parse <fetched | mail-thread | mail-store put -q
finding() { MAILPIPE_TEST_NOW=$1 "$BUILD/timed/mail-stats" health -a tls | jq -r 'select(.check == "certificate") | .status + ", " + .message'; }
like 'fine' "$(mail-stats health | jq -r 'select(.check == "certificate") | .account + " " + .object + " " + .status' | sort | xargs)" '^starttls localhost ok tls localhost ok$'
exits 0 mail-stats health --probe
is '--probe logs in' "$(jq -r 'select(.check == "fetch-test") | .account + " " + .status + " " + .message' out)" 'tls ok mail-fetch test passed
starttls ok mail-fetch test passed'
# The poll is a day old.
seen=$((ends - 10 * 86400))
sqlite3 store/mail.db "UPDATE certificate SET seen_at = $seen - 86400"
is 'ten days before its end' "$(finding $seen)" 'warning, the certificate of localhost ends in 10d 0h'
sqlite3 store/mail.db "UPDATE certificate SET seen_at = $ends - 2 * 86400"
is 'two days before' "$(finding $((ends - 86400)))" 'critical, the certificate of localhost ends in 1d 0h'
is 'after it' "$(finding $((ends + 3600)))" 'critical, the certificate of localhost ended 1h 0m ago'
is 'a server that was not seen for a week is not judged' "$(finding $((ends + 30 * 86400)))" ''
sed -i 's/^imap.host = localhost/imap.host = other.example/' conf
is 'nor one that the account has left' "$(finding $((ends - 86400)))" ''
done_testing
