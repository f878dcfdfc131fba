#!/bin/sh
# mail-fetch and its secrets: what other programs that it runs get to see of them. No server is needed.
. "${0%/*}/../lib.sh"
need python3 jq

port=$("$TOP/tests/net/port.py" free 1)
cat >conf <<X
[defaults]
imap.host = 127.0.0.1
imap.port = $port
[account first]
imap.user = ann
imap.secret = cmd:env >"$T/seen"; tr '\\\\0' ' ' </proc/\$PPID/cmdline >"$T/args"; echo from-command
[account second]
imap.user = bob
imap.secret = env:SECOND_PW
X
export SECOND_PW='hunter two'
exits 75 mail-fetch -C conf --all -s store
is 'both accounts were tried' "$(jq -r 'select(.type=="poll").account' out | sort | tr '\n' ' ')" 'first second '
ok 'the command ran' test -s seen
unlike 'it does not see the secret of another account' "$(cat seen args)" 'hunter|SECOND_PW'
unlike 'no record or message has one' "$(cat out err)" 'hunter|from-command'
unset SECOND_PW
exits 77 mail-fetch -C conf -a second -s store
like 'a variable that is missing is named' "$(cat err)" 'second: the variable of the secret env:SECOND_PW is not set'
mail-fetch --url "imap://ann@127.0.0.1:$port/" --secret 'cmd:touch asked; exec sleep 60' -s store >out 2>err &
fetch=$!
ok 'a command is waited for' wait_for 10 test -e asked
kill -TERM "$fetch"
wait "$fetch"
is 'a signal ends that: try again later' "$?" 75
done_testing
