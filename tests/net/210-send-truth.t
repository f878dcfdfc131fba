#!/bin/bash
# mail-send against a server that fails at every phase: what it says is what happened.
. "${0%/*}/../lib.sh"
. "$TOP/tests/net/testbed.sh"
need jq python3

# submissions COUNT [RECIPIENT…]: records and their messages m1.eml…; ids from 1 on.
submissions() {
	local count="$1" i
	shift
	[ $# -gt 0 ] || set -- bob@example.test
	for ((i = 1; i <= count; i++)); do
		printf 'From: ann@example.test\r\nMessage-ID: <m%s@test>\r\nSubject: %s\r\n\r\nHello.\r\n.dot\r\n' "$i" "$i" >"m$i.eml"
	done
	jq -nc --arg t "$T" --argjson n "$count" '$ARGS.positional as $to | range(1; $n + 1) | {type: "submission", v: 1, id: .,
		path: "\($t)/m\(.).eml", messageId: ["m\(.)@test"], attempt: 1, envelope: {mailFrom: "ann@example.test", rcptTo: $to}}' \
		--args "$@"
}

# sends CODE [OPTION…] <RECORDS: mail-send to the fake server, records in out
sends() {
	local want="$1"
	shift
	exits "$want" mail-send --url "smtp://localhost:$FAKE_SMTP" --allow-plaintext "$@"
}

# outcomes: "id recipient status phase code" of each delivery
outcomes() { jq -r '"\(.submissionId) \(.recipient) \(.status) \(.phase) \(.code // .errorCode)"' "$T/out"; }
accepted() { jq -r '[.messages[]] | length' smtp.json; }
twice() { jq -r '[.messages[] | select(. > 1)] | length' smtp.json; }

# server [OPTION…]: a fresh one
server() {
	fake_smtp_stop
	rm -f smtp.json smtp.log
	fake_smtp_start "$@"
}

# ---- all is well ----
mkdir kept
server --keep "$T/kept"
submissions 40 bob@example.test eve@example.test >in
sends 0 <in
is 'one record for each recipient' "$(jq -r .status out | sort | uniq -c | tr -s ' ')" ' 80 sent'
schema_ok out
is 'each with the time that it took' "$(jq -s 'all(.durationMs | type == "number" and . >= 0 and . < 60000)' out)" true
is 'each was accepted once' "$(accepted) $(twice)" '80 0'
is 'over one connection' "$(jq .connections smtp.json)" 1
same_file 'byte for byte' kept/00001.eml m1.eml
is 'the id that the server gave' "$(jq -r 'select(.submissionId == 1 and .recipient == "bob@example.test").serverId' out)" F0000001
{
	echo '{"type":"note","a":1}'
	submissions 1
	echo '{"type":"poll","v":1,"status":"odd"}'
} >in
sends 0 <in
is 'other records pass through' "$(jq -r .type out | tr '\n' ' ')" 'note poll delivery '

# ---- the ways to send a message ----
for offer in 'CHUNKING,8BITMIME' 'PIPELINING,8BITMIME' '8BITMIME' 'PIPELINING,CHUNKING,8BITMIME'; do
	rm -rf kept && mkdir kept
	server --offer "$offer" --keep "$T/kept" --rule 'rcpt/nobody=550 5.1.1 nobody' --rule 'mail/broken=451 4.3.0 broken'
	{
		submissions 3
		submissions 1 nobody@example.test | sed 's/m1@test/n1@test/; s/"id":1/"id":4/'
		submissions 1 | sed 's/"ann@example.test"/"broken@example.test"/; s/"id":1/"id":5/'
		submissions 1 nobody@example.test eve@example.test | sed 's/"id":1/"id":6/'
		submissions 1 | sed 's/"id":1/"id":7/'
	} >in
	sends 75 <in
	is "with $offer: each its own fate" "$(outcomes | sort)" "$(printf '%s\n' '1 bob@example.test sent reply 250' \
		'2 bob@example.test sent reply 250' '3 bob@example.test sent reply 250' '4 nobody@example.test failed rcpt 550' \
		'5 bob@example.test deferred mail 451' '6 eve@example.test sent reply 250' '6 nobody@example.test failed rcpt 550' \
		'7 bob@example.test sent reply 250')"
	is "with $offer: nothing by another sender" "$(grep ACCEPTED smtp.log | grep -vc 'from <ann@')" 0
	same_file "with $offer: byte for byte" kept/00002.eml m2.eml
	unlike "with $offer: no bare LF" "$(cat smtp.log)" 'BARE'
