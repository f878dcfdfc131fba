#!/bin/sh
. "${0%/*}/../lib.sh"

conf=$T/etc/mailpipe.conf
exits 0 mail-account -C "$conf" add support email=support@example.com imap.host=imap.example.com \
    'imap.secret=cmd:pass show mail/support' syncInterval=60
is 'a new file is 0600' "$(stat -c %a "$conf")" 600
is 'and its folder 0700' "$(stat -c %a "$T/etc")" 700
exits 0 mail-account -C "$conf" add sales email=sales@example.com imap.host=mx.example.com imap.security=starttls imap.secret=env:PW

is 'list names them' "$(mail-account -C "$conf" list | tr '\n' ' ')" 'support sales '
mail-account -C "$conf" show >show.jsonl
schema_ok show.jsonl
is 'show: one record each' "$(jq -r .name show.jsonl | tr '\n' ' ')" 'support sales '
is 'show: ports follow the security' "$(jq -r .imap.port show.jsonl | tr '\n' ' ')" '993 143 '
is 'show: the user is the address where none is set' "$(jq -r '.imap.user' show.jsonl | head -1)" support@example.com
unlike 'show: no command of a secret' "$(cat show.jsonl)" 'pass show'
is 'show: numbers are numbers' "$(mail-account -C "$conf" show support | jq .syncInterval)" 60

printf '# kept\n[account a]  # and this\nemail = a@example.com ; too\n' >hand.conf
exits 0 mail-account -C hand.conf set a email=b@example.com department=desk
is 'set keeps comments and order' "$(cat hand.conf)" "$(printf '# kept\n[account a]  # and this\nemail = b@example.com ; too\ndepartment = desk')"
exits 0 mail-account -C hand.conf set a department=
unlike 'KEY= takes a setting away' "$(cat hand.conf)" department
before=$(cat hand.conf)
exits 0 mail-account -C hand.conf --dry-run set a email=c@example.com
like '--dry-run prints the text' "$(cat out)" 'c@example.com'
is '--dry-run changes nothing' "$(cat hand.conf)" "$before"

exits 64 mail-account -C "$conf" set support imap.hots=x
like 'a typo gets the nearest key' "$(cat err)" 'imap.host'
exits 64 mail-account -C "$conf" set support port=993
like 'a key without its protocol too' "$(cat err)" 'imap.port'
exits 64 mail-account -C "$conf" set support imap.port=70000
like 'a port out of range says the range' "$(cat err)" '65535'
exits 64 mail-account -C "$conf" set support imap.security=ssl
exits 64 mail-account -C "$conf" set support email=nobody
exits 64 mail-account -C "$conf" set support imap.secret=hunter2
unlike 'a plain secret is refused and not repeated' "$(cat err)" hunter2
exits 64 mail-account -C "$conf" add support email=x@example.com
exits 64 mail-account -C "$conf" add 'a b' email=x@example.com
exits 64 mail-account -C "$conf" add
exits 64 mail-account -C "$conf" frobnicate
exits 64 mail-account
exits 66 mail-account -C "$conf" set nobody email=x@example.com
exits 66 mail-account -C "$conf" show nobody
like 'an unknown account is named' "$(cat err)" nobody
exits 78 mail-account -C "$T/absent.conf" list
printf '[account x\n' >broken.conf
exits 78 mail-account -C broken.conf list
like 'a broken file is named with its line' "$(cat err)" 'broken.conf, line 1'
is 'no configuration at all is an empty one' "$(mail-account list)" ''
exits 0 mail-account keys
like 'keys lists them' "$(cat out)" 'imap.host'
ln -s "$conf" link.conf
exits 0 mail-account -C link.conf set support department=desk
ok 'a link stays one' test -L link.conf
like 'what it leads to has changed' "$(cat "$conf")" 'department = desk'

