#!/bin/bash
# How far mail-parse agrees with the parsers behind ../shared/corpora/mail, and that each of its files is one message.
. "${0%/*}/../lib.sh"
need_shared
score=$("$SHARED/tools/score-parse" "$SHARED/corpora/mail" "$BUILD/bin/mail-parse" | tail -n 1)
diag "$score"
like 'no message is without a record' "$score" ', 0 messages without a record'
agreement=$(printf '%s' "$score" | sed 's/^agreement \([0-9]*\)\.\([0-9]*\)%.*/\1\2/')
ok 'they agree on 99.5 % or more' test "$agreement" -ge 9950
find "$SHARED/corpora/mail" -type f -path '*/msgs/*' -print0 | sort -z | xargs -0 mail-parse --headers >all.jsonl 2>err
is 'one record for each file' "$(wc -l <all.jsonl)" "$(find "$SHARED/corpora/mail" -type f -path '*/msgs/*' | wc -l)"
schema_ok all.jsonl 'all of them keep to the schema'
is 'and nothing is said' "$(cat err)" ''
cut -c1-1000000 all.jsonl | jq -c 'select(.defects) | .defects[].code' | sort | uniq -c | sort -rn | head -n 30 | sed 's/^/# /'
done_testing
