# shellcheck shell=bash
# shellcheck disable=SC2154
# A queue of $messages submissions, the real mail-send, and a server that counts. Source it after lib.sh and testbed.sh.
#
#     server_start [RULE…]   again on the same port, with what it counted
#     submissions COUNT      records with messages of their own
#     ./fresh                a new store with all of submissions.jsonl; what the server accepts from here on counts
#     ./settled              sends what is left, then compares what is said with what the server accepted: "3 uncertain", or a failure
export MAILPIPE_STORE="$T/store" MAILPIPE_CONFIG="$T/mailpipe.conf"

server_start() { fake_smtp_start ${FAKE_SMTP:+--port "$FAKE_SMTP"} --log '' --accepted "$T/accepted" "$@"; }
server_start
cat >mailpipe.conf <<-CONF
	[defaults]
	queue.grace = 0
	queue.backoff = 1
	queue.backoffMax = 1
	queue.saveSent = no
	[account ann]
	email = ann@example.test
	smtp.host = localhost
	smtp.port = $FAKE_SMTP
	smtp.security = none
	allowPlaintext = yes
CONF

# submissions COUNT: records with messages of their own
submissions() {
	local i
	mkdir -p messages
	for ((i = 1; i <= $1; i++)); do
		[ -e "messages/$i" ] || printf 'From: ann@example.test\r\nMessage-ID: <m%s@test>\r\nSubject: %s\r\n\r\nHello.\r\n' "$i" "$i" >"messages/$i"
	done
	seq "$1" | jq -c --arg t "$T" '{type: "submission", v: 1, account: "ann", path: "\($t)/messages/\(.)", messageId: ["m\(.)@test"], idempotencyKey: "m\(.)@test",
		envelope: {mailFrom: "ann@example.test", rcptTo: ["bob@example.test"]}}'
}
submissions "$messages" >submissions.jsonl
cat >fresh <<-X
	#!/bin/sh
	rm -rf store
	: >accepted
	mail-queue add -q <submissions.jsonl >/dev/null
X
cat >settled <<-X
	#!/bin/sh
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		mail-queue run -q 2>>run.err
		mail-queue status | jq -e '.queued + .sending + .deferred == 0' >/dev/null && break
		sleep 0.3
	done
	sqlite3 -json store/mail.db 'SELECT key, recipient_status AS status FROM v_queue' >said
	exec /usr/bin/python3 "$T/judge.py"
X
cat >judge.py <<'PY'
import collections
import json
import os
import sys
counts = collections.Counter(line.split()[0] for line in open("accepted"))
said = json.load(open("said"))
wrong = []
if len(said) != sum(1 for _ in open("submissions.jsonl")):
    wrong.append(f"{len(said)} are known")
for row in said:
    count = counts[row["key"]]
    if count > 1 or row["status"] not in ("sent", "uncertain") or (row["status"] == "sent" and count != 1):
        wrong.append(f"{row['key']}: {row['status']}, accepted {count} times")
if os.listdir("store/queue"):
    wrong.append(f"leases are left: {os.listdir('store/queue')}")
uncertain = sum(row["status"] == "uncertain" for row in said)
print(f"{uncertain} uncertain")
open("uncertain", "w").write(f"{uncertain}\n")
if wrong:
    sys.exit("\n".join(wrong[:5]))
PY
chmod +x fresh settled
