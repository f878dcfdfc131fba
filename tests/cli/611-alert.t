#!/bin/sh
# mail-stats alert: each finding is told once, and its end; whom it cannot tell, it tells the next time.
. "${0%/*}/../lib.sh"
need jq curl sqlite3
[ -x "$BUILD/timed/mail-stats" ] || skip_all 'needs make timed'
PATH=$BUILD/timed:$PATH
T0=1772323200
export MAILPIPE_STORE="$T/store" MAILPIPE_CONFIG="$T/mail.conf" MAILPIPE_TEST_NOW=$T0
cat >mail.conf <<CONF
[defaults]
health.diskWarning = 1K
health.diskCritical = 1K
[account support]
email = support@example.com
imap.host = imap.example.com
[alert ops]
command = cat >>$T/told
[alert night]
command = cat >>$T/woken
least = critical
CONF
at() { MAILPIPE_TEST_NOW=$((T0 + $1)); }
polled() {
	at "$1"
	jq -nc --arg t "$(date -u -d "@$((T0 + $1))" +%Y-%m-%dT%H:%M:%SZ)" --arg s "${2:-ok}" '{type: "poll", v: 1, account: "support", host: "h", protocol: "imap", mailbox: "INBOX",
		startedAt: $t, endedAt: $t, found: 0, fetched: 0, failed: 0, octets: 0, status: $s} + if $s == "ok" then {} else {code: "net.timeout", error: "no answer"} end' | mail-store put -q
}
failing() { for n in $(seq "$1" "$2"); do polled $((n * 60)) failed; done; }
events() { jq -r '.event + " " + .status + " " + .check' "$1" 2>/dev/null | xargs; }
: >told
: >woken

# -- once
exits 66 mail-stats alert
like 'no store: nowhere to keep what was said' "$(cat err)" '--state FILE'
mail-store init
polled 0
exits 0 mail-stats alert
is 'all is well: nothing' "$(cat out told woken)" ''
failing 1 3
exits 0 mail-stats alert
schema_ok out
is 'three failures: raised' "$(events told)" 'raised warning poll'
is 'what it prints is what it said' "$(cat out)" "$(cat told)"
is 'what, since when, what to do' "$(jq -c '[.account, .message, .sinceAt, .endedAt, .channel, .hint]' told)" \
	'["support","INBOX: 3 polls in a row failed: no answer","2026-03-01T00:01:00Z",null,"ops","mail-fetch -a support test shows where it ends"]'
is 'a warning wakes nobody' "$(cat woken)" ''
for n in 1 2 3; do
	at $((200 + n * 60))
	mail-stats alert
done >out
is 'once' "$(cat out; wc -l <told)" 1
failing 7 16
mail-stats alert >out
is 'worse: again; now somebody is woken' "$(events told), $(events woken)" 'raised warning poll worse critical poll, raised critical poll'
mail-stats alert >out
is 'once' "$(cat out; events woken)" 'raised critical poll'
polled 1020
failing 18 20
mail-stats alert >out
is 'better, and not over: no news for those who knew; over for those of the worst' "$(events out)" 'ended warning poll'
is 'that is' "$(jq -r .channel out)" night
polled 1260
mail-stats alert >out
is 'over' "$(events told)" 'raised warning poll worse critical poll ended ok poll'
is 'from when to when' "$(jq -r '.sinceAt + " " + .endedAt' out)" '2026-03-01T00:01:00Z 2026-03-01T00:21:00Z'
is 'and forgotten' "$(cat store/alerts)" ''
mail-stats alert >out
is 'once' "$(cat out)" ''
failing 22 24
mail-stats alert >out
is 'another time is another finding' "$(events out)" 'raised warning poll'
is 'the file is ours alone' "$(stat -c %a store/alerts)" 600

# -- what cannot be looked at does not end
cp mail.conf good.conf
printf '[account support]\nhealth.diskWarning\n' >>mail.conf
exits 78 mail-stats alert
mv good.conf mail.conf
mv store away
exits 66 mail-stats alert
exits 0 mail-stats alert --state away/alerts
is 'a store that is gone is told; what was found in it has not ended' "$(events out)" 'raised critical store raised critical store'
mv away store
exits 0 mail-stats alert
is 'it is back' "$(events out)" 'ended ok store ended ok store'

