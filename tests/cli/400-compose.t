#!/bin/sh
# One message from flags: what it says, what is refused, where it goes.
. "${0%/*}/../lib.sh"

mkdir etc
cat >etc/mailpipe.conf <<'END'
[account support]
email = support@example.com
aliases = help@example.com
displayName = Example Support
signature = Ann\nExample Ltd
footer = @footer.txt
[account other]
email = other@example.org
END
printf 'Example Ltd, Mill Lane 1\n' >etc/footer.txt
export MAILPIPE_CONFIG="$T/etc" MAILPIPE_STORE="$T/store"
printf 'a,b\n1,2\n' >table.csv
printf '\211PNG\r\n' >logo.png

# parsed OPTIONS…: the message as mail-parse reads it.
parsed() { mail-compose "$@" --dry-run | mail-parse -; }

# --- where it goes ---
mail-compose --to ann@example.net --subject Hi --text Hello >raw.jsonl
schema_ok raw.jsonl
is 'without a store the message is in the record' "$(jq -r '.raw | @base64d' raw.jsonl | grep -c Hello)" 1
not_ok 'and none is made' test -e store
mail-store init
mail-compose --to ann@example.net --subject Hi --text Hello --cc bob@example.net --bcc 'Eve <eve@example.net>' --key k1 --queue bulk \
    --priority 5 --notify failure,delay --ret hdrs --envid e1 --tag a --tag b --profile P --send-at 2030-01-02T03:04:05+01:00 --undo 60s >one.jsonl
schema_ok one.jsonl
blob=$(jq -r .path one.jsonl)
ok 'with one it is a blob' test -f "$blob"
is 'named by its digest' "$(sha256sum "$blob" | cut -d' ' -f1)" "$(jq -r .blobId one.jsonl)"
is 'of the size it says' "$(stat -c %s "$blob")" "$(jq -r .size one.jsonl)"
is 'lines end with CRLF' "$(tr -d '\r' <"$blob" | wc -l)" "$(grep -c "$(printf '\r')\$" "$blob")"
is 'the envelope has all recipients' "$(jq -c .envelope one.jsonl)" \
    '{"mailFrom":"support@example.com","rcptTo":["ann@example.net","bob@example.net","eve@example.net"]}'
unlike 'the message has no Bcc' "$(cat "$blob")" 'eve@|[Bb]cc'
json_is 'wishes are in the record' "$(jq -c '{account,profile,queue,priority,notify,ret,envid,tags,sendAt,idempotencyKey}' one.jsonl)" \
    '{"account":"support","profile":"P","queue":"bulk","priority":5,"notify":"failure,delay","ret":"hdrs","envid":"e1","tags":["a","b"],
      "sendAt":"2030-01-02T02:04:05Z","idempotencyKey":"k1"}'
is 'undo is later than now' "$(jq -r '.undoUntil > .createdAt' one.jsonl)" true
is 'the message id is in the message' "$(grep -c "Message-ID: <$(jq -r '.messageId[0]' one.jsonl)>" "$blob")" 1
like 'and of the domain of the account' "$(jq -r '.messageId[0]' one.jsonl)" '@example.com$'
is 'a key makes the same id again' "$(mail-compose --to x@example.net --key k1 --text x | jq -r '.messageId[0]')" "$(jq -r '.messageId[0]' one.jsonl)"
is 'two without key do not' "$(for _ in 1 2; do mail-compose --to x@example.net --text x; done | jq -r '.messageId[0]' | sort -u | wc -l)" 2
like '--dry-run prints the message' "$(mail-compose --to x@example.net --text x --subject Hey --dry-run)" '^Subject: Hey'
is '--raw puts it into the record' "$(mail-compose --to x@example.net --text x --raw | jq -r 'has("raw") and (has("blobId") | not)')" true

