#!/bin/sh
# mail-queue claim, settle, run: what is due leaves, once; what came of it is said, tried again, told to the sender.
. "${0%/*}/../lib.sh"
need jq sqlite3
export MAILPIPE_STORE="$T/store" SENT="$T/sent"
DB=$T/store/mail.db
send=$TOP/tests/fault/fake-send
: >sent
printf 'From: Ann <ann@x.example>\r\nTo: Bob <bob@y.example>\r\nMessage-ID: <m1@x.example>\r\nSubject: Invoice 5\r\n\r\nhello\r\n' >message.eml

# add KEY RECIPIENTS [FILTER]
add() {
	jq -nc --arg path "$T/message.eml" --arg key "$1" --arg to "$2" '{type: "submission", v: 1, idempotencyKey: $key, account: "ann", path: $path,
		messageId: ["m1@x.example"], subject: "Invoice 5", envelope: {mailFrom: "ann@x.example", rcptTo: ($to | split(" "))}} | '"${3:-.}" | mail-queue add -q >/dev/null
}
state() { mail-queue show "$1" | jq -r '[.status, (.recipients[] | .recipient + " " + .status)] | join(", ")'; }

# -- a pipe
add one 'bob@y.example bad@y.example defer@y.example'
mail-queue claim >claimed
schema_ok claimed
is 'claim: under a lease' "$(jq -r '.leasePath == "'"$T/store/queue/"'" + .lease' claimed)" true
is 'claim: the attempt' "$(jq -c '[.attempt, .status]' claimed)" '[1,"sending"]'
exits 0 mail-queue claim
is 'claim: once' "$(cat out)" ''
is 'the lease is there' "$(ls store/queue)" "$(jq -r .lease claimed)"
"$send" <claimed | jq -c 'if .status == "deferred" then . else .durationMs = if .status == "sent" then 0 else 1234 end end' >delivered
schema_ok delivered
exits 75 mail-queue settle --events <delivered
schema_ok out
is 'settle: events' "$(jq -r '.kind + " " + .recipient' out)" 'queue.sent bob@y.example
queue.failed bad@y.example
queue.deferred defer@y.example'
is 'each has its outcome' "$(state one)" 'deferred, bob@y.example sent, bad@y.example failed, defer@y.example deferred'
is 'the lease is gone' "$(ls store/queue)" ''
is 'the words of the server' "$(mail-queue show one | jq -r '.recipients[1] | [.code, .enhancedCode, .server, .host] | @tsv')" "550	5.0.0	said so	mx.example"
json_is 'the milliseconds that each took, where somebody measured them' "$(mail-queue show one | jq -c '[.recipients[].log[0].durationMs]')" '[0,1234,null]'
is 'the same in v_attempt' "$(sqlite3 "$DB" "SELECT quote(duration_ms) FROM v_attempt ORDER BY id" | tr '\n' ' ')" '0 1234 NULL '
exits 0 mail-queue settle --events <delivered
is 'settle: again, nothing' "$(cat out)" ''
like 'settle: -v says why' "$(mail-queue settle -v <delivered 2>&1)" 'is sent already'
echo '{"type":"delivery","v":1,"recipient":"x@y","status":"sent"}' >other
mail-queue settle <other >out
same_file 'settle: what was sent without a queue passes' other out
next=$(mail-queue show one | jq '(.nextAt | fromdate) - (.recipients[2].log[0].at | fromdate)')
ok 'again in 300 seconds, a tenth more or less' test "$next" -ge 269 -a "$next" -le 331
is 'v_attempt' "$(sqlite3 "$DB" 'SELECT recipient, number, status, code FROM v_attempt ORDER BY id')" 'bob@y.example|1|sent|250
bad@y.example|1|failed|550
defer@y.example|1|deferred|451'

# -- what follows
is 'a copy in Sent' "$(mail-store list -m Sent | jq -c '[.subject, .direction, .keywords]')" '["Invoice 5","outbound",["$seen"]]'
mail-store list -m INBOX >report
is 'a report in the same thread' "$(jq -r .threadId report)" "$(mail-store list -m Sent | jq -r .threadId)"
is 'about who failed' "$(jq -c '[.to[0].email, .bounce.recipients[0].email, .bounce.recipients[0].action, .bounce.recipients[0].status, .bounce.original.messageId]' report)" \
	'["ann@x.example","bad@y.example","failed","5.0.0","m1@x.example"]'