# -- a broken channel
rm -f told
sed -i "s/^command = cat >>.*told/command = echo not today >\&2; exit 3/" mail.conf
polled 1500
exits 75 mail-stats alert
like 'is reported' "$(cat err)" 'the command of alert ops exited with 3 .*not today'
exits 75 mail-stats alert
sed -i "s|^command = echo.*|command = cat >>$T/told|" mail.conf
exits 0 mail-stats alert
is 'and told when it can be' "$(events told)" 'ended ok poll'
sed -i "s|^command = cat >>$T/told|command = sleep 60|" mail.conf
failing 26 28
sed -i "s|^command = sleep 60|command = cat >>$T/told; kill -9 \\\$PPID|" mail.conf
mail-stats alert >/dev/null 2>&1
sed -i "s|^command = .*PPID|command = cat >>$T/told|" mail.conf
mail-stats alert --dry-run >out
is '--dry-run: what would be told' "$(events out)" 'raised warning poll'
is 'a telling that killed us is not known: told again, better than never' "$(mail-stats alert | jq -r .event; wc -l <told)" 'raised
3'

# -- two at a time
polled 1740
mail-stats alert >/dev/null
sed -i "s|^command = cat >>$T/told|command = touch $T/started; sleep 1; cat >>$T/told|" mail.conf
failing 30 32
: >told
mail-stats alert >first &
wait_for 10 test -e started
exits 0 mail-stats alert
is 'the other one does it' "$(cat out)" ''
wait $!
is 'once' "$(wc -l <told)" 1
sed -i "s|^command = touch .*; cat|command = cat|" mail.conf

# -- a full disk: what was said is still known
if [ "$(id -u)" -eq 0 ] && mkdir small && mount -t tmpfs -o size=64k tmpfs small 2>/dev/null; then
	at_exit 'umount "$T/small"'
	mail-stats alert --state small/state >/dev/null
	head -c 1M /dev/zero >small/fill 2>/dev/null
	failing 33 42
	exits 0 mail-stats alert --state small/state
	is 'told' "$(events out)" 'worse critical poll raised critical poll'
	exits 0 mail-stats alert --state small/state
	is 'once' "$(cat out)" ''
else
	skip 4 'cannot mount'
fi

# -- a webhook
cat >server.py <<'PY'
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open("posted", "ab") as f:
            f.write(self.headers["Content-Type"].encode() + b" " + self.path.encode() + b" " + body + b"\n")
        self.send_response(500 if "broken" in self.path else 302 if "moved" in self.path else 204)
        self.end_headers()
    def do_GET(self):
        open("asked", "a").write(self.path + "\n")
        self.send_response(204)
        self.end_headers()
    def log_message(self, *a):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, file=open("port.new", "w"), flush=True)
__import__("os").rename("port.new", "port")
server.serve_forever()
PY
/usr/bin/python3 server.py &
at_exit "kill $!"
wait_for 10 test -s port
port=$(cat port)
polled 3000
mail-stats alert >/dev/null
failing 51 53
sed -i '/^\[alert/,$d' mail.conf
printf '[alert hook]\nwebhook = http://127.0.0.1:%s/hook?token=geheim"x\n' "$port" >>mail.conf
exits 0 mail-stats alert
is 'posted as JSON' "$(cut -d' ' -f1,2 posted)" 'application/json /hook?token=geheim"x'
is 'the record' "$(cut -d' ' -f3- posted)" "$(cat out)"
exits 0 mail-stats alert
is 'once' "$(wc -l <posted)" 1
polled 3240
rm posted
exits 0 mail-stats alert --webhook "http://127.0.0.1:$port/broken"
is 'the end of what it was never told is no news' "$(events out)" 'ended ok poll'
failing 55 57
exits 75 mail-stats alert --webhook "http://127.0.0.1:$port/broken"
like 'a webhook that says no is a broken channel' "$(cat err)" 'curl for alert --webhook [0-9a-f]{8} exited with 22'
is 'the other one has heard' "$(jq -r '.event + " " + .channel' out)" 'raised hook'
unlike 'where it is, is not told' "$(cat err; jq -r .channel out)" broken
exits 75 mail-stats alert --state moved --webhook "http://127.0.0.1:$port/moved"
like 'nor does it follow' "$(cat err)" 'curl for alert --webhook [0-9a-f]{8}: the server says 302'
printf 'http://127.0.0.1:%s/of-file\n' "$port" >hook
chmod 600 hook
rm posted
exits 0 mail-stats alert --webhook "file:$T/hook"
is 'by reference' "$(cut -d' ' -f2 posted)" '/of-file'
strace=$(command -v strace) && $strace -f -qq -s 4096 -e trace=execve -o trace mail-stats alert --state none --webhook "file:$T/hook" >/dev/null
[ -z "$strace" ] || unlike 'nor is it seen in the list of processes' "$(cat trace)" 'of-file|geheim'
[ -n "$strace" ] || skip 1 'needs strace'
mail-stats health --alive "http://127.0.0.1:$port/alive" >/dev/null
polled 3480
mail-stats health --alive "http://127.0.0.1:$port/alive" >/dev/null
is 'the sign of life is asked for while there is life' "$(cat asked)" /alive