# --- what it says ---
parsed --to ann@example.net --subject Hi --text "$(printf 'Hello\nAnn')" >p.jsonl
is 'From is the account' "$(jq -c '.from[0]' p.jsonl)" '{"name":"Example Support","email":"support@example.com"}'
is 'signature and footer stand below' "$(jq -r .text p.jsonl)" "$(printf 'Hello\nAnn\n\n-- \nAnn\nExample Ltd\n\nExample Ltd, Mill Lane 1')"
is '--no-signature leaves them out' "$(parsed --to a@example.net --text x --no-signature | jq -r .text)" x
is 'another account by -a' "$(parsed -a other --to a@example.net --text x | jq -r '.from[0].email')" other@example.org
is 'or by its address' "$(mail-compose -a other@example.org --to a@example.net --text x | jq -r .account)" other
is 'another account by --from' "$(mail-compose --from Help@example.com --to a@example.net --text x | jq -r .account)" support
is '--from as given' "$(parsed --from 'Joe <joe@example.info>' --to a@example.net --text x | jq -c '.from[0]')" '{"name":"Joe","email":"joe@example.info"}'
printf 'from a file\n' >text.txt
is '--text @FILE' "$(parsed --to a@example.net --no-signature --text @text.txt | jq -r .text)" 'from a file'
is '--text - is stdin' "$(echo 'from stdin' | mail-compose --to a@example.net --no-signature --text - --dry-run | mail-parse - | jq -r .text)" 'from stdin'
is '--text @@ is text' "$(parsed --to a@example.net --no-signature --text @@ann | jq -r .text)" '@ann'
is 'latin1 on stdin is read' "$(printf 'caf\351' | mail-compose --to a@example.net --no-signature --text - --dry-run | mail-parse - | jq -r .text)" 'café'
is 'Date has the zone of TZ' "$(TZ=Asia/Kolkata mail-compose --to a@example.net --text x --dry-run | grep -c '^Date: .* +0530')" 1
parsed --to a@example.net --text x --header 'X-Case: 17 ü' --reply-to 'R <r@example.net>' --importance high --list-unsubscribe https://example.com/u?1 \
    --request-receipt --auto-submitted auto-generated --in-reply-to '<q@example.net>' | jq -c . >p.jsonl
mail-compose --to a@example.net --text x --header 'X-Case: 17 ü' --list-unsubscribe https://example.com/u?1 --request-receipt --dry-run >m.eml
like '--header' "$(cat m.eml)" '^X-Case: 17 =[?]UTF-8'
like '--request-receipt' "$(cat m.eml)" '^Disposition-Notification-To: Example Support <support@'
json_is 'fields of a list, importance, replies' "$(jq -c '{list:.list.unsubscribe,one:.list.oneClick,importance,autoSubmitted,inReplyTo,references,replyTo}' p.jsonl)" \
    '{"list":["https://example.com/u?1"],"one":true,"importance":"high","autoSubmitted":"auto-generated","inReplyTo":["q@example.net"],
      "references":["q@example.net"],"replyTo":[{"name":"R","email":"r@example.net"}]}'
like 'no recipient but Bcc' "$(mail-compose --bcc a@example.net --text x --dry-run)" '^To: undisclosed-recipients:;'
is 'ASCII needs no RFC 6531' "$(mail-compose --to a@bücher.example --text x | jq -c '[.smtputf8, .envelope.rcptTo[0]]')" '[null,"a@xn--bcher-kva.example"]'
is 'a local part does' "$(mail-compose --to ä@bücher.example --text x | jq -c '[.smtputf8, .envelope.rcptTo[0]]')" '[true,"ä@bücher.example"]'

# --- parts ---
structure() { parsed --to a@example.net "$@" | jq -r .structure; }
is 'text' "$(structure --text x)" text/plain
is 'HTML gets a text beside it' "$(structure --html '<p>x</p>')" 'multipart/alternative(text/plain,text/html)'
is 'made from it' "$(parsed --to a@example.net --no-signature --html '<h1>A</h1><p>b &amp; c</p>' | jq -r .text)" "$(printf 'A\n\nb & c')"
is 'a file' "$(structure --text x --attach table.csv)" 'multipart/mixed(text/plain,text/csv)'
is 'a picture' "$(structure --html '<img src="cid:logo.png">' --inline logo.png)" 'multipart/alternative(text/plain,multipart/related(text/html,image/png))'
is 'all of it' "$(structure --text x --html '<img src="cid:logo.png">' --inline logo.png --attach table.csv --attach logo.png)" \
    'multipart/mixed(multipart/alternative(text/plain,multipart/related(text/html,image/png)),text/csv,image/png)'
is 'files without text' "$(structure --no-signature --attach table.csv)" 'multipart/mixed(text/csv)'
is 'a picture without HTML is a file' "$(structure --text x --inline logo.png)" 'multipart/mixed(text/plain,image/png)'
parsed --to a@example.net --html '<img src="cid:logo.png"><img src=cid:logo.pngx>' --inline logo.png --attach 'table.csv:application/x-table:Übersicht "neu".csv' >p.jsonl
is 'the HTML names the picture' "$(jq -r '.attachments[0].cid as $c | .html | contains("cid:" + $c + "\"")' p.jsonl)" true
is 'and nothing else' "$(jq -r '.html | contains("cid:logo.pngx")' p.jsonl)" true
is 'type and name as given' "$(jq -c '.attachments[1] | [.type, .name, .size, .disposition]' p.jsonl)" '["application/x-table","Übersicht \"neu\".csv",8,"attachment"]'
is 'a name with colons' "$(cp table.csv 'a:b/c.csv' 2>/dev/null || cp table.csv 'a:b.csv'; parsed --to a@example.net --text x --attach a:b.csv | jq -r '.attachments[0].name')" a:b.csv
is 'no path in a name' "$(parsed --to a@example.net --text x --attach "$T/table.csv::../../etc/passwd" | jq -r '.attachments[0].name')" passwd
is 'stdin as a file' "$(mail-compose --to a@example.net --text x --attach -:text/x-log:out.log --dry-run <table.csv | mail-parse - | jq -r '.attachments[0] | .name + .type + .sha256')" \
    "out.logtext/x-log$(sha256sum table.csv | cut -d' ' -f1)"
