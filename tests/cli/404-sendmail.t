#!/bin/sh
# A message on stdin as sendmail takes it; contrib/sendmail; git send-email.
. "${0%/*}/../lib.sh"

mkdir etc
cat >etc/mailpipe.conf <<'END'
[account ops]
email = ops@example.com
displayName = Operations
localMail = admin@example.com
[account ann]
email = ann@example.com
END
export MAILPIPE_CONFIG="$T/etc" MAILPIPE_STORE="$T/store"

cat >m.eml <<'END'
From: Ann Lee <ann@example.com>
To: bob@example.net, "C, D" <c@example.net>
Cc: e@example.net
Bcc: f@example.net, g@example.net
Subject: Hello
X-Kept:   as it
	stands

Body
.
..
END
mail-compose -t --raw <m.eml >s.jsonl
schema_ok s.jsonl
json_is 'recipients are those of To, Cc and Bcc' "$(jq -c '[.account, .envelope]' s.jsonl)" \
    '["ann",{"mailFrom":"ann@example.com","rcptTo":["bob@example.net","c@example.net","e@example.net","f@example.net","g@example.net"]}]'
mail-compose -t --dry-run <m.eml | tr -d '\r' >out.eml
unlike 'Bcc goes' "$(cat out.eml)" 'Bcc:|f@example'
is 'all else stays, octet for octet' "$(sed '/^Date:/d; /^Message-ID:/d' out.eml)" "$(sed '/^Bcc/d; s/X-Kept:   /X-Kept: /' m.eml)"
is 'Date and Message-ID come' "$(grep -cE '^(Date|Message-ID): ' out.eml)" 2
printf 'Date: Thu, 05 Mar 2026 10:00:00 +0100\nMessage-ID: <own@example.com>\nTo: a@example.net\n\nx\n' >own.eml
is 'those that are there stay' "$(mail-compose -t --dry-run <own.eml | tr -d '\r' | sed '/^From:/d')" "$(cat own.eml)"
is 'and the record has that id' "$(mail-compose -t --raw <own.eml | jq -r '.messageId[0]')" own@example.com
is 'arguments are recipients, too' "$(mail-compose -t --raw x@example.net <own.eml | jq -c .envelope.rcptTo)" '["a@example.net","x@example.net"]'
is 'without -t only they' "$(mail-compose --message --raw x@example.net <own.eml | jq -c .envelope.rcptTo)" '["x@example.net"]'
exits 65 mail-compose -t --raw </dev/null
exits 65 mail-compose --message --raw <own.eml
is 'a dot ends it where that is wanted' "$(mail-compose -t --dot --dry-run <m.eml | tr -d '\r' | sed '1,/^$/d')" Body
is 'Resent-To goes before To' "$(sed '1i Resent-To: r@example.net' m.eml | mail-compose -t --raw | jq -c .envelope.rcptTo)" '["r@example.net"]'
is 'a message id of a header that lies is made anew' "$(printf 'To: a@example.net\nMessage-ID: none\n\nx\n' | mail-compose -t --dry-run | grep -c '^Message-ID: <.*@example.com>')" 1

# Cron: names without a domain, 8bit without MIME.
printf 'From: root (Cron Daemon)\nTo: root\nSubject: Cron <root@host> größer\n\nüber 90 %% belegt, und noch viel mehr Text in dieser Zeile\n' >cron.eml
mail-compose -t --dry-run <cron.eml >out.eml
mail-parse out.eml >out.jsonl
json_is 'names without a domain' "$(jq -c '[.from[0], .to[0].email, .subject, .text]' out.jsonl)" \
    '[{"name":"Cron Daemon","email":"ops@example.com"},"admin@example.com","Cron <root@host> größer","über 90 % belegt, und noch viel mehr Text in dieser Zeile\n"]'
