#!/bin/sh
# The receiving pipeline with a real server: all comes, byte for byte, once; what is new, dropped or renumbered; nothing changes there.
. "${0%/*}/../lib.sh"
. "$TOP/tests/net/testbed.sh"

testbed_start
export PW=secret MAILPIPE_STORE="$T/store"
cat >conf <<X
[defaults]
tlsCaFile = $CA
imap.host = localhost
imap.user = ann@example.test
imap.secret = env:PW
[account ann]
imap.port = $IMAPS
mailboxes = *
[account starttls]
imap.port = $IMAP
imap.security = starttls
X
export MAILPIPE_CONFIG="$T/conf"
# pull OPTION…: the whole pipeline; what mail-fetch printed is in fetched, its stderr in err.
pull() { mail-fetch -v "$@" 2>err | tee fetched | mail-parse | mail-thread | mail-store put 2>put.err; }
emails() { jq -c "select(.type==\"email\")$1" fetched; }
holes() { mail-store mailboxes | jq -c "select(.name==\"$1\").holes"; }

mailbox_generate ann INBOX 300
mailbox_generate ann Archive.2024 40
printf 'From: a@b\r\nSubject: odd\r\nMessage-ID: <odd@x>\r\n\r\nwithout an end' >odd.eml
for name in 'Entwürfe & Co' 'a"b\c' 'Sent Items' '日本語' 'A&B'; do
	doveadm_run mailbox create -u ann@example.test "$name" || diag "$name"
	doveadm_run save -u ann@example.test -m "$name" <odd.eml
done
mail-fetch -a ann folders >folders
schema_ok folders
for name in 'Entwürfe & Co' 'a"b\c' 'Sent Items' '日本語' 'A&B'; do
	is "folders: $name" "$(jq -c --arg n "$name" 'select(.name==$n)|[.total,.unread]' folders)" '[1,1]'
done
is 'folders: INBOX has its role' "$(jq -c 'select(.name=="INBOX")|[.role,.total]' folders)" '["inbox",300]'
is 'folders: one that only holds others' "$(jq -c 'select(.name=="Archive").selectable' folders)" false

# ---- all of it ----
pull -a ann
is 'the first run succeeds' "$? $(cat put.err)" '0 mail-store: 341 new, 4 known'
schema_ok fetched 'what mail-fetch prints'
is 'all came' "$(emails '' | wc -l)" 345
emails '|select(.source.mailbox|test("^[IAa]."))|select(.size>100)|"\(.source.mailbox) \(.source.uid) \(.blobId) \(.size)"' | tr -d '"' | sort >got
imap_digests ann INBOX Archive.2024 | sort >want
same_file 'byte for byte as the server has it' got want
is 'an odd one in odd mailboxes, too' "$(emails '|select(.size<100).blobId' | sort | uniq -c | tr -d ' "')" "5$(sha256sum <odd.eml | cut -c1-64)"
mail-store raw "$(emails '|select(.source.uid==7 and .source.mailbox=="INBOX").blobId' | tr -d '"')" >seven
is 'and so does the store' "$(sha256sum <seven | cut -c1-64)" "$(imap_digests ann INBOX | awk '$2==7{print $3}')"
is 'mailboxes have the names that people see' "$(emails .source.mailbox | sort -u | tr '\n' ' ')" \
	'"A&B" "Archive.2024" "Entwürfe & Co" "INBOX" "Sent Items" "a\"b\\c" "日本語" '
is 'nothing is marked as read' "$(doveadm_run search -u ann@example.test mailbox '*' SEEN | wc -l)" 0
is 'the chain has no gap' "$(mail-store mailboxes | jq -c 'select(.account=="ann").holes' | sort -u)" null
is 'each mailbox is closed by a poll' "$(jq -c 'select(.type=="poll")|[.status,.found==.fetched]' fetched | sort | uniq -c | tr -s ' ')" ' 7 ["ok",true]'
is 'times are INTERNALDATE' "$(emails '|select(.source.uid==1 and .source.mailbox=="INBOX").receivedAt')" \
	"\"$(doveadm_run -f flow fetch -u ann@example.test date.received mailbox INBOX uid 1 | sed 's/date.received=//; s/ /T/; s/$/Z/')\""

