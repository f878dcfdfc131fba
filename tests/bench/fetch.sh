#!/bin/sh
# fetch.sh CORPUS WORK MESSAGES RUNS: the section "fetch" of tests/bench/run.
# A private Dovecot with MESSAGES messages; mailpipe, mbsync (with its fsync) and getmail take turns, on loopback and with 20 ms of
# added round trip. Each ends with the messages synced to the disk and a note of how far it came: mailpipe by `mail-fetch | mail-store put`.
# "whole" is the whole pipeline, which also parses, threads and indexes them. Writes WORK/fetch.tsv (where, who, seconds) and
# WORK/fetch.json (messages of each).
. "${0%/*}/../lib.sh"
. "$TOP/tests/net/testbed.sh"

corpus=$1 work=$2 messages=$3 runs=$4
few=200
: >"$work/fetch.tsv"

fill() { # MAILBOX COUNT
	mailbox_make ann "$1"
	find "$corpus/maildir/cur" -type f | sort | head -n "$2" >"$T/files"
	xargs -d '\n' cp -t "$(mailbox_folder ann "$1")/new" <"$T/files"
	chown -R "$TB_USER" "$TB/mail/ann"
}

seconds() { # COMMAND: prints how long it took
	/usr/bin/python3 -c 'import subprocess, sys, time
t = time.perf_counter()
r = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=open("err", "wb"))
print("%.4f" % (time.perf_counter() - t))
sys.exit(r.returncode)' "$@"
}

note() { # WHERE WHO MAILBOX COMMAND
	where=$1 who=$2
	shift 2
	if took=$(seconds "$@"); then
		printf '%s\t%s\t%s\n' "$where" "$who" "$took" >>"$work/fetch.tsv"
	else
		echo "bench: $who failed: $(tail -n 3 err)" >&2
	fi
}

# Out of the way; removed at the end only: for minutes after, ext4 makes new files slowly where many were deleted.
clear() {
	if [ -e "$1" ]; then mv "$1" "$1.old-$i-$(date +%N)"; fi
	sync
}

run_mailpipe() { # WHERE WHO PORT MAILBOX FILTERS
	clear store
	note "$1" "$2" sh -c "mail-fetch -q -s store --ca-file $CA --url imaps://ann%40example.test@localhost:$3/$4 --secret file:pw |
		$5 mail-store put -q -s store"
	echo "# $2, $1: $(mail-store search -s store --count '' 2>/dev/null) messages" >&2
}

run_mbsync() {
	clear sync
	mkdir sync
	cat >mbsyncrc <<-RC
		IMAPAccount a
		Host localhost
		Port $2
		User ann@example.test
		Pass secret
		SSLType IMAPS
		SystemCertificates no
		CertificateFile $CA
		IMAPStore far
		Account a
		MaildirStore near
		Path $T/sync/
		Inbox $T/sync/INBOX
		SubFolders Verbatim
		Channel c
		Far :far:
		Near :near:
		Patterns $3
		Create Near
		Sync Pull New
		SyncState *
		FSync yes
	RC
	# FSync is a global option: it stands before the first section.
	{ echo 'FSync yes'; echo; grep -v '^FSync' mbsyncrc | sed 's/^IMAPStore/\n&/; s/^MaildirStore/\n&/; s/^Channel/\n&/'; } >mbsyncrc2
	note "$1" mbsync mbsync -q -c mbsyncrc2 c
}

run_getmail() {
	clear gm
	mkdir -p gm/box/cur gm/box/new gm/box/tmp
	cat >gm/getmailrc <<-RC
		[retriever]
		type = SimpleIMAPSSLRetriever
		server = localhost
		port = $2
		username = ann@example.test
		password = secret
		mailboxes = ("$3",)
		ca_certs = $CA
		[destination]
		type = Maildir
		path = $T/gm/box/
		user = $TB_USER
		[options]
		read_all = true
		delivered_to = false
		received = false
		verbose = 0
	RC
	chown -R "$TB_USER" gm
	note "$1" getmail getmail --getmaildir "$T/gm" --rcfile getmailrc
}

testbed_start
printf 'secret\n' >pw && chmod 600 pw
fill INBOX "$messages"
fill few "$few"
# The server numbers its mail before anybody is timed: the first one would pay for all.
for mailbox in INBOX few; do doveadm_run index -u ann@example.test "$mailbox" || exit 1; done
proxy_start "$IMAPS" --delay-ms 10
have() { command -v "$1" >/dev/null; }
i=0
while [ "$i" -lt "$runs" ]; do
	for where in local '20 ms'; do
		if [ "$where" = local ]; then port=$IMAPS; else port=$PROXY; fi
		run_mailpipe "$where" mailpipe "$port" INBOX ''
		if have mbsync; then run_mbsync "$where" "$port" INBOX; fi
		run_mailpipe "$where" whole "$port" INBOX 'mail-parse | mail-thread -s store |'
	done
	if have getmail && [ "$i" -eq 0 ]; then run_getmail '20 ms' "$PROXY" few; fi
	i=$((i + 1))
done
printf '{"mailpipe": %d, "whole": %d, "mbsync": %d, "getmail": %d}\n' "$messages" "$messages" "$messages" "$few" >"$work/fetch.json"
