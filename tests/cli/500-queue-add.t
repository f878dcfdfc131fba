#!/bin/sh
# mail-queue add: each submission once, its message in the store, a line only when it lasts; what is refused, and what is said then.
. "${0%/*}/../lib.sh"
need jq sqlite3
export MAILPIPE_STORE="$T/store"
DB=$T/store/mail.db
printf 'From: ann@x.example\r\nMessage-ID: <m1@x.example>\r\nSubject: s\r\n\r\nhello\r\n' >message.eml
digest=$(sha256sum <message.eml | cut -d ' ' -f 1)

# one FILTER: a submission of message.eml, changed
one() {
	jq -nc --arg path "$T/message.eml" --arg digest "$digest" '{type: "submission", v: 1, account: "ann", blobId: $digest, path: $path,
		messageId: ["m1@x.example"], from: "Ann <ann@x.example>", to: ["bob@Y.Example"], subject: "s"} | '"${1:-.}"
}

one >one.jsonl
exits 0 mail-queue add <one.jsonl
cp out first
is 'nothing to say' "$(cat err)" ''
is 'a number' "$(jq .id first)" 1
is 'its state' "$(jq -r .status first)" queued
is 'the envelope from its addresses' "$(jq -c .envelope first)" '{"mailFrom":"ann@x.example","rcptTo":["bob@y.example"]}'
same_file 'its message lies in the store' message.eml "$(jq -r .path first)"
schema_ok first
exits 0 mail-queue add -v <one.jsonl
is 'again: the same number' "$(jq .id out)" 1
like 'again: known' "$(cat err)" '0 added, 1 known'
is 'again: one row' "$(sqlite3 "$DB" 'SELECT count(*) FROM submission')" 1
# what is held, and what is not
for n in 0 1 65535 65536 65537 262143 262144 262145 700000; do
	head -c "$n" /dev/zero | tr '\0' z >"size.$n"
	jq -nc --arg p "$T/size.$n" '{type: "submission", v: 1, path: $p, envelope: {rcptTo: ["a@b.example"]}}'
	head -c "$n" /dev/zero | tr '\0' r | base64 -w0 >"raw.$n"
	if [ "$n" -gt 0 ]; then jq -nc --rawfile r "raw.$n" '{type: "submission", v: 1, raw: $r, envelope: {rcptTo: ["a@b.example"]}}'; fi
done >sizes.jsonl
exits 0 mail-queue add -s sizes <sizes.jsonl
is 'messages of any size lie there whole' "$(jq -r '"\(.blobId)  \(.path)"' out | sha256sum -c --quiet 2>&1)" ''
is 'their sizes' "$(jq -r .size out | uniq -c | awk '{print $1 "x" $2}' | tr '\n' ' ')" '1x0 2x1 2x65535 2x65536 2x65537 2x262143 2x262144 2x262145 2x700000 '
exits 0 mail-store check -s sizes --full
# what lies there stays, as rows name it and it lasts; what is damaged is put right
for file in message.eml size.700000; do
	again() { jq -nc --arg p "$T/$file" --arg k "$1" '{type: "submission", v: 1, path: $p, idempotencyKey: $k, envelope: {rcptTo: ["a@b.example"]}}'; }
	blob=$(again first | mail-queue add -q -s again | jq -r .path)
	inode=$(stat -c %i "$blob")
	again second | mail-queue add -q -s again >out
	is "$file: the same message again" "$(jq -r .path out) $(stat -c %i "$blob")" "$blob $inode"
	printf x >"$blob"
	again third | mail-queue add -q -s again >out
	same_file "$file: one that is damaged" "$file" "$blob"
	rm -rf again
done
one '.to = ["other@y.example"]' | mail-queue add | jq .id >out
is 'to another: another' "$(cat out)" 2
one '.account = "bob"' | mail-queue add | jq .id >out
is 'of another account: another' "$(cat out)" 3

