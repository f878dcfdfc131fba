#!/bin/sh
# A day in 24 hourly steps, the clock is set: desk, whose password is changed at noon and known again at 20; far, whose server never answers; slow,
# whose line is slow, and whose outgoing server is away from 14 to 16. Mail comes in each hour, some is to go out in the window of the office, and a
# probe goes round. What is wrong is said once and by name, and what is well is not held up by it.
. "${0%/*}/../lib.sh"
. "$TOP/tests/net/testbed.sh"

need sqlite3
testbed_start
export MAILPIPE_STORE="$T/store" MAILPIPE_CONFIG="$T/conf"
PATH=$BUILD/timed:$PATH
job=$TOP/contrib/mailpipe-job
# The next midnight: nothing that the servers stamp with the real time lies ahead of it.
midnight=$((($(date +%s) / 86400 + 1) * 86400))
echo 'sink@example.test:{PLAIN}third' >>"$TB/users"
setsid "$TOP/tests/net/proxy.py" --port-file "$T/silent" --silent >silent.log 2>&1 </dev/null &
silent_pid=$!
silent_stop() { end_group "$silent_pid"; }
at_exit silent_stop
silent=$(started_port "$T/silent")
proxy_start "$IMAPS" --delay-ms 10
away=$(port_free 1)
echo secret >password
chmod 600 password
cat >conf <<X
[defaults]
imap.host = localhost
imap.port = $IMAPS
tlsCaFile = $CA
syncInterval = 3600
smtp.protocol = lmtp
smtp.host = localhost
smtp.port = $LMTP
smtp.security = none
queue.backoff = 600
health.diskWarning = 1M
health.diskCritical = 1M
[account far]
imap.port = $silent
imap.user = far@example.test
connectTimeout = 1
responseTimeout = 1
imap.secret = cmd:echo x
[account desk]
email = ann@example.test
imap.user = ann@example.test
imap.secret = file:$T/password
window = office
[account slow]
email = bob@example.test
imap.user = bob@example.test
imap.secret = cmd:echo second
imap.port = $PROXY
canary.interval = 3600
[window office]
start = 09:00
end = 17:30
[alert log]
command = cat >>$T/alerts
X
: >alerts
# at HOUR MINUTE COMMAND…
at() (
	MAILPIPE_TEST_NOW=$((midnight + $1 * 3600 + $2 * 60))
	export MAILPIPE_TEST_NOW
	shift 2
	"$@"
)
# arrive USER: one mail, as the server of the account takes it in.
arrive() {
	folder=$(mailbox_folder "$1" INBOX)
	printf 'From: eve@example.org\r\nTo: %s@example.test\r\nSubject: At %s\r\nMessage-ID: <%s.%s@example.org>\r\n\r\nHello\r\n' "$1" "$hour" "$1" "$hour" >"$folder/tmp/hour"
	chown "$TB_USER:$TB_GROUP" "$folder/tmp/hour"
	mv "$folder/tmp/hour" "$folder/new/$((midnight + hour)).$hour.test"
}
count() { sqlite3 -readonly store/mail.db "SELECT count(*) FROM v_email WHERE account = '$1' AND mailboxes LIKE '%INBOX%' AND coalesce(subject, '') <> 'mailpipe probe'"; }
# judge HOUR: "far=warning desk=ok slow=ok canary=ok others=ok", the worst of each.
judge() {
	at "$1" 10 mail-stats health -f json >"health.$1"
	code=$?
	jq -rs --argjson code "$code" 'def of(f): map(select(f).status) | if any(. == "critical") then "critical" elif any(. == "warning") then "warning" else "ok" end;
		"far=\(of(.check=="poll" and .account=="far")) desk=\(of(.check=="poll" and .account=="desk")) slow=\(of(.check=="poll" and .account=="slow")) " +
		"canary=\(of(.check=="canary")) others=\(of(.check!="poll" and .check!="canary")) exit=\($code)"' "health.$1"
}
# What health is to say at an hour.
expected() {
	far=ok desk=ok canary=ok others=ok
	if [ "$1" -ge 2 ]; then far=warning; fi
	if [ "$1" -ge 9 ]; then far=critical; fi
	if [ "$1" -ge 12 ] && [ "$1" -lt 20 ]; then desk=critical; fi
	if [ "$1" -ge 15 ] && [ "$1" -lt 17 ]; then canary=critical; fi
	if [ "$1" -eq 16 ]; then others=warning; fi # five attempts to send in a row
	case $far$desk$canary in *critical*) code=2 ;; *warning*) code=1 ;; *) code=0 ;; esac
	echo "far=$far desk=$desk slow=ok canary=$canary others=$others exit=$code"
}
# What was to leave in the office's hours, and did.
left() { find "$TB/mail/sink" -type f -name '[0-9]*' 2>/dev/null | wc -l; }

