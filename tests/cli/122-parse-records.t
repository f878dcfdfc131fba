#!/bin/bash
. "${0%/*}/../lib.sh"

printf 'Subject: hello\n\ntext\n' >m.eml
id=$(sha256sum <m.eml | cut -c1-64)
fetched() { jq -cn --arg path "$T/m.eml" '{type: "email", v: 1, path: $path, account: "support", mailboxes: ["INBOX"], keywords: ["$seen"],
	receivedAt: "2020-01-02T03:04:05Z", source: {protocol: "imap", host: "h", mailbox: "INBOX", uidValidity: 7, uid: 3, after: 0, modseq: null,
	fetchedAt: "2020-01-02T03:04:06Z"}, xNew: {a: 1}} + '"$1"; }

fetched '{}' >in
mail-parse <in >out1
schema_ok out1 'a fetched record keeps to the schema'
is 'is parsed' "$(jq -r '.subject + .text' out1)" "$(printf 'hellotext')"
is 'what it said stays' "$(jq -cS '{account, mailboxes, keywords, receivedAt, source, xNew}' out1)" "$(jq -cS '{account, mailboxes, keywords, receivedAt, source, xNew}' in)"
is 'its blobId is made' "$(jq -r .blobId out1)" "$id"
is 'or trusted' "$(fetched '{blobId: ("ab" * 32)}' | mail-parse | jq -r .blobId | cut -c1-4)" 'abab'
is 'parsed again, the same' "$(mail-parse <out1)" "$(cat out1)"
is 'account of -a' "$(mail-parse -a other <in | jq -r .account)" 'other'
is 'without the time it is found' "$(fetched '{}' | jq -c 'del(.receivedAt)' | mail-parse | jq -r .receivedAt)" "$(TZ=UTC date -r m.eml +%Y-%m-%dT%H:%M:%SZ)"

mail-parse --inline m.eml | jq -c 'del(.path)' >raw
mv m.eml gone.eml
is 'raw stands for the file' "$(mail-parse <raw | jq -r '[.subject, .blobId] | @tsv')" "$(printf 'hello\t%s' "$id")"
is 'and stays' "$(mail-parse <raw | jq -r .raw)" "$(jq -r .raw raw)"
mv gone.eml m.eml

# ---- other records ----
poll='{"type":"poll", "v":1,  "odd" : [1,2,{}]}'
{ fetched '{}'; echo "$poll"; fetched '{}'; echo '{"type":"thing"}'; } >mixed
mail-parse <mixed >out2
is 'pass in their place' "$(jq -r .type out2 | tr '\n' ' ')" 'email poll email thing '
is 'untouched' "$(sed -n 2p out2)" "$poll"
for i in $(seq 1 500); do echo "{\"type\":\"thing\",\"n\":$i}"; fetched '{}'; done >many
is 'a thousand in order' "$(mail-parse -j4 <many | jq -r 'select(.type == "thing") | .n' | tr '\n' ' ')" "$(seq 1 500 | tr '\n' ' ')"
jq -cn '{type: "thing", x: ("x" * 3000000)}' >big
is 'a large one' "$(mail-parse <big | sha256sum)" "$(sha256sum <big)"

# ---- bad lines ----
{ cat in; echo 'no json'; echo '{"type":'; cat in; } >bad
exits 65 mail-parse - <bad
is 'errors stand in their place' "$(jq -r .type out | tr '\n' ' ')" 'email error error email '
schema_ok out 'errors of lines keep to the schema'
like 'the line is named' "$(cat err)" 'line 2'
like 'each of them' "$(cat err)" 'line 3'
{ cat in; head -c 50 in; } >cut.jsonl
exits 65 mail-parse - <cut.jsonl
is 'a cut line is never parsed' "$(jq -r .type out | tr '\n' ' ')" 'email error '
like 'and told' "$(cat err)" 'line 2 has no end'
{ cat in; printf '%s' "$(cat in)"; } >cut.jsonl
exits 65 mail-parse - <cut.jsonl
is 'even where it looks whole' "$(jq -r .type out | tr '\n' ' ')" 'email error '
fetched '{path: "/none/x"}' >none
{ cat none; cat in; } >some
exits 1 mail-parse - <some
is 'an error for a file that is not there' "$(jq -r .type out | tr '\n' ' ')" 'error email '
is 'it says which' "$(jq -r 'select(.type == "error") | .object.path' out)" '/none/x'
exits 66 mail-parse - <none
fetched '{size: 5}' >changed
exits 74 mail-parse - <changed
like 'a file that is not what was fetched' "$(cat err)" 'its record says 5'
jq -c 'del(.path)' in >nowhere
exits 65 mail-parse - <nowhere
like 'no path and no raw' "$(cat err)" 'neither path nor raw'
jq -c '.raw = "!"' raw >noraw
exits 65 mail-parse - <noraw
jq -c '. + {offset: 0, length: 5, format: "x"}' in >noformat
exits 65 mail-parse - <noformat
exits 0 mail-parse - </dev/null
is 'no input, no output' "$(cat out)" ''
is 'a record of a later version is refused' "$(jq -c '.v = 2' in | mail-parse 2>/dev/null | jq -r .type)" 'error'

# ---- a record leaves room for what the next program adds ----
nuls() { printf 'Subject: n\n\n'; head -c "$1" /dev/zero; }
size=$(nuls 7000000 | mail-parse --inline | wc -c)
n=$((7000000 + (16777212 - size) * 3 / 4))
nuls $n | mail-parse --inline | mail-thread --stateless >long.jsonl
ok 'the longest record still fits with its threadId' test "$(wc -c <long.jsonl)" -le 16777216
is 'its text is cut' "$(jq -c .truncated long.jsonl)" '["text"]'

mkfifo endless
printf '{"type":"email","v":1,"path":"%s/endless"}\n' "$T" >fifo
exits 65 timeout 10 mail-parse <fifo
like 'a record names a plain file: a pipe is not waited for' "$(cat err)" 'endless is no plain file'

mkdir -p hostile/cur hostile/new
printf 'Subject: fine\n\n' >hostile/new/1
mkfifo hostile/new/2
ln -s /dev/zero hostile/new/3
exits 65 timeout 10 mail-parse hostile
is 'a Maildir holds plain files: the rest is refused, one by one' "$(jq -r '.subject // .code' out | tr '\n' ' ')" 'fine file.kind file.kind '

# ---- a pipe that pauses ----
mkfifo slow
mail-parse <slow >slow.jsonl &
exec 3>slow
cat in >&3
ok 'what is whole is written while the pipe waits' wait_for 5 test -s slow.jsonl
is 'as a whole line' "$(jq -r .subject slow.jsonl)" 'hello'
exec 3>&-
wait
done_testing