# -- show smtp: what mail-send would use
cat >smtp.conf <<'END'
[defaults]
window = office
[account a]
email = a@example.com
displayName = A
smtp.host = one.example.com, two.example.com:2525
smtp.port = 587
smtp.secret = cmd:pass show mail/a
[account none]
email = b@example.com
[account relay]
smtp.host = localhost
smtp.security = none
[profile BULK]
email = bulk@example.com
smtp.host = bulk.example.com
smtp.port = 465
smtp.user = bulk
status = inactive
[window office]
start = 09:00
[limit a]
accounts = a
hour = 100
domains = gmail.com
[limit bulk]
profiles = BULK
day = 2000
[limit other]
accounts = relay
minute = 5
END
mail-account -C smtp.conf show smtp >smtp.jsonl
schema_ok smtp.jsonl
is 'show smtp: whoever can send' "$(jq -r .name smtp.jsonl | tr '\n' ' ')" 'a relay '
json_is 'show smtp: server and login' "$(jq -c 'select(.name == "a").smtp' smtp.jsonl)" '{"host":"one.example.com","port":587,"security":"starttls","user":"a@example.com","secret":"cmd:…","otherHosts":["two.example.com:2525"]}'
json_is 'show smtp: sender, window' "$(jq -c 'select(.name == "a") | [.email, .displayName, .window, .status]' smtp.jsonl)" '["a@example.com","A","office","active"]'
json_is 'show smtp: limits' "$(jq -c .limits smtp.jsonl | tr '\n' ' ')" '[{"name":"a","hour":100,"domains":["gmail.com"]}] [{"name":"other","minute":5}] '
json_is 'show smtp: no login, port 25' "$(jq -c 'select(.name == "relay").smtp' smtp.jsonl)" '{"host":"localhost","port":25,"security":"none"}'
mail-account -C smtp.conf show smtp --profile BULK a >bulk.jsonl
schema_ok bulk.jsonl
json_is 'show smtp: a profile counts before its account' "$(jq -c '[.name, .profile, .email, .displayName, .status, .smtp.host, .smtp.port, .smtp.security, .smtp.user, .smtp.secret, [.limits[].name]]' bulk.jsonl)" \
    '["a","BULK","bulk@example.com","A","inactive","bulk.example.com",465,"tls","bulk","cmd:…",["a","bulk"]]'
mail-account -C smtp.conf show a >a.jsonl
is 'show: the same server' "$(jq -c .smtp a.jsonl)" "$(jq -c 'select(.name == "a").smtp' smtp.jsonl)"
exits 66 mail-account -C smtp.conf show smtp --profile NONE
like 'a profile that is not there' "$(cat err)" 'there is no profile NONE'
exits 66 mail-account -C smtp.conf show smtp nobody
exits 78 mail-account -C smtp.conf show smtp none
like 'nothing to send with' "$(cat err)" 'no smtp.host'
exits 64 mail-account -C smtp.conf show --profile BULK a
printf '[account smtp]\nemail = s@example.com\n' >>smtp.conf
is 'an account of that name' "$(mail-account -C smtp.conf show smtp | jq -r .email)" s@example.com

printf '[account here]\nemail = a@example.com\n' >mailpipe.conf
is 'without HOME nothing is read from where we are' "$(env -u HOME mail-account list)" ''
printf '[account a]\nemail = a@example.com\n\n# of b\n[account b]\nemail = b@example.com\n' >two.conf
exits 0 mail-account -C two.conf remove a
is 'the comment before the next account stays with it' "$(cat two.conf)" "$(printf '# of b\n[account b]\nemail = b@example.com')"
exits 0 mail-account -C "$conf" remove sales
is 'removed' "$(mail-account -C "$conf" list)" support
if [ -c /dev/full ]; then
    mail-account -C "$conf" show >/dev/full 2>err
    is 'a full stdout is seen' "$?" 74
fi

# Several at once: no change is lost.
printf '[account a]\nemail = a@example.com\n' >many.conf
for i in 1 2 3 4 5; do
	for k in displayName department replyTo localMail signature; do mail-account -q -C many.conf set a "$k=a$i@example.com" & done
	mail-account -q -C many.conf add "b$i" "email=b$i@example.com" &
	mail-queue -q window -C many.conf set "w$i" start=09:00 >/dev/null &
done
wait
is 'changes at the same time are all made' "$(grep -c '^\(displayName\|department\|replyTo\|localMail\|signature\) = a[1-5]@' many.conf) $(grep -c '^\[account b' many.conf) $(grep -c '^\[window w' many.conf)" '5 5 5'
ok 'what is there is in order' mail-account -C many.conf check
flock . sleep 30 &
holder=$!
wait_for 5 sh -c '! flock -n . true'
start=$(date +%s)
exits 75 mail-account -C many.conf set a department=x
like 'one that waits too long says for what' "$(cat err)" 'another program is changing the configuration'
ok 'it waited' test $(($(date +%s) - start)) -ge 9
exits 0 mail-account -C many.conf get a department
kill "$holder"
done_testing
