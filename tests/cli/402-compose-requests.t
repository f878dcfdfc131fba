#!/bin/sh
# One JSON request a line, in our names and in those of other mailers.
. "${0%/*}/../lib.sh"
need jq sqlite3

mkdir -p etc/templates
cat >etc/mailpipe.conf <<'END'
[account support]
email = support@example.com
[account sales]
email = sales@example.com
[profile MAHNUNG]
email = billing@example.com
displayName = Billing
END
printf 'Subject: Order {{order.id}}\n\n--- text\nHello {{name}}, your order {{order.id}} is ready.\n--- html\n<p>Hello {{name}}</p>\n' >etc/templates/ready
export MAILPIPE_CONFIG="$T/etc"
printf 'a,b\n' >table.csv
pdf=$(printf '%%PDF-1.4' | base64)

# made LINE [OPTIONS]: the message of one request, as mail-parse reads it.
made() {
    line=$1
    shift
    printf '%s\n' "$line" | mail-compose --dry-run "$@" | mail-parse -
}

made '{"to":"Ann <ann@example.net>, bob@example.net","cc":[{"name":"C, D","email":"c@example.net"},"d@example.net"],"subject":"Grüße","text":"Hi","html":"<p>Hi</p>","replyTo":"r@example.net","headers":{"X-A":"1"},"importance":"high"}' >a.jsonl
json_is 'our names' "$(jq -c '{to,cc,subject,replyTo,structure,importance}' a.jsonl)" \
    '{"to":[{"name":"Ann","email":"ann@example.net"},{"name":null,"email":"bob@example.net"}],"cc":[{"name":"C, D","email":"c@example.net"},{"name":null,"email":"d@example.net"}],
      "subject":"Grüße","replyTo":[{"name":null,"email":"r@example.net"}],"structure":"multipart/alternative(text/plain,text/html)","importance":"high"}'
made '{"account_id":"sales","to_emails":["a@example.net"],"cc_emails":["b@example.net"],"subject":"S","plain_body":"P","html_body":"<p>H</p>","attachments":[{"filename":"x.csv","content":"YSxiCg==","content_type":"text/csv"},"table.csv"]}' >b.jsonl
json_is 'send_email of document 1' "$(jq -c '[.from[0].email, .to[0].email, .cc[0].email, .text, .html, [.attachments[] | [.name, .type, .size]]]' b.jsonl)" \
    '["sales@example.com","a@example.net","b@example.net","P\n","<p>H</p>\n",[["x.csv","text/csv",4],["table.csv","text/csv",4]]]'
made "{\"dd_srno\":17,\"dd_toEmailid\":\"a@example.net;b@example.net\",\"dd_ccEmailid\":\"c@example.net\",\"dd_bccEmailid\":null,\"dd_subject\":\"Bill\",\"dd_bodyText\":\"<p>Dear</p>\",\"dd_filename\":\"bill.pdf\",\"dd_document\":\"$pdf\",\"dd_SendFlag\":\"N\",\"dd_EmailParamCode\":\"MAHNUNG\",\"dd_RetryCount\":0}" >c.jsonl
json_is 'a row of document 4' "$(jq -c '[.from[0], [.to[].email], .cc[0].email, .subject, .text, .html, (.attachments[0] | [.name, .type, .size])]' c.jsonl)" \
    '[{"name":"Billing","email":"billing@example.com"},["a@example.net","b@example.net"],"c@example.net","Bill","Dear\n","<p>Dear</p>\n",["bill.pdf","application/pdf",8]]'
