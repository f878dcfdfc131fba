#!/bin/sh
# mail-fetch with servers that do what real ones rarely do: refusals, missing bodies, lost lines, old capabilities.
. "${0%/*}/../lib.sh"
. "$TOP/tests/net/testbed.sh"
need python3

not_running() { ! kill -0 "$1"; }
export PW='se"c\ret'
n=0
# play NAME [OPTION…]: the script on stdin, one fetch with these options; results in out, err, $code.
play() {
	name=$1
	shift
	n=$((n + 1))
	cat >"script.$n"
	rm -f fake.log
	# shellcheck disable=SC2086
	fake_imap_start "script.$n" ${CAPABILITY:+--capability "$CAPABILITY"}
	code=0
	mail-fetch --url "imap://ann@127.0.0.1:$FAKE/INBOX" --secret env:PW --allow-plaintext --response-timeout 3 -s "$T/store$n" "$@" \
		>out 2>err || code=$?
	fake_imap_stop
	unlike "$name: nothing that the server did not expect" "$(cat fake.log)" '^UNEXPECTED'
	if [ -s out ]; then schema_ok out "$name: records"; fi
}
begin='S: * OK hi
C*: EXAMINE "?INBOX
S: * 3 EXISTS
S: * OK [UIDVALIDITY 7] ok
S: * OK [UIDNEXT 4] ok
S: $tag OK [READ-ONLY] done
C: UID SEARCH UID 1:\*
S: * SEARCH 1 2 3
S: $tag OK done
C: UID FETCH 1:3 \(UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK\[\]\)'
end='S: $tag OK done
C: LOGOUT'
uids() { jq -c 'select(.type=="email")|[.source.after,.source.uid]' out | tr -d '\n'; }
bodies() { jq -r 'select(.type=="email")|.path' out | xargs cat; }

play 'plain case' <<X
$begin
S: * 1 FETCH (UID 1 FLAGS (\\Seen \\Recent \$Work NonJunk) INTERNALDATE " 4-Nov-2021 12:34:56 +0100" RFC822.SIZE 3 BODY[] {3}
R: one)\\r\\n
S: * 2 FETCH (BODY[] {3}
R: two FLAGS () INTERNALDATE "05-Nov-2021 12:34:56 -0500" UID 2)\\r\\n
S: * 9 EXPUNGE
S: * 3 FETCH (FLAGS (\\Flagged) UID 3 BODY[] "three")
$end
X
is 'plain case: exit code' "$code" 0
is 'plain case: the chain' "$(uids)" '[0,1][1,2][2,3]'
is 'plain case: keywords as JMAP spells them' "$(head -n 1 out | jq -c .keywords)" '["$seen","$work","nonjunk"]'
is 'plain case: time of arrival' "$(jq -r '.receivedAt // empty' out | tr '\n' ' ')" '2021-11-04T11:34:56Z 2021-11-05T17:34:56Z '
is 'plain case: octets' "$(bodies)" onetwothree
json_is 'plain case: poll' "$(tail -n 1 out | jq -c '{type,found,fetched,failed,octets,status,uidValidity}')" \
	'{"type":"poll","found":3,"fetched":3,"failed":0,"octets":11,"status":"ok","uidValidity":7}'
is 'plain case: quiet' "$(cat err)" ''

# What is lacking is asked for together with the mailbox: a round trip less.
play 'asked ahead' <<X
S: * OK hi
C*: EXAMINE "?INBOX
C: ^m[0-9]+ UID SEARCH UID 1:\\*
S: * 3 EXISTS
S: * OK [UIDVALIDITY 7] ok
S: m3 OK [READ-ONLY] done
S: * SEARCH 3
S: m4 OK done
C: ^m5 UID FETCH 3 
S: * 3 FETCH (UID 3 BODY[] {5}
R: three)\\r\\n
$end
X
is 'asked ahead: exit code' "$code" 0
is 'asked ahead: the one that is there' "$(uids)" '[0,3]'

