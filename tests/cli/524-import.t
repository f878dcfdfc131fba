#!/bin/sh
# mail-queue import and export: rows of another mailer's table.
. "${0%/*}/../lib.sh"
need jq

export MAILPIPE_CONFIG="$T/mailpipe.conf" MAILPIPE_STORE="$T/store"
printf '[account support]\nemail = support@example.com\nsignature = Yours\n[account P2]\nemail = p2@example.com\n' >mailpipe.conf
mkdir files
echo 'attached file' >files/a.txt
names=dd_srno,dd_document,dd_filename,dd_toEmailid,dd_ccEmailid,dd_subject,dd_bodyText,dd_SendFlag,dd_EmailParamCode,dd_RetryCount,dd_SentDate,dd_BounceReason,dd_LastRetryDate

cat >rows.csv <<END
$names
1,JVBERi0xLjQK,invoice.pdf,ann@example.org,bob@example.org,"Invoice, ""1""","Hello,
see attached.",N,P2,0,NULL,NULL,NULL
2,0x255044462D312E340A,b.pdf,ann@example.org; carl@example.org;,NULL,Zwei Grüße,<html><body><p>Hi</p></body></html>,Y,,2,2026-08-22 10:01:07.123,451 busy,2026-08-22 09:00:00
3,,a.txt,ann@example.org,,File,Text,F,,3,,550 no such user,2026-08-22T09:00:00
4,,,not an address,,Bad,Text,N,,0,,,
5,,,ann@example.org,,Bad flag,Text,X,,0,,,
6,,../mailpipe.conf,ann@example.org,,Bad file,Text,N,,0,,,
7,,none.txt,ann@example.org,,Missing file,Text,N,,0,,,
8,,,ann@example.org,,"Many
lines",Text,N,,0,,,
9,,,ann@example.org,,Bad date,Text,Y,,0,yesterday,,
10,,,ann@example.org,,Plain,"Text
in ""quotes"", and more",N,,4,,421 later,2026-08-22 09:00:00
11,,,ann@example.org
12,"a"b,,ann@example.org,,Bad quotes,Text,N,,0,,,
13,,,ann@example.org,,Bad count,Text,N,,many,,,
14,????,x.pdf,ann@example.org,,Bad document,Text,N,,0,,,
END
exits 1 mail-queue import --files files rows.csv
schema_ok out 'import prints submissions'
cp out imported.jsonl
is 'good rows are added' "$(jq -c '[.subject,.status,.account]' out)" '["Invoice, \"1\"","queued","P2"]
["Zwei Grüße","sent","support"]
["File","failed","support"]
["Plain","queued","support"]'
is 'each bad one is named by its line, and the others go on' "$(grep -o 'rows.csv, line [0-9]*' err | sort -V | awk '{printf "%s ", $3}')" '6 7 8 9 10 12 15 16 17 18 '
is 'recipients' "$(jq -c .envelope.rcptTo imported.jsonl | head -n 2)" '["ann@example.org","bob@example.org"]
["ann@example.org","carl@example.org"]'
like 'the row that waits keeps its attempts' "$(mail-queue show "$(jq .id imported.jsonl | tail -n 1)" | jq -c '[.recipients[0].attempts,.recipients[0].server]')" '^\[4,"421 later"\]$'
is 'what was sent there is not sent again' "$(mail-queue claim -n 99 | jq -r .subject | sort | tr '\n' ' ')" 'Invoice, "1" Plain '
mail-queue settle -q </dev/null
is 'nothing is copied into Sent, or told, of what was settled there' "$(mail-store list | wc -l)" 0
exits 1 mail-queue import --files files rows.csv
is 'again: the same, nothing new' "$(jq -c .id out)" "$(jq -c .id imported.jsonl)"
is 'again: nothing is added' "$(mail-queue list --all 2>/dev/null | wc -l)" "$(mail-queue list --all 2>/dev/null | jq -r .idempotencyKey | sort -u | wc -l)"

