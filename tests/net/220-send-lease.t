#!/bin/bash
# The lease file tells the truth about what mail-send did, whoever dies and whenever.
. "${0%/*}/../lib.sh"
. "$TOP/tests/net/testbed.sh"
need jq python3 strace
mkdir queue

# lease NAME: a new one, as claim makes it
lease() {
	printf 'mailpipe-lease 1 %s %s\n' "$(cat /proc/sys/kernel/random/boot_id)" "$(date +%s)" >"queue/$1"
}
# submissions LEASE COUNT [RECIPIENT…]: message ids are LEASE-1 and so on
submissions() {
	local name="$1" count="$2" i
	shift 2
	[ $# -gt 0 ] || set -- bob@example.test
	for ((i = 1; i <= count; i++)); do
		printf 'From: ann@example.test\r\nMessage-ID: <%s-%s@test>\r\n\r\nHello.\r\n' "$name" "$i" >"$name-$i.eml"
	done
	jq -nc --arg t "$T" --arg l "$name" --argjson n "$count" '$ARGS.positional as $to | range(1; $n + 1) | {type: "submission", v: 1, id: .,
		path: "\($t)/\($l)-\(.).eml", messageId: ["\($l)-\(.)@test"], attempt: 1, lease: $l, leasePath: "\($t)/queue/\($l)",
		envelope: {mailFrom: "ann@example.test", rcptTo: $to}}' --args "$@"
}
send() { mail-send --url "smtp://localhost:$FAKE_SMTP" --allow-plaintext "$@"; }

fake_smtp_start --rule 'rcpt/refused=550 5.1.1 no such user'

# ---- what is written ----
lease l1
submissions l1 2 bob@example.test 'refused@example.test' >in
code=0
send <in >out 2>err || code=$?
is 'sent and refused' "$code $(jq -r .status out | tr '\n' ' ')" '1 sent failed sent failed '
is 'people who keep a log are not told each line' "$(cat err)" ''
sed 1d queue/l1 >lines
is 'data before, once for the batch' "$(head -n 4 lines)" "$(printf '%s\n' 'data 1 bob@example.test' 'data 1 refused@example.test' 'data 2 bob@example.test' 'data 2 refused@example.test')"
is 'replies after' "$(sed 1,4d lines | cut -d' ' -f1-6)" "$(printf '%s\n' 'reply 1 bob@example.test sent 250 2.0.0' \
	'reply 1 refused@example.test failed 550 5.1.1' 'reply 2 bob@example.test sent 250 2.0.0' 'reply 2 refused@example.test failed 550 5.1.1')"
is 'the records name it' "$(jq -r '"\(.lease) \(.leasePath) \(.submissionId)"' out | head -n 1)" "l1 $T/queue/l1 1"
schema_ok out
ASAN_OPTIONS=detect_leaks=0 strace -f -o trace -e trace=fdatasync,sendto,write mail-send --url "smtp://localhost:$FAKE_SMTP" --allow-plaintext <<<"$(lease l2; submissions l2 8)" >out 2>err
is 'one fdatasync for eight messages that go together' "$(grep -c fdatasync trace)" 1
is 'before the first of them' "$(grep -nE 'fdatasync|MAIL FROM' trace | head -n 1 | grep -c fdatasync)" 1

# ---- again under the same lease: nothing is sent twice ----
send <in >out 2>err
is 'the outcomes are told again' "$(jq -r '"\(.submissionId) \(.status) \(.code)"' out | tr '\n' ,)" '1 sent 250,1 failed 550,2 sent 250,2 failed 550,'
is 'and nothing was sent' "$(jq '[.messages | to_entries[] | select(.key | startswith("l1-")) | .value] | add' smtp.json)" 2
lease l3
echo 'data 1 bob@example.test' >>queue/l3
submissions l3 2 >in
send <in >out 2>err
is 'data without a reply is uncertain' "$(jq -r '"\(.submissionId) \(.status)"' out | sort | tr '\n' ,)" '1 uncertain,2 sent,'
is 'and is not sent' "$(jq -r '.messages | keys[] | select(startswith("l3-"))' smtp.json)" 'l3-2@test bob@example.test'

# ---- the lease is gone ----
submissions l4 2 >in
code=0
send <in >out 2>err || code=$?
is 'nothing is sent without it' "$code $(jq -r '"\(.status) \(.errorCode)"' out | sort -u) $(jq '[.messages | keys[] | select(startswith("l4-"))] | length' smtp.json)" '75 deferred lease.gone 0'