# -- keys
one '.idempotencyKey = "invoice 5"' | mail-queue add >out
is 'a key of its own' "$(jq -c '[.id, .idempotencyKey]' out)" '[4,"invoice 5"]'
one '.to = ["else@y.example"]' | mail-queue add --key 'invoice 5' | jq -c '[.id, .envelope.rcptTo[]]' >out
is '--key: it is known, and stays what it was' "$(cat out)" '[4,"bob@y.example"]'
{ one; one; } >two.jsonl
exits 65 mail-queue add --key k <two.jsonl
like '--key for two' "$(cat err)" '--key is for one submission'
exits 64 mail-queue add --key '' <one.jsonl

# -- where the message is
one 'del(.blobId) | .idempotencyKey = "by path"' | mail-queue add >out
is 'without a digest' "$(jq -r .blobId out)" "$digest"
one 'del(.blobId, .path) | .idempotencyKey = "raw" | .raw = "'"$(base64 -w 0 message.eml)"'"' | mail-queue add >out
is 'in the line' "$(jq -r .blobId out)" "$digest"
is 'and not in the line that is printed' "$(jq 'has("raw")' out)" false
one '.raw = "'"$(base64 -w 0 message.eml)"'" | del(.path) | .idempotencyKey = "raw with digest"' | mail-queue add >out
is 'in the line, with its digest' "$(jq -r .blobId out)" "$digest"

refused() {
	name=$1
	code=$2
	like=$3
	printf '%s\n' "$4" >bad.jsonl
	{ cat bad.jsonl; one '.idempotencyKey = "good '"$name"'"'; } >mixed.jsonl
	exits "$code" mail-queue add <mixed.jsonl
	like "$name: why" "$(cat err)" "$like"
	is "$name: the other is added" "$(jq -r .idempotencyKey out)" "good $name"
}
refused 'no message' 65 'a submission without a message' "$(one 'del(.blobId, .path)')"
refused 'no file' 66 '/no/such/file' "$(one '.idempotencyKey = "x" | .path = "/no/such/file" | .blobId = "'"$(echo x | sha256sum | cut -d ' ' -f 1)"'"')"
echo other >other.eml
refused 'another digest' 65 'other.eml' "$(one '.blobId = "'"$(echo x | sha256sum | cut -d ' ' -f 1)"'" | .idempotencyKey = "y" | .path = "'"$T/other.eml"'"')"
mkfifo pipe
refused 'a pipe' 65 'pipe is no regular file' "$(one 'del(.blobId) | .idempotencyKey = "p" | .path = "'"$T/pipe"'"')"
refused 'a folder' 65 'is no regular file' "$(one 'del(.blobId) | .idempotencyKey = "f" | .path = "'"$T"'"')"
refused 'raw that is no base64' 65 'raw is no base64' "$(one 'del(.blobId, .path) | .idempotencyKey = "r" | .raw = "a*b"')"
refused 'no recipients' 65 'a submission without recipients' "$(one 'del(.to)')"
refused 'a line end in an address' 65 'envelope must be' "$(one '.envelope = {rcptTo: ["a@b\r\nRCPT TO:<c@d>"]}')"
refused 'an address that ends its command' 65 'envelope must be' "$(one '.envelope = {rcptTo: ["a@b> SIZE=1"]}')"
refused 'a space in an address' 65 'envelope must be' "$(one '.envelope = {mailFrom: "a b@x", rcptTo: ["a@b"]}')"
refused 'a time that is none' 65 'sendAt must be a time' "$(one '.sendAt = "tomorrow"')"
refused 'a later version' 65 'version 2' '{"type":"submission","v":2}'
refused 'no record' 65 'line 1' hello

