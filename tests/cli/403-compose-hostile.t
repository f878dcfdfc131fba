#!/bin/sh
# Nothing that is given can end a field of a message or add one.
. "${0%/*}/../lib.sh"

mkdir etc
printf '[account a]\nemail = a@example.com\n' >etc/mailpipe.conf
export MAILPIPE_CONFIG="$T/etc"
nl='
'
cr=$(printf '\r')
evil="${nl}Bcc: evil@example.org"

# Options with every kind of line break in their value: refused, and nothing printed.
n=0
for break in "$nl" "$cr$nl" "$cr" "$nl " "$nl$nl" "$(printf '\013')" "$(printf '\033')" "$(printf '\001')" "$(printf '\177')" "$(printf '\377')"; do
    n=$((n + 1))
    for option in --subject --to --cc --bcc --from --reply-to --from-name --key --queue --profile --tag --envid --envelope-from --list-unsubscribe --in-reply-to --header; do
        value="x${break}Bcc: evil@example.org"
        case $option in
        --header) value="X-A: $value" ;;
        --list-unsubscribe) value="https://example.com/$value" ;;
        --in-reply-to) value="<$value@example.net>" ;;
        --to | --cc | --bcc | --from | --reply-to) value="x${break}Bcc <y@example.net>" ;;
        esac
        code=0
        mail-compose --to ok@example.net --text x "$option" "$value" --dry-run >out 2>err || code=$?
        case $code in 64 | 65) good=yes ;; *) good="exit $code" ;; esac
        if [ -s out ]; then good='printed something'; fi
        is "break $n in $option" "$good" yes
        is "its sentence is one line ($n, $option)" "$(wc -l <err)" 1
    done
    printf x >f
    name="x${break}Content-Type: text/html"
    code=0
    mail-compose --to ok@example.net --text x --attach "f:text/plain:$name" --dry-run >out 2>err || code=$?
    is "break $n in a file's name" "$code $(wc -c <out)" '65 0'
    code=0
    mail-compose --to ok@example.net --text x --attach "f:text/plain$break; x=y:z" --dry-run >out 2>err || code=$?
    is "break $n in a file's type" "$(test "$code" -ne 0 && wc -c <out)" 0
done

# The same in requests, where JSON writes them with escapes.
for escape in '\n' '\r\n' '\r' '\u0000' '\u000b' '\u001b' '\u007f'; do
    shown=$(printf %s "$escape" | sed 's,\\,_,g')
    for member in subject to cc bcc from replyTo fromName key queue profile account envid listUnsubscribe inReplyTo references envelopeFrom \
        importance notify ret autoSubmitted template; do
        code=0
        printf '{"to":"ok@example.net","text":"x","%s":"x@example.net%sBcc: evil@example.org"}\n' "$member" "$escape" |
            mail-compose --dry-run >out 2>err || code=$?
        is "$shown in $member" "$(test "$code" -ne 0 && wc -c <out)" 0
    done
    for body in '"headers":{"X-A":"x@Bcc: e@example.org"}' '"headers":{"X-A@Bcc":"y"}' '"headers":[{"name":"X","value":"x@y"}]' \
        '"attachments":[{"name":"a@b","content":"eA=="}]' '"attachments":[{"name":"a","type":"text/plain@x","content":"eA=="}]' \
        '"attachments":[{"name":"a","cid":"c@d","content":"eA=="}]' '"to":{"name":"A@B","email":"a@example.net"}' '"tags":["a@b"]' \
        '"to":[{"name":"x","email":"a\u0040example.net@"}]'; do
        line="{\"to\":\"ok@example.net\",\"text\":\"x\",$(printf '%s' "$body" | sed "s/\([a-zA-Z]\)@/\1$(printf '%s' "$escape" | sed 's/\\/\\\\/g')/")}"
        case $body in '"to":[{'*) line="{\"text\":\"x\",\"to\":[{\"name\":\"x\",\"email\":\"a@example.net$escape\"}]}" ;; esac
        code=0
        printf '%s\n' "$line" | mail-compose --dry-run >out 2>err || code=$?
        is "$shown in $(printf %.40s "$body" | tr '#' ' ')" "$(test "$code" -ne 0 && wc -c <out)" 0
    done
done

# Fields that the program writes itself cannot be given.
for name in From To Bcc Date Message-ID Content-Type content-transfer-encoding MIME-Version DKIM-Signature Received Return-Path Resent-To subject; do
    exits 65 mail-compose --to ok@example.net --text x --header "$name: x"
done
exits 64 mail-compose --to ok@example.net --text x --header 'no colon'
exits 65 mail-compose --to ok@example.net --text x --header 'X A: b'
exits 65 mail-compose --to ok@example.net --text x --header ': b'

# What looks like an encoded word, a boundary or the end of the message is text.
made() { mail-compose --to ok@example.net --dry-run "$@" >m.eml; mail-parse m.eml; }
is 'an encoded word with a line break in it' "$(made --text x --subject '=?utf-8?q?a=0D=0ABcc:_e@example.org?=' | jq -r .subject)" '=?utf-8?q?a=0D=0ABcc:_e@example.org?='
unlike 'adds no field' "$(cat m.eml)" '^Bcc'
is 'a name that is one' "$(made --text x --cc '=?utf-8?q?a=0D=0ABcc:_e?= <c@example.net>' | jq -r '.cc[0].name')" '=?utf-8?q?a=0D=0ABcc:_e?='
is 'quotes in a name' "$(made --text x --cc '"a\" <x@example.org>, \"b" <c@example.net>' | jq -c '[.cc[] | [.name, .email]]')" '[["a\" <x@example.org>, \"b","c@example.net"]]'
is 'quotes in a file name' "$(made --text x --attach 'f::a"; filename="b.exe' | jq -r '.attachments[0].name')" 'a"; filename="b.exe'
text="$(printf '.\n..\nFrom x\n--=_0\nContent-Type: text/html\n\nBcc: e@example.org\n\n--=_0--\n=20 =\n')"
is 'a text that looks like MIME' "$(made --text "$text" --html '<p>x</p>' --attach f | jq -r .text)" "$text"
is 'stays one text' "$(mail-parse m.eml | jq -r .structure)" 'multipart/mixed(multipart/alternative(text/plain,text/html),application/octet-stream)'
is 'U+2028 and U+0085 in a subject' "$(made --text x --subject "$(printf 'a\342\200\250b\302\205c')" | jq -r '.subject | length')" 5
is 'a subject of 20,000 letters' "$(made --text x --subject "$(head -c 20000 /dev/zero | tr '\0' x)" | jq -r '.subject | length')" 20000
is 'no line over 998' "$(awk '{ if (length > n) n = length } END { print n < 999 }' m.eml)" 1
exits 65 mail-compose --to ok@example.net --text x --subject "$(head -c 40000 /dev/zero | tr '\0' x)"
is 'a template cannot, either' "$(mkdir etc/templates; printf 'Subject: {{x}}\n--- text\n{{x}}\n' >etc/templates/t; mail-compose --to ok@example.net --template t --set "x=a$evil" --dry-run | grep -c '^Bcc: evil.*' | tr -d '\n'; mail-compose --to ok@example.net --template t --set "x=a$evil" --dry-run | sed '/^\r*$/,$d' | grep -c '^Bcc')" 10
printf '[account a]\nemail = a@example.com\ndisplayName = "a\tb"\nreplyTo = x y\n' >bad.conf
exits 78 mail-compose -C bad.conf --to ok@example.net --text x
done_testing
