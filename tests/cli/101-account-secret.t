#!/bin/sh
. "${0%/*}/../lib.sh"
unset MAILPIPE_KEY MAIL_KEY DATABASE_ENCRYPTION_KEY

conf=$T/etc/mailpipe.conf
acc() { mail-account -C "$conf" "$@"; }
key_of() { sed -n "s/^$1 = //p" "$conf"; }

exits 0 mail-account -C "$conf" add support email=s@example.com imap.host=imap.example.com
printf 'hunter2 äöü\n' >typed
exits 0 sh -c 'mail-account -C "$1" secret set support imap.secret <typed' sh "$conf"
like 'set says that it made a key' "$(cat err)" "made the key $T/etc/seal.key"
is 'the key is 0600' "$(stat -c %a etc/seal.key)" 600
like 'the configuration holds it sealed' "$(key_of imap.secret)" 'sealed:v1:'
unlike 'and nowhere in words' "$(cat etc/*)" hunter2
is 'unseal prints it' "$(acc secret unseal support imap.secret)" 'hunter2 äöü'
is 'show says only that it is sealed' "$(acc show | jq -r .imap.secret)" 'sealed:…'
is 'once more it is another text, and the same key' "$(a=$(key_of imap.secret); key=$(cat etc/seal.key)
    acc -q secret set support imap.secret <typed; [ "$a" != "$(key_of imap.secret)" ] && [ "$key" = "$(cat etc/seal.key)" ] && echo yes)" yes

# what programs say that use it: the login is never reached
cp "$conf" etc/copy.conf
sed "s/^\[account support\]/[account other]/" "$conf" >etc/copy.conf
exits 77 mail-account -C etc/copy.conf secret unseal other imap.secret
like 'as another account it does not open' "$(cat err)" 'other.imap.secret was sealed for another setting'
mv etc/seal.key kept.key
exits 77 mail-account -C "$conf" secret unseal support imap.secret
like 'without its key' "$(cat err)" "no $T/etc/seal.key"
exits 77 mail-fetch -C "$conf" -a support test
like 'mail-fetch says so too' "$(cat err)" 'no key for the sealed support.imap.secret'
export MAILPIPE_KEY=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
exits 77 mail-account -C "$conf" secret unseal support imap.secret
like 'a wrong key says so, and which' "$(cat err)" 'sealed with another key than the variable MAILPIPE_KEY'
MAILPIPE_KEY=$(cat kept.key)
is 'the right key from the environment' "$(acc secret unseal support imap.secret)" 'hunter2 äöü'
unset MAILPIPE_KEY
is 'under its older name too' "$(DATABASE_ENCRYPTION_KEY=$(cat kept.key) acc secret unseal support imap.secret)" 'hunter2 äöü'
mv kept.key etc/seal.key
chmod 640 etc/seal.key
exits 77 mail-account -C "$conf" secret unseal support imap.secret
like 'a key that others can read is refused' "$(cat err)" 'others can read'
chmod 600 etc/seal.key

# seal: what stood elsewhere
printf 'from a file\nnotes\n' >pw && chmod 600 pw
exits 0 mail-account -C "$conf" set support "smtp.secret=file:$T/pw"
exits 0 mail-account -C "$conf" secret seal support smtp.secret
rm pw
is 'seal takes the first line of a password' "$(acc secret unseal support smtp.secret)" 'from a file'
need openssl
openssl genpkey -algorithm ED25519 -out a.pem 2>/dev/null
openssl genpkey -algorithm ED25519 -out b.pem 2>/dev/null
chmod 600 a.pem b.pem
exits 0 mail-account -C "$conf" set support "dkim.key=file:$T/a.pem, file:$T/b.pem" dkim.selector=a,b dkim.domain=example.com
exits 0 mail-account -C "$conf" secret seal support dkim.key
acc secret unseal support dkim.key >both.pem
is 'of private keys all lines, of each' "$(cat both.pem)" "$(cat a.pem b.pem)"
rm a.pem b.pem
exits 0 mail-compose -C "$conf" -a support --to b@example.com --subject x --text y --dry-run
is 'and signs with both' "$(grep -c '^DKIM-Signature' out)" 2
sed -i 's/^imap.secret.*/imap.secret = plain words/' "$conf"
exits 0 mail-account -C "$conf" secret seal support imap.secret
unlike 'a plain text is sealed where it stood' "$(cat "$conf")" 'plain words'
is 'and is what it was' "$(acc secret unseal support imap.secret)" 'plain words'