done
server --offer 'PIPELINING,CHUNKING'
printf '[account a]\nemail = ann@example.test\nsmtp.host = localhost\nsmtp.port = %s\nsmtp.security = none\nsmtp.extensions = no\n' "$FAKE_SMTP" >plain.conf
exits 0 mail-send -C plain.conf -a a bob@example.test <m1.eml
like 'extensions can be turned off' "$(cat smtp.log)" 'C: DATA'
like 'a message on stdin' "$(cat smtp.log)" 'ACCEPTED m1@test from <ann@example.test> to bob@example.test'

# ---- where the password is ----
server --auth
printf '%s\n' '[account a]' 'email = ann@example.test' 'smtp.host = localhost' "smtp.port = $FAKE_SMTP" 'smtp.security = none' 'allowPlaintext = yes' >login.conf
cp login.conf sealed.conf
echo secret | mail-account -q -C sealed.conf secret set a smtp.secret
like 'sealed' "$(cat sealed.conf)" '^smtp.secret = sealed:v1:|
smtp.secret = sealed:v1:'
exits 0 mail-send -C sealed.conf -a a test
sed 's/\[account a\]/[account b]/' sealed.conf >other.conf
exits 77 mail-send -C other.conf -a b test
like 'sealed for another setting' "$(cat err)" 'b.smtp.secret was sealed for another setting'
mkdir keyring
printf '#!/bin/sh\n[ "$*" = "lookup service mail user ann" ] && echo secret\n' >keyring/secret-tool && chmod +x keyring/secret-tool
(umask 077 && printf 'machine smtp.example.test login ann password secret\n' >netrc && echo secret >pw)
for reference in 'cmd:echo secret' env:SMTP_SECRET "file:$T/pw" 'keyring:service mail user ann' netrc:smtp.example.test/ann; do
	exits 0 env PATH="$T/keyring:$PATH" NETRC="$T/netrc" SMTP_SECRET=secret mail-send -C login.conf -a a --auth PLAIN --secret "$reference" test
	is "the secret behind $reference" "$(jq -r 'select(.mechanism) | .mechanism' out)" PLAIN
done

# ---- refused, and for now ----
server --rule 'rcpt/refused=550 5.1.1 no such user' --rule 'rcpt/later=450 4.2.1 Greylisted, try again in 5 minutes' --rule 'rcpt/full=452 4.5.3 too many' \
	--rule 'rcpt/many=552 5.5.3 too many'
submissions 1 bob@example.test refused@example.test later@example.test full@example.test many@example.test >in
sends 75 <in
is 'each recipient has its own outcome' "$(outcomes | cut -d' ' -f2-)" "$(printf '%s\n' 'bob@example.test sent reply 250' \
	'refused@example.test failed rcpt 550' 'later@example.test deferred rcpt 450' 'full@example.test deferred rcpt 452' 'many@example.test deferred rcpt 552')"
is 'the words of the server' "$(jq -r 'select(.code == 550) | "\(.enhancedCode) \(.server)"' out)" '5.1.1 no such user'
is 'when it wants to be asked again' "$(jq -r 'select(.code == 450) | (.retryAt | fromdate) - (.at | fromdate)' out)" 300
like 'people are told' "$(cat err)" 'refused@example.test is refused for good'
submissions 1 refused@example.test >in
sends 69 <in
server --rule 'end=554 5.7.1 spam'
submissions 2 >in
sends 69 <in
is 'refused behind the message' "$(outcomes)" "$(printf '%s\n' '1 bob@example.test failed reply 554' '2 bob@example.test failed reply 554')"
server --rule 'end@2=451 4.3.0 disk full'
submissions 3 >in
sends 75 <in
is 'deferred behind the message' "$(outcomes | cut -d' ' -f3- | tr '\n' ,)" 'sent reply 250,deferred reply 451,sent reply 250,'

