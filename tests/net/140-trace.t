#!/bin/bash
# --trace and --log: the dialog and the messages, and in none of them a secret; with real servers and with some that repeat what they hear.
# shellcheck disable=SC2089,SC2090 # a password has quotes and a backslash
. "${0%/*}/../lib.sh"
. "$TOP/tests/net/testbed.sh"
need jq python3
testbed_start
postfix_start || fail 'Postfix comes up'
SECRET='Zk7-hunter"two\pass'
export PW="$SECRET"
printf 'eve@example.test:{PLAIN}%s\n' "$SECRET" >>"$TB/users"
mailbox_generate eve INBOX 3

# What a secret looks like on the line: itself, quoted, and base64 of it or of anything that holds it.
cat >find-secret <<'PY'
#!/usr/bin/python3
import base64, re, sys
secret = sys.argv[1].encode()
forms = {secret, secret.replace(b"\\", b"\\\\").replace(b'"', b'\\"')}
for lead in range(3):
    text = base64.b64encode(b"x" * lead + secret)
    forms.add(text[(lead * 8 + 5) // 6 : (lead + len(secret)) * 8 // 6])
found = False
for path in sys.argv[2:]:
    data = open(path, "rb").read()
    for form in forms:
        if form in data:
            print(f"{path}: {form!r}")
            found = True
    for run in re.findall(rb"[A-Za-z0-9+/]{12,}={0,2}", data):
        try:
            if secret in base64.b64decode(run + b"=" * (-len(run) % 4)):
                print(f"{path}: in {run!r}")
                found = True
        except ValueError:
            pass
sys.exit(0 if found else 1)
PY
chmod 755 find-secret
printf 'AUTH PLAIN %s\n' "$(printf '\0eve@example.test\0%s' "$SECRET" | base64 -w 0)" >known
ok 'the search finds one in a login' ./find-secret "$SECRET" known
printf 'user="%s"\n' "$SECRET" | base64 -w 0 >known
ok 'and one in base64' ./find-secret "$SECRET" known
# clean NAME FILE…
clean() {
	name="$1"
	shift
	not_ok "$name: no secret" ./find-secret "$SECRET" "$@"
}

# ---- real servers -------------------------------------------------------------------------------------------
fetch() { # fetch TRACE URL [OPTION…]
	trace=$1
	url=$2
	shift 2
	mail-fetch --url "$url" --secret env:PW --ca-file "$CA" -s "$T/store-$trace" --trace "$trace.trace" --log json --log-level debug "$@" \
		>"$trace.out" 2>"$trace.err"
}
for m in PLAIN LOGIN SCRAM-SHA-1 SCRAM-SHA-256; do
	ok "$m: it fetches" fetch "$m" "imaps://eve%40example.test@localhost:$IMAPS/INBOX" --auth "$m"
	clean "$m" "$m.trace" "$m.out" "$m.err"
	like "$m: the mechanism is shown" "$(cat "$m.trace")" " login C: m1 AUTHENTICATE $m \{secret\}$"
	schema_ok "$m.err" "$m: messages"
done
is 'nobody else can read it' "$(stat -c %a PLAIN.trace)" 600
like 'a line has time, process, host, stage and who' "$(cat PLAIN.trace)" \
	"^[0-9-]+T[0-9:.]+Z [0-9]+ localhost:$IMAPS session S: \* 3 EXISTS$"
like 'TLS is told' "$(cat PLAIN.trace)" ' connect \* SSL connection using TLSv1'
like 'a message is a number of octets' "$(cat PLAIN.trace)" 'BODY\[\] \{[0-9]+\}$'
like 'in its place' "$(cat PLAIN.trace)" ' session S: \{[0-9]+ octets\}\)$'
unlike 'nothing of the message' "$(cat PLAIN.trace)" 'Subject|Message-ID|Received'
not_ok 'a wrong password' fetch wrong "imaps://eve%40example.test@localhost:$IMAPS/INBOX" --secret env:BAD
like 'STARTTLS' "$(fetch starttls "imap://eve%40example.test@localhost:$IMAP/INBOX" test && cat starttls.trace)" ' connect C: A[0-9]+ STARTTLS$'
clean 'STARTTLS' starttls.trace starttls.out starttls.err
fetch PLAIN "imaps://eve%40example.test@localhost:$IMAPS/INBOX" --auth PLAIN
is 'a second run is added' "$(grep -c ' AUTHENTICATE ' PLAIN.trace)" 2

printf 'Subject: hello\r\n\r\nThe body of it\r\n' >message
for m in plain login scram-sha-256; do
	exits 0 mail-send --url "smtp://eve%40example.test@localhost:$SMTP" --secret env:PW --ca-file "$CA" --auth "$m" --trace "send-$m.trace" \
		--log json --log-level debug --from eve@example.test bob@example.test <message
	clean "SMTP $m" "send-$m.trace" out err
	like "SMTP $m: shown" "$(cat "send-$m.trace")" " login C: AUTH ${m^^} \{secret\}$"
	like "SMTP $m: the message is a number" "$(cat "send-$m.trace")" ' session C: \{[0-9]+ octets\}$'
	unlike "SMTP $m: nothing of it" "$(cat "send-$m.trace")" 'hello|body'
done
exits 0 mail-send --url "smtp://eve%40example.test@localhost:$SMTP" --secret env:PW --ca-file "$CA" --trace test.trace test
like 'mail-send test, too' "$(cat test.trace)" ' login S: 235 '
mkdir conf
cat >conf/mailpipe.conf <<C
[account e]
email = eve@example.test
tlsCaFile = $CA
imap.host = localhost
imap.port = $IMAPS
imap.secret = env:PW
C
exits 0 mail-account -C conf/mailpipe.conf test e --trace account.trace
like 'mail-account test, too' "$(cat account.trace)" 'EXAMINE'
clean 'all of these' test.trace account.trace out err

# ---- servers that repeat what they hear ------------------------------------------------------------------------
B64=$(printf '\0ann\0%s' "$SECRET" | base64 -w 0)
fake() { # fake NAME [OPTION…]: the script on stdin
	name=$1
	shift
	cat >script
	fake_imap_start "$T/script" ${CAPABILITY:+--capability "$CAPABILITY"}
	mail-fetch --url "imap://ann@127.0.0.1:$FAKE/INBOX" --secret env:PW --allow-plaintext --response-timeout 3 --log json -s "$T/fake-store" \
		--trace "$name.trace" "$@" test >"$name.out" 2>"$name.err"
	fake_imap_stop
	clean "$name" "$name.trace" "$name.out" "$name.err"
	ok "$name: there is a trace" test -s "$name.trace"
}
CAPABILITY=IMAP4rev1 fake 'LOGIN repeated' <<'S'
S: * OK hi
C*: ^m\d+ LOGIN (.*)
S: $tag NO no login with $1 here
W:
S
like 'LOGIN: what the server said is told without it' "$(jq -r 'select(.server).server' 'LOGIN repeated.err')" '\{secret\}'
fake 'PLAIN repeated' --auth plain <<'S'
S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hi
C*: AUTHENTICATE PLAIN (.*)
S: $tag NO [AUTHENTICATIONFAILED] bad $1
W:
S
fake 'PLAIN, decoded' --auth plain <<S
S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hi
C*: AUTHENTICATE PLAIN
S: * BYE I know $B64 and $SECRET
X:
S
export PW_LITERAL="${SECRET}ä"
CAPABILITY=IMAP4rev1 fake 'LOGIN by literals' --secret env:PW_LITERAL <<'S'
S: * OK hi
C*: ^m\d+ LOGIN (.*)
S: $tag OK welcome $1
C*: LOGOUT
S
like 'LOGIN by literals: only its name is shown' "$(cat 'LOGIN by literals.trace')" ' login C: m[0-9]+ LOGIN \{secret\}$'
PW_TOKEN="$SECRET-token-$(printf %0300d 7)"
export PW_TOKEN
for m in XOAUTH2 OAUTHBEARER; do
	fake "$m repeated" --auth "$m" --secret env:PW_TOKEN <<S
S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=$m] hi
C*: AUTHENTICATE $m (.*)
R: + \$1\\r\\n
C: .*
S: * NO \$1
W:
S
done
fake 'a challenge that repeats' --auth login <<'S'
S: * OK [CAPABILITY IMAP4rev1 AUTH=LOGIN] hi
C*: AUTHENTICATE LOGIN
S: + VXNlcm5hbWU6
C: (.*)
S: + UGFzc3dvcmQ6
C: (.*)
S: + $1
W:
S
fake_smtp_start --auth --rule "auth=535 5.7.8 what is $B64, is it $SECRET"
exits 77 mail-send --url "smtp://ann@127.0.0.1:$FAKE_SMTP" --secret env:PW --allow-plaintext --auth plain --trace smtp.trace --log json test
clean 'SMTP repeated' smtp.trace out err
like 'SMTP: what the server said is told without it' "$(cat out)" '535 5.7.8 what is \{secret\}, is it \{secret\}'
fake_smtp_stop

# ---- the file -----------------------------------------------------------------------------------------------
: >others
chmod 644 others
fetch others "imaps://eve%40example.test@localhost:$IMAPS/INBOX" --trace others test
is 'a file that others could read is closed to them' "$(stat -c %a others)" 600
ln -s elsewhere link
exits 74 mail-fetch --url "imaps://eve%40example.test@localhost:$IMAPS/INBOX" --secret env:PW --trace link test
like 'no symbolic link is followed' "$(cat err)" 'cannot write the trace link'
exits 66 mail-send --url "smtp://localhost:$SMTP" --trace nowhere/trace test
not_ok 'nor is one made' test -e elsewhere
done_testing
