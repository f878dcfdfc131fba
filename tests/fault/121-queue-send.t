#!/bin/bash
# The truth under faults, with the real mail-send and a server that counts: claim, mail-send and settle are killed at seeded moments. Every
# message is accepted once and said to be sent, or is uncertain and says so; none is lost. QUEUE_MESSAGES (200) and QUEUE_MOMENTS (25)
# make it a soak, KILL_SEED repeats a run.
. "${0%/*}/../lib.sh"
. "$TOP/tests/net/testbed.sh"
need jq python3 sqlite3
messages=${QUEUE_MESSAGES:-200}
moments=${QUEUE_MOMENTS:-25}
. "$TOP/tests/fault/queue.sh"

./fresh
exits 0 bash -o pipefail -c "mail-queue claim -n $messages | mail-send | mail-queue settle -q"
exits 0 ./settled
is 'undisturbed: each is accepted once, and said to be sent' "$(cat uncertain)" 0

# crash NAME MOMENTS BEFORE PROGRAM…
crash() {
	local name="$1" count="$2" before="$3" seed n what
	shift 3
	"$TOP/tests/fault/kill-pipeline" --moments "$count" --before "$before" --after ./settled --whole --log programs.err "$@" >moments.log 2>moments.err
	seed=$(sed -n 's/^seed //p' moments.log)
	for ((n = 1; n <= count; n++)); do
		what=$(sed -n "s/^moment $n: \(.* killed after [0-9.]* ms\),.*/\1/p" moments.log)
		if [ -n "$what" ] && [ "$(grep -c "^moment $n:" moments.log)" -eq 1 ]; then
			pass "$name: moment $n: $what"
		else
			fail "$name: moment $n: ${what:-no kill} (KILL_SEED=$seed repeats it)"
			grep "^moment $n:" moments.log | sed 's/^/#     /' >&2
		fi
	done
	if [ -s moments.err ]; then diag "$(head -n 20 moments.err)"; fi
	is "$name: all moments" "$(tail -n 1 moments.log)" "$count of $count moments survived"
}
crash 'send and settle' "$moments" "./fresh && mail-queue claim -n $messages >claimed" "sh -c 'exec mail-send <claimed'" 'mail-queue settle -q'
crash claim $((moments / 5)) ./fresh "mail-queue claim -n $messages"
crash run $((moments / 5)) ./fresh 'mail-queue run -q'
done_testing