# rotate and rekey: all or nothing
old=$(cat etc/seal.key)
before=$(cat "$conf")
exits 0 mail-account -C "$conf" --dry-run secret rotate
is 'rotate --dry-run changes neither' "$(cat "$conf" etc/seal.key)" "$before
$old"
exits 0 mail-account -C "$conf" secret rotate
like 'rotate counts' "$(cat err)" '4 secrets sealed with a new key'
is 'rotate: another key, the old one beside it' "$([ "$old" != "$(cat etc/seal.key)" ] && cat etc/seal.key.old)" "$old"
is 'every secret opens' "$(acc secret unseal support imap.secret)$(acc secret unseal support smtp.secret)" 'plain wordsfrom a file'
rm etc/seal.key.old
is 'without the old key' "$(acc secret unseal support dkim.key)" "$(cat both.pem)"
# cut short behind the new configuration: what is there still opens, and the next one ends it
openssl rand -base64 32 >etc/seal.key.new && chmod 600 etc/seal.key.new
new=$(cat etc/seal.key.new)
exits 0 mail-account -C "$conf" secret rotate
like 'a rotation that was cut short is finished' "$(cat err)" 'cut short'
is 'with the key that it had' "$(cat etc/seal.key)" "$new"
ok 'nothing is left of it' test ! -e etc/seal.key.new

MAIL_NEW='correct horse battery staple' exits 0 mail-account -C "$conf" secret rekey env:MAIL_NEW
like 'rekey names the key in the configuration' "$(cat "$conf")" 'seal.key = env:MAIL_NEW'
is 'which opens' "$(MAIL_NEW='correct horse battery staple' acc secret unseal support imap.secret)" 'plain words'
exits 77 mail-account -C "$conf" secret unseal support imap.secret
like 'and nothing else does' "$(cat err)" 'env:MAIL_NEW is not set'
before=$(cat "$conf")
MAIL_NEW='other words here' exits 77 mail-account -C "$conf" secret rekey "file:$T/etc/seal.key"
is 'rekey with a wrong old key changes nothing' "$(cat "$conf")" "$before"
MAIL_NEW='other words here' MAIL_OLD='correct horse battery staple' exits 0 mail-account -C "$conf" --old env:MAIL_OLD secret rekey "file:$T/etc/seal.key"
is '--old names the old one' "$(acc secret unseal support smtp.secret)" 'from a file'
MAILPIPE_KEY='some passphrase' exits 0 mail-account -C "$conf" secret rotate
is 'what the configuration says counts over the environment' "$(acc secret unseal support smtp.secret)" 'from a file'

exits 64 mail-account -C "$conf" secret frobnicate
exits 64 mail-account -C "$conf" secret set support
exits 64 mail-account -C "$conf" secret set support imap.host
exits 64 mail-account -C "$conf" secret set support imap.secrte
like 'a slip gets the nearest key' "$(cat err)" imap.secret
exits 66 mail-account -C "$conf" secret set nobody imap.secret
exits 65 sh -c 'mail-account -C "$1" secret set support imap.secret </dev/null' sh "$conf"
exits 65 sh -c 'head -c 20000 /dev/zero | mail-account -C "$1" secret set support imap.secret' sh "$conf"

# a terminal: asked without echo
if command -v script >/dev/null; then
    (sleep 1; echo typed-by-hand; sleep 1) | script -qec "mail-account -C $conf secret set support imap.secret" /dev/null >screen 2>&1
    like 'asked on a terminal' "$(cat screen)" 'support.imap.secret: '
    is 'what was typed is sealed' "$(acc secret unseal support imap.secret)" typed-by-hand
    unlike 'and was not seen' "$(cat screen)" typed-by-hand
else
    skip 'script(1) is not installed'
fi
done_testing