# ---- export, and round
mail-queue export --csv >out.csv
is 'export names the columns' "$(head -n 1 out.csv | tr -d '\r')" "$names"
MAILPIPE_STORE=$T/s2 mail-queue import -q out.csv >/dev/null
MAILPIPE_STORE=$T/s2 mail-queue export --csv >round.csv
same_file 'CSV comes back as it went' out.csv round.csv
mail-queue export >out.jsonl
schema_ok out.jsonl 'export prints requests'
MAILPIPE_STORE=$T/s3 mail-queue import -q out.jsonl >/dev/null
MAILPIPE_STORE=$T/s3 mail-queue export >round.jsonl
same_file 'JSON comes back as it went' out.jsonl round.jsonl
json_is 'a row' "$(sed -n 2p out.jsonl)" '{"type":"request","v":1,"dd_srno":2,"dd_document":"JVBERi0xLjQK","dd_filename":"b.pdf","dd_toEmailid":"ann@example.org,carl@example.org",
 "dd_ccEmailid":null,"dd_subject":"Zwei Grüße","dd_bodyText":"<html><body><p>Hi</p></body></html>","dd_SendFlag":"Y","dd_EmailParamCode":null,"dd_RetryCount":2,
 "dd_SentDate":"2026-08-22 10:01:07","dd_BounceReason":"451 busy","dd_LastRetryDate":"2026-08-22 09:00:00"}'
is 'texts and files as they were' "$(jq -c '[.dd_bodyText,.dd_filename,.dd_document]' out.jsonl)" '["Hello,\nsee attached.","invoice.pdf","JVBERi0xLjQK"]
["<html><body><p>Hi</p></body></html>","b.pdf","JVBERi0xLjQK"]
["Text","a.txt","YXR0YWNoZWQgZmlsZQo="]
["Text\nin \"quotes\", and more",null,null]'
is 'flags' "$(jq -r .dd_SendFlag out.jsonl | tr '\n' ' ')" 'N Y F N '
is 'some of them' "$(mail-queue export --status failed | jq -c .dd_srno)" 3
exits 66 mail-queue export 4711

# ---- other forms
printf '%s;%s\r\n%s;%s\r\n' dd_toEmailid dd_subject ann@example.org 'semicolons' | mail-queue import -q >semi.jsonl
is 'semicolons and CRLF' "$(jq -r .subject semi.jsonl)" 'semicolons'
printf '\357\273\277dd_subject,other,DD_TOEMAILID\nBOM,x,ann@example.org' | mail-queue import -q >bom.jsonl
is 'a byte order mark, other columns, no end of the last line' "$(jq -r .subject bom.jsonl)" 'BOM'
printf '\357\273\277dd_subject,other,DD_TOEMAILID\nBOM,x,ann@example.org' | mail-queue import -q >bom2.jsonl
is 'a row without a number is known by what it says' "$(jq .id bom2.jsonl)" "$(jq .id bom.jsonl)"
printf 'dd_srno,dd_toEmailid,dd_subject\n1,ann@example.org,other table\n' | mail-queue import -q --source B >b.jsonl
is 'the same number in another table' "$(jq -r '[.subject,.idempotencyKey]|join(" ")' b.jsonl)" 'other table B:1'
exits 1 sh -c 'printf "a,b\n1,2\n" | mail-queue import'
like 'no column is ours' "$(cat err)" 'line 1: the first line names no column'
exits 1 sh -c 'printf "dd_srno,dd_subject\n1,\"open\n2,x\n" | mail-queue import'
like 'quotes that stay open' "$(cat err)" 'line 2: the quotes'
exits 65 sh -c "printf '{\"dd_srno\":77,\"dd_toEmailid\":\"ann@example.org\"}\n{\"dd_srno\":78' | mail-queue import"
exits 66 mail-queue import nowhere.csv
exits 0 mail-queue import /dev/null
is 'dry-run prints, and adds nothing' "$(mail-queue import -q --dry-run -s s4 out.csv | wc -l; mail-queue list -s s4 | wc -l)" '4
0'
printf 'x' >notconf
exits 78 mail-queue import -C notconf out.csv

# ---- many
jq -nr '"dd_srno,dd_toEmailid,dd_subject,dd_bodyText", (range(1000)|"m\(.),p\(.)@example.org,many \(.),text \(.)")' >many.csv
mail-queue import -q -s s5 many.csv >many.jsonl
is 'many rows, in their order' "$(jq -r .subject many.jsonl | md5sum)" "$(jq -nr 'range(1000)|"many \(.)"' | md5sum)"

done_testing