# ---- refused here ----
server --offer 'PIPELINING,SIZE 200'
{ submissions 1; head -c 1000 /dev/zero | tr '\0' x >big.eml; jq -nc --arg p "$T/big.eml" '{type: "submission", v: 1, id: 2, path: $p, envelope: {mailFrom: null, rcptTo: ["b@c"]}}'; } >in
sends 1 <in
is 'a message over SIZE is not offered' "$(outcomes | grep '^2') $(grep -c 'C: MAIL' smtp.log)" '2 b@c failed mail smtp.size 1'
printf 'Subject: gr\xc3\xbc\xc3\x9f\r\n\r\n\xc3\xa4\r\n' >m1.eml
jq -nc --arg p "$T/m1.eml" '{type: "submission", v: 1, id: 1, path: $p, envelope: {mailFrom: "a@b", rcptTo: ["b@c"]}},
	{type: "submission", v: 1, id: 2, path: $p, smtputf8: true, envelope: {mailFrom: "a@b", rcptTo: ["b@c"]}},
	{type: "submission", v: 1, id: 3, raw: "SGVsbG8K", envelope: {mailFrom: "a@b", rcptTo: ["ä@b", "a@bücher.example"]}},
	{type: "submission", v: 1, id: 4, path: "/nonexistent", envelope: {mailFrom: "a@b", rcptTo: ["b@c"]}},
	{type: "submission", v: 1, id: 5, path: $p, size: 7, envelope: {mailFrom: "a@b", rcptTo: ["b@c"]}}' >in
sends 74 <in
is 'what the server cannot take' "$(outcomes | sort)" "$(printf '%s\n' '1 b@c failed mail smtp.8bit' '2 b@c failed mail smtp.utf8' \
	'3 a@bücher.example sent reply 250' '3 ä@b failed rcpt smtp.utf8' '4 b@c failed null send.message' '5 b@c deferred null send.message')"
like 'IDN as A-labels' "$(cat smtp.log)" 'RCPT TO:<a@xn--bcher-kva.example>'
server
sends 74 <in
like 'SMTPUTF8 where it is offered' "$(cat smtp.log)" 'MAIL FROM:<a@b> SIZE=[0-9]+ SMTPUTF8'
like '8BITMIME where it is offered' "$(cat smtp.log)" 'MAIL FROM:<a@b> SIZE=[0-9]+ BODY=8BITMIME'
submissions 1 | jq -c '. + {notify: "failure,delay", ret: "hdrs", envid: "a b=1"}' >in
sends 0 <in
like 'DSN of the message' "$(cat smtp.log)" 'MAIL FROM:<ann@example.test> SIZE=[0-9]+ RET=HDRS ENVID=a\+20b\+3D1'
like 'DSN of the recipient' "$(cat smtp.log)" 'RCPT TO:<bob@example.test> NOTIFY=FAILURE,DELAY ORCPT=rfc822;bob@example.test'

# ---- the connection breaks ----
# before the end of the message: nobody has it, and over a new connection it goes
for rule in connect=cut ehlo=cut mail@5=cut rcpt@5=cut data@5=cut mail@5=rst 'mail@5=421 4.3.2 shutting down' 'rcpt@5=421 4.7.0 too many' \
	'data@5=421 4.3.2 bye' 'connect=421 4.3.2 busy' 'connect=554 5.7.1 go away' 'ehlo=550 5.7.1 no'; do
	server --offer PIPELINING,8BITMIME,SIZE --rule "$rule"
	submissions 8 >in
	mail-send --url "smtp://localhost:$FAKE_SMTP" --allow-plaintext --connect-timeout 2 --response-timeout 2 <in >out 2>err
	code=$?
	is "$rule: none twice" "$(twice)" 0
	# a reset takes replies with it that were on their way
	[[ $rule = *rst ]] || is "$rule: sent is what was accepted" "$(grep -c '"status":"sent"' out) $(grep -c uncertain out)" "$(accepted) 0"
	is "$rule: one record each" "$(jq -r .submissionId out | sort -n | tr '\n' ' ')" '1 2 3 4 5 6 7 8 '
	case $rule in
	connect=554* | ehlo=550*) is "$rule: exit" "$code" 69 ;;
	connect* | ehlo*) is "$rule: exit" "$code" 75 ;;
	*rst) is "$rule: all went over the next connection" "$(accepted)" 8 ;;
	*) is "$rule: all went over the next connection" "$code $(accepted)" '0 8' ;;
	esac
