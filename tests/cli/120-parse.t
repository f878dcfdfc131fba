#!/bin/bash
. "${0%/*}/../lib.sh"

write() { printf '%b' "$2" >"$1"; }
write a.eml 'From: Ann <ann@example.com>\nTo: bob@example.com\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\nDate: Thu, 04 Nov 2021 12:34:56 +0100\nMessage-ID: <a@example.com>\n\nHello\nBob\n'

# ---- one message ----
mail-parse a.eml >a.jsonl
schema_ok a.jsonl 'a record keeps to its schema'
is 'subject' "$(jq -r .subject a.jsonl)" 'Grüße'
is 'path is absolute' "$(jq -r .path a.jsonl)" "$T/a.eml"
is 'path with ./' "$(mail-parse ./a.eml | jq -r .path)" "$T/a.eml"
is 'blobId is the digest of the file' "$(jq -r .blobId a.jsonl)" "$(sha256sum <a.eml | cut -c1-64)"
is 'size' "$(jq .size a.jsonl)" "$(stat -c %s a.eml)"
is 'sentAt has its zone' "$(jq -r .sentAt a.jsonl)" '2021-11-04T12:34:56+01:00'
is 'account' "$(jq -r .account a.jsonl)" 'local'
is 'account of -a' "$(mail-parse -a x a.eml | jq -r .account)" 'x'
is 'no mailbox unless told' "$(jq .mailboxes a.jsonl)" 'null'
exits 64 mail-parse -a "$(printf 'a\tb')" a.eml
like 'an account that put would refuse' "$(cat err)" 'a takes a name that is not empty and has no control characters'
exits 64 mail-parse -m '' a.eml
exits 64 mail-parse -m "$(printf 'a\177b')" a.eml
is 'mailbox of -m' "$(mail-parse -m Sent a.eml | jq -c .mailboxes)" '["Sent"]'
is 'inbound' "$(jq -r .direction a.jsonl)" 'inbound'
is 'outbound from --me' "$(mail-parse --me x@y --me ANN@example.com a.eml | jq -r .direction)" 'outbound'
is 'preview' "$(jq -r .preview a.jsonl)" 'Hello Bob'
is 'text' "$(jq .text a.jsonl)" '"Hello\nBob\n"'
is 'headers' "$(mail-parse --headers a.eml | jq -c '.headers[2]')" '{"name":"Subject","value":"Grüße"}'
is 'inline' "$(mail-parse --inline a.eml | jq -r .raw | base64 -d | sha256sum)" "$(sha256sum <a.eml)"
is 'cut text' "$(mail-parse --max-text 7 a.eml | jq -c '[.text, .truncated]')" '["Hello\nB",["text"]]'
is 'stdin' "$(mail-parse <a.eml | jq -r .subject)" 'Grüße'
is 'stdin that is a file is named' "$(mail-parse - <a.eml | jq -r .path)" "$T/a.eml"
is 'a pipe has no name' "$(cat a.eml | mail-parse - | jq -r .path)" 'null'
is 'order of the arguments' "$(mail-parse a.eml - a.eml <a.eml | jq -c .path)" "$(printf '"%s"\n' "$T/a.eml" "$T/a.eml" "$T/a.eml")"

# ---- when it was received ----
received() { mail-parse "$1" | jq -r .receivedAt; }
write from.eml "From x@y Wed Jan  2 03:04:05 2019\n$(cat a.eml)"
write rec.eml "Received: from a by b; Tue, 1 Jan 2019 05:00:00 +0500\n$(cat a.eml)"
write none.eml 'Subject: x\n\n'
TZ=UTC touch -d 2001-02-03T04:05:06Z none.eml
is 'From line' "$(received from.eml)" '2019-01-02T03:04:05Z'
is 'first Received' "$(received rec.eml)" '2019-01-01T00:00:00Z'
is 'Date' "$(received a.eml)" '2021-11-04T11:34:56Z'
is 'time of the file' "$(received none.eml)" '2001-02-03T04:05:06Z'
is 'never now' "$(cat none.eml | mail-parse | jq -r .receivedAt)" 'null'

# ---- odd files are messages ----
: >empty
head -c 100000 /dev/urandom >random
printf 'From x@y Wed Jan  2 03:04:05 2019\nA: b\n\nc\n\nFrom x@y Wed Jan  2 03:04:05 2019\nA: b\n\nc\n' >two.eml
mail-parse empty random two.eml >odd.jsonl
schema_ok odd.jsonl 'odd files keep to the schema'
is 'each one record' "$(jq -r .path odd.jsonl)" "$(printf '%s\n' "$T/empty" "$T/random" "$T/two.eml")"

