#!/bin/sh
# mail-fetch -j: several accounts at once. One that hangs holds up nobody, lines never mix, and whoever is killed, nothing is lost.
# shellcheck disable=SC2016
. "${0%/*}/../lib.sh"
. "$TOP/tests/net/testbed.sh"
need flock pgrep

testbed_start
export PW=secret PW2=second MAILPIPE_STORE="$T/store" MAILPIPE_CONFIG="$T/conf"
mailbox_generate ann INBOX 60
mailbox_generate ann Archive 20
mailbox_generate bob INBOX 40
echo 'W:' >hang.script
fake_imap_start hang.script
# shellcheck disable=SC2034 # it is read at exit
HANG=$FAKE hang_pid=$fake_imap_pid fake_imap_pid=
at_exit 'end_group "$hang_pid"'
cat >sound <<X
[account ann]
imap.host = localhost
imap.port = $IMAPS
imap.user = ann@example.test
imap.secret = env:PW
tlsCaFile = $CA
mailboxes = INBOX, Archive
[account bob]
imap.host = localhost
imap.port = $IMAPS
imap.user = bob@example.test
imap.secret = env:PW2
tlsCaFile = $CA
X
cat >hanging <<X
[account hang]
imap.host = 127.0.0.1
imap.port = $HANG
imap.security = none
allowPlaintext = yes
imap.user = x
imap.secret = env:PW
connectTimeout = 60
X
cat hanging sound >conf
stored() { mail-store list --all 2>/dev/null | wc -l; }
holds() { test "$(stored)" -eq "$1"; }
polls() { jq -r 'select(.type=="poll")|"\(.account) \(.mailbox) \(.status)"' "$1" | sort | tr '\n' ','; }
emails() { jq -r "select(.type==\"email\")|$1" | sort | uniq -c | tr -s ' \n' ' '; }
put() { mail-parse | mail-thread | mail-store put -q; }
# begin OPTION…: mail-fetch into put, in the background; its process is $pid, that of put $put.
begin() {
	rm -f pipe
	: >fetched
	mkfifo pipe
	tee fetched <pipe | put >put.out 2>&1 &
	put=$!
	mail-fetch -q "$@" >pipe 2>err &
	pid=$!
}
# ended: waits for both; $code is mail-fetch's.
ended() {
	code=0
	wait "$pid" 2>/dev/null || code=$?
	wait "$put"
}
free() { for account in ann bob hang; do flock -n "store/fetch-$account.lock" true || return 1; done; }

# ---- one hangs ----
begin --all
ok 'two sound accounts are in the store' wait_for 20 holds 120
ok 'while the first one hangs' kill -0 "$pid"
is 'a process for each that is read' "$(pgrep -c -P "$pid")" 1
start=$(date +%s)
kill -TERM "$pid"
ended
is 'SIGTERM goes on to the children: 75' "$code" 75
ok 'at once' test $(($(date +%s) - start)) -le 20
is 'each mailbox has its poll' "$(polls fetched)" 'ann Archive ok,ann INBOX ok,bob INBOX ok,hang INBOX failed,'
like 'what hung is named' "$(cat err)" '^mail-fetch: hang: '
is 'put has seen whole fetches' "$(cat put.out)" ''
schema_ok fetched
for where in ann/INBOX ann/Archive bob/INBOX; do
	is "a mailbox comes in one go: $where" "$(jq -r --arg where "$where" 'select("\(.account)/\(.mailbox // .source.mailbox)"==$where)|.type' fetched |
		uniq | tr '\n' ' ')" 'email poll '
done
mail-fetch -q --all --connect-timeout 1 >fetched 2>err
is 'the worst outcome of all' "$? $(polls fetched)" '75 ann Archive ok,ann INBOX ok,bob INBOX ok,hang INBOX failed,'
is 'nothing comes twice' "$(emails .account <fetched)" ''
put <fetched >put.out 2>&1
is 'whether they failed or not, none is due' "$(mail-fetch -q --due)" ''

# ---- one after another ----
rm -r store
mail-fetch -q --all -j 1 --connect-timeout 3 >fetched 2>err &
pid=$!
wait_for 5 test -e store/fetch-hang.lock
sleep 0.5
is '-j 1: no other process, and the others wait' "$(pgrep -c -P "$pid") $(cat fetched)" '0 '
wait "$pid"
is '-j 1: in the order of the configuration' "$(jq -r 'select(.type=="poll")|"\(.account) \(.mailbox)"' fetched | tr '\n' ,)" \
	'hang INBOX,ann INBOX,ann Archive,bob INBOX,'
is '-j 1: all of it' "$(emails .account <fetched)" ' 80 ann 40 bob '
cp sound conf
for j in 0 101 many; do exits 64 mail-fetch --all -j $j; done

