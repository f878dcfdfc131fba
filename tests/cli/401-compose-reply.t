#!/bin/sh
# Answers, forwarded and resent messages; and answers that must not be.
. "${0%/*}/../lib.sh"

mkdir etc
cat >etc/mailpipe.conf <<'END'
[account support]
email = support@example.com
aliases = help@example.com, sales@example.com
displayName = Example Support
[account ann]
email = ann@example.com
END
export MAILPIPE_CONFIG="$T/etc" MAILPIPE_STORE="$T/store"
printf '\211PNG\r\n' >logo.png

cat >q.eml <<'END'
From: "Joe, the Customer" <joe@example.net>
Reply-To: joe.answers@example.net
To: Help <help@example.com>, Bob <bob@example.net>
Cc: carl@example.net, support@example.com
Subject: Where is my order?
Date: Thu, 05 Mar 2026 10:00:00 +0100
Message-ID: <q2@example.net>
In-Reply-To: <q1@example.com>
References: <q0@example.net> <q1@example.com>
Content-Type: text/html; charset=utf-8

<html><body onload="x()"><p>Where is <b>it</b>?</p><script>alert(1)</script></blockquote></div></body></html>
END
reply() { mail-parse "${F:-q.eml}" | mail-compose reply "$@" --dry-run; }

reply --text 'On its way.' >r.eml
mail-parse r.eml >r.jsonl
is 'to its Reply-To' "$(jq -r '.to[0].email' r.jsonl)" joe.answers@example.net
is 'from the address it came to' "$(jq -c '.from[0]' r.jsonl)" '{"name":"Example Support","email":"help@example.com"}'
is 'Re:' "$(jq -r .subject r.jsonl)" 'Re: Where is my order?'
is 'In-Reply-To' "$(jq -c .inReplyTo r.jsonl)" '["q2@example.net"]'
is 'References' "$(jq -c .references r.jsonl)" '["q0@example.net","q1@example.com","q2@example.net"]'
is 'the text is quoted' "$(jq -r .text r.jsonl)" "$(printf 'On its way.\n\nOn Thu, 05 Mar 2026 10:00:00 +0100, Joe, the Customer <joe@example.net> wrote:\n> Where is it?')"
is 'no HTML where none is given' "$(jq -r .structure r.jsonl)" text/plain
is '--no-quote' "$(reply --text Yes --no-quote | mail-parse - | jq -r .text)" Yes
reply --html '<html><body><p>Yes</p></body></html>' >h.eml
html=$(mail-parse h.eml | jq -r .html)
like 'HTML is quoted' "$html" '<blockquote type="cite">'
like 'with its marks' "$html" 'Where is <b>it</b>'
unlike 'without what runs' "$html" 'script|alert|onload'
is 'nothing of it ends our quote' "$(printf %s "$html" | grep -o '</blockquote>' | wc -l)" 1
like 'the quote stands in the document' "$html" '</div>$|</blockquote></div>'
is 'the document ends once' "$(printf %s "$html" | grep -c '</body></html>')" 1
reply --all --text Yes | mail-parse - >all.jsonl
is '--all: to' "$(jq -c '[.to[].email]' all.jsonl)" '["joe.answers@example.net"]'
is '--all: the others, without ourselves' "$(jq -c '[.cc[].email]' all.jsonl)" '["bob@example.net","carl@example.net"]'
is '--to instead' "$(reply --text Yes --to x@example.org | mail-parse - | jq -c '[.to[].email]')" '["x@example.org"]'
is '--subject instead' "$(reply --text Yes --subject Other | mail-parse - | jq -r .subject)" Other
is 'Auto-Submitted is for automatic ones' "$(jq -r .autoSubmitted r.jsonl)" no
is '--auto' "$(reply --text Yes --auto | mail-parse - | jq -r .autoSubmitted)" auto-replied

# Subjects that have a prefix keep it.
for subject in 'Re: x' 'RE: x' 'AW: x' 'Sv: x' 'Re[2]: x' 'Antw: x' '回复: x'; do
    sed "s/^Subject:.*/Subject: $subject/" q.eml >s.eml
    is "Re: is not doubled: $subject" "$(F=s.eml reply --text Yes | mail-parse - | jq -r .subject)" "$subject"
done
sed 's/^Subject:.*/Subject: Fwd: x/' q.eml >s.eml
is 'Fwd: is answered with Re:' "$(F=s.eml reply --text Yes | mail-parse - | jq -r .subject)" 'Re: Fwd: x'
sed 's/^Subject:.*/Subject: [list] Report: x/' q.eml >s.eml
is 'a colon is no prefix' "$(F=s.eml reply --text Yes | mail-parse - | jq -r .subject)" 'Re: [list] Report: x'