# ---- a Maildir ----
mkdir -p Maildir/{cur,new,tmp} Maildir/.Lists.users/{cur,new,tmp}
for i in 3 1; do write "Maildir/cur/$i.host:2,FS" "Subject: $i\n\n"; done
for i in 2 4; do write "Maildir/new/$i.host" "Subject: $i\n\n"; done
write Maildir/tmp/0.host 'Subject: tmp\n\n'
write Maildir/cur/.hidden 'Subject: hidden\n\n'
write Maildir/.Lists.users/cur/1:2, 'From x@y Wed Jan  2 03:04:05 2019\nSubject: list\n\n'
mail-parse Maildir/ ./Maildir/.Lists.users >maildir.jsonl
schema_ok maildir.jsonl 'a Maildir keeps to the schema'
is 'cur and new, by name' "$(jq -rs '[.[].subject] | join(" ")' maildir.jsonl)" '1 2 3 4 list'
is 'keywords of flags' "$(jq -c .keywords maildir.jsonl | tr '\n' ' ')" '["$flagged","$seen"] null ["$flagged","$seen"] null null '
is 'paths' "$(jq -r .path maildir.jsonl | head -n 2)" "$(printf '%s\n' "$T/Maildir/cur/1.host:2,FS" "$T/Maildir/new/2.host")"
mkdir -p "Maildir/.a&AAE-b$(printf '\n')c"/{cur,new,tmp}
cp a.eml Maildir/.a*/cur/
is 'a mailbox has no control characters' "$(mail-parse Maildir/.a* | jq -c .mailboxes)" '["a_bc"]'
latin=$(printf 'caf\351')
cp a.eml "$latin.eml"
cp Maildir/.Lists.users/cur/1:2, "$latin.mbox"
mkdir -p "$latin"/{cur,new,tmp}
cp a.eml "$latin/cur/$latin:2,S"
mail-parse "$latin.eml" "$latin" "$latin.mbox" >named.jsonl
is 'a name that is no UTF-8 is in no record, its message is' "$(jq -c 'if .path then .path else .raw end' named.jsonl | tr -d '"' | head -2)" \
	"$(base64 -w0 a.eml; echo; base64 -w0 a.eml)"
is 'of a mbox, too' "$(jq -c '[has("path", "offset", "length", "format", "raw")]' named.jsonl | tail -1)" '[false,false,false,false,true]'
is 'its flags are read all the same' "$(jq -c .keywords named.jsonl | sed -n 2p)" '["$seen"]'
is 'mail-store takes it' "$(mail-store put -s named -q <named.jsonl; mail-store list -s named | wc -l)" 2
is 'mailboxes' "$(jq -r '.mailboxes[0]' maildir.jsonl | uniq | tr '\n' ' ')" 'INBOX Lists/users '

# ---- many, in parallel, in order ----
mkdir many
for i in $(seq 1000 1600); do printf 'Subject: %d\n\n%*d\n' "$i" $((i % 7 * 3000)) 1 >"many/$i.eml"; done
is 'six hundred files in their order' "$(mail-parse -j4 many/*.eml | jq .subject | tr -d '"' | tr '\n' ' ')" "$(seq 1000 1600 | tr '\n' ' ')"
is 'whatever the number of jobs' "$(mail-parse -j4 many/*.eml | sha256sum)" "$(mail-parse -j1 many/*.eml | sha256sum)"
is 'with few descriptors' "$(ulimit -n 30; mail-parse -j4 many/*.eml | sha256sum)" "$(mail-parse -j1 many/*.eml | sha256sum)"

# ---- what cannot be read ----
exits 1 mail-parse a.eml none a.eml
is 'the error stands in its place' "$(jq -r .type out | tr '\n' ' ')" 'email error email '
schema_ok out 'an error keeps to the schema'
like 'and names the file' "$(cat err)" "cannot open $T/none: No such file"
exits 66 mail-parse none
exits 66 mail-parse many
like 'a folder that is no Maildir' "$(cat err)" 'many is no Maildir'
exits 64 mail-parse --no-such-option
like 'misuse says where help is' "$(cat err)" "try 'mail-parse -h'"
exits 64 mail-parse --max-text 9M a.eml
exits 64 mail-parse -j 0 a.eml
exits 64 mail-parse --format mboxcl2 a.eml
exits 0 mail-parse -h
like 'usage' "$(cat out)" '^usage: mail-parse'
exits 0 mail-parse -V
if [ "$(id -u)" -ne 0 ]; then
	chmod 0 none.eml
	exits 77 mail-parse none.eml
else
	exits 77 setpriv --reuid=65534 --clear-groups sh -c "chmod 0 $T/none.eml 2>/dev/null; exec mail-parse /etc/shadow"
fi
exits 74 sh -c 'mail-parse a.eml >/dev/full'
like 'a full disk is told' "$(cat err)" 'cannot write'
is 'a closed pipe is quiet' "$(mail-parse many/*.eml many/*.eml 2>err | head -n 1 | jq -r .subject; cat err)" '1000'
sh -c 'mail-parse many/*.eml; echo $? >code' | head -n 1 >/dev/null
is 'and no failure' "$(cat code)" '0'
need script
like 'a terminal gets a hint' "$(script -qec "env PATH=$PATH mail-parse" /dev/null </dev/null; true)" 'name files or folders|usage'
# -- only some members
sample=$TOP/share/sample/008-invoice.eml
is '--fields: only these, in their fixed order' "$(mail-parse --fields subject,from "$sample" | jq -c keys_unsorted)" '["type","v","from","subject"]'
json_is '--fields: with the values they have without it' "$(mail-parse --fields blobId,attachments,headers "$sample")" \
	"$(mail-parse --headers "$sample" | jq '{type, v, blobId, attachments, headers}')"
json_is '--fields: null stays null' "$(mail-parse --fields cc "$sample")" '{"type":"email","v":1,"cc":null}'
exits 64 mail-parse --fields subject,form "$sample"
like '--fields: a wrong name is named' "$(cat err)" "'form'"
printf 'References: <a@x> <b@x>\nIn-Reply-To: <b@x>\nReferences: <c@x>\nIn-Reply-To: <d@x>\n\n' >twice.eml
is 'of References and In-Reply-To that stand twice the first counts' "$(mail-parse twice.eml | jq -c '[.references, .inReplyTo]')" '[["a@x","b@x"],["b@x"]]'
done_testing