# ---- limits ----
for j in 1 2; do
	rm -rf store
	mail-fetch -q --all -j $j -n 50 >fetched
	is "-j $j: -n is one count for all" "$? $(jq -r 'select(.type=="email").account' fetched | wc -l)" '0 50'
	put <fetched >put.out 2>&1
	mail-fetch -q --all -j $j | put
	is "-j $j: the next run goes on" "$(stored)" 120
done
rm -r store
sed 's/^imap.user.*/&\nmaxPerPoll = 7/' sound >conf
is 'maxPerPoll is of each mailbox' "$(mail-fetch -q --all | emails '"\(.account)/\(.source.mailbox)"')" ' 7 ann/Archive 7 ann/INBOX 7 bob/INBOX '
cp sound conf
is 'test, too' "$(mail-fetch --all -j 2 test | jq -r 'select(.stage=="select").mailbox' | sort | tr '\n' ,)" 'Archive,INBOX,INBOX,'
is 'and folders' "$(mail-fetch --all -j 2 folders | jq -r .account | sort -u | tr '\n' ,)" 'ann,bob,'

# ---- killed ----
cat hanging sound >conf
rm -rf store
begin --all
wait_for 10 test -s fetched
kill -KILL "$pid"
ended
ok 'where it is killed, no child stays: the accounts are free' wait_for 2 free
cp sound conf
mail-fetch -q --all 2>err | put
is 'and the next run brings the rest, once' "$(stored) $(cat err)" '120 '
is 'nothing comes after that' "$(mail-fetch -q --all | emails .account)" ''

rm -r store
cat hanging sound >conf
begin --all
wait_for 20 holds 120
kill -KILL "$(pgrep -P "$pid")"
ended
is 'a child is killed: 75, and it is said' "$code $(cat err)" '75 mail-fetch: hang: the process that read it was ended by signal 9; run it again'
is 'an error record names its account' "$(jq -c 'select(.type=="error")|[.code,.object.account]' fetched)" '["fetch.process","hang"]'
is 'the others are complete' "$(polls fetched)" 'ann Archive ok,ann INBOX ok,bob INBOX ok,'

# ---- nobody reads ----
rm -r store
start=$(date +%s)
{
	mail-fetch -q --all 2>err
	echo $? >code
} | head -n 1 >one
is 'its reader goes away: quiet, 0' "$(cat code err)" 0
ok 'at once, though one hangs' test $(($(date +%s) - start)) -le 20
ok 'and nobody stays' free
is 'nor half a blob' "$(find store/blobs -name 'new-*' | wc -l)" 0

exits 74 sh -c 'exec mail-fetch -q --all >/dev/full'
is 'a full disk is said once' "$(cat err)" 'mail-fetch: cannot write the output: No space left on device'
is 'to /dev/null it writes well' "$(mail-fetch -q --all --connect-timeout 1 2>&1 >/dev/null | wc -l)" 1

# ---- large records, all at the same time ----
flags=$(/usr/bin/python3 -c 'print(" ".join("word%d%s" % (n, "x" * 70) for n in range(1200)))')
MAIL=30
{
	printf '%s\n' 'S: * OK hi' 'C*: EXAMINE "?INBOX' "S: * $MAIL EXISTS" 'S: * OK [UIDVALIDITY 7] ok' 'S: $tag OK [READ-ONLY] done' 'C: UID SEARCH'
	echo "S: * SEARCH $(seq -s ' ' $MAIL)"
	printf '%s\n' 'S: $tag OK done' 'C: UID FETCH'
	for uid in $(seq $MAIL); do
		echo "S: * $uid FETCH (UID $uid FLAGS ($flags) INTERNALDATE \"04-Nov-2021 12:34:56 +0100\" RFC822.SIZE 3 BODY[] \"m$uid\")"
	done
	printf '%s\n' 'S: $tag OK done' 'C: LOGOUT'
} >large.script
fake_imap_start large.script
: >conf
for account in a b c d e f; do
	cat >>conf <<X
[account $account]
imap.host = 127.0.0.1
imap.port = $FAKE
imap.security = none
allowPlaintext = yes
imap.user = $account
imap.secret = env:PW
X
done
rm -rf store
mail-fetch -q --all -j 6 2>err | {
	sleep 1
	cat
} >fetched
is 'each line is a record' "$(jq -c 'select((.keywords|length)==1200)' fetched | emails .account)" ' 30 a 30 b 30 c 30 d 30 e 30 f '
is 'and nothing is between them' "$(wc -l <fetched) $(jq -r .type fetched | sort | uniq -c | tr -s ' \n' ' ')$(cat err)" '186  180 email 6 poll '
ok 'each is longer than what a pipe takes at once' test "$(wc -c <fetched)" -gt $((180 * 65536))
ok 'accounts come side by side' test "$(jq -r .account fetched | uniq | wc -l)" -gt 6
put <fetched >put.out 2>&1
is 'put takes them' "$(cat put.out) $(stored)" ' 180'

done_testing