play 'asked ahead, refused until the mailbox is open' <<X
S: * OK hi
C*: EXAMINE "?INBOX
C: UID SEARCH UID 1:\\*
S: * 3 EXISTS
S: * OK [UIDVALIDITY 7] ok
S: m3 OK [READ-ONLY] done
S: m4 BAD no mailbox is open
C: ^m5 UID SEARCH UID 1:\\*
S: * SEARCH 3
S: m5 OK done
C: UID FETCH 3 
S: * 3 FETCH (UID 3 BODY[] {5}
R: three)\\r\\n
$end
X
is 'refused ahead: asked again' "$code $(uids)" '0 [0,3]'

play 'asked ahead, and there is no mailbox' <<X
S: * OK hi
C*: EXAMINE "?INBOX
C: UID SEARCH UID 1:\\*
S: m3 NO [NONEXISTENT] no such mailbox
S: m4 BAD no mailbox is open
C: LIST
S: * LIST () "/" Inbux
S: \$tag OK done
C: LOGOUT
X
is 'no mailbox: exit code' "$code" 66
like 'no mailbox: the name like it' "$(cat err)" 'Inbux'

# Behind the highest UID nothing can be new.
highest='S: * OK hi
C*: EXAMINE "?INBOX
S: * 1 EXISTS
S: * OK [UIDVALIDITY 7] ok
S: $tag OK [READ-ONLY] done'
play 'the highest UID' <<X
$highest
C: UID SEARCH UID 1:\\*
S: * SEARCH 4294967295
S: \$tag OK done
C: UID FETCH 4294967295 
S: * 1 FETCH (UID 4294967295 BODY[] {4}
R: last)\\r\\n
$end
X
is 'the highest UID: it came' "$(uids)" '[0,4294967295]'
mail-store put -q -s "$T/store$n" <out
play 'nothing behind the highest UID' -s "$T/store$n" <<X
$highest
C: LOGOUT
X
is 'the highest UID: no search behind it' "$code $(tail -n 1 out | jq -c .found)" '0 0'

play 'one refused' <<X
$begin
S: * 1 FETCH (UID 1 BODY[] {3}
R: one)\\r\\n
S: \$tag NO [SERVERBUG] message 2 is broken
C: UID FETCH 2 
S: \$tag NO [SERVERBUG] message 2 is broken
C: UID FETCH 3 
S: * 3 FETCH (UID 3 BODY[] {5}
R: three)\\r\\n
$end
X
is 'one refused: the rest came' "$(uids)" '[0,1][2,3]'
is 'one refused: exit code' "$code" 1
json_is 'one refused: its error' "$(jq -c 'select(.type=="error")|{class,stage,object}' out)" \
	'{"class":"partial","stage":"fetch","object":{"account":"ann@127.0.0.1","mailbox":"INBOX","uid":2}}'
like 'one refused: in the words of the server' "$(cat err)" 'UID 2.*SERVERBUG.*message 2 is broken'
is 'one refused: poll' "$(tail -n 1 out | jq -c '[.status,.fetched,.failed]')" '["partial",2,1]'

play 'one gone, one without a body' <<X
$begin
S: * 1 FETCH (UID 1 BODY[] NIL)
S: * 2 FETCH (FLAGS (\\Seen) UID 2)
S: * 3 FETCH (UID 3 BODY[] {5}
R: three)\\r\\n
S: * 40 FETCH (UID 40 BODY[] {5}
R: forty)\\r\\n
S: \$tag OK done
C: UID FETCH 2 
$end
X
is 'one gone: what can be had came' "$(uids)" '[2,3]'
is 'one gone: exit code' "$code" 1
like 'one gone: the one without a body is named' "$(cat err)" 'no body.*UID 1'
is 'one gone: poll' "$(tail -n 1 out | jq -c '[.status,.fetched,.failed]')" '["partial",1,1]'
is 'one gone: no half blob stays' "$(find "$T/store$n/blobs" -type f | wc -l)" 1

