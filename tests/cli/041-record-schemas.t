#!/bin/sh
# The schemas take what the manual page describes, and refuse what it rules out.
. "${0%/*}/../lib.sh"
D=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855

cat >good.jsonl <<END
{"type":"email","v":1}
{"type":"email","v":1,"id":"9007199254740993","blobId":"$D","path":"a.mbox","offset":0,"length":9,"format":"mboxrd","size":9,"account":"a","mailboxes":["INBOX"],"keywords":null,"receivedAt":"2026-08-22T10:01:07Z","sentAt":"2026-08-22T12:01:02+02:00","from":[{"name":null,"email":"a@b.example"}],"textFrom":"html","attachments":[{"partId":"2","name":null,"type":"text/x","size":1,"sha256":"$D","disposition":null,"cid":null}],"list":{"id":"l","oneClick":true},"defects":[{"code":"x","offset":null}],"repairs":[],"source":{"protocol":"imap","host":"h","mailbox":"INBOX","uidValidity":7,"uid":9,"after":0,"modseq":"5","fetchedAt":null},"mine":1}
{"type":"poll","v":1,"account":"a","host":"h","protocol":"imap","mailbox":"INBOX","uidValidity":7,"startedAt":"2026-08-22T10:01:07Z","endedAt":null,"found":3,"fetched":3,"failed":0,"octets":99,"status":"ok","code":null,"error":null}
{"type":"error","v":1,"program":"mail-fetch","class":"later","code":"net.connect","stage":"connect","message":"m","server":null,"hint":null,"retryable":true,"object":{"account":"a"}}
{"type":"log","v":1,"time":"2026-08-22T10:01:07.000Z","level":"error","program":"mail-fetch","pid":812,"account":"a","code":"net.connect","stage":"connect","message":"m","server":"s","hint":"h","exit":75}
{"type":"mailbox","v":1,"account":"a","name":"INBOX","total":1,"unread":0,"uidValidity":7,"lastUid":9,"holes":[{"first":5,"last":6}]}
{"type":"thread","v":1,"id":"t91f0c2a47b3e6d58","aliases":null,"subject":"s","participants":[{"name":"A","email":"a@b.example","count":2}],"totalEmails":2,"unreadEmails":0,"firstAt":"2026-08-22T10:01:07Z","lastAt":"2026-08-22T10:01:07Z","emailIds":[1,2],"status":null}
{"type":"account","v":1,"name":"a","email":"a@b.example","provider":null,"imap":{"host":"h","port":993,"security":"tls","user":"u","auth":null,"secret":"cmd:pass"},"mailboxes":null,"syncInterval":300,"status":"active"}
{"type":"event","v":1,"seq":1,"at":"2026-08-22T10:01:07Z","kind":"email.stored","id":1,"account":"a","blobId":"$D"}
{"type":"customer","v":1,"name":"A","email":"a@b.example","emails":["a@b.example"]}
{"type":"submission","v":1,"account":"a","blobId":"$D","envelope":{"mailFrom":"a@b.example","rcptTo":["c@d.example"]},"status":"queued"}
{"type":"delivery","v":1,"submissionId":1,"recipient":"c@d.example","status":"deferred","code":451,"enhancedCode":"4.7.1"}
{"type":"queue","v":1,"queued":1,"sending":0,"sent":2,"deferred":0,"failed":0,"held":0,"canceled":0,"expired":0,"uncertain":0,"due":1,"oldestAgeS":3,"nextAt":null,"leases":0,"paused":[{"scope":"all","name":"","by":"ann","at":"2026-08-22T10:01:07Z"}]}
{"type":"run","v":1,"submissions":1,"processed":1,"success":1,"deferred":0,"failed":0,"uncertain":0,"expired":0,"refused":0}
{"type":"window","v":1,"name":"office","start":"09:00","end":"18:00","interval":30,"open":true,"opensAt":"2026-08-24T09:00:00+02:00","nextAt":"2026-08-24T09:00:00+02:00"}
{"type":"limit","v":1,"name":"gmail","account":"a","hour":{"max":100,"used":3},"roomAt":null}
{"type":"suppression","v":1,"address":"@spam.example","reason":"manual","createdAt":"2026-08-22T10:01:07Z"}
{"type":"plan","v":1,"id":3,"recipients":1,"leavesAt":null,"waits":[{"for":"window","name":"office","until":"2026-08-22T10:01:07Z"}]}
{"type":"plan","v":1,"drainsAt":null,"submissions":0,"stays":0}
{"type":"request","v":1,"dd_srno":17,"dd_toEmailid":"a@b.example","dd_SendFlag":"N","dd_SentDate":null}
{"type":"health","v":1,"status":"ok","check":"store","durationMs":3}
{"type":"test","v":1,"account":"a","host":"h","stage":"tls","ok":true,"tookMs":12}
END
schema_ok good.jsonl 'every type'
for s in "$TOP"/schema/*.schema.json; do
	t=${s##*/}
	t=${t%.schema.json}
	is "$t: the file says its type" "$(jq -r '.properties.type.const + " " + (.properties.v.const | tostring)' "$s")" "$t 1"
done

# The schema knows every member that lib/record writes, in the same order.
sed -n 's/^    \[EMAIL_[A-Z_]*\] = {S("\([A-Za-z]*\)").*/\1/p' "$TOP/lib/record/email.c" >written
jq -r '.properties | keys_unsorted[]' "$TOP/schema/email.schema.json" | sed 1,2d >described
same_file 'email: members and their order' written described
for t in submission delivery; do
	sed -n 's/^    \[[A-Z_0-9]*\] = {S("\([A-Za-z0-9]*\)").*/\1/p' "$TOP/lib/record/$t.c" >written
	jq -r '.properties | keys_unsorted[]' "$TOP/schema/$t.schema.json" | sed 1,2d | grep -v -x -e nextAt -e recipients -e warnings >described
	same_file "$t: members and their order" written described
done

bad() {
	printf '%s\n' "$2" >bad.jsonl
	not_ok "refused: $1" "$TOP/tests/schema.py" bad.jsonl 2>/dev/null
}
bad 'no version' '{"type":"email"}'
bad 'another version' '{"type":"email","v":2}'
bad 'a digest that is none' '{"type":"email","v":1,"blobId":"abc"}'
bad 'receivedAt with an offset' '{"type":"email","v":1,"receivedAt":"2026-08-22T12:01:07+02:00"}'
bad 'sentAt without one' '{"type":"email","v":1,"sentAt":"2026-08-22T12:01:07Z"}'
bad 'a negative size' '{"type":"email","v":1,"size":-1}'
bad 'an address as text' '{"type":"email","v":1,"from":"a@b.example"}'
bad 'an account with a line end' '{"type":"email","v":1,"account":"a\nb"}'
bad 'an error without a class' '{"type":"error","v":1,"code":"x","message":"m","retryable":false}'
bad 'a delivery of an unknown kind' '{"type":"delivery","v":1,"recipient":"a@b.example","status":"maybe"}'
done_testing