echo '{"dd_srno":17,"dd_toEmailid":"a@example.net","dd_subject":"x","dd_bodyText":"plain < text","dd_EmailParamCode":"MAHNUNG"}' | mail-compose >d.jsonl
schema_ok d.jsonl
json_is 'its profile and number stay' "$(jq -c '[.profile, .tags, .envelope.mailFrom]' d.jsonl)" '["MAHNUNG",["dd_srno:17"],"billing@example.com"]'
is 'a body that is text' "$(jq -r '.raw | @base64d' d.jsonl | mail-parse - | jq -r .structure)" text/plain
is 'a row that was sent is left alone' "$(echo '{"dd_toEmailid":"a@example.net","dd_SendFlag":"Y"}' | mail-compose | wc -c)" 0
made '{"to":"a@example.net","template":"ready","data":{"name":"Ann <b>","order":{"id":7}}}' >e.jsonl
json_is 'a template with data' "$(jq -c '[.subject, .text, .html]' e.jsonl)" '["Order 7","Hello Ann <b>, your order 7 is ready.\n","<p>Hello Ann &lt;b&gt;</p>\n"]'
is 'flags are what requests begin with' "$(made '{"to":"a@example.net","text":"x"}' --json --subject Flag -a sales | jq -c '[.subject, .from[0].email]')" '["Flag","sales@example.com"]'
is 'a request says otherwise' "$(made '{"to":"a@example.net","subject":"Own","text":"x"}' --json --subject Flag | jq -r .subject)" Own
printf 'x\n' >f.txt
is 'files of flags go with each' "$(for i in 1 2 3; do echo "{\"to\":\"a$i@example.net\",\"text\":\"x\"}"; done | mail-compose --json --attach f.txt | jq -r '.raw | @base64d' | grep -c 'filename="f.txt"')" 3
is 'lists of flags do not grow' "$(for i in 1 2 3; do echo "{\"dd_srno\":$i,\"to\":\"a@example.net\",\"text\":\"x\"}"; done | mail-compose --json --tag t | jq -c .tags | tr '\n' ' ')" \
    '["t","dd_srno:1"] ["t","dd_srno:2"] ["t","dd_srno:3"] '
echo '{"to":"a@example.net","text":"x","sendAt":"2030-01-01T00:00:00Z","undo":60,"priority":3,"key":"k","queue":"q","notify":"never","envelopeFrom":"","tags":["u"],"autoSubmitted":"auto-generated"}' | mail-compose >g.jsonl
schema_ok g.jsonl
json_is 'wishes' "$(jq -c '[.sendAt,.priority,.idempotencyKey,.queue,.notify,.envelope.mailFrom,.tags,.autoSubmitted]' g.jsonl)" \
    '["2030-01-01T00:00:00Z",3,"k","q","never",null,["u"],"auto-generated"]'

# A stream: what is wrong is told, the rest goes.
cat >many.jsonl <<'END'
{"to":"a@example.net","text":"1"}
{"to":"nobody","text":"2"}
{"type":"poll","v":1,"account":"x","mailbox":"INBOX","status":"ok"}
{"to":"a@example.net","txet":"3"}
not json
["a"]
{"to":"a@example.net","subject":"x\r\nBcc: evil@example.org","text":"4"}
{"to":"a@example.net","text":"5"}
END
mail-compose <many.jsonl >out.jsonl 2>err.txt
is 'the worst that was seen' "$?" 65
schema_ok out.jsonl
is 'one line for each' "$(jq -r .type out.jsonl | tr '\n' ' ')" 'submission error poll error error error error submission '
like 'a member that is not known is named' "$(cat err.txt)" 'txet'
like 'and the line' "$(cat err.txt)" 'line 4'
printf '{"to":"a@example.net","text":"x"}' | mail-compose >cut.jsonl 2>err.txt
is 'a cut line is none' "$? $(jq -r .type cut.jsonl)" '65 error'
like 'no recipient' "$(echo '{"text":"x"}' | mail-compose 2>&1 >/dev/null)" 'no recipient'
like 'a path that is not there' "$(echo '{"to":"a@example.net","attachments":["absent"]}' | mail-compose 2>&1 >/dev/null)" 'absent'
like 'base64 that is none' "$(echo '{"to":"a@example.net","attachments":[{"name":"x","content":"***"}]}' | mail-compose 2>&1 >/dev/null)" 'base64'
mail-store init -q -s newer >/dev/null
sqlite3 newer/mail.db 'PRAGMA user_version = 9999'
yes '{"to":"a@example.net","text":"x"}' | head -n 3 | mail-compose -s newer >newer.jsonl 2>err.txt
is 'a store that cannot be used: each request fails the same way' "$? $(jq -r .code newer.jsonl | uniq -c | tr -s ' ')" '78  3 store.version'
exits 78 mail-compose -s newer reply 5
is 'an original in it, too' "$(jq -r .code out) $(grep -c 9999 err)" 'store.version 1'
is 'a closed pipe is quiet' "$(yes '{"to":"a@example.net","text":"x"}' | head -n 3000 | mail-compose 2>&1 | head -n 1 | jq -r .type)" submission
done_testing
