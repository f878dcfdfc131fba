#!/bin/sh
# mail-thread as a filter: threadId, order, other records, bad input.
. "${0%/*}/../lib.sh"
need jq

# mail ID SUBJECT FROM TO DAY [REFERENCE]: an email record
mail() {
	references=null
	if [ -n "${6:-}" ]; then references="[\"$6@x\"]"; fi
	printf '{"type":"email","v":1,"blobId":"%064d","receivedAt":"2026-03-%02dT10:00:00Z","messageId":["%s@x"],"inReplyTo":null,' \
		"$(printf %s "$1$5" | cksum | cut -d' ' -f1)" "$5" "$1"
	printf '"references":%s,"from":[{"name":null,"email":"%s"}],"to":[{"name":null,"email":"%s"}],"subject":"%s","x":[1]}\n' \
		"$references" "$3" "$4" "$2"
}
# last FILE: the id of each message's thread at the end of the run, as ID=THREAD
last() {
	jq -rs '(reduce .[] as $m ({}; .[$m.threadId] = $m.threadId
		| reduce (($m.mergedThreads // [])[]) as $old (.; .[$old] = $m.threadId))) as $to
		| def now: if $to[.] == . then . else ($to[.] | now) end;
		.[] | "\(.messageId[0])=\(.threadId | now)"' "$1" | sort
}

{
	mail a 'Press stops' ann@x bob@y 1
	printf '%s\n' '{"type":"poll","v":1,"account":"a","mailbox":"INBOX","status":"ok","extra":"  kept "}'
	mail b 'Re: Press stops' bob@y ann@x 2 a
	printf '%s\n' '{ "type" : "anything", "odd":  1.0e3 }'
	mail c 'Re: Press stops' ann@x bob@y 3
	mail d 'Press stops' eve@z ann@x 3
	mail e 'Other' eve@z ann@x 3 p
	mail f 'Another' eve@z ann@x 3 q
	mail g 'Re: x' eve@z ann@x 4 e
} >in.jsonl
is 'what is no email is not looked at' "$(echo '{"type":"poll","v":7,"status":3}' | mail-thread --stateless)" '{"type":"poll","v":7,"status":3}'
exits 0 mail-thread --stateless <in.jsonl
grep -v anything out >known.jsonl
schema_ok known.jsonl 'what comes out keeps to the schemas'
is 'records of other types pass as they are' "$(grep -v '"email"' out | head -c 400)" "$(grep -v '"email","v"' in.jsonl)"
is 'in order' "$(jq -r '.messageId[0] // .type' out | tr '\n' ' ')" 'a@x poll b@x anything c@x d@x e@x f@x g@x '
is 'every email has a thread' "$(jq -r 'select(.type == "email") | .threadId' out | grep -Ec '^t[0-9a-f]{16}$')" 7
json_is 'and nothing else is changed' "$(grep '"email","v"' out | jq -s 'map(del(.threadId, .mergedThreads))')" "$(grep '"email","v"' in.jsonl | jq -s .)"
grep '"email","v"' out >emails.jsonl
last emails.jsonl >want
thread_of() { sed -n "s/^$1@x=//p" want; }
is 'a reference joins' "$(thread_of b)" "$(thread_of a)"
is 'a reply without one, among the same people' "$(thread_of c)" "$(thread_of a)"
ok 'a stranger with the same subject does not' [ "$(thread_of d)" != "$(thread_of a)" ]
is 'a thread of answers to what is not there' "$(thread_of g)" "$(thread_of e)"
ok 'others stay apart' [ "$(thread_of e)" != "$(thread_of f)" ]

mail h 'Joins' eve@z ann@x 5 e >joining
sed -i 's/"e@x"\]/"e@x","f@x"]/' joining
grep '"email","v"' in.jsonl | cat - joining >in2.jsonl
mail-thread --stateless <in2.jsonl >out
is 'a message that joins two threads names one of them, at least' \
	"$(tail -n 1 out | jq --arg e "$(thread_of e)" --arg f "$(thread_of f)" '(.mergedThreads - [$e, $f] == []) and
	(.mergedThreads != []) and (.mergedThreads - [.threadId] == .mergedThreads)')" true
last out >want
for seed in 1 2 3 4 5; do
	shuf --random-source="$TOP/tests/lib.sh" in2.jsonl | awk -v n="$seed" '{ l[(NR * 7 + n) % 8 "." NR] = $0 } END { for (k in l) print l[k] }' >mixed
	mail-thread --stateless <mixed >out
	last out >got
	same_file "whatever the order ($seed)" got want
done

# A copy, and one Message-ID twice.
{ mail a 'Press stops' ann@x bob@y 1 && mail a 'Press stops' ann@x bob@y 1 && mail a 'Quite other' zoe@q bob@y 9; } | mail-thread --stateless >out
is 'copies are of one thread' "$(jq -r .threadId out | sort -u | wc -l)" 1
{ mail a Same ann@x bob@y 1 && mail a Same ann@x bob@y 2; } | jq -c '.messageId = null' | mail-thread --stateless >out
is 'messages without Message-ID are not' "$(jq -r .threadId out | sort -u | wc -l)" 2

# Input that is wrong.
{ head -n 1 in.jsonl && echo 'no json' && sed -n 3p in.jsonl; } >bad
exits 65 mail-thread --stateless <bad
like 'names the line' "$(cat err)" 'line 2'
is 'what is good comes through, and an error for the rest' "$(jq -r .type out | tr '\n' ' ')" 'email error email '
schema_ok out 'also an error keeps to its schema'
printf '%s' "$(head -n 1 in.jsonl)" >cut.jsonl
exits 65 mail-thread --stateless <cut.jsonl
is 'a cut line is not taken for a whole one' "$(jq -r .type out)" error
exits 0 mail-thread --stateless </dev/null
is 'nothing in, nothing out' "$(cat out)" ''
exits 64 mail-thread --no-such-option </dev/null
exits 64 mail-thread --tree xml </dev/null
exits 64 mail-thread --algorithm jwz --tree imap </dev/null
exits 64 mail-thread --algorithm refs </dev/null
exits 64 mail-thread file.eml </dev/null
exits 0 mail-thread -h
exits 0 mail-thread -V

# Output that goes wrong.
if [ -e /dev/full ]; then
	code=0
	mail-thread --stateless <in.jsonl >/dev/full 2>err || code=$?
	is 'a full disk is 74' "$code" 74
else
	skip 1 'no /dev/full'
fi
for _ in 1 2 3 4 5 6 7 8 9 10; do cat in2.jsonl in2.jsonl in2.jsonl; done >many.jsonl
cat many.jsonl many.jsonl many.jsonl many.jsonl many.jsonl many.jsonl many.jsonl many.jsonl >more.jsonl
{ mail-thread --stateless <more.jsonl; echo $? >code; } | head -n 1 >/dev/null
is 'a reader that goes away is no error' "$(cat code)" 0

# What came in goes out when the input pauses.
mkfifo pipe
mail-thread --stateless <pipe >out 2>err &
pid=$!
exec 3>pipe
head -n 1 in.jsonl >&3
ok 'a record is out before the next is in' wait_for 10 grep -q threadId out
exec 3>&-
wait "$pid"

# No store, and one that is not one.
exits 0 mail-thread -s "$T/nowhere" <in2.jsonl
last out >got
same_file 'no store is an empty one' got want
not_ok 'and is not made' [ -e "$T/nowhere" ]
mkdir "$T/odd" && echo 'no database' >"$T/odd/mail.db"
mail-thread -s "$T/odd" <in2.jsonl >out 2>err && code=0 || code=$?
ok 'a file that is no store is an error' [ "$code" -ne 0 ]
is 'and nothing is passed that was not asked about' "$(cat out)" ''
done_testing
