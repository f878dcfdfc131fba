#!/bin/bash
# Memory stays at 32 MB for a message and a mbox of any length (PARSE_OCTETS of each: 200 MB; make soak takes 1 GiB), whatever they
# are made of, and time is linear.
. "${0%/*}/../lib.sh"
case $BUILD in *san) skip_all 'AddressSanitizer has its own idea of memory' ;; esac
octets=${PARSE_OCTETS:-200000000}
big="$TOP/tests/cli/big-messages"
limit="$big -r 32768"

for kind in attachment line text html control field fields fold to people references words params parts nested; do
	$big "$octets" "$kind" | $limit mail-parse --headers >out.jsonl 2>err
	is "a message of $kind" "$? $(wc -l <out.jsonl)" '0 1'
	schema_ok out.jsonl "$kind keeps to the schema"
	diag "$kind: $(cat err)"
	ok "$kind: no record is over 16 MiB" test "$(stat -c %s out.jsonl)" -le 16777216
	is "$kind: the whole message was seen" "$(jq .size out.jsonl)" "$($big "$octets" "$kind" | wc -c)"
done
for kind in long-mbox control-mbox; do
	$big "$octets" "$kind" >big.mbox
	$limit mail-parse -j4 big.mbox >/dev/null 2>err
	is "a mbox of $kind" "$?" '0'
	diag "$kind: $(cat err)"
	$limit mail-parse --mbox <big.mbox >/dev/null 2>err
	is "the same on stdin" "$?" '0'
	cat big.mbox | $limit mail-parse --mbox >/dev/null 2>err
	is "the same from a pipe" "$?" '0'
done
$big $((octets / 8)) mbox >big.mbox
$limit mail-parse -j4 big.mbox >/dev/null 2>err
is 'a mbox of short messages' "$?" '0'
$big "$octets" attachment | $limit mail-parse --inline | jq -c .truncated >out.jsonl
is 'a message that is too long for raw' "$(cat out.jsonl)" '["raw"]'
done_testing
