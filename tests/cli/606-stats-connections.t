#!/bin/sh
# mail-stats connections: who holds an account or a lease at this moment, and how many are counted by service.
. "${0%/*}/../lib.sh"
need flock

export MAILPIPE_STORE="$T/store"
mail-store init -q
is 'nobody' "$(mail-stats connections; mail-stats service | jq -c '[.activeConnections, .activeSessions, .startedAt, .uptimeSeconds]')" '[0,0,null,0]'

flock -F "store/fetch-caf%c3%a9 shop.lock" sleep 60 >/dev/null 2>&1 &
fetcher=$!
printf 'mailpipe-lease 1 boot 1763634180\ndata 1 a@b.example\n' >store/queue/l0123456789abcdef
flock -F -s store/queue/l0123456789abcdef sleep 60 >/dev/null 2>&1 &
sender=$!
at_exit "kill $fetcher $sender 2>/dev/null"
: >store/queue/lfedcba9876543210 # of one that died
: >store/fetch-idle.lock
held() { [ "$(mail-stats connections | wc -l)" -eq 2 ]; }
wait_for 10 held
mail-stats connections >held.jsonl
schema_ok held.jsonl
is 'the one that fetches, by the name of its account' "$(jq -c 'select(.kind == "fetch") | [.account, .lease, .pid, .program]' held.jsonl)" "[\"café shop\",null,$fetcher,\"sleep\"]"
is 'the one that sends, since the lease began' "$(jq -c 'select(.kind == "send") | [.account, .lease, .pid, .since]' held.jsonl)" "[null,\"l0123456789abcdef\",$sender,\"2025-11-20T10:23:00Z\"]"
is '-a' "$(mail-stats connections -a 'café shop' | jq -r .kind)" fetch
is 'counted' "$(mail-stats service | jq -c '[.activeConnections, .activeSessions]')" '[2,2]'
ok 'looking takes no lock' flock -n "store/fetch-idle.lock" true
like 'for people' "$(mail-stats connections -f table)" 'café shop'
kill $fetcher $sender
gone() { [ -z "$(mail-stats connections)" ]; }
ok 'gone when they are' wait_for 10 gone
done_testing
