#!/bin/sh
# mail-store put: what it stores, what it refuses, what it says.
. "${0%/*}/../lib.sh"
. "$TOP/tests/cli/store-records.sh"
need jq sqlite3
export MAILPIPE_STORE="$T/store"

for n in 1 2 3 4 5; do message $n; done
for n in 1 2 3; do record $n; done >three.jsonl
exits 0 mail-store put <three.jsonl
is 'it tells what was new' "$(cat err)" 'mail-store: 3 new, 0 known'
is 'nothing on stdout' "$(cat out)" ''
exits 0 mail-store put <three.jsonl
is 'again: nothing new' "$(cat err)" 'mail-store: 0 new, 3 known'
exits 0 mail-store put -q <three.jsonl
is '-q: silent' "$(cat err)" ''
is 'three rows' "$(mail-store list --all | wc -l)" 3
is 'the folder is private' "$(stat -c %a "$MAILPIPE_STORE" "$MAILPIPE_STORE/mail.db" "$MAILPIPE_STORE/blobs" | tr '\n' ' ')" '700 600 700 '
mail-store list >listed.jsonl
schema_ok listed.jsonl
is 'newest first' "$(jq -r .subject listed.jsonl | tr '\n' ,)" 'message 3,message 2,message 1,'
json_is 'a row holds all but text and html' "$(jq -c 'del(.id, .path, .threadId)' listed.jsonl | tail -1)" \
	"$(record 1 'del(.text, .html, .path) | .keywords = null | .attachments = null')"
for n in 1 2 3; do mail-store raw "m$n@example.com" >raw; same_file "raw $n, byte for byte" raw mail/$n.eml; done
ok 'paths lead to the message' test -s "$(jq -r .path listed.jsonl | head -1)"

# -- where the message is
record 4 'del(.path)' >pathless.jsonl
exits 66 mail-store put <pathless.jsonl
like 'a message that is nowhere' "$(cat err)" 'cannot read the message'
like 'it counts as refused' "$(cat err)" '0 new, 0 known, 1 refused'
record 4 ".path = null | .raw = \"$(base64 -w0 <mail/4.eml)\"" | mail-store put -q
mail-store raw m4@example.com >raw
same_file 'raw in the record' raw mail/4.eml
message 44
record 44 ".path = \"$T/not/on/this/host\" | .raw = \"$(base64 -w0 <mail/44.eml)\"" | mail-store put -q
mail-store raw m44@example.com >raw
same_file 'raw wins over a path' raw mail/44.eml
printf 'From a@b Mon Jan  1 00:00:00 2024\n' >box
printf 'Subject: quoted\nMessage-ID: <q@x>\n\n>From the start\n>>From twice\nmiddle >From\n' >span
cat span >>box
printf 'Subject: quoted\nMessage-ID: <q@x>\n\nFrom the start\n>From twice\nmiddle >From\n' >unquoted
printf '\nFrom a@b Mon Jan  1 00:00:00 2024\nSubject: other\n\nother\n' >>box
record 1 ".path = \"$T/box\" | .offset = 34 | .length = $(stat -c %s span) | .format = \"mboxrd\" | .size = $(stat -c %s unquoted) |
	.blobId = \"$(sha256sum <unquoted | cut -d' ' -f1)\" | .messageId = [\"q@x\"]" >span.jsonl
exits 0 mail-store put <span.jsonl
mail-store raw q@x >raw
same_file 'a span of a mbox is unquoted' raw unquoted

# -- what is refused, one by one
message 6
record 6 >six.jsonl
printf 'x' >>mail/6.eml
{ record 1; cat six.jsonl; record 5; } >mixed.jsonl
exits 65 mail-store put <mixed.jsonl
like 'another digest: a sentence that names it' "$(cat err)" 'mail/6.eml holds another message'
like 'the others are stored' "$(cat err)" '1 new, 1 known, 1 refused'
is 'nothing of it stays' "$(find "$MAILPIPE_STORE/blobs" -name 'new-*' | wc -l)" 0
mkfifo pipe
record 1 ".path = \"$T/pipe\" | .blobId = \"$(printf '%064d' 7)\"" >fifo.jsonl
exits 65 timeout 10 mail-store put <fifo.jsonl
like 'a path that is no file' "$(cat err)" 'no regular file'
record 1 'del(.blobId)' >noblob.jsonl
exits 65 mail-store put <noblob.jsonl
like 'no blobId' "$(cat err)" 'without a blobId'

