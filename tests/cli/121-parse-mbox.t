#!/bin/bash
. "${0%/*}/../lib.sh"

from='From x@y Wed Jan  2 03:04:05 2019'
{
	printf '%s\nSubject: one\nStatus: RO\nX-Status: A\n\n>From me\n>>From you\n\n' "$from"
	printf '%s\nSubject: two\n\nlast' "$from"
} >a.mbox

mail-parse a.mbox >a.jsonl
schema_ok a.jsonl 'records of a mbox keep to the schema'
is 'two messages' "$(jq -r .subject a.jsonl | tr '\n' ' ')" 'one two '
is 'unquoted' "$(jq .text a.jsonl | head -n 1)" '"From me\n>From you\n"'
is 'From line' "$(jq -r .receivedAt a.jsonl | uniq)" '2019-01-02T03:04:05Z'
is 'Status' "$(jq -c .keywords a.jsonl | head -n 1)" '["$seen","$answered"]'
is 'format' "$(jq -r .format a.jsonl | uniq)" 'mboxrd'
is 'size and blobId are of the unquoted message' "$(jq -r 'select(.subject == "one") | [.size, .blobId] | @tsv' a.jsonl)" \
	"$(printf 'Subject: one\nStatus: RO\nX-Status: A\n\nFrom me\n>From you\n' >one; printf '%d\t%s' "$(stat -c %s one)" "$(sha256sum <one | cut -c1-64)")"
span() { jq -r 'select(.subject == "'"$1"'") | "\(.offset) \(.length)"' a.jsonl; }
read -r offset length <<<"$(span two)"
is 'offset and length' "$(tail -c +$((offset + 1)) a.mbox | head -c "$length")" "$(printf 'Subject: two\n\nlast')"
is 'mboxo' "$(mail-parse --format mboxo a.mbox | jq .text | head -n 1)" '"From me\n>>From you\n"'
is 'on stdin' "$(mail-parse --mbox <a.mbox | jq -c 'del(.path)')" "$(jq -c 'del(.path)' a.jsonl)"
is 'stdin that is a file is named' "$(mail-parse --mbox <a.mbox | jq -r .path | uniq)" "$T/a.mbox"
is 'from a pipe' "$(cat a.mbox | mail-parse --mbox - | jq -c .subject | tr '\n' ' ')" '"one" "two" '
is 'a span without a name is none' "$(cat a.mbox | mail-parse --mbox | jq -c '[.path, .offset, .format]' | uniq)" '[null,null,null]'
is 'without --mbox stdin is one message' "$(mail-parse <a.mbox | wc -l)" '1'
is 'parsed again from their spans' "$(mail-parse <a.jsonl)" "$(cat a.jsonl)"
is 'a fifo is looked into' "$(mkfifo fifo; cat a.mbox >fifo & mail-parse fifo | jq -c .subject | tr '\n' ' ')" '"one" "two" '
: >empty.mbox
is 'an empty mbox has no message' "$(mail-parse empty.mbox)" ''

# ---- Content-Length ----
body="$from

not a message
"
{ printf '%s\nSubject: counted\nContent-Length: %d\n\n%s\n%s\nSubject: next\n\n' "$from" "${#body}" "$body" "$from"; } >counted
is 'Content-Length leads to the next message' "$(mail-parse counted | jq -c '[.subject, .format]' | tr '\n' ' ')" '["counted","mboxcl2"] ["next","mboxrd"] '
is 'a pipe has no Content-Length' "$(cat counted | mail-parse --mbox | wc -l)" '3'

# ---- messages longer than what is held: read from the file again, or parsed as they come ----
long() {
	printf '%s\nSubject: long\n\n' "$from"
	seq 1 200000 | sed 's/^/>From /'
	printf '\n%s\nSubject: short\n\n' "$from"
}
{ cat a.mbox; printf '\n\n'; long; long; } >long.mbox
is 'long messages from a file' "$(mail-parse -j4 long.mbox | jq -r .subject | tr '\n' ' ')" 'one two long short long short '
is 'and from a pipe' "$(cat long.mbox | mail-parse --mbox | jq -r '[.subject, .blobId] | @tsv')" "$(mail-parse long.mbox | jq -r '[.subject, .blobId] | @tsv')"
is 'are unquoted' "$(mail-parse long.mbox | jq -r 'select(.subject == "long") | .blobId' | uniq)" \
	"$({ printf 'Subject: long\n\n'; seq 1 200000 | sed 's/^/From /'; } | sha256sum | cut -c1-64)"

# ---- a reader does not wait for what comes later ----
mkfifo slow
mail-parse --mbox <slow >slow.jsonl &
exec 3>slow
printf '%s\nSubject: now\n\n%s\nSubject: later\n\n' "$from" "$from" >&3
ok 'what is whole is written while the pipe waits' wait_for 5 test -s slow.jsonl
exec 3>&-
wait
is 'and the rest at its end' "$(jq -r .subject slow.jsonl | tr '\n' ' ')" 'now later '

need_shared
mail="$SHARED/corpora/mail"
xz -dc "$mail/threads-linux-mips-12k.mbox.xz" >list.mbox
is 'messages of a list as Dovecot counts them' "$(mail-parse list.mbox | wc -l)" 12000
for box in "$mail"/imaptest-thread/raw/*.mbox; do
	is "messages of ${box##*/}" "$(mail-parse "$box" | wc -l)" "$(find "${box%/raw/*}/msgs/${box##*/}.d" -type f | wc -l)"
done
is 'Netscape: Content-Length, right and wrong, no empty lines' "$(mail-parse "$mail/mimekit/raw/mbox/content-length.mbox.txt" | wc -l)" 29
is 'Takeout' "$(mail-parse "$mail/mimekit/raw/mbox/issue1189.mbox.txt" | wc -l)" 4
done_testing
