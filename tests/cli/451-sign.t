#!/bin/sh
# Signed and encrypted mail: DKIM by the account, S/MIME by account and option, keys that must not be read by others.
. "${0%/*}/../lib.sh"
PATH=$PATH:/usr/sbin
need openssl base64

umask 077
{
	openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.pem
	openssl genpkey -algorithm ED25519 -out ed.pem
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ann -addext subjectAltName=email:ann@example.com \
		-keyout ann.key -out ann.pem
	mkdir certificates
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=bob -keyout bob.key \
		-out certificates/bob@example.com.pem
} >openssl.log 2>&1
{
	printf 'r._domainkey.example.com v=DKIM1; k=rsa; p='
	openssl pkey -in rsa.pem -pubout -outform DER | base64 -w0
	printf '\ne._domainkey.example.com v=DKIM1; k=ed25519; p='
	openssl pkey -in ed.pem -pubout -outform DER | tail -c 32 | base64 -w0
	echo
} >keys
cat >mailpipe.conf <<END
[account ann]
email = ann@example.com
dkim.selector = r, e
dkim.key = file:$T/rsa.pem, cmd:cat $T/ed.pem
smime.cert = ann.pem
smime.key = file:$T/ann.key
[account plain]
email = plain@example.com
END
export MAILPIPE_CONFIG="$T/mailpipe.conf"

exits 0 mail-compose -a ann --to bob@example.com --subject 'Grüße' --text 'naïve  text ' --dry-run
cp out dkim.eml
is 'a signature for each key' "$(grep -c '^DKIM-Signature:' dkim.eml)" 2
like 'of the domain of the address' "$(cat dkim.eml)" 'd=example.com; s=r;'
if /usr/bin/python3 -c 'import dkim, nacl' 2>/dev/null; then
	ok 'dkimpy: both hold' "$TOP/tests/cli/dkim-verify" keys dkim.eml
else
	skip 1 'needs python3-dkim and python3-nacl'
fi
if command -v opendkim >/dev/null; then
	sed -i 's/^dkim.selector.*/dkim.selector = r/; s/^dkim.key.*/dkim.key = file:rsa.pem/' mailpipe.conf
	sed -i "s,file:rsa.pem,file:$T/rsa.pem," mailpipe.conf
	mail-compose -a ann --to bob@example.com --subject 'Grüße' --text 'naïve  text ' --dry-run >one.eml
	printf 'Mode v\nTestDNSData file:%s/keys\n' "$T" >opendkim.conf
	like 'opendkim: it holds' "$(opendkim -x opendkim.conf -t one.eml 2>&1)" succeeded
else
	skip 1 'needs opendkim'
fi
exits 0 mail-compose -a plain --to bob@example.com --subject x --text y --dry-run
is 'an account without a key does not sign' "$(grep -c '^DKIM-Signature:' out)" 0
exits 0 mail-compose -a ann --no-dkim --to bob@example.com --subject x --text y --dry-run
is '--no-dkim' "$(grep -c '^DKIM-Signature:' out)" 0

# -- keys that cannot be used

chmod 644 rsa.pem
exits 77 mail-compose -a ann --to bob@example.com --subject x --text y --dry-run
like 'a key that others can read is refused' "$(cat err)" 'others can read'
is 'and no message is made' "$(grep -c '^Subject' out)" 0
chmod 600 rsa.pem
cp rsa.pem kept.pem
echo 'not a key' >rsa.pem
exits 78 mail-compose -a ann --to bob@example.com --subject x --text y --dry-run
like 'what is no key' "$(cat err)" 'holds no private key'
unlike 'is not shown' "$(cat err)" 'not a key'
mv kept.pem rsa.pem
exits 0 mail-compose -a ann --to bob@example.com --subject x --text y --dry-run

# -- S/MIME

exits 0 mail-compose -a ann --sign --to bob@example.com --subject 'Grüße' --text 'naïve  text ' --dry-run
cp out signed.eml
ok 'openssl cms verifies it' openssl cms -verify -in signed.eml -CAfile ann.pem -out content
is 'and its parts are 7 bit' "$(LC_ALL=C grep -c '[^ -~[:cntrl:]]' signed.eml)" 0
is 'it parses to what was asked for' "$(mail-parse signed.eml | jq -r '.subject + "|" + .text' | tr -d '\r\n')" 'Grüße|naïve  text '
like 'as multipart/signed' "$(mail-parse signed.eml | jq -r .structure)" '^multipart/signed\(text/plain,application/pkcs7-signature\)'

exits 0 mail-compose -a ann --sign --encrypt --to Bob@example.com --subject 'Grüße' --text 'naïve  text ' --dry-run
cp out secret.eml
like 'encrypted' "$(mail-parse secret.eml | jq -r .structure)" '^application/pkcs7-mime'
for who in ann bob; do
	cert=ann.pem
	if [ $who = bob ]; then cert=certificates/bob@example.com.pem; fi
	ok "$who opens it" openssl cms -decrypt -in secret.eml -recip $cert -inkey $who.key -out open.eml
	ok 'and the signature inside holds' openssl cms -verify -in open.eml -CAfile ann.pem -out content
done
exits 66 mail-compose -a ann --encrypt --to eve@example.com --subject x --text y --dry-run
like 'without a certificate nothing goes out' "$(cat err)" 'no certificate to encrypt for eve@example.com'
is 'in the clear' "$(grep -c '^Subject' out)" 0
exits 78 mail-compose -a plain --sign --to bob@example.com --subject x --text y --dry-run
like 'an account without a certificate cannot sign' "$(cat err)" 'set smime.cert'
sed -i 's/^smime.cert.*/&\nsmime.sign = yes/' mailpipe.conf
exits 0 mail-compose -a ann --to bob@example.com --subject x --text y --dry-run
like 'smime.sign signs all' "$(cat out)" 'multipart/signed'
exits 0 mail-compose -a ann --no-sign --to bob@example.com --subject x --text y --dry-run
unlike 'and --no-sign none' "$(cat out)" 'multipart/signed'
done_testing
