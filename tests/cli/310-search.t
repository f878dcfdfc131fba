#!/bin/sh
# mail-store search from outside: what it prints, pages, faults with their place, stores that are not there.
. "${0%/*}/../lib.sh"

export MAILPIPE_STORE="$T/store"
mail-parse "$TOP"/share/sample/*.eml | mail-thread | mail-store put

all=$(mail-store list --all | jq -r .id)
is 'an empty query means all, in the order of list' "$(mail-store search --ids)" "$all"
is 'a star means all' "$(mail-store search --ids '*')" "$all"
is 'a query of blanks means all' "$(mail-store search --count ' ')" "$(echo "$all" | wc -l)"

mail-store search 'subject:invoice' >invoice.jsonl
schema_ok invoice.jsonl
ok 'it finds something' test -s invoice.jsonl
is 'every subject has the word' "$(jq -r 'select(.subject | ascii_downcase | test("\\binvoice\\b") | not) | .subject' invoice.jsonl)" ''
is 'and no other' "$(mail-store list --all | jq -r 'select(.subject // "" | ascii_downcase | test("\\binvoice\\b")) | .id')" "$(jq -r .id invoice.jsonl)"
is 'records are those of list' "$(mail-store list --all | jq -c --argjson ids "$(jq -s 'map(.id)' invoice.jsonl)" 'select(.id as $i | $ids | index($i))')" \
	"$(jq -c . invoice.jsonl)"
is 'no text, no html' "$(jq -c 'select(has("text") or has("html"))' invoice.jsonl)" ''
mail-store search --body 'subject:invoice' >bodies.jsonl
schema_ok bodies.jsonl
is '--body: with text' "$(jq -r 'select(.text == null) | .id' bodies.jsonl)" ''
is '--body: the same emails' "$(jq -r .id bodies.jsonl)" "$(jq -r .id invoice.jsonl)"

is 'words of the command line are one query' "$(mail-store search --ids subject:invoice or subject:lunch)" "$(mail-store search --ids 'subject:invoice or subject:lunch')"
is 'accents do not matter' "$(mail-store search --count 'Müller')" "$(mail-store search --count 'MULLER')"
for text in 'Ελληνικά ἄνθρωπος' 'мой ёж' 'שָׁלוֹם' "$(printf 'nai\314\210ve \320\270\314\206')"; do
	printf 'Message-ID: <%s@accents>\nContent-Type: text/plain; charset=utf-8\n\n%s\n' "$(printf %s "$text" | md5sum | cut -c 1-8)" "$text" |
		mail-parse -q -a accents --inline
done | mail-store put -q -s accents
for word in ελληνικα ΕΛΛΗΝΙΚΆ ανθρωπος ἌΝΘΡΩΠΟΣ мои Мой еж ЁЖ שלום שָלום naïve naive "$(printf 'na\303\257ve')" й; do
	ok "without accents: $word" test "$(mail-store search -s accents --count "$word")" -gt 0
done
is 'not another word' "$(mail-store search -s accents --count 'ελληνικη')" 0
is 'an id' "$(mail-store search --ids "id:$(jq -r .id invoice.jsonl | head -1)")" "$(jq -r .id invoice.jsonl | head -1)"
thread=$(jq -r .threadId invoice.jsonl | head -1)
is 'a thread' "$(mail-store search --ids "thread:$thread" | sort)" "$(mail-store thread "$thread" | jq -r .id | sort)"
is 'a thread by a message id' "$(mail-store search --ids "thread:$(jq -r '.messageId[0]' invoice.jsonl | head -1)")" "$(mail-store search --ids "thread:$thread")"
is 'no such thread' "$(mail-store search --count thread:t0123456789abcdef)" 0
is '-a is account:' "$(mail-store search --count -a local -a other)" "$(mail-store search --count)"
is '-a of nobody' "$(mail-store search --count -a nobody)" 0
is 'before -- options, behind it the query' "$(mail-store search --count -- -subject:invoice)" "$(mail-store search --count 'not subject:invoice')"

# Pages, while mail comes in.
mail-store search --ids 'not is:draft' >whole
: >pages
cursor=
for n in 1 7 5 3 11 9 13 40 40; do
	mail-store search -n $n --paged ${cursor:+--cursor "$cursor"} 'not is:draft' >page.jsonl || break
	schema_ok page.jsonl
	jq -r 'select(.type == "email") | .id' page.jsonl >>pages
	is "a page of $n says how many" "$(jq -r 'select(.type == "page") | .count' page.jsonl)" "$(jq -s 'map(select(.type == "email")) | length' page.jsonl)"
	cursor=$(jq -r 'select(.type == "page") | .cursor // ""' page.jsonl)
	[ -n "$cursor" ] || break
	if [ $n = 5 ]; then
		printf 'From: late@example.com\nDate: Fri, 31 Dec 2100 10:00:00 +0000\nMessage-ID: <late@example.com>\nSubject: late\n\nx\n' >late.eml
		mail-parse late.eml | mail-store put
	fi
done
same_file 'pages are the whole, though newer mail came meanwhile' pages whole
is 'the newest is first' "$(mail-store search -n 1 | jq -r .subject)" late
is '-n 0 is nothing' "$(mail-store search -n 0)" ''

mail-store search --senders >senders.jsonl
schema_ok senders.jsonl
is 'senders: all mail that has one' "$(jq -s 'map(.emails) | add' senders.jsonl)" "$(mail-store list --all | jq -s 'map(select(.from[0].email)) | length')"
is 'senders: the most frequent first' "$(jq -r .emails senders.jsonl)" "$(jq -r .emails senders.jsonl | sort -rn)"
is 'senders of a query' "$(mail-store search --senders from:late | jq -c '[.email, .emails]')" '["late@example.com",1]'
like 'explain' "$(mail-store search --explain 'late has:attachment')" 'email_text MATCH'

# Wrong queries.
exits 64 mail-store search 'subject:x form:bob'
is 'a fault stands under its place' "$(tail -n 2 err)" "$(printf '    subject:x form:bob\n              ^')"
like 'and says what to do' "$(cat err)" 'did you mean from:\?'
exits 64 mail-store search '(a or b'
exits 64 mail-store search -- --
is 'a symbol is no word: nothing has it' "$(mail-store search --count '☺')" 0
exits 64 mail-store search --cursor x
exits 64 mail-store search --ids --count
exits 64 mail-store search -n many
exits 64 mail-store search --no-such-option
exits 0 mail-store search -h

# What a query cannot do.
is 'a query is no SQL' "$(mail-store search --count "subject:\"x' OR 1=1 --\"")" 0
is 'nor FTS5' "$(mail-store search --count '"x\") OR (\"late"')" 0
is 'no column filter' "$(mail-store search --count '"subject : late"')" 0
is 'nothing is spliced' "$(mail-store search --count "tag:\"x' or 'a'='a\" or mailbox:\"y'); drop table email; --\"")" 0
is 'all is still there' "$(mail-store search --count)" "$(mail-store list --all | wc -l)"

exits 66 mail-store search -s "$T/nowhere" x
like 'no store: what to do' "$(cat err)" 'mail-store init'
exits 74 sh -c 'mail-store search >/dev/full'
is 'head: quiet' "$(mail-store search 2>&1 | head -1 | jq -r .type)" email
done_testing
