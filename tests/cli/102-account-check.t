#!/bin/sh
. "${0%/*}/../lib.sh"
unset MAILPIPE_KEY MAIL_KEY DATABASE_ENCRYPTION_KEY
mkdir etc && chmod 700 etc
conf=$T/etc/mailpipe.conf
check() { mail-account -C "$conf" check 2>&1; }
write() { cat >"$conf" && chmod 600 "$conf"; }

write <<'END'
# all is well here
[defaults]
syncInterval = 300
window = office
[account a]
email = a@example.com
imap.host = imap.example.com
imap.port = 143
imap.security = starttls
imap.secret = env:PW
smtp.host = smtp.example.com
smtp.port = 587
smtp.secret = env:PW
[profile bulk]
smtp.host = bulk.example.com
[window office]
start = 09:00
end = 17:00
[limit all]
accounts = a
hour = 10
[queue later]
window = none
END
exits 0 mail-account -C "$conf" check
is 'nothing wrong: nothing said' "$(cat out err)" ''
IMAP_TIMEOUT=30s REDIS_URL=redis://x exits 78 mail-account -C "$conf" check
like 'a wrong value of the environment' "$(cat out)" 'variable IMAP_TIMEOUT: responseTimeout is a number'
like 'a variable that nothing reads' "$(cat err)" 'REDIS_URL is not read'
exits 0 mail-account -C "$conf" audit
is 'nothing unsafe either' "$(cat out err)" ''

printf 'x\n' >open && chmod 644 open
write <<END
[defaults]
syncIntervall = 300
[acount a]
email = x
[account b]
email = nobody
imap.host = imap.example.com
imap.port = 993
imap.security = starttls
imap.secret = hunter2
imap.auth = CRAM
hots = x
[account c]
imap.host = imap.example.com
imap.security = none
imap.secret = file:$T/open
smtp.host = smtp.example.com
smtp.port = 465
smtp.security = starttls
smtp.secret = file:$T/absent
tlsCaFile = $T/absent.pem
[account d]
imap.host = imap.example.com
window = nights
dkim.key = sealed:v1:AAAA, file:$T/absent.key
[window office]
strat = 09:00
[limit all]
accounts = a, b
[profile]
[defaults x]
END
exits 78 mail-account -C "$conf" check
at() { grep "^$conf:$1: " out; }
like 'a key of the defaults' "$(at 2)" 'no setting syncIntervall; did you mean syncInterval?'
like 'a section that nobody reads' "$(at 3)" 'nobody reads the section \[acount a\]; did you mean account?'
is 'what is in it is not looked at' "$(at 4)" ''
like 'a value' "$(at 6)" 'email is an address'
like 'a port against its TLS' "$(at 8)" 'port 993 of imap speaks tls, not starttls'
like 'a secret in plain words' "$(at 10)" 'imap.secret holds no reference'
unlike 'which is not repeated' "$(cat out err)" hunter2
like 'a mechanism' "$(at 11)" 'imap.auth is no mechanism: CRAM'
like 'a key of the account' "$(at 12)" 'no setting hots'
like 'neither user nor email' "$(at 13)" 'neither imap.user nor email'
like 'no TLS and no leave' "$(at 15)" 'allowPlaintext'
like 'a file that others can read' "$(at 16)" 'others can read'
like 'a port of smtp' "$(at 18)" 'port 465 of smtp speaks tls'
like 'a file that is not there' "$(at 20)" 'cannot open the secret'
like 'authorities that are not there' "$(at 21)" 'cannot read'
like 'a host without a secret' "$(at 22)" 'imap.host, but no imap.secret'
like 'a window that is not there' "$(at 24)" 'no \[window nights\]'
like 'a broken sealed text' "$(at 25)" 'not sealed:v1: with its whole text'
is 'each reference of a list' "$(at 25 | wc -l)" 2
like 'a key of a window' "$(at 27)" 'did you mean start?'
is 'an account of a limit' "$(at 29 | grep -o 'no .account .*')" 'no [account a]'
like 'a section without its name' "$(at 30)" 'write \[profile NAME\]'
like 'a name too much' "$(at 31)" 'write \[defaults\]'
is 'and nothing else' "$(wc -l <out)" 22
printf '[account x\n' >"$conf"
exits 78 mail-account -C "$conf" check
like 'a broken file is named with its line' "$(cat err)" 'line 1'

# a key that fits, and one that does not
write <<'END'
[account a]
email = a@example.com
imap.host = imap.example.com
END
echo geheim | mail-account -q -C "$conf" secret set a imap.secret
exits 0 mail-account -C "$conf" check
MAIL_KEY=some-other-passphrase exits 78 mail-account -C "$conf" check
like 'a wrong key' "$(cat out)" 'sealed with another key than the variable MAIL_KEY'

