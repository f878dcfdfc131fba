#!/bin/sh
# mail-send --check-address: what can be an address, and what the DNS says of its domain.
. "${0%/*}/../lib.sh"
need jq

verdicts() { jq -r '"\(.verdict) \(.address)"' out; }

exits 0 mail-send --check-address ann@example.com 'Ann.B+tag@sub.example.co.uk' '"two words"@example.com' '"a\"b"@example.com' 'x@[192.0.2.1]' \
	'x@[IPv6:2001:db8::1]' 'ä@example.com' 'x@bücher.example' a@localhost
schema_ok out
is 'all good' "$(jq -r .verdict out | sort | uniq -c | tr -s ' ')" ' 9 good'
is 'a domain beyond ASCII' "$(jq -r 'select(.address == "x@bücher.example") | "\(.domain) \(.smtputf8)"' out)" 'xn--bcher-kva.example false'
is 'a name beyond ASCII wants SMTPUTF8' "$(jq -r 'select(.address == "ä@example.com").smtputf8' out)" true
is 'nothing on stderr' "$(cat err)" ''

long=$(printf '%065d' 0)
for address in nobody @example.com a@ '' .a@example.com a.@example.com a..b@example.com 'a b@example.com' '<a@example.com>' a,b@example.com 'a"b@example.com' \
	'"a"b"@example.com' '"a\"@example.com' a@-x.example a@x-.example a@x..example a@x.example. a@x_y.example 'a@[1.2.3]' 'a@[IPv6:1]' 'a@[::1]' "$long@example.com" "a@$long.example" \
	"a@$(printf 'abcdefghi.%.0s' $(seq 26))example" 'a@b@' "$(printf 'a\001@example.com')" "$(printf 'a\377@example.com')"; do
	exits 65 mail-send --check-address "$address"
	is 'is bad' "$(jq -r '"\(.verdict) \(.code)"' out)" 'bad smtp.address'
done

printf 'ann@example.com\n\n  bob@example.com\t\r\nbad\n' >in
exits 65 mail-send --check-address <in
schema_ok out
is 'a line each' "$(verdicts)" 'good ann@example.com
good bob@example.com
bad bad'
exits 64 mail-send --mx ann@example.com
exits 64 mail-send --check-address --resolver 127.0.0.1 ann@example.com
exits 64 mail-send --check-address --mx --resolver nowhere ann@example.com
exits 0 mail-send -C "$T/none.conf" --check-address ann@example.com

# -- the DNS
setsid "$TOP/tests/net/fake-dns.py" "$T/port" </dev/null >/dev/null 2>&1 &
dns=$!
at_exit 'kill "$dns" 2>/dev/null'
for _ in $(seq 100); do
	[ -s "$T/port" ] && break
	sleep 0.05
done
at() { mail-send --check-address --mx --resolver "127.0.0.1:$(cat "$T/port")" "$@"; }
exits 0 at a@two.example a@xn--bcher-kva.example a@bücher.example a@four.example a@six.example a@alias.example 'a@[192.0.2.1]' a@many.example
schema_ok out
is 'MX, the best first; else its address' "$(jq -r '"\(.domain) \((.mx // ["-"])[0:2] | join(" "))"' out)" 'two.example first.two.example later.two.example
xn--bcher-kva.example mx.buch.example
xn--bcher-kva.example mx.buch.example
four.example four.example
six.example six.example
alias.example mx.two.example
null -
many.example a.example a.example'
exits 69 at a@null.example
is 'RFC7505-3: it takes none' "$(jq -r '"\(.verdict) \(.code)"' out)" 'bad dns.null-mx'
exits 69 at a@nowhere.example
is 'no such domain' "$(jq -r '"\(.verdict) \(.code)"' out)" 'bad dns.nowhere'
exits 69 at a@text.example
is 'nothing to send to' "$(jq -r '"\(.verdict) \(.code)"' out)" 'bad dns.nowhere'
exits 75 at a@fails.example
is 'nobody knows' "$(jq -r '"\(.verdict) \(.code)"' out)" 'unknown dns.later'
schema_ok out
exits 69 at a@broken.example
is 'a broken answer is none' "$(jq -r .code out)" dns.nowhere
exits 65 at a..b@two.example
is 'nobody is asked about what is no address' "$(jq -r '.mx' out)" null
kill "$dns"
RES_OPTIONS='timeout:1 attempts:1' exits 75 at a@two.example
is 'nobody answers' "$(jq -r .code out)" dns.later
done_testing
