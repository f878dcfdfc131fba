#!/bin/sh
# mail-fetch --due: who is read when, by the polls that the store holds; the clock is set.
. "${0%/*}/../lib.sh"
. "$TOP/tests/net/testbed.sh"

testbed_start
export PW=secret MAILPIPE_STORE="$T/store" MAILPIPE_CONFIG="$T/conf"
PATH=$BUILD/timed:$PATH
START=1772323200
closed=$(port_free 1)
cat >conf <<X
[defaults]
tlsCaFile = $CA
imap.host = localhost
imap.port = $IMAPS
imap.secret = env:PW
[account ann]
imap.user = ann@example.test
maxPerPoll = 3
[account hourly]
imap.user = ann@example.test
syncInterval = 3600
mailboxes = INBOX, Archive
[account hand]
imap.user = ann@example.test
autoSync = no
[account gone]
imap.user = ann@example.test
status = inactive
X
# at SECONDS COMMAND…: so long after the start. pull SECONDS OPTION…: the pipeline; prints whom it read, one after the other: "ann:INBOX hourly:INBOX ".
at() (
	MAILPIPE_TEST_NOW=$((START + $1))
	export MAILPIPE_TEST_NOW
	shift
	"$@"
)
pull() {
	when=$1 code=0
	shift
	at "$when" mail-fetch -q -j 1 "$@" 2>err >fetched || code=$?
	at "$when" mail-parse <fetched | at "$when" mail-thread | at "$when" mail-store put -q 2>put.err
	jq -r 'select(.type=="poll")|"\(.account):\(.mailbox)"' fetched | tr '\n' ' '
	if [ "$code" -ne 0 ]; then echo "exit $code"; fi
}
# poll SECONDS FETCHED: stores one of the account down.
poll() {
	time=$(date -u -d "@$((START + $1))" +%FT%TZ)
	printf '{"type":"poll","v":1,"account":"down","host":"h","protocol":"imap","mailbox":"INBOX","startedAt":"%s","endedAt":"%s",' "$time" "$time"
	printf '"found":%d,"fetched":%d,"failed":0,"octets":0,"status":"ok"}\n' "$2" "$2"
}
mailbox_generate ann INBOX 10
mailbox_generate ann Archive 2

# ---- intervals ----
is 'never polled: all that are read by themselves' "$(pull 0 --due)" 'ann:INBOX hourly:INBOX hourly:Archive '
is 'maxPerPoll holds for each mailbox and run' "$(jq -r 'select(.type=="email").account' fetched | sort | uniq -c | tr -s ' \n' ' ')" ' 3 ann 12 hourly '
is 'nobody has waited' "$(pull 60 --due)" ''
is 'and nothing is said' "$(cat err put.err fetched)" ''
is 'a minute is not hit to the second, 30 s may be missing' "$(pull 265 --due)$(pull 285 --due)" 'ann:INBOX '
is 'the next three' "$(jq -r 'select(.type=="email").source.uid' fetched | tr '\n' ' ')" '4 5 6 '
is 'it counts from the beginning of the last poll' "$(pull 550 --due)$(pull 570 --due)" 'ann:INBOX '
is 'a named account waits, too' "$(pull 600 --due -a ann)$(pull 600 --due -a hourly)" ''
is 'without --due it does not' "$(pull 600 -a ann)" 'ann:INBOX '
is '--force does not wait' "$(pull 601 --due --force -a ann)" 'ann:INBOX '
is '--all: autoSync = no and inactive ones are left out' "$(pull 602 --all -m INBOX)" 'ann:INBOX hourly:INBOX '
is '--force: autoSync = no is read, inactive is not' "$(pull 603 --all --force -m INBOX -j 1)" 'ann:INBOX hourly:INBOX hand:INBOX '
is 'named, autoSync = no is read' "$(pull 604 -a hand)" 'hand:INBOX '
is 'the mailbox that waits for longest counts' "$(pull 3560 --due -a hourly)$(pull 3595 --due -a hourly)" 'hourly:INBOX hourly:Archive '
is 'a poll of the future stops nothing' "$(pull 90000 -a ann)$(pull 4000 --due -a ann)" 'ann:INBOX ann:INBOX '
pull 90100 -a ann >out
at 90200 mail-fetch -v --due -a ann 2>err >fetched
like '-v says when' "$(cat err)" '^mail-fetch: ann: due in 1[67][0-9] s$'