again='S: * OK hi
C*: EXAMINE "?INBOX
S: * 3 EXISTS
S: * OK [UIDVALIDITY 7] ok
S: $tag OK done'
play 'line lost in a literal' -v <<X
$begin
S: * 1 FETCH (UID 1 BODY[] {3}
R: one)\\r\\n* 2 FETCH (UID 2 BODY[] {100}\\r\\ntw
X:
===
$again
C: UID FETCH 2:3 
S: * 2 FETCH (UID 2 BODY[] {3}
R: two)\\r\\n
S: * 3 FETCH (UID 3 BODY[] {5}
R: three)\\r\\n
$end
X
is 'line lost: all came' "$(uids) $(bodies)" '[0,1][1,2][2,3] onetwothree'
is 'line lost: exit code' "$code" 0
like 'line lost: said with -v' "$(cat err)" 'connecting again'
is 'line lost: no half blob stays' "$(find "$T/store$n/blobs" -type f | wc -l)" 3

play 'line lost twice at one message' <<X
$begin
S: * 1 FETCH (UID 1 BODY[] {3}
R: one)\\r\\n* 2 FETCH (UID 2 BODY[] {100}\\r\\ntw
X: rst
===
$again
C: UID FETCH 2:3 
R: * 2 FETCH (UID 2 BODY[] {100}\\r\\ntw
X: rst
===
$again
C: UID FETCH 3 
S: * 3 FETCH (UID 3 BODY[] {5}
R: three)\\r\\n
$end
X
is 'lost twice: what is behind it came' "$(uids)" '[0,1][2,3]'
is 'lost twice: exit code' "$code" 1
like 'lost twice: the message is named' "$(cat err)" 'twice.*UID 2'

play 'server gone' <<X
$begin
S: * 1 FETCH (UID 1 BODY[] {3}
R: one)\\r\\n
S: * BYE going down for maintenance
X:
===
S: * BYE going down for maintenance
X:
X
is 'server gone: what came is kept' "$(uids)" '[0,1]'
is 'server gone: try again later' "$code" 75
like 'server gone: in its words' "$(cat err)" 'going down for maintenance'
is 'server gone: poll' "$(tail -n 1 out | jq -c '[.type,.status,.fetched]')" '["poll","partial",1]'

play 'silence' --response-timeout 1 <<X
$begin
S: * 1 FETCH (UID 1 BODY[] {300}
W:
===
$again
C: UID FETCH 1:3 
W:
===
S: * BYE no more
X:
X
is 'silence: try again later' "$code" 75

play 'UIDVALIDITY changes between two connections' <<X
$begin
S: * 1 FETCH (UID 1 BODY[] {3}
R: one)\\r\\n
X:
===
S: * OK hi
C*: EXAMINE
S: * OK [UIDVALIDITY 8] ok
S: \$tag OK done
C: LOGOUT
X
is 'changes meanwhile: try again later' "$code" 75
is 'changes meanwhile: what came before counts' "$(uids)" '[0,1]'

CAPABILITY=IMAP4rev1 play 'LOGIN with quotes' <<X
S: * OK hi
C*: LOGIN "ann" "se\\\\"c\\\\\\\\ret"
S: \$tag OK [CAPABILITY IMAP4rev1 ESEARCH] in
C: EXAMINE "INBOX"
S: * 3 EXISTS
S: * OK [UIDVALIDITY 7] ok
S: \$tag OK done
C: UID SEARCH RETURN \\(ALL\\) UID 1:\\*
S: * ESEARCH (TAG "x") UID ALL 3
S: \$tag OK done
C: UID FETCH 3 
S: * 3 FETCH (UID 3 BODY[] {5}
R: three)\\r\\n
$end
X
is 'LOGIN with quotes: in' "$code" 0
is 'ESEARCH is used where the login brought it' "$(uids)" '[0,3]'

PW='pâss' CAPABILITY=IMAP4rev1 play 'LOGIN with a literal' test <<X
S: * OK hi
C*: LOGIN "ann" \\{5\\}\\r\\npâss
S: \$tag OK in
C: CAPABILITY
S: * CAPABILITY IMAP4rev1
S: \$tag OK done
C*: EXAMINE
S: * OK [UIDVALIDITY 7] ok
S: \$tag OK done
C: LOGOUT
X
is 'LOGIN with a literal: in' "$code" 0
is 'LOGIN with a literal: named' "$(jq -r 'select(.stage=="login").mechanism' out)" LOGIN

CAPABILITY='IMAP4rev1 LOGINDISABLED' play 'LOGINDISABLED' <<X
S: * OK hi
C*: nothing
X
is 'LOGINDISABLED: exit code' "$code" 78
like 'LOGINDISABLED: said' "$(cat err)" 'has no login that fits.*starttls'
unlike 'LOGINDISABLED: no password was sent' "$(cat fake.log)" 'LOGIN|se"c'

CAPABILITY='IMAP4rev1 AUTH=PLAIN' play 'without SASL-IR' test <<X
S: * OK hi
C*: AUTHENTICATE PLAIN\$
S: +
C: ^AGFubgBzZSJjXHJldA==\$
S: m1 OK in
C: CAPABILITY
S: \$tag OK [CAPABILITY IMAP4rev1] done
C*: EXAMINE
S: * OK [UIDVALIDITY 7] ok
S: \$tag OK done
C: LOGOUT
X
is 'without SASL-IR: in' "$code" 0

for answer in 'NO [AUTHENTICATIONFAILED] no:77' 'NO [UNAVAILABLE] database down:75' 'NO wrong:77' 'BAD what:77' 'NO [LIMIT] too many:75'; do
	play "login: ${answer%:*}" <<X
S: * OK hi
C*: AUTHENTICATE PLAIN
S: \$tag ${answer%:*}
C: LOGOUT
X
	is "login: ${answer%:*}: exit code" "$code" "${answer##*:}"
	unlike 'no password in what we say' "$(cat out err)" 'se"c|se\\"c|AGFubgBz'
done

CAPABILITY='IMAP4rev1 AUTH=XOAUTH2 AUTH=PLAIN SASL-IR' play 'a token' --auth xoauth2 test <<X
S: * OK hi
C*: AUTHENTICATE XOAUTH2 dXNlcj1hbm4BYXV0aD1CZWFyZXIgc2UiY1xyZXQBAQ==\$
S: \$tag OK [CAPABILITY IMAP4rev1] in
C: EXAMINE
S: * OK [UIDVALIDITY 7] ok
S: \$tag OK done
C: LOGOUT
X
is 'a token: in' "$code" 0
CAPABILITY='IMAP4rev1 AUTH=OAUTHBEARER' play 'an old token' --auth oauthbearer <<X
S: * OK hi
C*: AUTHENTICATE OAUTHBEARER\$
S: +
C: ^[A-Za-z0-9+/]+=*\$
S: + eyJzdGF0dXMiOiI0MDEifQ==
C: ^AQ==\$
S: m1 NO [AUTHENTICATIONFAILED] expired
C: LOGOUT
X
is 'an old token: exit code' "$code" 77
like 'an old token: the hint' "$(cat err)" 'token may have expired'

play 'PREAUTH' test <<X
S: * PREAUTH welcome
C*: EXAMINE
S: * OK [UIDVALIDITY 7] ok
S: \$tag OK done
C: LOGOUT
X
is 'PREAUTH: in' "$code $(jq -r 'select(.stage=="login").mechanism' out)" '0 PREAUTH'

play 'BYE at once' <<X
S: * BYE too many connections
X:
X
is 'BYE at once: try again later' "$code" 75
like 'BYE at once: in its words' "$(cat err)" 'too many connections'

play 'no UIDVALIDITY' <<X
S: * OK hi
C*: EXAMINE
S: * 3 EXISTS
S: \$tag OK done
C: UID SEARCH
C: LOGOUT
X
is 'no UIDVALIDITY: refused' "$code" 69

play 'many holes in the numbers' -n 2 <<X
S: * OK hi
C*: EXAMINE
S: * 4 EXISTS
S: * OK [UIDVALIDITY 7] ok
S: \$tag OK done
C: UID SEARCH UID 1:\\*
S: * SEARCH 4000000000 17 5 17 90
S: \$tag OK done
C: UID FETCH 5,17 
S: * 1 FETCH (UID 5 BODY[] {1}
R: a)\\r\\n
S: * 2 FETCH (UID 17 BODY[] {1}
R: b)\\r\\n
$end
X
is '-n: the oldest first, in order' "$(uids)" '[0,5][5,17]'

play 'newest' --recent 2 <<X
S: * OK hi
C*: EXAMINE
S: * 4 EXISTS
S: * OK [UIDVALIDITY 7] ok
S: \$tag OK done
C: UID SEARCH 3:\\*
S: * SEARCH 90 4000000000
S: \$tag OK done
C: UID FETCH 90,4000000000 
S: * 1 FETCH (UID 90 BODY[] {1}
R: a)\\r\\n
S: * 2 FETCH (UID 4000000000 BODY[] {1}
R: b)\\r\\n
$end
X
is '--recent: what is before them stays to be fetched' "$(uids)" '[89,90][90,4000000000]'
# A server that goes on and on is given up, and a signal ends the wait for it at once.
play 'an answer without end' --response-timeout 1 <<X
S: * OK hi
C*: EXAMINE
E: * 3 EXISTS\\r\\n
X
is 'without end: try again later' "$code" 75
like 'without end: said' "$(cat err)" 'answer has no end'
# One that drips octets of a message, each before the silence is too long.
{
	printf '%s\nR: * 1 FETCH (UID 1 BODY[] {100}\\r\\n\n' "$begin"
	i=0
	while [ "$i" -lt 40 ]; do
		printf 'R: x\nD: 700\n'
		i=$((i + 1))
	done
	printf 'W:\n===\n'
	printf '%s\n' "$begin" | sed '/UID SEARCH/,/OK done/d'
	for uid in 1 2 3; do printf 'R: * %d FETCH (UID %d BODY[] {1}\\r\\n%d)\\r\\n\n' "$uid" "$uid" "$uid"; done
	printf '%s\n' "$end"
} >drips
begun=$(date +%s)
play 'drops of a message' --response-timeout 1 -v <drips
is 'drops: all came by another connection' "$code$(uids)" '0[0,1][1,2][2,3]'
like 'drops: said' "$(cat err)" 'less than 100 octets a second'
ok 'drops: ten times the longest silence' test $(($(date +%s) - begun)) -lt 20
for endless in 'untagged * 1 EXISTS\r\n' 'line x' 'literal' 'flags \\Seen '; do
	case $endless in
	literal) first='R: * LIST () "/" {100000000000}\r\n' forever='x' ;;
	flags*) first='R: * 1 FETCH (UID 1 FLAGS (' forever=${endless#* } ;;
	*) first='' forever=${endless#* } ;;
	esac
	printf 'S: * OK hi\nC*: EXAMINE\n%s\nE: %s\n' "$first" "$forever" >endless
	fake_imap_start endless
	mail-fetch --url "imap://ann@127.0.0.1:$FAKE/INBOX" --secret env:PW --allow-plaintext -s "$T/endless.store" >out 2>err &
	fetch=$!
	sleep 0.5
	kill -TERM "$fetch"
	ok "endless ${endless%% *}: a signal ends it" wait_for 5 not_running "$fetch"
	kill -KILL "$fetch" 2>/dev/null
	wait "$fetch"
	is "endless ${endless%% *}: try again later" "$?" 75
	fake_imap_stop
done
done_testing