is 'no defect' "$(jq -c .defects out.jsonl)" null
unlike 'nothing is 8bit' "$(cat out.eml)" "$(printf '[\200-\377]')"
printf 'To: a@example.net\nContent-Type: text/plain; charset=iso-8859-1\nMIME-Version: 1.0\nContent-Transfer-Encoding: 8bit\n\ncaf\351 and more text of the plain kind here\n' >latin.eml
mail-compose -t --dry-run <latin.eml >out.eml
is 'a charset that is named is kept' "$(mail-parse out.eml | jq -r .text)" 'café and more text of the plain kind here'
is 'and one encoding only' "$(grep -c '^Content-Transfer-Encoding' out.eml)" 1
{ printf 'To: a@example.net\n\n'; head -c 3000 /dev/zero | tr '\0' y; } >long.eml
is 'long lines are encoded' "$(mail-compose -t --dry-run <long.eml | awk '{ if (length > n) n = length } END { print n < 100 }')" 1
is 'and come back' "$(mail-compose -t --dry-run <long.eml | mail-parse - | jq -r '.text | length')" 3001
printf 'To: a@example.net\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nü\n--b--\n' >multi.eml
is 'a multipart stays, and says that it is 8bit' "$(mail-compose -t --raw <multi.eml | jq -c .body8bit)" true
printf 'just text\nwithout a header\n' >text.eml
is 'text without a header is a body' "$(mail-compose --message x@example.net --dry-run <text.eml | mail-parse - | jq -r .text)" "$(cat text.eml)"
printf 'From x@y Thu Jan  1 00:00:00 2026\nTo: a@example.net\nSubject: x\r\n\r\nx\r\n' >crlf.eml
is 'a From line goes, CRLF is no trouble' "$(mail-compose -t --dry-run <crlf.eml | tr -d '\r' | grep -cE '^(From x|To: a@example.net$|Subject: x$)')" 2

# --- contrib/sendmail ---
sendmail=$TOP/contrib/sendmail
$sendmail -t -oi <m.eml >out 2>err
is 'sendmail -t: into the queue, in silence' "$? $(cat out err | wc -c)" '0 0'
mail-queue list >list.jsonl
schema_ok list.jsonl
is 'with its recipients' "$(jq -c '.envelope.rcptTo | length' list.jsonl)" 5
is 'sendmail -f -F, a dot ends' "$($sendmail -f ann@example.com -F 'Robot 7' x@example.net <<END && mail-queue list | tail -1 | jq -r '[.envelope.mailFrom, .from[0].name, .envelope.rcptTo[0]] | join(" ")'
Subject: x

one
.
two
END
)" 'ann@example.com Robot 7 x@example.net'
unlike 'what is behind the dot goes' "$(cat "$(mail-queue list | tail -1 | jq -r .path)")" two
$sendmail -i -oem -odi -N success,failure -R hdrs -V env1 -- y@example.net <m.eml
is 'DSN' "$(mail-queue list | tail -1 | jq -r '[.notify, .ret, .envid] | join(" ")')" 'success,failure hdrs env1'
is 'sendmail -bp' "$($sendmail -bp | wc -l)" 3
ln -s "$sendmail" mailq
is 'mailq' "$(./mailq | wc -l)" 3
exits 64 "$sendmail" -bs
exits 64 "$sendmail" -t -y
exits 64 "$sendmail" </dev/null
exits 65 "$sendmail" -t <text.eml
exits 65 "$sendmail" -i 'not an address' <m.eml
is 'what was refused is not queued' "$(mail-queue list | wc -l)" 3
is 'no file of it stays' "$(find "${TMPDIR:-/tmp}" -maxdepth 1 -name 'sendmail.??????' -newer m.eml | wc -l)" 0

# --- git send-email ---
git send-email -h >git.txt 2>&1
if ! grep -q 'sendmail' git.txt; then
    skip 4 'needs git-email'
    done_testing
fi
git init -q repo
cd repo || exit 1
git config user.name 'Zoë Öst'
git config user.email ann@example.com
echo 1 >a && git add a && git commit -q -m 'First change'
echo 2 >a && git commit -q -am 'Größer machen'
echo 3 >a && git commit -q -am 'Third'
ok 'git send-email' sh -c 'git send-email --quiet --confirm=never --suppress-cc=all --no-chain-reply-to --thread --sendmail-cmd="$0" --to="Bob <bob@example.net>" --cc=list@example.org --bcc=me@example.com HEAD~2 >../git.txt 2>&1 </dev/null' "$sendmail"
cd ..
mail-queue list | tail -2 >patches.jsonl
is 'two messages, three recipients each' "$(jq -c '.envelope.rcptTo | sort' patches.jsonl | tr '\n' ' ')" \
    '["bob@example.net","list@example.org","me@example.com"] ["bob@example.net","list@example.org","me@example.com"] '
jq -r .path patches.jsonl | xargs mail-parse >parsed.jsonl
is 'the names and subjects' "$(jq -r '.from[0].name + "|" + .subject' parsed.jsonl | tr '\n' '|')" 'Zoë Öst|[PATCH 1/2] Größer machen|Zoë Öst|[PATCH 2/2] Third|'
is 'the second answers the first' "$(tail -1 parsed.jsonl | jq -r '.inReplyTo[0]')" "$(head -1 parsed.jsonl | jq -r '.messageId[0]')"
done_testing