# References of old and odd messages.
sed '/^References/d' q.eml >s.eml
is 'In-Reply-To stands in for References' "$(F=s.eml reply --text Yes | mail-parse - | jq -c .references)" '["q1@example.com","q2@example.net"]'
sed '/^References/d; s/^In-Reply-To.*/In-Reply-To: <a@b> <c@d>/' q.eml >s.eml
is 'but not where it names two' "$(F=s.eml reply --text Yes | mail-parse - | jq -c .references)" '["q2@example.net"]'
sed '/^References/d; /^In-Reply-To/d; /^Message-ID/d' q.eml >s.eml
is 'no id, no References' "$(F=s.eml reply --text Yes | mail-parse - | jq -c '[.references,.inReplyTo]')" '[null,null]'

# Our own message: the answer goes on to whom it went.
printf 'From: support@example.com\nTo: joe@example.net\nCc: c@example.net\nSubject: x\nMessage-ID: <o@example.com>\n\nx\n' >s.eml
is 'an answer to ourselves goes to the other side' "$(F=s.eml reply --all --text Yes | mail-parse - | jq -c '[.to[].email,.cc[].email]')" '["joe@example.net","c@example.net"]'

# What it takes from hostile ones cannot end a field.
printf 'From: =?utf-8?q?a=0D=0ABcc:_evil@example.org?= <joe@example.net>\nTo: support@example.com\nSubject: =?utf-8?q?x=0D=0ABcc:_evil@example.org?=\nMessage-ID: <a@b>\n\nx\n' >s.eml
unlike 'line breaks of encoded words' "$(F=s.eml reply --text Yes)" '^Bcc'
unlike 'in forwarded ones' "$(mail-parse s.eml | mail-compose forward --to x@example.net --dry-run | sed '/^$/,$d')" '^Bcc'

