#!/bin/sh
# DKIM and S/MIME of whole messages: verified by others.
. "${0%/*}/../lib.sh"
need openssl

mkdir -p etc/certificates
openssl genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:2048 -out etc/dkim.pem 2>openssl.err
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ann -addext subjectAltName=email:ann@example.test -keyout etc/ann.key -out etc/ann.pem 2>openssl.err
chmod 600 etc/*.pem etc/*.key
cp etc/ann.pem etc/certificates/bob@example.test.pem
cat >etc/mailpipe.conf <<END
[account dkim]
email = ann@example.test
dkim.selector = sel
dkim.key = file:$T/etc/dkim.pem
smtp.maxSize = 2G
[account smime]
email = ann@example.test
smime.cert = ann.pem
smime.key = file:$T/etc/ann.key
smime.sign = yes
smtp.eightBit = yes
END
export MAILPIPE_CONFIG="$T/etc"
printf 'a,b\n' >table.csv

verified() { # FILE: opendkim says so, or Python's dkim
    printf 'sel._domainkey.example.test v=DKIM1; k=rsa; p=%s\n' "$(openssl pkey -in etc/dkim.pem -pubout 2>openssl.err | grep -v -- '---' | tr -d '\n')" >keys
    printf 'Mode v\nTestDNSData file:%s/keys\n' "$T" >opendkim.conf
    opendkim -x opendkim.conf -t "$1" 2>&1 | grep -q succeeded
}

if command -v opendkim >which.out; then
    mail-compose -a dkim --to bob@example.test --subject 'Grüße, signed' --text 'Text ü
.
From here' --attach table.csv --list-unsubscribe https://example.test/u --dry-run >m.eml
    ok 'DKIM: verified by opendkim' verified m.eml
    like 'it stands first' "$(head -1 m.eml)" '^DKIM-Signature: '
    sed 's/^Text/Test/; s/signed/Signed/' m.eml >bad.eml
    not_ok 'DKIM: a change is seen' verified bad.eml
    printf 'From: ann@example.test\nTo: bob@example.test\nSubject: x\n\nline\n\n\n' | mail-compose -t -a dkim --dry-run >m.eml
    ok 'DKIM: a message from stdin' verified m.eml
    mail-parse m.eml | mail-compose bounce -a dkim --to eve@example.test --dry-run >r.eml
    ok 'DKIM: a resent one' verified r.eml
else
    skip 5 'needs opendkim'
fi
unlike '--no-dkim' "$(mail-compose -a dkim --no-dkim --to bob@example.test --text x --dry-run)" DKIM
is 'the record has the size with the signature' "$(mail-compose -a dkim --to bob@example.test --text x | jq -r '(.raw | @base64d | utf8bytelength) == .size')" true

mail-compose -a smime --to bob@example.test --subject 'Grüße' --text 'Text ü with many more plain letters' --attach table.csv --dry-run >s.eml
ok 'S/MIME: verified by openssl cms' openssl cms -verify -in s.eml -CAfile etc/ann.pem -out inner.eml 2>openssl.err
like 'its text' "$(tr -d '\r' <inner.eml)" '^Text =C3=BC'
unlike 'nothing is 8bit in it' "$(cat s.eml)" "$(printf '[\200-\377]')"
mail-compose -a smime --encrypt --to bob@example.test --subject x --text 'secret words' --dry-run >e.eml
unlike 'encrypted' "$(cat e.eml)" 'secret words'
openssl cms -decrypt -in e.eml -recip etc/ann.pem -inkey etc/ann.key -out dec.eml 2>openssl.err
ok 'S/MIME: decrypted by openssl cms' openssl cms -verify -in dec.eml -CAfile etc/ann.pem -out inner.eml 2>openssl.err
like 'its words' "$(cat inner.eml)" 'secret words'
exits 66 mail-compose -a smime --encrypt --to nobody@example.test --text x

truncate -s 300M big.bin
if nm -D "$(command -v mail-compose)" 2>nm.err | grep -q asan; then
    skip 1 'needs a build without sanitizers'
else
    ok 'DKIM of 400 MB in 32 MB' sh -c 'ulimit -d 32768; exec mail-compose -a dkim --to x@example.net --text x --attach big.bin --dry-run >/dev/null'
fi
done_testing
