#!/bin/sh
# 2,000 messages in three mailboxes: all are stored, byte for byte as the server's BODY[] gives them; a second run transfers no body;
# of ten more exactly ten come.
. "${0%/*}/../lib.sh"
. "$TOP/tests/net/testbed.sh"

testbed_start
export PW=secret MAILPIPE_STORE="$T/store"
cat >conf <<X
[account ann]
tlsCaFile = $CA
imap.host = localhost
imap.port = $IMAPS
imap.user = ann@example.test
imap.secret = env:PW
mailboxes = INBOX, Archive, Lists
X
export MAILPIPE_CONFIG="$T/conf"
pull() { mail-fetch -v --all 2>err | tee fetched | mail-parse | mail-thread | mail-store put 2>put.err; }
sum() { jq -s "map(select(.type==\"poll\").$1) | add" fetched; }

mailbox_generate ann INBOX 1000
mailbox_generate ann Archive 600
mailbox_generate ann Lists 400
pull
is 'the pipeline succeeds' "$?" 0
is 'all came' "$(sum fetched)" 2000
imap_digests ann INBOX Archive Lists | awk '{print $3}' | sort >want
mail-store search --ids '' | while read -r id; do mail-store raw "$id" | sha256sum | cut -c1-64; done | sort -u >got
is 'the server has as many' "$(wc -l <want)" 2000
sort -u -o want want
same_file 'each is stored byte for byte' got want
pull
is 'a second run succeeds' "$?" 0
is 'it says 0 new of each' "$(grep -c ': 0 new, 0 octets' err)" 3
is 'and transfers no body' "$(sum octets) $(jq -c 'select(.type=="email")' fetched | wc -l)" '0 0'
mailbox_generate ann Archive 10 more 601
pull
is 'after ten more, ten come' "$(jq -r 'select(.type=="email").source.mailbox' fetched | sort | uniq -c | tr -s ' ')" ' 10 Archive'
is 'and are stored' "$(cat put.err)" 'mail-store: 10 new, 0 known'
done_testing