# -- a sign of life at each run
printf '[alert watchman]\nalive = %s\n[alert watchdog]\nalive = http://127.0.0.1:%s/alert\n' "$T/sign" "$port" >>mail.conf
mail-stats alert --exec true >/dev/null
ok 'a file' test -e sign
is 'a URL' "$(tail -1 asked)" /alert
touch -d 2020-01-01 sign
failing 71 73
mail-stats alert --exec true >/dev/null
not_ok 'none while mail does not come' test sign -nt mail.conf

# -- by mail
sed -i '/^\[alert/,$d' mail.conf
printf '[alert post]\nmail = boss@example.org\naccount = support\n' >>mail.conf
rm -f store/alerts
failing 79 81
exits 0 mail-stats alert
mail-queue list | jq -c '[.account, .envelope.rcptTo, .envelope.mailFrom, .subject]' >queued
is 'queued' "$(cat queued)" "[\"support\",[\"boss@example.org\"],\"support@example.com\",\"mailpipe warning: poll of support on $(uname -n)\"]"
exits 0 mail-stats alert
is 'once' "$(mail-queue list | wc -l)" 1
rm store/alerts
exits 0 mail-stats alert
is 'the queue knows it, too' "$(mail-queue list | wc -l)" 1
path=$(mail-queue list | jq -r .path)
like 'what is in it' "$(cat "$path")" '^warning: INBOX: 6 polls in a row failed: no answer'
like 'what to do' "$(cat "$path")" '^What to do: mail-fetch -a support test'
like 'no machine answers it' "$(cat "$path")" '^Auto-Submitted: auto-generated'
polled 4920
mail-stats alert >/dev/null
is 'its end is another mail' "$(mail-queue list | jq -r .subject | tail -1)" "mailpipe over: poll of support on $(uname -n)"

# -- misuse
sed -i '/^\[alert/,$d' mail.conf
exits 78 mail-stats alert
like 'nobody to tell' "$(cat err)" 'nobody is to be told; write \[alert NAME\]'
printf '[alert watchman]\nalive = sign\n' >>mail.conf
exits 78 mail-stats alert
printf '[alert x]\ncommand = true\nmail = a@b.example\n' >>mail.conf
exits 78 mail-stats alert
like 'which section' "$(cat err)" 'mail.conf.*an alert has one of command, webhook, mail and alive'
printf '[alert x]\ncommand = true\nleast = some\n' >mail.conf
exits 78 mail-stats alert
like 'which key' "$(cat err)" 'mail.conf, line 3.*least is warning or critical'
exits 64 mail-stats alert -a support
exits 64 mail-stats alert now

# -- a store that cannot be opened is told like all else, and once
printf '[alert x]\ncommand = cat >>unopened\n' >mail.conf
mail-store -s other init
version=$(sqlite3 other/mail.db 'PRAGMA user_version')
sqlite3 other/mail.db 'PRAGMA user_version = 99'
mail-stats alert -s other >/dev/null 2>&1
mail-stats alert -s other >/dev/null 2>&1
is 'a store of another version' "$(events unopened)" 'raised critical store'
sqlite3 other/mail.db "PRAGMA user_version = $version"
mail-stats alert -s other >/dev/null 2>&1
is 'and that it is well again' "$(events unopened)" 'raised critical store ended ok store'
done_testing
