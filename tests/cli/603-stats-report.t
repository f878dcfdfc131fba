#!/bin/sh
# mail-stats report: several in one document, each as it is alone.
. "${0%/*}/../lib.sh"

export MAILPIPE_STORE="$T/store"
"$TOP/tests/cli/stats-store.py" | mail-thread | mail-store put -q

mail-stats report >usual.jsonl
schema_ok usual.jsonl
for one in volume senders response-time polls queue errors; do mail-stats $one; done >each.jsonl
same_file 'without names: the usual ones, one after the other' usual.jsonl each.jsonl
mail-stats report domains attachments >two.jsonl
is 'those that are named, in that order' "$(cat two.jsonl)" "$(mail-stats domains; mail-stats attachments)"
is '--by is for those that know it' "$(mail-stats report volume senders --by mailbox)" "$(mail-stats volume --by mailbox; mail-stats senders)"
is 'and for each of them' "$(mail-stats report volume senders --by month)" "$(mail-stats volume --by month; mail-stats senders --by month)"
is 'options count for each' "$(mail-stats report senders domains -n 1 -a sales)" "$(mail-stats senders -n 1 -a sales; mail-stats domains -n 1 -a sales)"

mail-stats report -f html >page.html
is 'html is one page' "$(grep -c '<!DOCTYPE html>' page.html)" 1
is 'with a table each' "$(grep -c '<caption>' page.html)" 6
ok 'that is well formed' /usr/bin/python3 - page.html <<'END'
import html.parser, sys
class Page(html.parser.HTMLParser):
    stack = []
    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "!doctype"):
            self.stack.append(tag)
    def handle_endtag(self, tag):
        assert self.stack.pop() == tag, (tag, self.getpos())
page = Page()
page.feed(open(sys.argv[1]).read())
assert not page.stack
END
unlike 'and loads nothing' "$(cat page.html)" 'src=|href=|@import|url[(]'
is 'table: titles' "$(mail-stats report -f table -n 1 | grep -c -x -e 'Volume of mail' -e Senders -e 'Response times' -e Polls -e Queue -e Errors)" 6
is 'tsv: an empty line between two' "$(mail-stats report volume senders -n 1 -f tsv | awk '!NF {n++} END {print n}')" 1

exits 64 mail-stats report -f svg
like 'svg: what to do' "$(cat err)" 'html'
exits 64 mail-stats report volume nothing
exits 64 mail-stats report senders domains --by mailbox
exits 66 mail-stats report -s nowhere
exits 74 sh -c 'mail-stats report -f html >/dev/full'

# A report is a look: it keeps no writer waiting, and changes nothing.
before=$(sha256sum <store/mail.db)
chmod -w store store/mail.db
is 'a store that may only be read' "$(mail-stats report -q | head -1 | jq -r .type)" volume
chmod u+w store store/mail.db
is 'nothing was changed' "$(sha256sum <store/mail.db)" "$before"
# 9,000 rows do not fit a pipe: it waits in a write, and holds nothing.
mkfifo slow
mail-stats volume --by hour --since 2025-11-01 --until 2026-11-20 >slow &
exec 3<slow
head -c 1 <&3 >first
is 'no transaction is open across a write: a checkpoint of all goes through' \
	"$(sqlite3 store/mail.db "INSERT INTO event (at, kind) VALUES (1, 'test'); PRAGMA wal_checkpoint(TRUNCATE)")" '0|0|0'
exec 3<&-
wait $!
is 'the reader went away: quiet' "$?" 0
done_testing
