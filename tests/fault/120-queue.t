#!/bin/sh
# The truth about each recipient: claim, send and settle, each in its turn and run as a whole, are killed at seeded moments; then
# every message is sent once, or is uncertain and says so. LEASE_MESSAGES (100) and LEASE_MOMENTS (15) make it a soak, KILL_SEED
# repeats a run.
. "${0%/*}/../lib.sh"
need jq
messages=${LEASE_MESSAGES:-100}
moments=${LEASE_MOMENTS:-15}
send=$TOP/tests/fault/fake-send
export SENT="$T/sent" SEND_MS="${SEND_MS:-1}" MAILPIPE_STORE="$T/store" MAILPIPE_CONFIG="$T/mailpipe.conf"

printf '[defaults]\nqueue.grace = 0\n' >mailpipe.conf
printf 'Message-ID: <m@x.example>\r\nSubject: s\r\n\r\nhello\r\n' >message.eml
seq "$messages" | jq -c --arg path "$T/message.eml" '{type: "submission", v: 1, path: $path, messageId: ["m\(.)@x.example"], account: "ann",
	envelope: {mailFrom: "ann@x.example", rcptTo: ["a\(.)@x.example", (if . % 10 == 0 then "also\(.)@y.example" else empty end)]}}' >submissions.jsonl
recipients=$((messages + messages / 10))

cat >fresh <<-X
	#!/bin/sh
	rm -rf store sent
	: >sent
	mail-queue add -q <submissions.jsonl >/dev/null
X
# Whoever was killed left a sender behind, or nobody: run until nothing is on its way. Then compare with what really was sent.
cat >settled <<-X
	#!/bin/sh
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		mail-queue run -q --with "$send" 2>>run.err
		mail-queue status | jq -e '.queued + .sending == 0' >/dev/null && break
		sleep 0.3
	done
	sort sent >really
	[ -z "\$(uniq -d really)" ] || { echo 'sent twice:' >&2; uniq -d really | head -n 3 >&2; exit 1; }
	sqlite3 store/mail.db "SELECT submission_id || ' ' || recipient FROM v_said WHERE status = 'sent' ORDER BY 1" >/dev/null 2>&1
	sqlite3 store/mail.db "SELECT id || ' ' || recipient || ' ' || recipient_status FROM v_queue" >said
	[ "\$(wc -l <said)" -eq $recipients ] || { echo "\$(wc -l <said) recipients of $recipients" >&2; exit 1; }
	sed -n 's/ sent\$//p' said | sort >said.sent
	sed -n 's/ uncertain\$//p' said | sort >said.uncertain
	[ -z "\$(comm -23 said.sent really)" ] || { echo 'said to be sent, and is not:' >&2; comm -23 said.sent really | head -n 3 >&2; exit 1; }
	[ -z "\$(comm -13 said.sent really | comm -23 - said.uncertain)" ] || { echo 'sent, and not said:' >&2; exit 1; }
	[ -z "\$(grep -v ' sent\$' said | grep -v ' uncertain\$')" ] || { echo 'not settled:' >&2; exit 1; }
	[ -z "\$(ls store/queue)" ] || { echo "a lease is left: \$(ls store/queue)" >&2; exit 1; }
	[ "\$(wc -l <said.uncertain)" -le 4 ] || { echo "\$(wc -l <said.uncertain) are uncertain" >&2; exit 1; }
X
sed -i '/v_said/d' settled
chmod +x fresh settled
ok 'undisturbed: fresh' ./fresh
exits 0 sh -c "mail-queue claim -n $messages | '$send' | mail-queue settle -q"
ok 'undisturbed: each once, all settled' ./settled
is 'none is uncertain' "$(wc -l <said.uncertain)" 0

# crash NAME MOMENTS BEFORE PROGRAM...
crash() {
	name=$1
	shift
	count=$1
	shift
	before=$1
	shift
	"$TOP/tests/fault/kill-pipeline" --moments "$count" --before "$before" --after ./settled --whole --log programs.err "$@" >moments.log 2>moments.err
	seed=$(sed -n 's/^seed //p' moments.log)
	number=0
	while [ "$number" -lt "$count" ]; do
		number=$((number + 1))
		what=$(sed -n "s/^moment $number: \(.* killed after [0-9.]* ms\),.*/\1/p" moments.log)
		if [ -n "$what" ] && [ "$(grep -c "^moment $number:" moments.log)" -eq 1 ]; then
			pass "$name: moment $number: $what"
		else
			fail "$name: moment $number: ${what:-no kill} (KILL_SEED=$seed repeats it)"
			grep "^moment $number:" moments.log | sed 's/^/#     /' >&2
		fi
	done
	if [ -s moments.err ]; then diag "$(head -n 20 moments.err)"; fi
	is "$name: all moments" "$(tail -n 1 moments.log)" "$count of $count moments survived"
}
crash 'send and settle' "$moments" "./fresh && mail-queue claim -n $messages >claimed" "sh -c 'exec $send <claimed'" 'mail-queue settle -q'
crash claim $((moments / 3)) ./fresh "mail-queue claim -n $messages"
crash run $((moments / 3)) ./fresh "mail-queue run -q --with $send"

# -- four at once over one queue
./fresh
for i in 1 2 3 4; do
	mail-queue run -q -n 100000 --with "$send" >"out.$i" 2>"err.$i" &
done
wait
is 'four runners: nothing to say' "$(cat err.1 err.2 err.3 err.4)" ''
ok 'four runners: each once, all settled' ./settled
is 'four runners: none is uncertain' "$(wc -l <said.uncertain)" 0

# -- a disk that fills up while messages are written: what is printed is there, and later all are
mkdir disk
head -c 6000 /dev/zero | tr '\0' x | fold -w 70 >text
seq 300 | while read -r i; do { printf 'Message-ID: <d%s@x.example>\n\n' "$i"; cat text; } >"disk.$i.eml"; done
seq 300 | jq -c --arg t "$T" '{type: "submission", v: 1, path: "\($t)/disk.\(.).eml", messageId: ["d\(.)@x.example"], account: "ann",
	envelope: {mailFrom: "ann@x.example", rcptTo: ["a@x.example"]}}' >disk.jsonl
cat >on-disk <<'X'
MAILPIPE_STORE=$T/disk/store
mail-store init -q || exit 3
mail-queue add <disk.jsonl >added 2>added.err
echo $? >added.code
mount -o remount,size=64m "$T/disk"
mail-queue list | jq -r .id | sort >listed
mail-queue add -q <disk.jsonl >again || exit 4
mail-queue list | wc -l >count
mail-store check --full >checked || exit 5
X
if "$TOP/tests/fault/full-disk" 1800k "$T/disk" true 2>/dev/null; then
	exits 0 "$TOP/tests/fault/full-disk" 1800k "$T/disk" sh ./on-disk
	is 'full disk: it says so' "$(cat added.code) $(grep -c 'make room on the disk' added.err)" '74 1'
	is 'full disk: what was printed is in the queue, and nothing else' "$(jq -r .id added | sort)" "$(cat listed)"
	is 'with room again: each once' "$(wc -l <again) $(cat count) $(cat checked)" '300 300 '
else
	skip 4 'needs a tmpfs of its own'
fi
done_testing