# audit
printf '%s\n' "imap.security = none" "allowPlaintext = yes" "smtp.secret = cmd:echo hunter2" "dkim.key = file:$T/open" >>"$conf"
printf '[account b]\nimap.secret = letmein\nmyPassword = qwertz\n' >>"$conf"
chmod 664 "$conf"
mail-account -q -C "$conf" secret rotate
touch -d '2 years ago' etc/seal.key
chmod 777 etc
exits 1 mail-account -C "$conf" audit
like 'a connection without TLS' "$(at 5)" 'without TLS: everybody'
like 'a login without TLS' "$(at 6)" 'allows a login without TLS'
like 'a command that prints what stands in it' "$(at 7)" 'prints a secret'
like 'an open file' "$(at 8)" "others can read $T/open"
like 'a plain secret' "$(at 10)" 'imap.secret of \[account b\] looks like a secret'
like 'under a key of no program too' "$(at 11)" myPassword
like 'a file that others can write' "$(cat out)" 'others can write the configuration'
like 'or read' "$(cat out)" 'which holds secrets in plain words'
like 'or replace' "$(cat out)" 'can write the folder'
like 'an old key' "$(cat out)" 'the key .* is 7.. days old'
like 'the one before' "$(cat out)" 'old key .*seal.key.old'
unlike 'no secret is repeated' "$(cat out err)" 'hunter2|letmein|qwertz'
is 'and nothing else' "$(wc -l <out)" 11

# get, unset, exists
chmod 700 etc
write <<'END'
# first
[defaults]
syncInterval = 300
[account a]   # of ann
email = a@example.com  ; hers
imap.secret = cmd:pass show a
smtp.secret = letmein
# last
END
acc() { mail-account -C "$conf" "$@"; }
is 'get' "$(acc get a email)" a@example.com
is 'get: what the defaults say' "$(acc get a syncInterval)" 300
is 'get: of the defaults' "$(acc get defaults syncinterval)" 300
is 'get: a reference' "$(acc get a imap.secret)" 'cmd:pass show a'
is 'get: what the environment says' "$(IMAP_TIMEOUT=7 acc get a connectTimeout)" 7
is 'but not before the configuration' "$(EMAIL_DEFAULT_POLL_FREQUENCY=7 acc get a syncInterval)" 300
exits 66 mail-account -C "$conf" get a imap.host
exits 66 mail-account -C "$conf" get b email
exits 64 mail-account -C "$conf" get a emial
like 'get: a slip' "$(cat err)" 'email'
exits 78 mail-account -C "$conf" get a smtp.secret
unlike 'get: no plain secret' "$(cat out err)" letmein
exits 0 mail-account -C "$conf" exists a
exits 0 mail-account -C "$conf" exists a email
exits 66 mail-account -C "$conf" exists a imap.host
exits 66 mail-account -C "$conf" exists b
is 'exists: says nothing' "$(cat out err)" ''
exits 0 mail-account -C "$conf" unset a smtp.secret imap.secret
exits 0 mail-account -C "$conf" set defaults syncInterval=60
is 'unset and set keep everything else' "$(cat "$conf")" '# first
[defaults]
syncInterval = 60
[account a]   # of ann
email = a@example.com  ; hers
# last'
exits 66 mail-account -C "$conf" unset a smtp.secret
exits 66 mail-account -C "$conf" unset b email
exits 64 mail-account -C "$conf" unset a

# ---- files and rules that other programs would stumble over ----
cat >rules.conf <<'C'
[defaults]
signature = @no-such-signature
smime.folder = no-such-folder
[account r]
email = r@example.com
smtp.host = mx.example.com:99999, smtp://mx, good.example.com:25, [::1]:25
[window w]
start = 25:00
days = mon-fry
interval = 0
timeZone = Nowhere/City
holidays = soon
[limit l]
hour = many
by = colour
[window good]
start = 09:00
end = 17:30
days = mon-fri
interval = 2
unit = hours
timeZone = Europe/Berlin
holidays = 12-25
[limit good]
accounts = r
day = 500
by = account, domain
C
exits 78 mail-account -C rules.conf check
for line in 2 3 6 8 9 10 11 12 14 15; do
	ok "line $line is named" grep -q "^rules.conf:$line: " out
done
is 'of two wrong hosts each' "$(grep -c '^rules.conf:6: smtp.host: ' out)" 2
is 'and no other line' "$(cut -d : -f 2 out | sort -un | tr '\n' ' ')" '2 3 6 8 9 10 11 12 14 15 '
unlike 'no sentence ends with nothing' "$(cat out)" '; $'
printf '[account h]\nemail = h@example.com\nsmtp.host = mx.example.com:587, mx.example.com:465\n[account l]\nemail = l@example.com\nsmtp.protocol = lmtp\nsmtp.host = mx:25\n' >hosts.conf
exits 78 mail-account -C hosts.conf check
is 'a port behind a host, too' "$(cat out)" 'hosts.conf:3: [account h]: port 587 of smtp speaks starttls, not tls; set smtp.security = starttls, or the other port'
printf 'x\n' >old-pw
chmod 600 old-pw
touch -d '400 days ago' old-pw
cat >old.conf <<'C'
[account pw]
email = r@example.com
imap.host = imap.example.com
imap.secret = file:old-pw
[account token]
email = r@example.com
imap.host = imap.example.com
imap.auth = xoauth2
imap.secret = file:old-pw
C
exits 1 mail-account -C old.conf audit
like 'an old password' "$(cat out)" '^old.conf:4: the secret in old-pw is 400 days old'
like 'a token that nobody renews' "$(cat out)" '^old.conf:9: the token in old-pw is 400 days old'
touch old-pw
exits 0 mail-account -C old.conf audit
printf '[account p]\nemail = p@example.com\nimap.host = x\nimap.secret = pass:word\n' >plain.conf
is 'show says nothing of a secret in plain words' "$(mail-account -C plain.conf show p | jq -r .imap.secret)" '…'
done_testing
