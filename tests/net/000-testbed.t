#!/bin/sh
# The servers that the other tests stand on do what testbed.sh says.
. "${0%/*}/../lib.sh"
. "$TOP/tests/net/testbed.sh"
need curl

testbed_start
pass 'Dovecot is up'

mailbox_generate ann INBOX 100
mailbox_generate ann Archive.2024 7
imap() { curl -s --cacert "$CA" -u "$1" "imaps://localhost:$IMAPS/$2" ${3:+-X "$3"}; }
is '100 messages are listed' "$(imap ann@example.test:secret INBOX 'UID SEARCH ALL' | tr -d '\r' | wc -w)" 102
not_ok 'a wrong password is refused' imap ann@example.test:wrong INBOX 'UID SEARCH ALL'
is 'and nothing is slow after it' "$(imap bob@example.test:second '' 'NOOP' >"$T/out" && echo in)" in
ok 'STARTTLS' sh -c "curl -sf --ssl-reqd --cacert $CA -u ann@example.test:secret imap://localhost:$IMAP/ >$T/out"
ok 'POP3 over TLS' sh -c "curl -sf --cacert $CA -u ann@example.test:secret pop3s://localhost:$POP3S/ >$T/out"
is 'POP3 lists the inbox' "$(wc -l <"$T/out")" 100
openssl s_client -quiet -verify_return_error -CAfile "$CA" -connect "127.0.0.1:$IMAPS" >greeting 2>/dev/null <<-X
	a LOGOUT
X
like 'SCRAM is offered' "$(cat greeting)" 'AUTH=SCRAM-SHA-256'

imap_digests ann >digests
is 'digests of two mailboxes' "$(cut -d' ' -f1 digests | sort | uniq -c | tr -s ' ' | tr '\n' ';')" ' 7 Archive.2024; 100 INBOX;'
mkdir -p one/new one/tmp other/new other/tmp
"$TOP/tests/net/make-mail.py" --count 1 --seed INBOX --first 98 one
"$TOP/tests/net/make-mail.py" --count 5 --seed INBOX --first 96 other
same_file 'a seed makes the same bytes in every range' one/new/*.M000098.* other/new/*.M000098.*
printf 'Subject: a file\r\n\r\nbody\r\n' >mine.eml
mailbox_add bob INBOX mine.eml
is 'a file comes down byte for byte' "$(imap_digests bob INBOX | cut -d' ' -f3)" "$(sha256sum <mine.eml | cut -d' ' -f1)"
mailbox_make bob Later
doveadm_run mailbox status -u bob@example.test messages INBOX >status 2>&1
like 'doveadm sees it' "$(cat status)" 'messages=1'

for cert in expired wrong; do
	dovecot_restart "$cert"
	not_ok "the $cert certificate is refused" imap ann@example.test:secret '' NOOP
done
like 'expired is what the client says' "$(openssl verify -CAfile "$CA" "$TB/expired.pem" 2>&1)" 'certificate has expired'
dovecot_restart good
is 'restarted with the good one' "$(imap ann@example.test:secret INBOX 'UID SEARCH ALL' | wc -w)" 102

fetch_all() { curl -s --cacert "$CA" -u ann@example.test:secret --max-time "$2" "imaps://localhost:$1/INBOX" -X 'UID FETCH 1:* (BODY.PEEK[HEADER])'; }
proxy_start "$IMAPS" --count-file "$T/counts"
fetch_all "$PROXY" 20 >all
proxy_stop
is 'the proxy passes it all' "$(fetch_all "$IMAPS" 20 | sha256sum)" "$(sha256sum <all)"
is "and counts ($(cat "$T/counts"))" "$(jq '.connections == 1 and .up > 300 and .down > 40000' "$T/counts")" true
proxy_start "$IMAPS" --delay-ms 50
start=$(date +%s%N)
fetch_all "$PROXY" 20 >delayed
took=$((($(date +%s%N) - start) / 1000000))
ok "it delays ($took ms)" test "$took" -gt 500
same_file 'and changes nothing' all delayed
proxy_start "$IMAPS" --cut-after 20000 --once
fetch_all "$PROXY" 20 >cut.out
is 'it cuts the first connection (curl: 56)' "$?" 56
ok 'in the middle' test "$(wc -c <cut.out)" -lt "$(wc -c <all)"
fetch_all "$PROXY" 20 >second
same_file 'but not the second' all second
proxy_start "$IMAPS" --silent
fetch_all "$PROXY" 1 >silent
is 'a silent one runs into the deadline (curl: 28)' "$?" 28
proxy_start "$IMAPS" --silent-after 20000
fetch_all "$PROXY" 1 >silent
is 'so does one that falls silent' "$?" 28
proxy_stop

cat >script <<'X'
S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] odd server
C*: LOGIN "?ann"?.*secret
S: $tag OK in
C*: UID FETCH (\d+)
R: * 1 FETCH (UID $1 BODY[] {6}\r\nab
R: \r\ncd)\r\n
S: $tag OK done
C: LOGOUT
S: * BYE
X:
===
S: * BYE too many connections
X:
X
fake_imap_start script
ok 'the replayed server is up' test -n "$FAKE"
printf 'a CAPABILITY\r\nb LOGIN ann {6+}\r\nsecret\r\nc NOOP\r\nd UID FETCH 42 (BODY[])\r\ne LOGOUT\r\n' >commands
talk() { python3 -c 'import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=10)
s.sendall(sys.stdin.buffer.read())
while data := s.recv(4096): sys.stdout.buffer.write(data)' "$1"; }
talk "$FAKE" <commands >answers
like 'it answers what stands before' "$(cat answers)" '^a OK done'
like 'it captures' "$(cat answers)" 'FETCH \(UID 42 BODY\[\] \{6\}'
like 'the literal stands in its log' "$(tr '\r\n' '  ' <"$T/fake.log")" 'LOGIN ann \{6\+\}  secret'
unlike 'and no surprise' "$(cat "$T/fake.log")" UNEXPECTED
like 'the second connection is another script' "$(talk "$FAKE" </dev/null)" 'BYE too many'

pid=$dovecot_pid
dovecot_stop
not_ok 'it ends' "$TOP/tests/net/port.py" wait 1 $$ "$IMAPS"
gone() { ! kill -s 0 -- "-$pid"; }
ok 'and leaves no process' wait_for 2 gone
done_testing