done
# after it: uncertain, and the others go on
for offer in PIPELINING 'PIPELINING,CHUNKING' CHUNKING ''; do
	for rule in end@4=cut end@4=accept-cut end@4=rst; do
		server --offer "$offer" --rule "$rule"
		submissions 8 >in
		mail-send --url "smtp://localhost:$FAKE_SMTP" --allow-plaintext <in >out 2>err
		code=$?
		is "$rule, $offer: exit" "$code" "$(grep -q deferred out && echo 75 || echo 1)"
		is "$rule, $offer: none twice" "$(twice)" 0
		is "$rule, $offer: one record each" "$(jq -r .submissionId out | sort -n | tr '\n' ' ')" '1 2 3 4 5 6 7 8 '
		is "$rule, $offer: what was not sent and is not uncertain, the server has not" \
			"$(comm -12 <(jq -r 'select(.status == "deferred").messageId[]' out | sort) <(jq -r '.messages | keys[] | split(" ")[0]' smtp.json | sort))" ''
		is "$rule, $offer: sent ones were accepted" \
			"$(comm -23 <(jq -r 'select(.status == "sent").messageId[]' out | sort) <(jq -r '.messages | keys[] | split(" ")[0]' smtp.json | sort))" ''
		is "$rule, $offer: the fourth is uncertain" "$(jq -r 'select(.submissionId == 4) | "\(.status) \(.phase) \(.errorCode)"' out)" 'uncertain reply net.lost'
	done
done
like 'people are told what it means' "$(cat err)" 'may have it, or not'
# so many as the account allows
for pipeline in 1 4; do
	server --offer 'PIPELINING,CHUNKING' --rule 'end@4=accept-cut'
	printf '%s\n' '[account a]' 'smtp.host = localhost' "smtp.port = $FAKE_SMTP" 'smtp.security = none' "smtp.pipeline = $pipeline" >pipeline.conf
	submissions 20 >in
	mail-send -C pipeline.conf -a a <in >out 2>err
	count=$(jq -r .status out | grep -c uncertain)
	ok "smtp.pipeline = $pipeline: $count uncertain" [ "$count" -ge 1 ] && ok 'and not more' [ "$count" -le "$pipeline" ]
	is 'the others are sent, each once' "$(jq -r .status out | grep -c sent) $(twice)" "$((20 - count)) 0"
done
sed -i 's/pipeline = 4/pipeline = 65/' pipeline.conf
exits 78 mail-send -C pipeline.conf -a a <in
server --offer PIPELINING --rule end@2=silent
submissions 3 >in
sends 1 --data-timeout 1 --response-timeout 1 <in
like 'a server that never answers' "$(outcomes | sed -n 2p)" '2 bob@example.test uncertain reply net.timeout'
server --offer PIPELINING,CHUNKING --rule 'end@4=421 4.3.0 out of order'
submissions 8 >in
sends 75 <in
is 'a 421 instead of the last reply: that one is deferred, the others go' "$(jq -r .status out | sort | uniq -c | tr -s ' ' | tr '\n' ,)$(accepted)" ' 1 deferred, 7 sent,7'
server --offer 'PIPELINING,CHUNKING' --rule mail@5='421 4.7.0 enough for one connection' --rule mail@9='421 4.7.0 enough for one connection'
submissions 12 >in
sends 0 <in
is 'a limit of messages for a connection' "$(accepted) $(twice) $(jq .connections smtp.json)" '12 0 3'

# ---- LMTP ----
server --lmtp --rule 'end/eve=452 4.2.2 mailbox full' --rule 'rcpt/nobody=550 5.1.1 nobody'
submissions 2 bob@example.test eve@example.test nobody@example.test carl@example.test >in
exits 75 mail-send --url "lmtp://localhost:$FAKE_SMTP" <in
is 'LMTP answers for each recipient' "$(outcomes | head -n 4 | cut -d' ' -f2-)" "$(printf '%s\n' 'bob@example.test sent reply 250' \
	'eve@example.test deferred reply 452' 'nobody@example.test failed rcpt 550' 'carl@example.test sent reply 250')"
