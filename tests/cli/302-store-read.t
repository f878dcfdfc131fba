#!/bin/sh
# mail-store list, get, thread, threads, raw, attach, mailboxes: what is asked of the store.
. "${0%/*}/../lib.sh"
. "$TOP/tests/cli/store-records.sh"
need jq sqlite3

# -- no store
export MAILPIPE_STORE="$T/none"
for verb in list 'get 1' 'thread 1' threads 'raw 1' 'attach 1' mailboxes check gc 'search x'; do
	# shellcheck disable=SC2086
	exits 66 mail-store $verb
	like 'it says how to make one' "$(cat err)" "no store in $T/none; make one with mail-store init"
done
not_ok 'and makes none' test -e "$MAILPIPE_STORE"
exits 0 mail-store init
exits 0 mail-store list
is 'an empty store' "$(cat out)" ''

exits 64 mail-store -s '' list
like 'an empty -s is no other store' "$(cat err)" 'no folder for the store: -s is empty'

# -- ids
export MAILPIPE_STORE="$T/store"
mail-parse -q "$TOP"/share/sample/*.eml | mail-thread | mail-store put -q
id=$(mail-store search --ids subject:'"Lunch on Thursday"' | tail -1)
blob=$(mail-store get "$id" | jq -r .blobId)
mid=$(mail-store get "$id" | jq -r '.messageId[0]')
for name in "id:$id" "$blob" "$mid" "<$mid>"; do
	is "get by $name" "$(mail-store get "$name" | jq .id)" "$id"
done
exits 66 mail-store get 999999
like 'an unknown id is named' "$(cat err)" 'no email 999999'
exits 66 mail-store get 1 nobody@nowhere 2
is 'the others are printed' "$(jq .id out | tr '\n' ' ')" '1 2 '
like 'the unknown one is named' "$(cat err)" 'nobody@nowhere'
exits 66 mail-store thread t0123456789abcdef
exits 64 mail-store get
exits 64 mail-store raw 1 2
exits 64 mail-store list extra
exits 64 mail-store
exits 64 mail-store nonsense
exits 64 mail-store list -n many
for verb in put search list get thread threads raw attach mailboxes init check gc migrate; do
	exits 0 mail-store $verb -h
	like 'usage' "$(head -1 out)" "^usage: mail-store $verb"
done

# -- get
mail-store list --all | jq .id | xargs mail-store get >all.jsonl
schema_ok all.jsonl
mail-parse -q "$TOP"/share/sample/*.eml >parsed.jsonl
is 'get has what the parser says' "$(jq -cS '[.blobId, .text, .html, .subject, .from, .attachments, .truncated]' all.jsonl | sort)" \
	"$(jq -cS '[.blobId, .text, .html, .subject, .from, .attachments, .truncated]' parsed.jsonl | sort)"
is 'no header fields without --headers' "$(jq -c 'select(has("headers"))' all.jsonl)" ''
is '--headers' "$(mail-store get --headers "$id" | jq -r '.headers[] | select(.name | ascii_downcase == "subject") | .value')" 'Lunch on Thursday?'
mail-store list --all >listed.jsonl
schema_ok listed.jsonl
is 'list has all that was parsed but text and html' \
	"$(jq -cS 'del(.id, .path, .threadId, .keywords, .mailboxes)' listed.jsonl | sort)" \
	"$(jq -cS 'del(.path, .text, .html, .keywords, .mailboxes)' parsed.jsonl | sort)"

# -- list
is '-n' "$(mail-store list -n 3 | wc -l)" 3
is 'newest first' "$(jq -r .receivedAt listed.jsonl)" "$(jq -r .receivedAt listed.jsonl | sort -r)"
is '-a of nobody' "$(mail-store list -a nobody)" ''
is '-a' "$(mail-store list -a local --all | wc -l)" "$(wc -l <listed.jsonl)"
is '-m of nothing' "$(mail-store list -m Nothing)" ''
cursor=$(mail-store search --paged -n 5 | jq -r 'select(.type == "page").cursor')
is '--cursor goes on behind a page' "$(mail-store list -n 2 --cursor "$cursor" | jq .id)" "$(jq .id listed.jsonl | sed -n 6,7p)"
exits 0 sh -c 'mail-store list --all | head -1'
is 'a closed pipe is quiet' "$(cat err)" ''
exits 74 sh -c 'mail-store list --all >/dev/full'
is 'the same for a copy that came in another order' \
	"$(find "$TOP"/share/sample -name '*.eml' | sort -r | xargs mail-parse -q | mail-thread -s "$T/other" | mail-store put -q -s "$T/other"
	mail-store list --all -s "$T/other" | jq -c 'del(.id, .path)')" "$(jq -c 'del(.id, .path)' listed.jsonl)"

# -- threads
mail-store thread "$id" >thread.jsonl
ok 'a thread has more than one email' test "$(wc -l <thread.jsonl)" -gt 1
is 'by its own id' "$(mail-store thread "$(jq -r .threadId thread.jsonl | head -1)")" "$(cat thread.jsonl)"
is 'oldest first' "$(jq -r .receivedAt thread.jsonl)" "$(jq -r .receivedAt thread.jsonl | sort)"
mail-store threads --all >threads.jsonl
schema_ok threads.jsonl
is 'the subject of a thread is not that of a reply, nor of a list' "$(jq -r '.subject // "" | select(test("^(re|aw|fwd?):|^\\["; "i"))' threads.jsonl)" ''
is 'every email is in one' "$(jq -s 'map(.emailIds[]) | sort | length' threads.jsonl)" "$(wc -l <listed.jsonl)"
is 'threads -n' "$(mail-store threads -n 2 | jq -r .id)" "$(jq -r .id threads.jsonl | head -2)"
is 'the view counts the same' "$(sqlite3 "$MAILPIPE_STORE/mail.db" 'SELECT thread_id, emails FROM v_thread ORDER BY 1')" \
	"$(jq -r '"\(.id)|\(.emailIds | length)"' threads.jsonl | sort)"

# -- raw and attachments
for f in "$TOP"/share/sample/00*.eml; do
	mail-store raw "$(sha256sum <"$f" | cut -d' ' -f1)" >raw
	same_file "raw ${f##*/}" raw "$f"
