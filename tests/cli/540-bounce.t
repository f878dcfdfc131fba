#!/bin/bash
# Bounces close the loop: mail-queue bounce and mail-store put settle what was sent, suppress, and mark the stored copy.
. "${0%/*}/../lib.sh"
export MAILPIPE_STORE=$T/store

# A message to some recipients, added, claimed, and said to be sent (or what stands first): sent STATUS ID RCPT...
sent() {
	local status=$1 id=$2
	shift 2
	printf 'From: ann@here.example\nTo: %s\nMessage-ID: <%s@here.example>\nSubject: hello\n\n%s\n' "$1" "$id" "$id" >"$id.eml"
	jq -nc --arg path "$PWD/$id.eml" --arg id "$id" '{type:"submission",v:1,path:$path,messageId:[$id + "@here.example"],envid:$ENV.ENVID,
		envelope:{mailFrom:($ENV.MAIL_FROM // "ann@here.example"),rcptTo:$ARGS.positional}} | with_entries(select(.value))' --args "$@" | mail-queue add -q >/dev/null
	mail-queue claim -q >claimed.jsonl
	jq -c --arg s "$status" '. as $s | .envelope.rcptTo[] | {type:"delivery",v:1,submissionId:$s.id,lease:$s.lease,leasePath:$s.leasePath,recipient:.,status:$s,code:250,server:"250 ok"} |
		.lease = $s.lease | .leasePath = $s.leasePath | .submissionId = $s.id | .status = "STATUS"' claimed.jsonl | sed "s/\"STATUS\"/\"$status\"/" | mail-queue settle -q
	mail-parse "$id.eml" | mail-store put -q
}
# report ID RCPT STATUS WORDS [ACTION]: a delivery report on the message ID
report() {
	cat <<END
Return-Path: <>
From: MAILER-DAEMON@mx.there.example
To: ${TO:-ann@here.example}
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

It did not work out.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.there.example
${REPORT_ENVID:+Original-Envelope-Id: $REPORT_ENVID
}
Final-Recipient: rfc822; $2
Action: ${5:-failed}
Status: $3
Diagnostic-Code: smtp; $4

--b
Content-Type: text/rfc822-headers

${1:+Message-ID: <$1@here.example>
}Subject: hello

--b--
END
}
recipient() { sqlite3 "$T/store/mail.db" "SELECT recipient_status || ' ' || coalesce(enhanced_code, '-') || ' ' || coalesce(server, '-') FROM v_queue WHERE recipient = '$1' AND message_id = '$2@here.example'"; }
suppressed() { sqlite3 "$T/store/mail.db" "SELECT address || ' ' || reason FROM v_suppression ORDER BY address"; }
sql() { sqlite3 "$T/store/mail.db" "$1"; }

# -- by Message-ID
sent sent one bob@there.example
is 'sent, as the server said' "$(recipient bob@there.example one)" 'sent - 250 ok'
report one bob@there.example 5.1.1 '550 5.1.1 nobody of that name' >bounce1.eml
mail-parse bounce1.eml >bounce1.jsonl
mail-queue bounce -v --dry-run <bounce1.jsonl >passed.jsonl 2>err
like 'a dry run counts' "$(cat err)" '1 recipients failed'
is 'and changes nothing' "$(recipient bob@there.example one)" 'sent - 250 ok'
mail-queue bounce <bounce1.jsonl >passed.jsonl 2>err
same_file 'records pass on unchanged' passed.jsonl bounce1.jsonl
is 'the recipient failed, with the words of the server' "$(recipient bob@there.example one)" 'failed 5.1.1 550 5.1.1 nobody of that name'
is 'so did the submission' "$(mail-queue list --all | jq -r 'select(.messageId == ["one@here.example"]) | .status')" failed
is 'the attempt log keeps both' "$(sql 'SELECT group_concat(status) FROM v_attempt')" 'sent,bounced'
is 'the stored copy is bounced' "$(mail-store get one@here.example | jq -r .status)" bounced
mail-store get one@here.example >one.jsonl
schema_ok one.jsonl 'and is a record still'
is 'the address is suppressed' "$(suppressed)" 'bob@there.example bounce'
is 'how it was found' "$(sql 'SELECT found_by || " " || class FROM v_bounce')" 'message-id hard'
is 'events tell of it' "$(sql "SELECT group_concat(kind, ' ') FROM event WHERE kind IN ('bounce.matched', 'queue.failed')")" 'bounce.matched queue.failed'
mail-queue bounce -v <bounce1.jsonl 2>err >/dev/null
like 'once more: it is known' "$(cat err)" '0 recipients failed.*1 taken before'
is 'and nothing is logged again' "$(sql 'SELECT count(*) FROM v_attempt')" 2
mail-store put -q <bounce1.jsonl
is 'nor when it is stored' "$(sql 'SELECT count(*) FROM v_attempt') $(sql 'SELECT count(*) FROM v_bounce')" '2 1'

# -- part of mail-store put
sent sent two carl@there.example
report two carl@there.example 4.4.7 '451 try again' delayed | mail-parse --inline | mail-store put -q
is 'a delay is noted' "$(recipient carl@there.example two) $(sql "SELECT class FROM v_bounce WHERE recipient LIKE 'carl%'")" 'sent - 250 ok soft'
report two carl@there.example 5.2.2 '552 mailbox full' | mail-parse --inline | mail-store put -q
is 'put settles as well' "$(recipient carl@there.example two)" 'failed 5.2.2 552 mailbox full'
is 'a full mailbox is not suppressed' "$(suppressed)" 'bob@there.example bounce'
is 'the report is an email like any other' "$(mail-store search 'from:mailer-daemon' | wc -l)" 3

# -- by envelope id, of one recipient of three, under another name
ENVID=q-4711 sent sent three dora@there.example emil@there.example fritz@there.example
REPORT_ENVID=q-4711 report '' EMIL@There.Example 5.7.1 '554 spam' | mail-parse | mail-queue bounce -q >/dev/null
is 'by ENVID: that one failed' "$(recipient emil@there.example three)" 'failed 5.7.1 554 spam'
is 'the others did not' "$(recipient dora@there.example three), $(recipient fritz@there.example three)" 'sent - 250 ok, sent - 250 ok'
REPORT_ENVID=q-4711 report '' elsewhere@x.example 5.1.1 '550 unknown user' | mail-parse | mail-queue bounce -q >/dev/null
is 'one that fits none of three changes none' "$(sql "SELECT group_concat(recipient_status) FROM v_queue WHERE message_id = 'three@here.example'")" 'sent,failed,sent'
is 'and suppresses nobody' "$(suppressed)" 'bob@there.example bounce'

# -- by the address that it came to
MAIL_FROM=news+gina=there.example@here.example sent sent four gina@there.example
TO=news+gina=there.example@here.example report '' forwarded@far.example 5.1.1 '550 unknown user' | mail-parse | mail-queue bounce -q >/dev/null
is 'by VERP, whatever address is named' "$(recipient gina@there.example four)" 'failed 5.1.1 550 unknown user'
is 'suppressed is whom we wrote to' "$(suppressed)" 'bob@there.example bounce
gina@there.example bounce'

# -- a notice for people
sent sent five hans@there.example
printf 'Return-Path: <>\nFrom: MAILER-DAEMON@x\nTo: ann@here.example\nSubject: failure notice\n\nHi. This is the qmail-send program at x.\n\n<hans@there.example>:\n550 5.1.1 no such user\n\n--- Below this line is a copy of the message.\n\nMessage-ID: <five@here.example>\n' |
	mail-parse | mail-queue bounce -q >/dev/null
is 'a bounce in plain text' "$(recipient hans@there.example five)" 'failed 5.1.1 550 5.1.1 no such user'

# -- uncertain ones learn the truth
sent uncertain six ida@there.example
is 'nobody knows' "$(recipient ida@there.example six | cut -d' ' -f1)" uncertain
report six ida@there.example 2.1.5 '250 ok' delivered | mail-parse | mail-queue bounce -q >/dev/null
is 'a report of success settles it' "$(recipient ida@there.example six | cut -d' ' -f1)" sent
sent uncertain seven jo@there.example
report seven jo@there.example 5.1.1 '550 nobody' | mail-parse | mail-queue bounce -q >/dev/null
is 'so does a failure' "$(recipient jo@there.example seven)" 'failed 5.1.1 550 nobody'

# -- complaints
sent sent eight kim@there.example
printf 'From: feedbackloop@there.example\nTo: ann@here.example\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nOriginal-Rcpt-To: kim@there.example\n\n--b\nContent-Type: message/rfc822\n\nMessage-ID: <eight@here.example>\n\nx\n--b--\n' |
	mail-parse | mail-queue bounce -v 2>err >/dev/null
like 'a complaint' "$(cat err)" '1 complaints'
is 'it was sent all the same' "$(recipient kim@there.example eight)" 'sent - 250 ok'
is 'and is suppressed' "$(suppressed | grep kim)" 'kim@there.example complaint'

# -- what a server refuses at once is told to the sender as a report, and that has the same end
printf 'From: ann@here.example\nTo: lars@there.example\nMessage-ID: <nine@here.example>\n\nx\n' >nine.eml
jq -nc --arg path "$PWD/nine.eml" '{type:"submission",v:1,path:$path,messageId:["nine@here.example"],envelope:{mailFrom:"ann@here.example",rcptTo:["lars@there.example"]}}' |
	mail-queue add -q >/dev/null
mail-queue claim -q | jq -c '{type:"delivery",v:1,submissionId:.id,lease,leasePath,recipient:"lars@there.example",status:"failed",phase:"rcpt",code:550,enhancedCode:"5.1.1",server:"550 5.1.1 no such user"}' |
	mail-queue settle -q
is 'refused at RCPT: failed once' "$(recipient lars@there.example nine) $(sql "SELECT group_concat(status) FROM v_attempt WHERE recipient = 'lars@there.example'")" 'failed 5.1.1 550 5.1.1 no such user failed'
is 'and suppressed' "$(suppressed | grep lars)" 'lars@there.example bounce'

# -- what fits nothing
report unknown who@there.example 5.1.1 '550 no such user' | mail-parse | mail-queue bounce -v 2>err >passed.jsonl
like 'unmatched ones are counted' "$(cat err)" '1 unmatched'
is 'and kept' "$(sql "SELECT class FROM v_bounce WHERE recipient = 'who@there.example' AND submission_id IS NULL")" hard
is 'and passed on' "$(jq -r .bounce.class passed.jsonl)" hard
is 'nobody is suppressed for them' "$(suppressed | grep -c who)" 0
printf 'From: a@b\nSubject: hi\n\nx\n' | mail-parse >plain.jsonl
printf '{"type":"poll","v":1}\n' | cat plain.jsonl - | mail-queue bounce >passed.jsonl 2>err
is 'ordinary mail and other records pass' "$(cat passed.jsonl)" "$(cat plain.jsonl; echo '{"type":"poll","v":1}')"
is 'and nothing is said' "$(cat err)" ''
exits 64 mail-queue bounce --no-such-option
is 'the store is sound' "$(mail-store check >/dev/null 2>&1; echo $?)" 0
done_testing
