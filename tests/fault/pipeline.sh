# shellcheck shell=sh disable=SC2034
# The receiving pipeline against a private Dovecot, for the tests of this folder. Source it after lib.sh.
#
#     pipeline_setup COUNT    Dovecot up, COUNT messages in three mailboxes, mailpipe.conf for account ann; store: $T/store
#     pipeline [FILTER]       one run; FILTER stands between mail-parse and mail-thread. Its exit code is that of put.
#     listing                 what the store holds, but for ids and times of the run
. "$TOP/tests/net/testbed.sh"

STORE=$T/store
CONF=$T/mailpipe.conf

pipeline_setup() {
	testbed_start
	mailbox_generate ann INBOX $(($1 / 2)) inbox
	mailbox_generate ann Lists $(($1 / 4)) lists
	mailbox_generate ann Archive.2026 $(($1 - $1 / 2 - $1 / 4)) archive
	printf 'secret\n' >"$T/pw"
	chmod 600 "$T/pw"
	cat >"$CONF" <<-INI
		[account ann]
		email = ann@example.test
		imap.host = localhost
		imap.port = $IMAPS
		imap.secret = file:$T/pw
		tlsCaFile = $CA
		mailboxes = INBOX, Lists, Archive.2026
	INI
}

pipeline() {
	mail-fetch -q -C "$CONF" -s "$STORE" --all |
		mail-parse | ${1:-cat} | mail-thread -s "$STORE" | mail-store put -q -s "$STORE"
}

# A merge is told of the message that caused it, which depends on the order of arrival; the threads do not.
listing() {
	mail-store list -s "$STORE" --all | jq -cS 'del(.id, .source, .mergedThreads)' | sort
}