# -- lines
printf '{"type":"email"\n' >bad.jsonl
record 1 >>bad.jsonl
exits 65 mail-store put <bad.jsonl
like 'a line that is no JSON is named' "$(cat err)" 'line 1'
like 'the next one counts' "$(cat err)" '1 known'
message 7
{ record 7 | tr -d '\n'; } >cut.jsonl
exits 65 mail-store put <cut.jsonl
like 'a cut last line is none' "$(cat err)" '0 new'
is 'a later version is refused' "$(record 7 '.v = 2' | mail-store put -q 2>err; echo $?)" 65
exits 0 mail-store put </dev/null
printf '{"type":"submission","v":1,"a":1.50}\n{"type":"email2","x":[ 1 ]}\n' >others.jsonl
mail-store put -q <others.jsonl >passed.jsonl
same_file 'records of other types pass through untouched' passed.jsonl others.jsonl

# -- a copy in another mailbox, with other keywords
record 1 '.mailboxes = ["Archive"] | .keywords = ["$seen", "billing"]' | mail-store put 2>err
is 'it is known' "$(cat err)" 'mail-store: 0 new, 1 known'
is 'it sits in both' "$(mail-store get m1@example.com | jq -c '[.mailboxes, .keywords]')" '[["Archive","INBOX"],["$seen","billing"]]'
is 'the same account twice, the same message in another: two emails' \
	"$(record 1 '.account = "home"' | mail-store put -q; mail-store list --all | jq -r 'select(.messageId[0] == "m1@example.com") | .account' | sort | tr '\n' ' ')" 'home work '
is 'one blob' "$(find "$MAILPIPE_STORE/blobs" -type f -name "$(sha256sum <mail/1.eml | cut -c3-64)" | wc -l)" 1

# -- mail that was not parsed, and then is
message 20 'a late subject'
record 20 '{type, v, blobId, path, size, account, mailboxes, receivedAt}' >fetched.jsonl
mail-store put <fetched.jsonl 2>err
like 'put tells what is missing' "$(cat err)" '1 of them are not parsed.*mail-parse'
blob=$(jq -r .blobId fetched.jsonl)
exits 0 mail-store check
is 'it cannot be found' "$(mail-store search --count late)" 0
mail-store get "$blob" | jq -c 'del(.text)' | mail-parse -q | mail-thread | mail-store put --events 2>err >late.jsonl
is 'a parsed record completes it' "$(mail-store list --all | jq -r 'select(.blobId == "'"$blob"'") | .subject + " " + .messageId[0] + " " + .mailboxes[0]')" 'a late subject m20@example.com INBOX'
is 'then it is found' "$(mail-store search --count late)" 1
is 'that is a change' "$(jq -r .kind late.jsonl)" email.changed

# -- events
message 8
{ record 8; record 1; record 1 '.mailboxes = ["Sent"]'; } | mail-store put -q --events >events.jsonl
schema_ok events.jsonl
is 'an event for what is new, one for what changed' "$(jq -r .kind events.jsonl | tr '\n' ' ')" 'email.stored email.changed '
is 'it names the email' "$(mail-store get "$(jq -r .id events.jsonl | head -1)" | jq -r .subject)" 'message 8'
is 'the log has it' "$(sqlite3 "$MAILPIPE_STORE/mail.db" "SELECT kind FROM event WHERE seq = $(jq .seq events.jsonl | head -1)")" email.stored
not_ok 'and cannot be changed' sqlite3 "$MAILPIPE_STORE/mail.db" 'DELETE FROM event' 2>/dev/null
message 9
record 9 >nine.jsonl
exits 74 sh -c 'mail-store put -q --events <nine.jsonl >/dev/full'
is 'stdout is full: the email is stored all the same' "$(mail-store get m9@example.com | jq -r .subject)" 'message 9'

# -- the commit comes when the pipe pauses
message 10
message 11
mkfifo slow
mail-store put -q --events <slow >slow.out &
exec 9>slow
record 10 >&9
ok 'a pause commits' wait_for 10 test -s slow.out
record 11 >&9
ok 'and the next' wait_for 10 sh -c 'test "$(wc -l <slow.out)" -eq 2'
exec 9>&-
wait

# -- a limit on addresses is none on the work
case $BUILD in
*san*) pass 'no limit under the sanitizers, which need addresses' ;;
*)
	is 'a limit of 1.5 GB' "$(bash -c 'ulimit -v 1500000; mail-store put -s limited' <three.jsonl 2>&1)" 'mail-store: 3 new, 0 known'
	# More lines than fit into so many addresses at once.
	i=0
	while [ "$i" -lt 500 ]; do
		i=$((i + 1))
		printf 'Subject: number %s\n\ntext\n' "$i" >"many-$i.eml"
	done
	mail-parse many-*.eml >many.jsonl
	is 'the same for many lines' "$(bash -c 'ulimit -v 1500000; mail-store put -s limited' <many.jsonl 2>&1)" 'mail-store: 500 new, 0 known'
	;;
esac

exits 0 mail-store check --full
is 'the store is in order' "$(cat out)" ''
printf 'Subject: from a pipe\n\ntext\n' | mail-parse | mail-store -s piped put 2>err
is 'a message that nobody kept is refused' "$?" 66
like 'with what to do' "$(cat err)" 'mail-parse --inline'
done_testing
