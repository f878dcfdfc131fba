#!/bin/sh
# fetch.sh CORPUS WORK MESSAGES RUNS: the section "fetch" of tests/bench/run.
# A private Dovecot with MESSAGES messages; mailpipe, mbsync (with its fsync) and getmail take turns, on loopback and with 20 ms of
# added round trip. Writes WORK/fetch.tsv (where, who, seconds) and WORK/fetch.json (messages of each).
. "${0%/*}/../lib.sh"
. "$TOP/tests/net/testbed.sh"

corpus=$1 work=$2 messages=$3 runs=$4
far=2000 few=200
[ "$messages" -ge "$far" ] || far=$messages
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

run_mailpipe() { # WHERE PORT MAILBOX
	rm -rf store
	note "$1" mailpipe sh -c "mail-fetch -q -s store --ca-file $CA --url imaps://ann%40example.test@localhost:$2/$3 --secret file:pw |
		mail-parse | mail-thread -s store | mail-store put -q -s store"
	got=$(mail-store search -s store --count '' 2>/dev/null)
	echo "# mailpipe stored ${got:-nothing} of $3" >&2
}

run_mbsync() {
	rm -rf sync && mkdir sync
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
	rm -rf gm && mkdir -p gm/box/cur gm/box/new gm/box/tmp
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
fill far "$far"
fill few "$few"
proxy_start "$IMAPS" --delay-ms 10
have() { command -v "$1" >/dev/null; }
i=0
while [ "$i" -lt "$runs" ]; do
	run_mailpipe local "$IMAPS" INBOX
	if have mbsync; then run_mbsync local "$IMAPS" INBOX; fi
	run_mailpipe '20 ms' "$PROXY" far
	if have mbsync; then run_mbsync '20 ms' "$PROXY" far; fi
	if have getmail && [ "$i" -eq 0 ]; then run_getmail '20 ms' "$PROXY" few; fi
	i=$((i + 1))
done
printf '{"local": {"mailpipe": %d, "mbsync": %d}, "20 ms": {"mailpipe": %d, "mbsync": %d, "getmail": %d}}\n' \
	"$messages" "$messages" "$far" "$far" "$few" >"$work/fetch.json"
