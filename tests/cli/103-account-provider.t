#!/bin/sh
. "${0%/*}/../lib.sh"
need jq
mkdir etc && chmod 700 etc
conf=$T/etc/mailpipe.conf
acc() { mail-account -C "$conf" "$@"; }

exits 0 mail-account -C "$conf" add g email=ann@gmail.com --provider gmail
is 'hosts and ports' "$(acc show g | jq -r '"\(.imap.host) \(.imap.port) \(.imap.security) \(.smtp.host) \(.smtp.port) \(.smtp.security)"')" \
    'imap.gmail.com 993 tls smtp.gmail.com 465 tls'
like 'what a person must know' "$(cat err)" 'app password'
exits 0 mail-account -C "$conf" --provider apple add i email=ann@icloud.com smtp.port=2525
is 'a login name that is a part of the address' "$(acc get i imap.user)" ann
is 'what the command line says counts' "$(acc get i smtp.port)" 2525
exits 0 mail-account -C "$conf" add w email=ann@Web.De --provider auto
is 'by the address' "$(acc get w imap.host)" imap.web.de
exits 0 mail-account -C "$conf" --dry-run add x email=a@posteo.de --provider auto
like '--dry-run shows it' "$(cat out)" 'imap.host = posteo.de'
exits 64 mail-account -C "$conf" add y email=a@example.com --provider nobody
like 'an unknown one' "$(cat err)" 'mail-account providers'
exits 66 mail-account -C "$conf" add y email=a@example.com --provider auto
exits 64 mail-account -C "$conf" --provider gmail set g email=b@gmail.com
exits 66 mail-account -C "$conf" exists y

exits 0 mail-account providers
for p in gmail office365 outlook yahoo aol icloud fastmail gmx web.de mailbox.org posteo zoho; do
    like "knows $p" "$(cat out)" "^$p "
done
# each of them is a configuration without a fault
: >all.conf
for p in $(jq -r '.providers[].name' "$TOP/share/providers.json"); do
    mail-account -q -C "$T/all.conf" add "$p" email=ann@example.com imap.secret=env:PW smtp.secret=env:PW --provider "$p" || fail "add $p"
done
exits 0 mail-account -C "$T/all.conf" check
exits 0 mail-account -C "$T/all.conf" audit
is 'no name, alias or domain stands twice' "$(jq -r '.providers[] | .name, .aliases[]?, .domains[]' "$TOP/share/providers.json" | sort | uniq -d |
    grep -vxF "$(jq -r '.providers[].name' "$TOP/share/providers.json")")" ''

# installed, the file lies elsewhere
mkdir -p inst/bin inst/share/mailpipe
cp "$BUILD/bin/mail-account" inst/bin/
exits 66 inst/bin/mail-account providers
cp "$TOP/share/providers.json" inst/share/mailpipe/
exits 0 inst/bin/mail-account providers
done_testing
