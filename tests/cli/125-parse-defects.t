#!/bin/bash
# doc/leniency.md lists the defects that the code has, and each can be had.
. "${0%/*}/../lib.sh"
grep -rhoE '"(header|charset|codec|mime)\.[a-z0-9-]+"' --exclude='build*' "$TOP/lib/header" "$TOP/lib/mime" "$TOP/lib/record" | tr -d '"' | sort -u >code
grep -oE '^\| `(header|charset|codec|mime)\.[a-z0-9-]+`' "$TOP/doc/leniency.md" | tr -d '|` ' | sort -u >page
is 'the page lists what the code has' "$(diff code page)" ''

defects() { printf '%b' "$1" | mail-parse | jq -c '[.defects[]? | [.code, .offset]]'; }
long() { head -c "$1" /dev/zero | tr '\0' x; }
is header.8bit "$(defects 'Subject: \0351t\0351\n\n')" '[["header.8bit",0]]'
is header.cr "$(defects 'Subject: x\rTo: a@b\r\rtext\r')" '[["header.cr",0]]'
is header.date "$(defects 'A: b\nDate: yesterday\n\n')" '[["header.date",5]]'
is header.from-line "$(defects '>From x\nSubject: x\n\n')" '[["header.from-line",0]]'
is header.long "$(defects "Subject: x\nX: $(long 100000 | sed 's/.*/&&&&&&&&&&&/')\n\n" | jq -c '.[0]')" '["header.long",1048576]'
is header.many "$(defects "$(yes 'A: b' | head -n 10001)\n\n")" '[["header.many",50000]]'
is header.no-blank "$(defects 'A: b\nthis is text\nand more\n')" '[["header.no-blank",5]]'
is header.no-colon "$(defects 'A: b\nthis is broken\nC: d\n\n')" '[["header.no-colon",5]]'
is charset.unknown "$(defects 'Content-Type: text/plain; charset=klingon-8\n\nx\0351\n')" '[["charset.unknown",45]]'
is charset.invalid "$(defects 'Content-Type: text/plain; charset=utf-8\n\nx\0351\n')" '[["charset.invalid",41]]'
is codec.base64 "$(defects 'Content-Transfer-Encoding: base64\n\nYQ!=x\n')" '[["codec.base64",35]]'
is codec.qp "$(defects 'Content-Transfer-Encoding: quoted-printable\n\n=ZZ\n')" '[["codec.qp",45]]'
is codec.uu "$(defects 'Content-Transfer-Encoding: x-uuencode\nContent-Type: a/b\n\nbegin 644 a\n#\0001\0001\n' | jq -r '.[0][0]')" 'codec.uu'
is codec.word "$(defects 'Subject: =?utf-8?q?a=ZZ?=\n\n' | jq -r '.[0][0]')" 'codec.word'
is codec.param "$(defects 'Content-Type: text/plain; =\n\n' | jq -r '.[0][0]')" 'codec.param'
is mime.boundary "$(defects 'Content-Type: multipart/mixed\n\nx\n')" '[["mime.boundary",0]]'
is mime.depth "$(defects "$(for i in $(seq 101); do printf 'Content-Type: multipart/mixed; boundary=b%d\\n\\n--b%d\\n' "$i" "$i"; done)" | jq -r '.[0][0]')" 'mime.depth'
is mime.encoding "$(defects 'Content-Transfer-Encoding: 9bit\n\n')" '[["mime.encoding",0]]'
is mime.name "$(defects "Content-Type: a/b; name=$(long 1025)\n\n")" '[["mime.name",0]]'
is mime.no-body "$(defects 'Content-Type: multipart/mixed; boundary=b\n\n--b\nA: b\n--b--\n' | jq -r '.[0][0]')" 'mime.no-body'
is mime.no-end "$(defects 'Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx')" '[["mime.no-end",49]]'
is mime.parts "$(defects "Content-Type: multipart/mixed; boundary=b\n\n$(yes -- '--b\n' | head -n 10001)\n--b--" | jq -r '.[0][0]')" 'mime.parts'
is mime.type "$(defects 'Content-Type: ;;;\n\n' | jq -r '[.[][0]] | index("mime.type") != null')" 'true'
done_testing