done
id=$(mail-store search --ids has:attachment | head -1)
mail-store get "$id" >one.jsonl
part=$(jq -r '.attachments[0].partId' one.jsonl)
is 'attach to stdout: the digest of the record' "$(mail-store attach "$id" "$part" | sha256sum | cut -d' ' -f1)" "$(jq -r '.attachments[0].sha256' one.jsonl)"
is 'a part that is no attachment' "$(mail-store attach "$id" 1 | grep -c .)" "$(jq -r .text one.jsonl | grep -c .)"
exits 66 mail-store attach "$id" 99
like 'an unknown part' "$(cat err)" 'no part 99'
mkdir files
for i in $(jq 'select(.attachments).id' all.jsonl); do mail-store attach -o files "$i"; done >names
is 'every attachment is a file' "$(find files -type f | wc -l)" "$(jq -s 'map(.attachments // [] | length) | add' all.jsonl)"
is 'it prints their names' "$(sort names)" "$(find files -type f | sort)"
is 'their digests' "$(sha256sum files/* | cut -d' ' -f1 | sort)" "$(jq -r '.attachments // [] | .[].sha256' all.jsonl | sort)"
message 70 evil '--b\r
Content-Type: text/plain; name="../../../etc/passwd"\r
Content-Disposition: attachment; filename="../../../etc/passwd"\r
\r
one\r
--b\r
Content-Disposition: attachment; filename="-rf *; $(reboot).sh"\r
\r
two\r
--b\r
Content-Disposition: attachment; filename="..\\\\..\\\\passwd"\r
\r
three\r
--b--\r
' 'Content-Type: multipart/mixed; boundary=b\r
'
sed -i 's/\\r$/\r/; s/\\\\/\\/g' mail/70.eml
mail-parse -q mail/70.eml | mail-store put -q
mkdir safe
mail-store attach -o safe m70@example.com >names
is 'no name leads out of the folder, none begins with a minus or overwrites' "$(cd safe && find . -type f | sort | tr '\n' ' ')" "./passwd ./passwd-1 ./rf __ _(reboot).sh "
is 'nothing else was written' "$(find . -newer names -type f | wc -l)" 0

# -- mailboxes
{ fetched 70 1 0 '.mailboxes = ["INBOX"]'; poll; } >mb.jsonl
mail-store put -q <mb.jsonl
mail-store mailboxes >mailboxes.jsonl
schema_ok mailboxes.jsonl
is 'its counts' "$(jq -c 'select(.account == "work") | [.name, .lastUid, .uidValidity, .role]' mailboxes.jsonl)" '["INBOX",1,7,"inbox"]'
is '-a' "$(mail-store mailboxes -a nobody)" ''

# -- sqlite3 is a client
is 'v_email' "$(sqlite3 "$MAILPIPE_STORE/mail.db" 'SELECT subject FROM v_email ORDER BY received_at DESC, blob_id DESC LIMIT 1')" "$(mail-store list -n 1 | jq -r .subject)"

# -- more attachments of one name than names are tried
{
	printf 'Message-ID: <alike@x>\nContent-Type: multipart/mixed; boundary=b\n\n'
	for i in $(seq 1050); do printf -- '--b\nContent-Disposition: attachment; filename=same.txt\n\n%s\n' "$i"; done
	printf -- '--b--\n'
} >alike.eml
mail-parse alike.eml | mail-store put -q
mkdir alike
# shellcheck disable=SC2016 # what the shell and its children have read, in octets
sh -c 'mail-store attach -o alike alike@x >out && sed -n "s/rchar: //p" /proc/$$/io >octets'
is 'all of them are written' "$(find alike -type f | wc -l) $(sort -u out | wc -l) $(md5sum alike/* | cut -c 1-32 | sort -u | wc -l)" '1050 1050 1050'
ok 'the message is read once for all of them' test "$(cat octets)" -lt 4000000
mkdir alone
is 'one part into a folder' "$(mail-store attach -o alone alike@x 7; cat alone/same.txt)" "alone/same.txt
7"
exits 66 mail-store attach -o alone alike@x 2000
is 'nothing was written' "$(find alone -type f | wc -l)" 1
exits 66 mail-store attach -o nowhere alike@x
like 'the folder is named' "$(cat err)" 'cannot open the folder nowhere'

# -- a message that is gone does not hide the others
total=$(mail-store search --count '')
rm "$(mail-store list -n 2 | jq -r .path | tail -n 1)"
exits 74 mail-store search --body ''
is 'all others are printed' "$(wc -l <out)" "$((total - 1))"
like 'and it is named' "$(cat err)" 'cannot read the message of email'
done_testing