# --- from a store, with records passing by ---
mail-store init
mail-parse -a support q.eml | mail-thread | mail-store put 2>put.err
{ mail-store search 'from:joe'; echo '{"type":"poll","v":1,"account":"x","mailbox":"INBOX","status":"ok"}'; } | mail-compose reply --text Yes >sub.jsonl
schema_ok sub.jsonl
is 'other records pass' "$(jq -r .type sub.jsonl | tr '\n' ' ')" 'submission poll '
is 'the submission knows what it answers' "$(head -1 sub.jsonl | jq -c '[.emailId, .inReplyTo, .threadId]')" "$(mail-store search from:joe | jq -c '[.id, .messageId, .threadId]')"
is 'by its number' "$(mail-compose reply 1 --text Yes | jq -r '.inReplyTo[0]')" q2@example.net
is 'by its message id' "$(mail-compose reply '<q2@example.net>' --text Yes 2>/dev/null | jq -r '.inReplyTo[0]')" q2@example.net
exits 66 mail-compose reply 99 --text Yes
mail-parse q.eml | jq -c '.size += 1' >wrong.jsonl
exits 74 mail-compose reply --text Yes <wrong.jsonl
rm -f store/blobs/*/*
mail-store search from:joe >found.jsonl
exits 66 mail-compose reply --text Yes <found.jsonl
is 'what failed is in the stream' "$(jq -r .type out)" error
printf 'From x@y Thu Jan  1 00:00:00 2026\nFrom: a@example.net\nTo: support@example.com\nSubject: boxed\n\n>From here\n' >box.mbox
is 'out of a mbox' "$(mail-parse box.mbox | mail-compose reply --text Yes --dry-run | mail-parse - | jq -r .text | grep -c '^> From here$')" 1
is 'out of raw' "$(mail-parse --inline <q.eml | jq -c 'del(.path)' | mail-compose reply --text Yes --dry-run | mail-parse - | jq -c .inReplyTo)" '["q2@example.net"]'

# --- answers that must not be ---
refused() {
    sed "1i $2" q.eml >s.eml
    mail-parse s.eml >s.jsonl
    exits 69 mail-compose reply --text Yes --dry-run <s.jsonl
    is "no answer: $1" "$(wc -c <out)" 0
    like "told: $1" "$(cat err)" 'q2@example.net'
    ok "--force: $1" sh -c 'mail-compose reply --text Yes --force --dry-run <s.jsonl >forced'
    mail-compose reply --auto --text Yes <s.jsonl >out 2>err
    is "quietly skipped with --auto: $1" "$? $(wc -c <out)" '0 0'
}
refused 'null sender' 'Return-Path: <>'
refused 'automatic' 'Auto-Submitted: auto-replied'
refused 'automatic, generated' 'Auto-Submitted: auto-generated (cron)'
refused 'list' 'List-Id: <l.example.org>'
refused 'bulk' 'Precedence: bulk'
automatic() {
    sed "$2" q.eml >s.eml
    is "no automatic answer: $1" "$(F=s.eml reply --auto --text Yes 2>err | wc -c)" 0
    like "an answer by hand: $1" "$(F=s.eml reply --text Yes)" '^In-Reply-To'
}
automatic 'no-reply' 's/joe@example.net/no-reply@example.net/'
automatic 'our own' 's/joe@example.net/ann@example.com/; /^Reply-To/d'
automatic 'suppressed' '1i X-Auto-Response-Suppress: OOF, AutoReply'
automatic 'loop' '1i X-Loop: support@example.com'
is 'Auto-Submitted: no is a person' "$(sed '1i Auto-Submitted: no' q.eml >s.eml; F=s.eml reply --auto --text Yes | grep -c '^In-Reply-To')" 1
reply --auto --text Yes >auto.eml
exits 69 sh -c 'mail-parse auto.eml | mail-compose reply --text Yes --dry-run'

mkdir etc/templates
cp "$TOP/share/templates/out-of-office" "$TOP/share/templates/ack" etc/templates
reply --template out-of-office --set back=2026-09-01 >auto.eml
is 'a template of type auto-reply makes it automatic' "$(mail-parse auto.eml | jq -r .autoSubmitted)" auto-replied
is 'its subject is that of the template' "$(mail-parse auto.eml | jq -r .subject)" 'Away until 2026-09-01: Where is my order?'
mail-parse "$TOP/share/sample/036-list-belt.eml" | mail-compose reply --template out-of-office --set back=x --dry-run >out 2>err
is 'and is kept from lists' "$? $(wc -c <out)" '0 0'
is 'another template is a person' "$(reply --template ack --set agent=Bob | mail-parse - | jq -r .autoSubmitted)" no
exits 65 sh -c 'mail-parse q.eml | mail-compose reply --template ack --dry-run'
like 'a variable that is missing is named' "$(cat err)" agent

# --- forward ---
mail-compose --from joe@example.net --to support@example.com --subject Photos --text 'See both.' --html '<p>See <img src="cid:logo.png"></p>' \
    --inline logo.png --attach 'logo.png::größer.png' --no-signature --dry-run >p.eml
mail-parse p.eml | mail-compose forward --to boss@example.org --text 'Look:' --dry-run | mail-parse - >f.jsonl
is 'Fwd:' "$(jq -r .subject f.jsonl)" 'Fwd: Photos'
like 'inline: text and head' "$(jq -r .text f.jsonl)" '^Look:'
like 'inline: whom it was from' "$(jq -r .text f.jsonl)" '^From: joe@example.net'
like 'inline: the text' "$(jq -r .text f.jsonl)" '^See both.'
is 'inline: files and pictures go along' "$(jq -c '[.attachments[] | [.name, .sha256]]' f.jsonl)" "$(mail-parse p.eml | jq -c '[.attachments[] | [.name, .sha256]]')"
is 'inline: pictures are shown' "$(jq -r '.attachments[0].cid as $c | .html | contains("cid:" + $c)' f.jsonl)" true
is 'inline: structure' "$(jq -r .structure f.jsonl)" 'multipart/mixed(multipart/alternative(text/plain,multipart/related(text/html,image/png)),image/png)'
mail-parse p.eml | mail-compose forward --as-attachment --to boss@example.org --text 'Look:' --dry-run >f.eml
is '--as-attachment' "$(mail-parse f.eml | jq -r .structure)" 'multipart/mixed(text/plain,message/rfc822(multipart/mixed(multipart/alternative(text/plain,multipart/related(text/html,image/png)),image/png)))'
exits 64 sh -c 'mail-parse p.eml | mail-compose forward --text x'

# --- resend ---
mail-parse q.eml | mail-compose bounce --to other@example.org --dry-run | tr -d '\r' >b.eml
is 'resent: nothing else is changed' "$(sed '/^Resent-/d' b.eml)" "$(cat q.eml)"
is 'resent: its own fields, first' "$(sed -n '1,4s/:.*//p' b.eml | tr '\n' ' ')" 'Resent-Date Resent-From Resent-To Resent-Message-ID '
mail-parse q.eml | mail-compose bounce --to other@example.org --bcc b@example.org >b.jsonl
is 'resent: the envelope' "$(jq -c .envelope b.jsonl)" '{"mailFrom":"help@example.com","rcptTo":["other@example.org","b@example.org"]}'
exits 64 sh -c 'mail-parse q.eml | mail-compose bounce'
done_testing
