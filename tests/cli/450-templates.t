#!/bin/sh
# Templates: the listing and its checks, messages made of them, what they see, what is refused.
. "${0%/*}/../lib.sh"

cat >mailpipe.conf <<'END'
[account support]
displayName = Support Desk
email = support@example.com
[account sales]
email = sales@example.com
END
export MAILPIPE_CONFIG="$T/mailpipe.conf"
cp -R "$TOP/share/templates" templates

# -- listing

exits 0 mail-compose templates
cp out listed
schema_ok listed
is 'the examples are listed by name' "$(jq -r .name listed | tr '\n' ' ')" 'ack invoice out-of-office '
is 'all of them can be used' "$(jq -r .ok listed | sort -u)" true
json_is 'variables with their defaults' "$(jq -c 'select(.name=="ack") | .variables' listed)" \
	'[{"name":"agent"},{"name":"ticket","default":""},{"name":"hours","default":"two working days"}]'
json_is 'parts' "$(jq -c 'select(.name=="out-of-office") | .parts' listed)" '["text"]'
exits 0 mail-compose templates -T "$TOP/share/templates" ack
is 'one by its name, from a folder' "$(jq -r .path out)" "$TOP/share/templates/ack"

printf 'Account: support\nVariables: a\n--- text\n{{a}}\n' >templates/own
printf 'Variables: agent\n--- text\n{{#agent}}\n{{agnet}}\n{{/agent}}\n' >templates/typo
printf -- '--- text\n\n{{#a}}\n' >templates/open
printf 'Titel: x\n--- text\n' >templates/field
printf 'x' >templates/.hidden
printf 'x' >templates/own~
exits 78 mail-compose templates
schema_ok out
is 'what is wrong is listed, too' "$(jq -r 'select(.ok | not) | .name' out | tr '\n' ' ')" 'field open typo '
like 'an unknown variable' "$(cat err)" 'templates/typo, line 4: the variable agnet is not declared'
like 'a section that is not closed' "$(cat err)" 'templates/open, line 3: .*never closed'
like 'an unknown field' "$(cat err)" 'templates/field, line 1: there is no field Titel'
exits 78 mail-compose templates -a sales
unlike 'a template of another account is left out' "$(jq -r .name out)" '^own$'
exits 66 mail-compose templates nosuch
like 'names what is missing' "$(cat err)" 'no template nosuch in .*/templates'
exits 64 mail-compose templates ../mailpipe.conf
exits 66 mail-compose templates -T nowhere
exits 64 mail-compose templates --no-such-option
exits 0 mail-compose templates -h
rm templates/typo templates/open templates/field

# -- messages

cat >invoice.json <<'END'
{"number":"R-17","customer":{"name":"Ann <Lee> & Co"},"total":"42.00","due":"2026-10-01",
 "items":[{"name":"belt","count":2,"price":"16.00"},{"name":"oil","count":1,"price":"10.00"}]}
END
exits 0 mail-compose -a support --to ann@example.com --template invoice --data invoice.json --set currency=CHF --dry-run
cp out invoice.eml
mail-parse invoice.eml >invoice.jsonl
like 'the subject' "$(jq -r .subject invoice.jsonl)" '^Invoice R-17 of [0-9]{4}-[0-9]{2}-[0-9]{2}$'
like 'a list' "$(jq -r .text invoice.jsonl)" '^  2 x belt: 16.00 CHF$'
like 'text is not escaped' "$(jq -r .text invoice.jsonl)" 'Dear Ann <Lee> & Co,'
like 'HTML is' "$(jq -r .html invoice.jsonl)" 'Dear Ann &lt;Lee&gt; &amp; Co,'
like 'the account' "$(jq -r .text invoice.jsonl)" '^Support Desk$'
like 'an inverted section' "$(jq -r .text invoice.jsonl)" '^Please pay by 2026-10-01'

exits 65 mail-compose -a support --to ann@example.com --template invoice --data invoice.json --set items= --set due= --template ack --dry-run
like 'a missing variable is named' "$(cat err)" 'templates/ack, line [0-9]+: \{\{email\.'
is 'and nothing is made' "$(grep -c '^Subject' out)" 0
exits 64 mail-compose -a sales --to ann@example.com --template own --set a=1 --dry-run
like 'a template of another account' "$(cat err)" 'not for account sales'
exits 66 mail-compose -a sales --to ann@example.com --template nosuch --dry-run
exits 64 mail-compose -a support --to ann@example.com --template own --set a --dry-run
echo '[1]' >list.json
exits 65 mail-compose -a support --to ann@example.com --template own --data list.json --dry-run

# -- replies

cat >question.eml <<'END'
From: =?utf-8?q?Ann_=3Cb=3ELee=3C/b=3E?= <ann@example.net>
To: support@example.com
Subject: =?utf-8?q?AW:_Re:_hot=0D=0ABcc:_all@example.net?=
Message-ID: <q1@example.net>
Date: Thu, 01 Jan 2026 12:00:00 +0100

Is it hot?
END
mail-parse -a support question.eml >question.jsonl
exits 0 mail-compose reply --template ack --set agent=Bob --set ticket=T-9 --dry-run <question.jsonl
cp out reply.eml
mail-parse reply.eml >reply.jsonl
like 'who wrote' "$(jq -r .text reply.jsonl)" '^Dear Ann <b>Lee</b>,'
like 'is escaped in HTML' "$(jq -r .html reply.jsonl)" 'Dear Ann &lt;b&gt;Lee&lt;/b&gt;,'
like 'a section over --set' "$(jq -r .text reply.jsonl)" 'number T-9 '
like 'a default' "$(jq -r .text reply.jsonl)" 'within two working days'
is 'line ends in a subject add no field' "$(jq -r '.bcc' reply.jsonl) $(grep -ci '^bcc:' reply.eml)" 'null 0'
like 'and the subject says Re: once' "$(jq -r .subject reply.jsonl)" '^Re: hot'

printf 'Subject: {{s}}\n--- text\n{{> foot}}\n' >templates/head
printf 'Variables: s\n--- text\nfoot of {{s}}\n' >templates/foot
exits 0 mail-compose -a support --to ann@example.com --template head --set "s=$(printf 'a\r\nBcc: eve@example.com')" --dry-run
like 'a partial' "$(cat out)" '^foot of a'
tr -d '\r' <out | sed '/^$/q' >header
is 'a value with line ends stays one subject' "$(grep -i 'bcc:' header)" 'Subject: a  Bcc: eve@example.com'
done_testing
