#!/bin/bash
# The truth when the server dies at seeded moments (QUEUE_SERVER_MOMENTS, 25), when the line is cut after the final dot, and when four runners
# share 1,000 messages. KILL_SEED repeats a run.
. "${0%/*}/../lib.sh"
. "$TOP/tests/net/testbed.sh"
need jq python3 sqlite3
messages=${QUEUE_MESSAGES:-200}
moments=${QUEUE_SERVER_MOMENTS:-25}
. "$TOP/tests/fault/queue.sh"

RANDOM=${KILL_SEED:-$$}
echo "# seed ${KILL_SEED:-$$}" >&2
for ((n = 1; n <= moments; n++)); do
	./fresh
	mail-queue run -q 2>run.err &
	run=$!
	sleep "0.$(printf '%03d' $((RANDOM % 250)))"
	fake_smtp_stop
	server_start
	wait "$run"
	if ./settled >settled.out 2>settled.err; then
		pass "server: moment $n: $(cat settled.out)"
	else
		fail "server: moment $n"
		diag "$(cat settled.err)"
	fi
done

# -- a line that is cut after the final dot
./fresh
server_start --rule 'end/Subject: 77=accept-cut'
mail-queue run -q 2>run.err
server_start
exits 0 ./settled
is 'cut after the final dot: uncertain' "$(jq -r '.[] | select(.key == "m77@test") | .status' said)" uncertain
is 'it was accepted, once' "$(grep -c '^m77@test ' accepted)" 1
mail-queue run -q --force
is 'and is never sent again by itself' "$(mail-queue show m77@test | jq -r .status)" uncertain

# -- four runners
submissions 1000 >submissions.jsonl
./fresh
runners=
for i in 1 2 3 4; do
	mail-queue run -q >"out.$i" 2>"err.$i" &
	runners="$runners $!"
done
# shellcheck disable=SC2086
wait $runners
exits 0 ./settled
is 'four runners, 1,000 messages: no duplicate, none is uncertain' "$(cat uncertain)" 0
is 'and nothing to say' "$(cat err.1 err.2 err.3 err.4)" ''
done_testing
