# shellcheck shell=sh
# The test bed of the book: what tests/cli/70*.t source after lib.sh. Its servers stand for those that the book names:
# imap.brookmill.example holds the mail of support@brookmill.example, smtp.brookmill.example takes any message.
. "$TOP/tests/net/testbed.sh"

book_start() {
	need jq sqlite3 python3
	testbed_start
	echo 'support@brookmill.example:{PLAIN}correct horse' >>"$TB/users"
	mailbox_add support INBOX "$TOP"/share/sample/00*.eml
	mailbox_add support Archive.2026 "$TOP"/share/sample/01*.eml
	if ! fake_smtp_start --auth --tls "$TB/good.pem" "$TB/good.key" --implicit; then
		fail 'the SMTP server comes up'
		done_testing
	fi
	BOOK_SERVERS="imap.host=imap.brookmill.example imap.host=localhost imap.port=$IMAPS tlsCaFile=$CA
smtp.host=smtp.brookmill.example smtp.host=localhost smtp.port=$FAKE_SMTP smtp.security=tls tlsCaFile=$CA
contrib/ $TOP/contrib/"
	export BOOK_SERVERS
}