# ---- again, and what is new ----
proxy_start "$IMAPS" --count-file "$T/counts"
sed -i "s/^imap.port = $IMAPS/imap.port = $PROXY/" conf
pull -a ann -m INBOX
proxy_stop
sed -i "s/^imap.port = $PROXY/imap.port = $IMAPS/" conf
like 'a second run says 0 new' "$(cat err)" 'INBOX: 0 new'
is 'and no body comes' "$(emails '' | wc -l) $(jq -r 'select(.type=="poll").octets' fetched)" '0 0'
ok "a mailbox without news costs little ($(cat "$T/counts"))" sh -c "jq -e '.down < 8000 and .up < 4000' counts >answer"
mailbox_generate ann INBOX 10 INBOX 301
pull -a ann
is 'ten are new' "$(emails .source.uid | tr '\n' ' ')" '301 302 303 304 305 306 307 308 309 310 '

# ---- what a filter drops, comes again; what is gone at the server, is forgotten ----
mailbox_generate ann INBOX 30 INBOX 311
mail-fetch -a ann -m INBOX | jq -c 'select(.type!="email" or .source.uid%10 != 3)' | mail-parse | mail-thread | mail-store put
is 'dropped in the pipe: holes' "$(holes INBOX)" '[{"first":313,"last":313},{"first":323,"last":323},{"first":333,"last":333}]'
doveadm_run expunge -u ann@example.test mailbox INBOX uid 323
pull -a ann -m INBOX
is 'the next run asks for them alone' "$(emails '|[.source.after,.source.uid]' | tr -d '\n')" '[312,313][313,333]'
is 'and one that is gone, is no hole any more' "$(holes INBOX)" null
mailbox_generate ann INBOX 2 INBOX 341
mail-fetch -a ann -m INBOX | jq -c 'select(.type!="email" or .source.uid!=341)' | mail-parse | mail-thread | mail-store put
doveadm_run expunge -u ann@example.test mailbox INBOX uid 341
pull -a ann -m INBOX
is 'a hole alone that is gone: nothing comes' "$(emails '' | wc -l)" 0
mailbox_generate ann INBOX 1 INBOX 343
pull -a ann -m INBOX
is 'and the next mail closes it' "$(emails '|[.source.after,.source.uid]') $(holes INBOX)" '[340,343] null'

# ---- at most, newest ----
rm -rf "$T/store"
pull -a ann -m INBOX -n 5
is '-n: the oldest' "$(emails .source.uid | tr '\n' ' ')" '1 2 3 4 5 '
pull -a ann -m INBOX --recent 4
is '--recent: the newest' "$(emails .source.uid | tr '\n' ' ')" '339 340 342 343 '
is '--recent: what is between stays to be fetched' "$(holes INBOX)" '[{"first":6,"last":338}]'
pull -a ann -m INBOX --recent 4
is '--recent: and not twice' "$(emails '' | wc -l)" 0
pull -a ann -m INBOX -n 3
is 'then the oldest of the rest' "$(emails .source.uid | tr '\n' ' ')" '6 7 8 '
pull -a ann -m INBOX
is 'then all' "$(emails '' | wc -l) $(holes INBOX) $(mail-store list --all | wc -l)" '329 null 341'

# ---- by their UIDs ----
pull -a ann -m INBOX --uid 340:341,7,9000,8000:8010 get || :
is 'get: what is there, in the store or not' "$(emails '|[.source.after,.source.uid]' | tr -d '\n')" '[6,7][339,340]'
is 'get: what is not' "$(jq -r 'select(.type=="error").message' fetched | tr '\n' ';')" \
	'the mailbox has no message with UID 9000;the mailbox has no message with UID 8000:8010;'
is 'get: a poll closes' "$(jq -c 'select(.type=="poll")|[.found,.fetched,.status]' fetched)" '[2,2,"ok"]'
is 'get: nothing is new to the store' "$(holes INBOX) $(mail-store list --all | wc -l)" 'null 341'
exits 66 mail-fetch -q -a ann -m INBOX --uid 9000 get
mv "$T/store" "$T/other"
pull -a ann -m INBOX --uid 50,300:* get
is 'get: into an empty store' "$(emails .source.uid | head -n 2 | tr '\n' ' ')" '50 300 '
is 'get: what is between stays to be fetched' "$(holes INBOX)" '[{"first":1,"last":49},{"first":51,"last":299}]'
rm -rf "$T/store"
mv "$T/other" "$T/store"
for wrong in 0 5: '5,' 9:5 x '*' 1,,2 4294967296; do exits 64 mail-fetch -a ann -m INBOX --uid "$wrong" get; done
exits 64 mail-fetch -a ann --uid 5 get
exits 64 mail-fetch -a ann -m INBOX get
exits 64 mail-fetch -a ann -m INBOX --uid 5

