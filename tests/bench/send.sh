#!/bin/bash
# send.sh WORK MESSAGES RUNS: the section "send" of tests/bench/run.
# Small messages from records, on one connection: into smtp-sink, with smtp-source (one session) and msmtp (a process a message) in turn;
# and with 20 ms of added round trip into a private Postfix, which throws them away. mail-send logs in over STARTTLS there; smtp-source
# cannot, and is let in without. Then a queue: mail-queue add and run into smtp-sink, and the same through the queue of a private
# Postfix. Writes WORK/send.tsv: where, who, messages, seconds.
. "${0%/*}/../lib.sh"
. "$TOP/tests/net/testbed.sh"

work=$1 messages=$2 runs=$3
far=1000 few=60
: >"$work/send.tsv"

seconds() { # COMMAND: prints how long it took
	/usr/bin/python3 -c 'import subprocess, sys, time
t = time.perf_counter()
r = subprocess.run(["timeout", "100"] + sys.argv[1:], stdout=open("out", "wb"), stderr=open("err", "wb"))
print("%.4f" % (time.perf_counter() - t))
sys.exit(r.returncode)' "$@"
}

note() { # WHERE WHO MESSAGES COMMAND
	local where="$1" who="$2" count="$3" took
	shift 3
	if took=$(seconds "$@"); then
		printf '%s\t%s\t%s\t%s\n' "$where" "$who" "$count" "$took" >>"$work/send.tsv"
	else
		echo "bench: $who failed: $(tail -n 3 err)" >&2
	fi
}

mailpipe() { # WHERE MESSAGES URL ARGUMENTS
	local where="$1" count="$2" url="$3"
	shift 3
	head -n "$count" submissions >part
	note "$where" mail-send "$count" sh -c 'exec mail-send "$@" <part' sh --url "$url" "$@"
	got=$(grep -c '"status":"sent"' out)
	[ "$got" -eq "$count" ] || echo "bench: mail-send sent $got of $count" >&2
}

make_messages() {
	/usr/bin/python3 - "$T" "$messages" <<-'PY'
		import json, sys
		folder, count = sys.argv[1], int(sys.argv[2])
		body = ("x" * 70 + "\n") * 27
		with open(folder + "/submissions", "w") as out:
		    for i in range(count):
		        path = f"{folder}/m{i}.eml"
		        with open(path, "w") as f:
		            f.write(f"From: ann@example.test\nTo: bob@example.test\nMessage-ID: <m{i}@bench>\nSubject: {i}\n\n{body}")
		        out.write(json.dumps({"type": "submission", "v": 1, "id": i + 1, "account": "a", "path": path, "messageId": [f"m{i}@bench"],
		                              "envelope": {"mailFrom": "ann@example.test", "rcptTo": ["bob@example.test"]}}) + "\n")
	PY
}

# One process for each message, as a script would.
run_msmtp() {
	printf '%s\n' "host 127.0.0.1" "port $SINK" "from ann@example.test" "auth off" "tls off" >msmtprc
	chmod 600 msmtprc
	note sink msmtp "$few" sh -c "i=0; while [ \$i -lt $few ]; do msmtp -C msmtprc bob@example.test <m\$i.eml || exit 1; i=\$((i + 1)); done"
}

# From the first line to the last delivery, durable in between. The store stays from run to run, as it does in life: one run before those
# that count makes it, and its folders. Each run has messages of its own.
run_queue() { # WHO STORE CONFIG RUN
	local from=$(($4 * far % (messages - far + 1)))
	tail -n "+$((from + 1))" submissions | head -n "$far" | jq -c ".messageId = [\"run$4.\" + .messageId[0]]" >part
	if [ ! -e "$2" ]; then
		tail -n "$far" submissions | mail-queue add -q -s "$2" >/dev/null
		mail-queue run -q -s "$2" -C "$3"
	fi
	before=$(mail-queue list -s "$2" --all --status sent 2>/dev/null | wc -l)
	note queue "$1" "$far" env MAILPIPE_CONFIG="$3" MAILPIPE_STORE="$2" sh -c 'mail-queue add <part >/dev/null && mail-queue run'
	got=$(($(mail-queue list -s "$2" --all --status sent | wc -l) - before))
	[ "$got" -eq "$far" ] || echo "bench: mail-queue sent $got of $far" >&2
}

# Until its queue is empty again; ten sessions at once, because with one it is slower.
run_postfix() {
	note queue postfix "$far" sh -c "smtp-source -s 10 -m $far -l 2000 -f ann@example.test -t bob@relay.test 127.0.0.1:$SMTP &&
		while [ -n \"\$(find $TB/pf/queue/incoming $TB/pf/queue/active $TB/pf/queue/deferred -type f -print -quit)\" ]; do sleep 0.02; done"
}

# For minutes after many files were deleted ext4 makes new ones slowly in the same group of blocks: what Postfix deletes is to slow down
# Postfix alone. With T each folder gets a group by its name; one that an earlier run deleted is to slow down nobody.
chattr +T "$T" 2>/dev/null
testbed_start
make_messages
printf 'secret\n' >pw && chmod 600 pw
SINK=$(port_free 1)
setsid smtp-sink -u nobody "127.0.0.1:$SINK" 1000 >sink.log 2>&1 &
sink=$!
at_exit end_group "$sink"
printf '%s\n' '[defaults]' 'email = ann@example.test' 'smtp.host = 127.0.0.1' "smtp.port = $SINK" 'smtp.security = none' '[account a]' >copies.conf
sed '1a queue.saveSent = no' copies.conf >queue.conf # Postfix keeps no copies of what it has sent
POSTFIX_EXTRA="virtual_transport=discard:
default_transport=smtp:[127.0.0.1]:$SINK
mynetworks=127.0.0.0/8
smtpd_relay_restrictions=permit_mynetworks,permit_sasl_authenticated,reject
smtpd_recipient_restrictions=permit_mynetworks,permit_sasl_authenticated,reject"
[ "$(id -u)" -ne 0 ] || postfix_start
[ -z "${SMTP:-}" ] || proxy_start "$SMTP" --delay-ms 10
i=0
while [ "$i" -lt "$runs" ]; do
	mailpipe sink "$messages" "smtp://127.0.0.1:$SINK" --allow-plaintext
	note sink smtp-source "$messages" smtp-source -s 1 -m "$messages" -l 2000 -f ann@example.test -t bob@example.test "127.0.0.1:$SINK"
	if command -v msmtp >/dev/null && [ "$i" -eq 0 ]; then run_msmtp; fi
	if [ -n "${SMTP:-}" ]; then
		mailpipe '20 ms' "$far" "smtp://ann%40example.test@localhost:$PROXY" --secret file:pw --ca-file "$CA"
		note '20 ms' smtp-source "$few" smtp-source -s 1 -m "$few" -l 2000 -f ann@example.test -t bob@example.test "127.0.0.1:$PROXY"
		run_queue mailpipe "store.$$" queue.conf "$i"
		run_postfix
		run_queue 'mailpipe with copies' "copies.$$" copies.conf "$i"
	fi
	i=$((i + 1))
done
