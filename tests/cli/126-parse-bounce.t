#!/bin/bash
# Reports in email records: their form, how far they agree with ../shared/corpora/mail, and that other mail is none.
. "${0%/*}/../lib.sh"

cat >dsn.eml <<'END'
Return-Path: <>
From: Mail Delivery System <MAILER-DAEMON@mx.here.example>
To: news+bob=there.example@here.example
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

It did not work out.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.here.example
Original-Envelope-Id: q-4711
Arrival-Date: Sat, 22 Aug 2026 10:00:00 +0000

Final-Recipient: rfc822; bob@there.example
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.there.example
Diagnostic-Code: smtp; 550 5.1.1 nobody of that name

--b
Content-Type: message/rfc822

Message-ID: <one@here.example>
From: ann@here.example
To: bob@there.example
Subject: hello

hello
--b--
END
mail-parse dsn.eml >dsn.jsonl
json_is 'a delivery report' "$(jq -c .bounce dsn.jsonl)" '{"kind":"dsn","class":"hard","recipients":[{"email":"bob@there.example","action":"failed",
    "status":"5.1.1","reply":"550","class":"hard","diagnostic":"550 5.1.1 nobody of that name","remoteMta":"mx.there.example"}],
    "reportingMta":"mx.here.example","envid":"q-4711","verp":"bob@there.example","arrivalDate":"2026-08-22T10:00:00Z",
    "original":{"messageId":"one@here.example","from":"ann@here.example","to":"bob@there.example","subject":"hello"}}'
schema_ok dsn.jsonl 'it keeps to the schema'
is 'it passes through a filter unchanged' "$(mail-parse dsn.eml | mail-parse | jq -c .bounce)" "$(jq -c .bounce dsn.jsonl)"
is 'ordinary mail has null' "$(printf 'From: a@b\nSubject: hi\n\nx\n' | mail-parse | jq -c '.bounce, has("bounce")')" 'null
true'
is 'an automatic reply' "$(printf 'From: a@b\nAuto-Submitted: auto-replied\n\nx\n' | mail-parse | jq -r .bounce.kind)" vacation

need_shared
score=$("$SHARED/tools/score-bounce" "$SHARED/corpora/mail" "$BUILD/bin/mail-parse")
diag "$score"
percent() { printf '%s' "$score" | tr ' ' '\n' | awk -F '[=/]' -v k="$1" '$1 == k {printf "%d", 1000 * $2 / $3}'; }
ok 'recipients: 98.9 % or more (doc/bounces.md tells of two that are read otherwise)' test "$(percent recipient)" -ge 989
ok 'actions: 99 % or more' test "$(percent action)" -ge 990
ok 'status: 99 % or more' test "$(percent status)" -ge 990
ok 'detected: 99 % or more' test "$(percent detected)" -ge 990
ok 'hard: 92 % or more' test "$(percent hard)" -ge 920
ok 'complaints: all' test "$(percent arf)" -eq 1000

find "$SHARED/corpora/mail" -type f -path '*/msgs/*' ! -path '*/sisimai/*' ! -path '*/flanker/msgs/messages/[bc]o*' | sort >others
tr '\n' '\0' <others | xargs -0 mail-parse | jq -r 'select(.bounce) | .path | sub(".*/corpora/mail/"; "")' >reports
diag "$(wc -l <others) other messages"
is 'no other message is taken for one, but for those that are' "$(cat reports)" 'cpython/msgs/msg_16.txt
cpython/msgs/msg_25.txt
cpython/msgs/msg_43.txt
flanker/msgs/messages/disposition-notification.eml
mimekit/msgs/mbox/content-length.mbox.txt.d/0028.eml
mimekit/msgs/messages/bounce.txt
mimekit/msgs/messages/delivery-status-multiple-blank-lines.txt
mimekit/msgs/messages/delivery-status-no-blank-line.txt
mimekit/msgs/messages/delivery-status.anonymized.eml
mimekit/msgs/messages/delivery-status.txt
mimekit/msgs/messages/delivery-status2.txt
mimekit/msgs/messages/disposition-notification.anonymized.eml
mimekit/msgs/messages/disposition-notification.txt
mimekit/msgs/messages/feedback-report.txt
spamassassin/msgs/easy-ham-1/01436.dc449ba377210e77d84647619e49c872.txt
spamassassin/msgs/easy-ham-1/01542.ed72bf2cd81ccd4c076533fb0af004e5.txt
webklex/msgs/example_bounce.eml'
done_testing