# -- envelopes and times
one '.idempotencyKey = "e1" | .envelope = {mailFrom: null, rcptTo: ["\"a b\"@x.example", "c@x.example", "c@X.example"]}' | mail-queue add | jq -c .envelope >out
is 'the null sender, a quoted name, each once' "$(cat out)" '{"mailFrom":null,"rcptTo":["\"a b\"@x.example","c@x.example"]}'
one '.idempotencyKey = "e2" | .cc = "c@x.example" | .bcc = ["d@x.example", "bob@y.example"]' | mail-queue add | jq -c .envelope.rcptTo >out
is 'to, cc and bcc' "$(cat out)" '["bob@y.example","c@x.example","d@x.example"]'
one '.idempotencyKey = "later" | .sendAt = "2999-01-01T00:00:00Z"' | mail-queue add | jq -c '[.sendAt, .expiresAt]' >out
is 'its life begins when it may be sent' "$(cat out)" '["2999-01-01T00:00:00Z","2999-01-06T00:00:00Z"]'
one '.idempotencyKey = "held" | .status = "held"' | mail-queue add | jq -r .status >out
is 'held by who adds it' "$(cat out)" held
one '.idempotencyKey = "held 2"' | mail-queue add --hold | jq -r .status >out
is '--hold' "$(cat out)" held
one '.idempotencyKey = "bold" | .status = "sent" | .lease = "l1" | .id = 7' | mail-queue add | jq -c '[.status, .lease, .id == 7]' >out
is 'nobody adds what is sent' "$(cat out)" '["queued",null,false]'
printf '[account ann]\nqueue.undo = 60\nqueue.lifetime = 3600\n' >mailpipe.conf
one '.idempotencyKey = "undo"' | mail-queue add -C mailpipe.conf | jq '[(.undoUntil, .expiresAt, .createdAt) | fromdate] | [.[0] - .[2], .[1] - .[2]]' -c >out
is 'undo and lifetime of the account' "$(cat out)" '[60,3600]'
one '.idempotencyKey = "mine" | .mine = {a: [1]}' | mail-queue add | jq -c .mine >out
is 'members of others are kept' "$(cat out)" '{"a":[1]}'
is 'and come back' "$(mail-queue show mine | jq -c .mine)" '{"a":[1]}'

# -- options of the command line
one 'del(.account) | .idempotencyKey = "a"' | mail-queue add -a carl --queue bulk | jq -c '[.account, .queue]' >out
is '-a and --queue' "$(cat out)" '["carl","bulk"]'
one '.idempotencyKey = "b" | .queue = "own"' | mail-queue add -a carl --queue bulk | jq -c '[.account, .queue]' >out
is 'what a record says wins' "$(cat out)" '["ann","own"]'
before=$(sqlite3 "$DB" 'SELECT count(*) FROM submission')
one '.idempotencyKey = "dry"' | mail-queue add --dry-run | jq -r .status >out
is '--dry-run says what it would do' "$(cat out)" queued
is '--dry-run adds nothing' "$(sqlite3 "$DB" 'SELECT count(*) FROM submission')" "$before"

# -- the rest of the stream
{ echo '{"type":"note","mine":1}'; one '.idempotencyKey = "n"'; echo '{"type":"error","v":1,"class":"later","code":"x","message":"m"}'; } | mail-queue add >out 2>err
is 'what a program before it failed at is how it ends' "$?" 75
is 'other records pass, in their place' "$(jq -r .type out)" 'note
submission
error'
exits 64 mail-queue add --no-such
exits 74 sh -c 'mail-queue add <one.jsonl >/dev/full'
one '.idempotencyKey = "closed"' | mail-queue add | head -c 0
is 'a closed pipe' "$(mail-queue show closed | jq -r .status)" queued

# -- gc leaves what the queue needs
find store/blobs -type f -exec touch -d '3 days ago' {} +
exits 0 mail-store gc --age 0
ok 'gc takes no message of the queue' test -f "$(jq -r .path first)"
exits 0 mail-store check --full
is 'all is in order' "$(cat out)" ''
chmod 600 "$(jq -r .path first)"
rm "$(jq -r .path first)"
exits 65 mail-store check
like 'check: a message of the queue is missing' "$(cat out err)" 'blob of submission 1 is missing'
sqlite3 "$DB" "UPDATE recipient SET next_at = NULL WHERE submission_id = 2"
mail-store check >out 2>&1
like 'check: one that is never due' "$(cat out)" 'submission 2 to other@y.example is queued and never due'
done_testing