mail-queue settle -q <delivered
is 'once' "$(mail-store list | wc -l)" 2

# -- run
add two 'bob@y.example'
add three 'carl@y.example' '.priority = 3'
add later 'dora@y.example' '.sendAt = "2999-01-01T00:00:00Z"'
is 'list --due' "$(mail-queue list --due | jq -r .idempotencyKey | sort | tr '\n' ' ')" 'three two '
exits 0 mail-queue run --dry-run
is 'run --dry-run: the order' "$(jq -r .idempotencyKey out)" 'three
two'
is 'run --dry-run: nothing' "$(mail-queue status | jq '.sending + .leases')" 0
: >sent
exits 75 mail-queue run --with "$send"
schema_ok out
is 'run: a summary' "$(jq -c '[.submissions, .processed, .success, .deferred]' out)" '[2,2,2,0]'
is 'run: the higher priority first' "$(cut -d ' ' -f 2 sent)" 'carl@y.example
bob@y.example'
is 'run: 75, for something is deferred' "$(mail-queue status | jq .deferred)" 1
mail-queue cancel one
exits 0 mail-queue run --with "$send"
is 'run: nothing is due, nothing to say' "$(cat out err)" ''
is 'what is for later stays' "$(state later)" 'queued, dora@y.example queued'
exits 0 mail-queue force later --with "$send"
is 'force' "$(state later)" 'sent, dora@y.example sent'
add fails 'bad@y.example'
exits 1 mail-queue run -q --with "$send"
is 'run: 1, for something failed' "$(cat out)" ''
add cut 'cut@y.example'
exits 75 mail-queue run -q --with "$send"
is 'no reply after the data' "$(state cut)" 'uncertain, cut@y.example uncertain'
exits 0 mail-queue run -q --with "$send"
is 'is not sent again' "$(grep -c cut sent)" 1

# -- senders that are none
add four 'bob@y.example'
exits 78 mail-queue run --with /no/such/program
like 'a missing program is named' "$(cat err)" 'cannot run /no/such/program'
is 'what it was to send is queued again' "$(state four)" 'queued, bob@y.example queued'
is 'and was no attempt' "$(mail-queue show four | jq '.recipients[0].attempts')" 0
exits 75 mail-queue run --with true
like 'one that does nothing' "$(cat err)" 'ended early: 1 deliveries go back'
is 'queued again' "$(state four)" 'queued, bob@y.example queued'
printf '#!/bin/sh\nhead -n 1 | "%s" | head -c 40\n' "$send" >cuts
chmod +x cuts
: >sent
add five 'carl@y.example'
exits 75 mail-queue run --with "$T/cuts"
is 'a cut line: the lease knows' "$(state four)" 'sent, bob@y.example sent'
is 'and what was not sent' "$(state five)" 'queued, carl@y.example queued'
exits 0 mail-queue run -q --with "$send"
is 'each once' "$(sort sent | uniq -d)" ''
is 'no lease is left' "$(ls store/queue)" ''
is 'options for mail-send' "$(add six 'x@y.example' && printf '#!/bin/sh\necho "$@" >args\n' >says && chmod +x says && mail-queue run -q -C /dev/null --with ./says -- -j 4; cat args)" '-q -C /dev/null -j 4'
mail-queue cancel six

# -- status takes back what a dead one held, after the grace
add seven 'bob@y.example'
mail-queue claim >/dev/null
is 'status: it may still be sent' "$(mail-queue status | jq -c '[.sending, .leases]')" '[1,1]'
printf '[defaults]\nqueue.grace = 0\n' >mailpipe.conf
is 'status: taken back' "$(mail-queue status -C mailpipe.conf | jq -c '[.sending, .leases]')" '[0,0]'
is 'queued again' "$(state seven)" 'queued, bob@y.example queued'
mail-queue cancel seven

# -- SIGTERM: the batch in hand is finished, and settled
for i in 1 2 3 4 5 6 7 8 9; do add "t$i" "t$i@y.example"; done
SEND_MS=50 mail-queue run -q --with "$send" &
pid=$!
wait_for 10 grep -q ' t1@' sent
kill "$pid"
wait "$pid"
is 'stopped in the middle: nothing is lost' "$(mail-queue status | jq -c '[.sending, .queued, .uncertain]')" '[0,0,1]'
is 'nor sent twice' "$(sort sent | uniq -d)" ''
exits 64 mail-queue run --loop x
done_testing