is 'a pipe as a file' "$(mkfifo fifo; (cat table.csv >fifo) & mail-compose --to a@example.net --text x --attach fifo --dry-run | mail-parse - | jq -r '.attachments[0].sha256')" \
    "$(sha256sum table.csv | cut -d' ' -f1)"
printf 'Subject: inner\n\nhi\n' >inner.eml
is 'a message as a file' "$(structure --text x --attach inner.eml)" 'multipart/mixed(text/plain,message/rfc822(text/plain))'

# --- sizes ---
is 'lines of a text are at most 998' "$(mail-compose --to a@example.net --text "$(head -c 5000 /dev/zero | tr '\0' x)" --dry-run | awk '{ if (length > n) n = length } END { print n < 999 }')" 1
head -c 3000000 /dev/urandom >big.bin
sed -i '/^email = support/a smtp.maxSize = 2M' etc/mailpipe.conf
before=$(find store/blobs -type f | wc -l)
exits 69 mail-compose --to a@example.net --text x --attach big.bin
like 'too large says the limit' "$(cat err)" '2097152'
head -c 1900000 big.bin >most.bin
exits 69 mail-compose --to a@example.net --text x --attach most.bin
like 'encoded, too' "$(cat err)" '2097152'
exits 69 mail-compose --to a@example.net --text x --attach most.bin --dry-run
is 'and nothing of it is printed' "$(wc -c <out)" 0
is 'nothing is left of them' "$(find store/blobs -type f | wc -l)" "$before"
sed -i 's/^smtp.maxSize.*/smtp.maxSize = 100M/' etc/mailpipe.conf
is 'within the limit it goes' "$(mail-compose --to a@example.net --text x --attach big.bin | jq -r '.size > 4000000')" true
head -c 12000000 /dev/zero >huge.bin
exits 66 mail-compose -s "$T/nowhere" --to a@example.net --text x --attach huge.bin
like 'too large for a record: a store is needed' "$(cat err)" 'mail-store init'

# --- 8bit, S/MIME aside ---
like 'by default nothing is 8bit' "$(mail-compose --to a@example.net --text ü --dry-run)" '^Content-Transfer-Encoding: (base64|quoted-printable)'
sed -i '/^email = support/a smtp.eightBit = yes' etc/mailpipe.conf
like 'smtp.eightBit' "$(mail-compose --to a@example.net --text ü --dry-run)" '^Content-Transfer-Encoding: 8bit'
is 'and the record says so' "$(mail-compose --to a@example.net --text ü | jq .body8bit)" true

# --- what is refused ---
exits 64 mail-compose --to nobody --text x
like 'the address is named' "$(cat err)" 'nobody'
exits 64 mail-compose --to a@example.net --from x --text x
exits 64 mail-compose --to a@example.net --text x extra
exits 64 mail-compose --no-such-option
exits 64 mail-compose --to a@example.net --priority x
exits 64 mail-compose --to a@example.net --send-at tomorrow
exits 64 mail-compose --to a@example.net --notify sometimes
exits 64 sh -c 'echo x | mail-compose --to a@example.net --text - --attach -'
exits 64 sh -c 'echo x | mail-compose reply --text -'
exits 64 sh -c 'echo x | mail-compose -t --attach -:text/plain:x'
exits 66 mail-compose --to a@example.net --attach absent.pdf --text x
like 'the file is named' "$(cat err)" 'absent.pdf'
exits 66 mail-compose --to a@example.net --attach etc --text x
exits 66 mail-compose --to a@example.net --text @absent.txt
exits 66 mail-compose -a nobody --to a@example.net --text x
like 'the account is named' "$(cat err)" 'nobody'
exits 66 mail-compose --to a@example.net --template absent
exits 78 env MAILPIPE_CONFIG=/dev/null mail-compose --to a@example.net --text x
like 'nobody to send as' "$(cat err)" 'mail-account add'
exits 0 env MAILPIPE_CONFIG=/dev/null mail-compose --from me@example.net --to a@example.net --text x
exits 0 mail-compose -h
exits 0 mail-compose -V
if [ -c /dev/full ]; then
    mail-compose --to a@example.net --text x --dry-run >/dev/full 2>err
    is 'a full stdout is seen' "$?" 74
fi
done_testing