# ---- the server numbers anew ----
dovecot_stop
find "$TB/mail/ann" -maxdepth 1 \( -name 'dovecot-uidlist' -o -name 'dovecot.index*' \) -delete
sleep 1
dovecot_start
mail-store list --all | jq -r .blobId | sort >before
mailbox_generate ann INBOX 3 INBOX 344
pull -a ann -m INBOX
like 'a new UIDVALIDITY is said' "$(cat err)" 'anew.*341 of 344 messages recognised'
is 'no known body comes again' "$(jq -c 'select(.type=="poll")|[.status,.fetched]' fetched) $(emails '' | wc -l)" '["ok",344] 344'
ok 'only the octets of three' test "$(jq -r 'select(.type=="poll").octets' fetched)" -lt 300000
is 'three rows more' "$(mail-store list --all | wc -l)" 344
is 'the rest is as before' "$(mail-store list --all | jq -r .blobId | sort | comm -23 before -)" ''
pull -a ann -m INBOX
is 'and the next run has nothing to do' "$(emails '' | wc -l)" 0

# ---- other ways in ----
for how in SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN; do
	is "login by $how" "$(mail-fetch -a ann -m INBOX --auth $how test | jq -r 'select(.stage=="login").mechanism')" "$how"
done
is 'STARTTLS' "$(mail-fetch -a starttls -s "$T/other" -n 2 | jq -c 'select(.type=="email").source.uid' | tr '\n' ' ')" '1 2 '
is 'a URL' "$(mail-fetch --url "imaps://ann%40example.test@localhost:$IMAPS/Entw%C3%BCrfe%20%26%20Co" --ca-file "$CA" --secret env:PW -s "$T/other" |
	jq -c 'select(.type=="email")|[.account,.mailboxes]')" '["ann@example.test",["Entwürfe & Co"]]'
exits 0 mail-fetch -a ann -s "$T/other" -n 0

# ---- a person looks on ----
on_terminal() { python3 -c 'import pty, sys; pty.spawn(["sh", "-c", sys.argv[1]])' "$1" </dev/null | tr '\r' '\n'; }
on_terminal "mail-fetch -a ann -m INBOX -s $T/seen >out" >shown
like 'a terminal shows progress' "$(cat shown)" 'ann INBOX \[[#.]{20}\] [0-9]+/344  [0-9.]+ MB'
like 'and how it ended' "$(cat shown)" 'ann INBOX: 344 new'
on_terminal "mail-fetch -q -a ann -m INBOX -s $T/unseen >out" >shown
is '-q is quiet there, too' "$(cat shown)" ''

# ---- a big one streams ----
case $BUILD in
*san) skip 2 'memory is not what is tested with sanitizers (needs ../shared)' ;;
*)
	cat >script <<-'X'
		S: * OK hi
		C*: EXAMINE
		S: * 1 EXISTS
		S: * OK [UIDVALIDITY 7] ok
		S: $tag OK done
		C*: UID FETCH
		R: * 1 FETCH (UID 1 BODY[] {90000000}\r\n
		N: 90000000
		R: )\r\n
		S: $tag OK done
		C: LOGOUT
	X
	sed -i 's/^C\*: UID FETCH/C*: UID SEARCH\nS: * SEARCH 1\nS: $tag OK done\nC: UID FETCH/' script
	fake_imap_start script
	python3 -c 'import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=open("big", "w"))
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' mail-fetch --url "imap://x@127.0.0.1:$FAKE/INBOX" --allow-plaintext \
		--secret env:PW -s "$T/big-store" >rss
	ok "a message of 90 MB in $(cat rss) KiB" test "$(cat rss)" -lt 32768
	is 'and is whole' "$(jq -r 'select(.type=="email").size' big)" 90000000
	;;
esac
done_testing