# ---- runs side by side ----
at 100000 flock store/fetch-ann.lock mail-fetch --due -a ann >fetched 2>&1
is 'an account that is held is passed over without a word' "$? $(cat fetched)" '0 '
exits 75 at 100000 flock store/fetch-ann.lock mail-fetch -a ann
is 'what put did not commit, was no poll' "$(at 100000 mail-fetch --due -a ann | jq -r 'select(.type=="poll").account') $(pull 100001 --due -a ann)" \
	'ann ann:INBOX '

# ---- failures ----
cat >conf <<X
[defaults]
imap.host = localhost
imap.user = ann@example.test
imap.secret = env:PW
tlsCaFile = $CA
[account down]
imap.port = $closed
[account sound]
imap.port = $IMAPS
X
rm -r store
when=0
said=
while [ "$when" -le 16000 ]; do
	if [ -n "$(at "$when" mail-fetch -q --due -a down 2>err | tee fetched)" ]; then
		at "$when" mail-store put -q <fetched
		said="$said $when"
	fi
	when=$((when + 100))
done
is 'after failures it waits for 5, 10, 20, 40 and then 60 minutes' "$said" ' 0 300 900 2100 4500 8100 11700 15300'
is 'what failed comes last' "$(pull 22500 --due -j 1)" 'sound:INBOX down:INBOX exit 75'
is 'and is told in one line' "$(wc -l <err)" 1
at 22500 mail-store put -q <fetched >put.out 2>&1
is 'by put in its exit code only' "$? $(cat put.out)" '75 '
sed -i "s/^imap.port = $closed/imap.port = $IMAPS/" conf
pull 26200 -a down >out
is 'one that ends well makes it as before' "$(pull 26460 --due -a down)$(pull 26495 --due -a down)" 'down:INBOX '
echo 'mailboxes = INBOX, None' >>conf
for when in 30000 30300 30600 30900; do pull $when --due -a sound; done >out
is 'a mailbox that is not there holds up nothing' "$(sort <out | uniq -c | tr -s ' ')" ' 4 sound:INBOX sound:None exit 66'
sed -i '/^mailboxes/d' conf
cat >>conf <<X
[account wrong]
syncInterval = often
[account after]
imap.port = $IMAPS
X
is 'an account with wrong settings does not stop the others' "$(pull 40000 --all -j 1)" 'down:INBOX sound:INBOX wrong:INBOX after:INBOX exit 78'
like 'it says which' "$(cat err)" '^mail-fetch: wrong: .*syncInterval'
is 'in one line' "$(wc -l <err)" 1
is 'and it is a poll that failed' "$(sqlite3 store/mail.db "SELECT status, code FROM v_poll WHERE account = 'wrong'")" 'failed|config.value'
exits 78 at 40000 mail-fetch -a wrong
sed -i '/^.account wrong/,$d' conf

# ---- all mailboxes ----
echo 'mailboxes = *' >>conf
is 'mailboxes = *: all are read' "$(pull 50000 --due -a sound | tr ' ' '\n' | sort | tr '\n' ' ')" 'sound:Archive sound:INBOX '
is 'together' "$(pull 50200 --due -a sound)$(pull 50300 --due -a sound | wc -w)" 2
sed -i '/^mailboxes/d' conf

# ---- --adaptive ----
# arrived SECONDS…: a new store, in which mail came then. waits SECONDS: how much later it is due, in steps of 10.
arrived() {
	rm -rf store
	for when in "$@"; do poll "$when" 1; done | mail-store put -q
}
waits() {
	when=$1
	until [ $((when - $1)) -gt 4000 ] || at "$when" mail-fetch -q --due --adaptive -a down 2>err | grep -q .; do when=$((when + 10)); done
	echo $((when - $1))
}
# about NAME SECONDS MIN MAX
about() { ok "--adaptive: $1: after $2 s" sh -c "[ $2 -ge $3 ] && [ $2 -le $4 ]"; }
arrived 0 60 120 180 240 300 360 420
about 'mail each minute' "$(waits 420)" 40 60
arrived 0 600 1200 1800 2400 3000 3600 4200
about 'mail every ten minutes' "$(waits 4200)" 240 270
arrived 1200 2400 3600 4800 6000 7200 8400 9600
about 'mail every twenty minutes' "$(waits 9600)" 510 540
arrived 0
poll 400000 0 | mail-store put -q
about 'mail long ago' "$(waits 400000)" 1450 1480

# ---- the command line ----
exits 64 mail-fetch --due -a ann folders
exits 64 mail-fetch --adaptive -a ann
printf '[account ann]\nimap.host = localhost\nautoSync = no\n' >conf
exits 0 mail-fetch --due
is 'nobody is to be read: nothing is said' "$(cat out err)" ''
: >conf
exits 78 mail-fetch --due
done_testing
