#!/bin/bash
# The closed circle: composed from a template with an attachment, queued, sent through a real Postfix with STARTTLS and a login,
# delivered by LMTP to a real Dovecot, fetched, and joined to the right thread; what is refused, and what bounces later, ends as failed.
. "${0%/*}/../lib.sh"
. "$TOP/tests/net/testbed.sh"
need jq python3 sqlite3
testbed_start
postfix_start || fail 'Postfix comes up'
printf 'secret\n' >ann.pw
printf 'second\n' >bob.pw
chmod 600 ./*.pw
mkdir -p conf/templates
cat >conf/mailpipe.conf <<C
[defaults]
tlsCaFile = $CA
smtp.host = localhost
smtp.port = $SMTP
smtp.security = starttls
imap.host = localhost
imap.port = $IMAPS
queue.backoff = 1
[account ann]
email = ann@example.test
displayName = Ann Ørsted
imap.user = ann@example.test
imap.secret = file:ann.pw
smtp.user = ann@example.test
smtp.secret = file:ann.pw
[account bob]
email = bob@example.test
imap.user = bob@example.test
imap.secret = file:bob.pw
smtp.user = bob@example.test
smtp.secret = file:bob.pw
C
cat >conf/templates/invoice <<'C'
Name: invoice
Type: invoice
Subject: Rechnung {{number}} für {{customer.name}}
Global: yes
Variables: number, customer.name

--- text
Guten Tag {{customer.name}},

Ihre Rechnung {{number}} liegt bei.
--- html
<p>Guten Tag {{customer.name}},</p><p>Ihre Rechnung <b>{{number}}</b> liegt bei.</p>
C
export MAILPIPE_CONFIG="$T/conf" MAILPIPE_STORE="$T/store"
receive() { mail-fetch -q -a "$1" | mail-parse | mail-thread | mail-store put -q; }
there() { grep -rlq "$2" "$TB/mail/$1/new" "$TB/mail/$1/cur" 2>/dev/null; }

# ---- out, and in ----
head -c 50000 /dev/urandom >'Rechnung März.pdf'
mail-compose -a ann --to 'Bob <bob@example.test>' --template invoice --set number=4711 --set 'customer.name=Bäcker & Söhne' \
	--attach 'Rechnung März.pdf:application/pdf' --key invoice-4711 >submission 2>compose.err
is 'composed' "$(jq -r '[.type, .subject] | join(": ")' submission)" 'submission: Rechnung 4711 für Bäcker & Söhne'
schema_ok submission
exits 0 mail-queue add <submission
exits 0 mail-queue add <submission
is 'adding it twice adds it once' "$(mail-queue list | wc -l)" 1
exits 0 mail-queue run
is 'it is sent' "$(mail-queue list --all | jq -r .status)" sent
ok 'Postfix hands it to Dovecot' wait_for 10 there bob 'Message-ID'
receive bob
mail-store search -a bob 'subject:4711' --body >got.jsonl 2>/dev/null || mail-store search 'subject:4711' >got.jsonl
got=$(jq -r 'select(.account == "bob").id' got.jsonl | head -n 1)
mail-store get "$got" >email.jsonl
is 'the subject arrives' "$(jq -r .subject email.jsonl)" 'Rechnung 4711 für Bäcker & Söhne'
is 'the sender, too' "$(jq -r '.from[0] | "\(.name) \(.email)"' email.jsonl)" 'Ann Ørsted ann@example.test'
like 'and the text' "$(jq -r .text email.jsonl)" 'Ihre Rechnung 4711 liegt bei'
is 'the attachment byte for byte' "$(jq -r '.attachments[] | "\(.name) \(.sha256)"' email.jsonl)" "Rechnung März.pdf $(sha256sum <'Rechnung März.pdf' | cut -d' ' -f1)"

# ---- the answer joins the thread ----
mail-store get "$got" | mail-compose reply -a bob --text 'Danke, ist bezahlt.' | mail-queue add >/dev/null
exits 0 mail-queue run
ok 'the answer arrives' wait_for 10 there ann 'In-Reply-To'
receive ann
answer=$(mail-store search 'subject:4711 from:bob' | jq -r 'select(.account == "ann" and .direction != "outbound").threadId' | head -n 1)
is 'it is in the thread of the invoice' "$answer" "$(mail-store get "$got" | jq -r .threadId)"
is 'the thread has both' "$(mail-store search "thread:$answer" | jq -r '.messageId[0]' | sort -u | wc -l)" 2

# ---- refused at RCPT, and bounced later ----
for to in refused nosuch; do
	mail-compose -a ann --to "$to@example.test" --subject "To $to" --text Hello | mail-queue add >/dev/null
done
mail-queue run >run.jsonl
of() { mail-queue show "$(mail-queue list --all | jq -r --arg s "$1" 'select(.subject == $s).id')"; }
of 'To refused' >refused.json
like 'refused at RCPT: failed, with the words of the server' "$(jq -c . refused.json)" '"failed".*no such user'
ok 'the other one bounces' wait_for 10 there ann 'nosuch@example.test'
receive ann
of 'To nosuch' >nosuch.json
like 'bounced later: failed, by a real DSN, with its words' "$(jq -c . nosuch.json)" "\"failed\".*(User doesn't exist|550)"
is 'both are failed' "$(mail-queue list --all | jq -r 'select(.subject | startswith("To ")) | "\(.subject) \(.status)"' | sort | tr '\n' ,)" 'To nosuch failed,To refused failed,'

# ---- without a queue, as a script would ----
echo 'disk is full' | mail-compose -a ann --to bob@example.test --subject "$(hostname) says" --text - | mail-send >out 2>err
is 'composed and sent in one pipe' "${PIPESTATUS[*]} $(jq -r .status out)" '0 0 0 sent'
ok 'it arrives' wait_for 10 there bob 'disk is full'
done_testing