# ---- nobody reads what it says ----
lease l5
submissions l5 5 >in
code=0
send <in 2>err >/dev/full || code=$?
is 'stdout is full' "$code $(grep -c '^reply .* sent ' queue/l5)" '74 5'
lease l6
submissions l6 5 >in
send <in 2>err | true
is 'stdout is closed' "$(grep -c '^reply .* sent ' queue/l6)" 5
lease l7
submissions l7 2 >in
code=0
ASAN_OPTIONS=detect_leaks=0 strace -f -o trace -e trace=fdatasync -e inject=fdatasync:error=EIO mail-send --url "smtp://localhost:$FAKE_SMTP" --allow-plaintext <in >out 2>err || code=$?
is 'a lease that cannot be made lasting: nothing is sent' \
	"$code $(jq -r '"\(.status) \(.errorCode)"' out | sort -u) $(jq '[.messages | keys[] | select(startswith("l7-"))] | length' smtp.json)" '74 deferred lease.write 0'

# ---- SIGKILL at any moment ----
cat >judge.py <<'PY'
import json, os, sys
name, count, out, state = sys.argv[1], int(sys.argv[2]), sys.argv[3], json.load(open("smtp.json"))["messages"] if os.path.exists("smtp.json") else {}
data, reply = set(), {}
for line in open(f"queue/{name}").read().split("\n")[1:-1]:
    words = line.split(" ")
    if words[0] == "data":
        data.add(int(words[1]))
    else:
        reply[int(words[1])] = words[3]
told = {}
for line in open(out):
    if line.endswith("\n"):
        d = json.loads(line)
        told[d["submissionId"]] = d["status"]
wrong, sent, uncertain = [], 0, 0
for i in range(1, count + 1):
    times = state.get(f"{name}-{i}@test bob@example.test", 0)
    sent += times
    if times > 1:
        wrong.append(f"{i}: {times} times")
    if times and i not in data:
        wrong.append(f"{i}: accepted before its data line")
    if reply.get(i) == "sent" and not times:
        wrong.append(f"{i}: said to be sent, and is not")
    if times and i in reply and reply[i] not in ("sent", "uncertain"):
        wrong.append(f"{i}: accepted, and said to be {reply[i]}")
    if told.get(i) == "sent" and reply.get(i) != "sent":
        wrong.append(f"{i}: told before it was written down")
    uncertain += i in data and (i not in reply or reply[i] == "uncertain")
    if len(sys.argv) > 4 and not times and told.get(i) != "uncertain":
        wrong.append(f"{i}: lost: {told.get(i)}")
print(f"{'; '.join(wrong) or 'good'}")
print(f"#     {name}: {sent} of {count} accepted, {uncertain} uncertain", file=sys.stderr)
PY
rounds=${ROUNDS:-15}
fake_smtp_stop
for offer in PIPELINING,CHUNKING PIPELINING; do
	rm -f smtp.json
	fake_smtp_start --offer "$offer" --rule 'end=sleep 2'
	bad=0 midway=0
	for ((round = 1; round <= rounds; round++)); do
		name=k$round-${offer#*,}
		lease "$name"
		submissions "$name" 40 >in
		RANDOM=$round
		pause=$((RANDOM % 100 + 1))
		mail-send --url "smtp://localhost:$FAKE_SMTP" --allow-plaintext <in >out 2>err &
		pid=$!
		# every other time it is on its way
		[ $((round % 2)) -eq 0 ] || wait_for 5 grep -q '^data' "queue/$name"
		sleep "0.$(printf %03d "$pause")"
		kill -KILL "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
		# what is on its way is still read by the server
		sleep 0.1
		verdict=$(python3 judge.py "$name" 40 out 2>>judge.log)
		[ "$verdict" = good ] || { bad=$((bad + 1)) && diag "round $round: $verdict"; }
		grep -q '^data' "queue/$name" && ! grep -q '^reply 40 ' "queue/$name" && midway=$((midway + 1))
		send <in >out 2>err
		verdict=$(python3 judge.py "$name" 40 out all 2>>judge.log)
		[ "$verdict" = good ] || { bad=$((bad + 1)) && diag "round $round, again: $verdict"; }
	done
	is "$offer: killed $rounds times: each message is sent once, or uncertain" "$bad" 0
	ok "$offer: some were killed in the middle ($midway)" test "$midway" -gt 0
done

# ---- the server dies ----
bad=0
for ((round = 1; round <= 5; round++)); do
	rm -f smtp.json
	fake_smtp_start --offer PIPELINING,CHUNKING --rule 'end=sleep 2'
	name=s$round
	lease "$name"
	submissions "$name" 40 >in
	mail-send --url "smtp://localhost:$FAKE_SMTP" --allow-plaintext <in >out 2>err &
	pid=$!
	sleep "0.0$((round * 15))"
	fake_smtp_stop
	wait "$pid"
	[ -e smtp.json ] || echo '{"messages":{}}' >smtp.json
	verdict=$(python3 judge.py "$name" 40 out 2>>judge.log)
	[ "$verdict" = good ] || { bad=$((bad + 1)) && diag "server, round $round: $verdict"; }
	[ "$(jq -r .submissionId out | sort -u | wc -l)" -eq 40 ] || bad=$((bad + 1))
done
is 'the server is killed: one record for each, and true' "$bad" 0
done_testing
