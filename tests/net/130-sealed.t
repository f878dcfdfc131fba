#!/bin/sh
# Secrets that lie sealed in the configuration, or in a netrc, against a real server.
. "${0%/*}/../lib.sh"
. "$TOP/tests/net/testbed.sh"
unset MAILPIPE_KEY MAIL_KEY DATABASE_ENCRYPTION_KEY
testbed_start
mailbox_generate ann INBOX 3

acc() { mail-account -q -C "$T/mailpipe.conf" "$@"; }
acc add ann email=ann@example.test imap.host=localhost "imap.port=$IMAPS" "tlsCaFile=$CA"
printf 'secret\n' | acc secret set ann imap.secret
unlike 'the password is not in the configuration' "$(cat mailpipe.conf)" '= secret'
exits 0 mail-account -C mailpipe.conf test ann
exits 0 mail-fetch -C mailpipe.conf -s store -a ann
is 'mail is read with a sealed password' "$(jq -r 'select(.type=="email").type' out | wc -l)" 3
unlike 'and nobody prints it' "$(cat out err | grep -o '"sealed:[^"]*"\|secret":"[^"]*')" .
acc secret rotate
exits 0 mail-account -C mailpipe.conf test ann
printf 'wrong\n' | acc secret set ann imap.secret
exits 77 mail-fetch -C mailpipe.conf -s store -a ann
like 'a wrong password is a login that was refused' "$(cat out)" 'imap.login'
MAILPIPE_KEY='another key at all' exits 77 mail-fetch -C mailpipe.conf -s store -a ann
like 'a wrong key is something else' "$(jq -r 'select(.type=="error").message' out)" 'another key than the variable MAILPIPE_KEY'

printf 'machine localhost login ann@example.test password secret\n' >"$HOME/.netrc"
chmod 600 "$HOME/.netrc"
acc set ann imap.secret=netrc:localhost/ann@example.test
exits 0 mail-account -C mailpipe.conf test ann
chmod 644 "$HOME/.netrc"
exits 77 mail-fetch -C mailpipe.conf -s store -a ann
like 'a netrc that others can read is refused' "$(jq -r 'select(.type=="error").message' out)" 'others can read'
done_testing