server --lmtp --rule 'end/carl=cut'
exits 1 mail-send --url "lmtp://localhost:$FAKE_SMTP" <in
like 'cut between two answers' "$(outcomes | grep '^1 bob') $(outcomes | grep '^1 carl')" 'bob@example.test sent .* carl@example.test uncertain'
server --lmtp --unix "$T/lmtp.sock"
exits 0 mail-send --url "lmtp://$T/lmtp.sock" --from a@b bob@example.test <m2.eml
like 'through a local socket' "$(cat smtp.log)" 'ACCEPTED m2@test'

# ---- several at once, and the next host ----
server
submissions 60 >in
sends 0 -j 4 <in
is 'with -j the same' "$(accepted) $(twice) $(grep -c '"sent"' out)" '60 0 60'
port=$(port_free 1)
cat >hosts.conf <<C
[defaults]
smtp.security = none
email = ann@example.test
[account a]
smtp.host = localhost:$port, localhost:$FAKE_SMTP
[account b]
smtp.host = localhost:$FAKE_SMTP
[account c]
smtp.host = localhost:$port
[profile NOTICE]
smtp.host = localhost:$FAKE_SMTP
smtp.helo = notice.example.test
C
jq -c '.account = (["a", "b", "c"][.id % 3]) | if .id == 6 then .profile = "NOTICE" else . end' in | head -n 12 >mixed
exits 75 mail-send -C hosts.conf -j 3 <mixed
is 'accounts of their own, with a host in reserve' "$(jq -r '"\(.account) \(.status)"' out | sort | uniq -c | tr -s ' ' | tr '\n' ,)" ' 4 a sent, 4 b sent, 4 c deferred,'
like 'says which host failed' "$(cat err)" "localhost:$port: connection refused.*trying the next"
exits 0 mail-send -C hosts.conf <<<"$(sed -n 6p mixed)"
like 'a profile counts over its account' "$(cat smtp.log)" 'EHLO notice.example.test'
printf '[profile MINE]\nemail = mine@example.test\nsmtp.helo = mine.example.test\n' >>hosts.conf
exits 0 mail-send -C hosts.conf -a b --profile MINE <<<"$(sed -n 6p mixed)"
like '--profile, whatever the submission says' "$(cat smtp.log)" 'EHLO mine.example.test'
exits 0 mail-send -C hosts.conf -a b --profile MINE bob@example.test <m1.eml
like 'the sender of a message on stdin is that of the profile' "$(cat smtp.log)" 'MAIL FROM:<mine@example.test>'
exits 78 mail-send -C hosts.conf -a b --profile NONE test
like 'a profile that is not there' "$(cat err)" 'there is no profile NONE'
exits 64 mail-send --url smtp://localhost --profile MINE test

# ---- stopped ----
server --offer PIPELINING --rule 'end=sleep 20'
submissions 60 >in
mail-send --url "smtp://localhost:$FAKE_SMTP" --allow-plaintext <in >out 2>err &
pid=$!
wait_for 5 grep -q ACCEPTED smtp.log
kill -TERM "$pid"
wait "$pid"
is 'a signal: it finishes what is in hand, and says so' "$? $(grep -c '"sent"' out)" "75 $(accepted)"
ok 'and does not begin the rest' test "$(accepted)" -lt 60
like 'a person is told' "$(cat err)" 'stopped by a signal'

# ---- the reader, the disk ----
submissions 3 >in
# shellcheck disable=SC2016
exits 74 sh -c 'mail-send --url "smtp://localhost:$1" --allow-plaintext <in >/dev/full' sh "$FAKE_SMTP"
exits 0 mail-send --url "smtp://localhost:$FAKE_SMTP" --allow-plaintext --dry-run <in
like 'a dry run says what it would do' "$(cat err)" 'would send [0-9]+ octets from <ann@example.test> to <bob@example.test> through localhost'
printf '{"type":"submission","v":1' >in
sends 65 <in
like 'a cut line' "$(cat err)" 'has no end'
exits 64 mail-send --from a@b
exits 64 mail-send bob@example.test
exits 64 mail-send --url http://localhost --from a@b bob@example.test
exits 64 mail-send --url smtp://ann:secret@localhost --from a@b bob@example.test
done_testing
