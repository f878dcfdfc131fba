#!/bin/sh
# Nothing lost, nothing twice: one program of the receiving pipeline, each in its turn, is killed at a seeded moment; after one more
# run the store equals the undisturbed one, threads included. CRASH_MESSAGES (200) and CRASH_MOMENTS (25) make it a soak,
# KILL_SEED repeats a run.
. "${0%/*}/../lib.sh"
. "$TOP/tests/net/testbed.sh"
need jq
messages=${CRASH_MESSAGES:-200}
moments=${CRASH_MOMENTS:-25}

testbed_start
mailbox_generate ann INBOX $((messages / 2))
mailbox_generate ann Archive $((messages / 4)) INBOX $((messages / 2 + 1))
mailbox_generate ann Orders $((messages - messages / 2 - messages / 4))
printf 'secret\n' >password
chmod 600 password
cat >mailpipe.conf <<-CONF
	[account ann]
	email = ann@example.test
	imap.host = localhost
	imap.port = $IMAPS
	imap.secret = file:$T/password
	mailboxes = INBOX, Archive, Orders
	tlsCaFile = $CA
CONF
fetch="mail-fetch -q -C $T/mailpipe.conf -s $T/store --all"
thread="mail-thread -s $T/store"
put="mail-store put -q -s $T/store"

# What the store holds, without what tells of the run: one line a message, sorted.
cat >contents <<-X
	#!/bin/sh
	mail-store list --all -s "$T/store" |
		jq -cS 'del(.id, .path, .source.fetchedAt, .source.after)' | sort
X
cat >again <<-X
	#!/bin/bash
	set -eu -o pipefail
	$fetch 2>again.err | mail-parse 2>>again.err | $thread 2>>again.err | $put 2>>again.err || { cat again.err >&2; exit 1; }
	mail-store check -s "$T/store" >check.out 2>&1 || { echo 'mail-store check:' >&2; head -n 5 check.out >&2; exit 1; }
	./contents >after
	cmp -s after undisturbed || { diff undisturbed after | head -n 6 | cut -c 1-400 >&2; exit 1; }
X
chmod +x contents again

exits 0 bash -o pipefail -c "$fetch | mail-parse | $thread | $put"
./contents >undisturbed
is "the undisturbed run stores $messages messages" "$(wc -l <undisturbed)" "$messages"
ok 'in threads' test "$(jq -r .threadId undisturbed | sort -u | wc -l)" -lt $((messages / 2))
is 'no message twice' "$(jq -r '.account + .blobId' undisturbed | sort | uniq -d)" ''
exits 0 ./again

"$TOP/tests/fault/kill-pipeline" --moments "$moments" --before 'rm -rf store' --after ./again --log programs.err \
	"$fetch" mail-parse "$thread" "$put" >moments.log 2>moments.err
seed=$(sed -n 's/^seed //p' moments.log)
echo "# seed $seed (KILL_SEED=$seed repeats it)" >&2
number=0
while [ "$number" -lt "$moments" ]; do
	number=$((number + 1))
	what=$(sed -n "s/^moment $number: \(.* killed after [0-9.]* ms\),.*/\1/p" moments.log)
	if [ -n "$what" ] && [ "$(grep -c "^moment $number:" moments.log)" -eq 1 ]; then
		pass "moment $number: $what"
	else
		fail "moment $number: ${what:-no kill} (seed $seed)"
		grep "^moment $number:" moments.log | sed 's/^/#     /' >&2
	fi
done
if [ -s moments.err ]; then diag "$(head -n 40 moments.err)"; fi
is 'all moments' "$(tail -n 1 moments.log)" "$moments of $moments moments survived"
done_testing