mailbox_make ann INBOX
mailbox_make bob INBOX
hour=0
while [ "$hour" -lt 24 ]; do
	case $hour in
	12) echo changed >password ;;
	14) sed -i "/^email = bob/a smtp.port = $away" conf ;;
	17) sed -i "/^smtp.port = $away/d" conf ;;
	20) echo secret >password ;;
	esac
	arrive ann
	arrive bob
	at $hour 0 mail-stats canary send -q >>said 2>&1
	at $hour 0 mail-compose -a desk --to sink@example.test --subject "Hour $hour" --text Hello 2>>said | at $hour 0 mail-queue add -q >added 2>>said
	at $hour 1 "$job" queue >queue.said 2>&1
	before=$(date +%s%N)
	at $hour 5 "$job" poll >poll.said 2>&1 &
	polling=$!
	ok "$hour:05 slow has its mail" wait_for 20 sh -c "[ -s store/mail.db ] && [ \$(sqlite3 -readonly store/mail.db \"SELECT count(*) FROM v_poll WHERE account = 'slow' AND status = 'ok'\") -eq $((hour + 1)) ]"
	# The first time nobody knows yet that far does not answer.
	if [ "$hour" -gt 0 ]; then ok "$hour:05 while far is still waited for" kill -0 "$polling"; fi
	wait "$polling"
	took=$((($(date +%s%N) - before) / 1000000))
	if [ "$took" -gt "${longest:-0}" ]; then longest=$took; fi
	at $hour 9 "$job" health >>said 2>&1
	at $hour 9 "$job" dashboard >>said 2>&1
	is "$hour:10 health" "$(judge $hour)" "$(expected $hour)"
	# desk comes to what it missed once it knows the password.
	desk=$((hour + 1))
	if [ "$hour" -ge 12 ] && [ "$hour" -lt 20 ]; then desk=12; fi
	is "$hour:10 mail in the store" "desk $(count desk) slow $(count slow)" "desk $desk slow $((hour + 1))"
	sent=$((hour + 1))
	if [ "$hour" -lt 9 ]; then sent=0; elif [ "$hour" -gt 17 ]; then sent=18; fi
	is "$hour:10 mail that left" "$(left)" "$sent"
	failing=1
	if [ "$desk" -eq 12 ] && [ "$hour" -gt 11 ]; then failing=2; fi
	is "$hour:10 the poll said a line for each that failed" "$(grep -c '^mail-fetch: ' poll.said) of $(wc -l <poll.said)" "$failing of $failing"
	hour=$((hour + 1))
done

is 'the other jobs said nothing all day' "$(cat said)" ''
is 'what was told, in this order' "$(jq -r '"\(.at[11:13]) \(.event) \(.status) \(.check) \(.account)"' alerts)" '02 raised warning poll far
09 worse critical poll far
12 raised critical poll desk
15 raised critical canary slow
16 raised warning send slow
17 ended ok canary slow
17 ended ok send slow
20 ended ok poll desk'
is 'desk: what it is about, and what to do' "$(jq -r 'select(.account=="desk" and .event=="raised")|.message, .hint' alerts)" \
	'INBOX: 1 poll in a row failed: localhost refuses the login of ann@example.test by SCRAM-SHA-256
mail-account secret set desk imap.secret, then mail-fetch -a desk test'
is 'far: 24 polls, all failed' "$(sqlite3 -readonly store/mail.db "SELECT status, count(*) FROM v_poll WHERE account = 'far' GROUP BY status")" 'failed|24'
is 'slow: 24 polls, all ended well' "$(sqlite3 -readonly store/mail.db "SELECT status, count(*) FROM v_poll WHERE account = 'slow' GROUP BY status")" 'ok|24'
is 'every probe came round, also those of the afternoon' "$(at 23 10 mail-stats canary list -f json | jq -s -c '[length, (map(select(.arrivedAt)) | length)]')" '[24,24]'
is 'what waits for the morning' "$(at 23 10 mail-queue list | jq -r '.status' | sort | uniq -c | tr -s ' ')" ' 6 queued'
like 'the dashboard is of 23:09' "$(tr -d '\n' <store/html/dashboard.html)" '23:09'
like 'and names far' "$(cat store/html/dashboard.html)" 'far'
diag "the longest poll took $longest ms"
done_testing
