#!/bin/sh
# Threads in a store: the same whatever the order, the division into runs, and who runs at the same time.
. "${0%/*}/../lib.sh"
need jq
if [ ! -x "$BUILD/bin/mail-store" ] || [ ! -x "$BUILD/bin/mail-parse" ]; then skip_all "needs mail-parse and mail-store"; fi

mkdir mail
/usr/bin/python3 - <<'END'
import random
random.seed(20)
people = ["ann@x.example", "bob@y.example", "eve@z.example", "zoe@q.example"]
for n in range(400):
    head = [f"Date: {random.randrange(1, 29)} Mar 2026 10:00:00 +0000"]
    if random.random() < 0.95:
        head.append(f"Message-ID: <m{n if random.random() < 0.97 else random.randrange(400)}@x.example>")
    if random.random() < 0.4:
        head.append("References: " + " ".join(f"<m{random.randrange(600)}@x.example>" for _ in range(random.choice([1, 1, 2]))))
    a, b = random.sample(people, 2)
    head += [f"From: {a}", f"To: {b}", f"Subject: {random.choice(['', 'Re: ', 'AW: '])}Topic {random.randrange(40)}"]
    open(f"mail/{n:03}.eml", "w").write("\n".join(head) + f"\n\nText {n}.\n")
END
mail-parse mail/*.eml >parsed.jsonl
is 'there is mail' "$(jq -r .type parsed.jsonl | grep -c email)" 400

# what a store holds, but for the numbers of rows and paths
holds() { mail-store list -s "$1" -n 1000 | jq -Sc 'del(.id, .path, .mergedThreads)' | sort; }

mail-thread -s one <parsed.jsonl >threaded.jsonl
mail-store put -q -s one <threaded.jsonl
holds one >want
is 'all is stored' "$(wc -l <want)" 400
threads=$(jq -r .threadId want | sort -u | wc -l)
ok "in $threads threads: some, and not all apart" [ "$threads" -gt 20 ] && [ "$threads" -lt 300 ]

shuf --random-source="$BUILD/bin/mail-thread" parsed.jsonl >shuffled.jsonl
split -n l/7 shuffled.jsonl part.
for part in part.*; do mail-thread -s runs <"$part" | mail-store put -q -s runs; done
holds runs >got
same_file 'in another order, in seven runs' got want

mail-store init -q -s parallel
for part in part.*; do
	{ mail-thread -s parallel <"$part" | mail-store put -q -s parallel; echo $? >"code.$part"; } &
done
wait
is 'seven pipelines at once: all end well' "$(cat code.part.* | sort -u)" 0
holds parallel >got
same_file 'and join what they saw apart' got want

mail-thread --stateless <shuffled.jsonl | mail-store put -q -s stateless
holds stateless >got
same_file 'without asking the store' got want
mail-store put -q -s alone <parsed.jsonl
holds alone >got
same_file 'without mail-thread at all' got want

mail-thread -s one <shuffled.jsonl >again.jsonl
is 'who asks a store that has it all gets what it has' "$(jq -c '[.blobId, .threadId]' again.jsonl | sort | md5sum)" \
	"$(jq -c '[.blobId, .threadId]' want | sort | md5sum)"
is 'and nothing is merged any more' "$(jq -c 'select(.mergedThreads)' again.jsonl | wc -l)" 0

# Every id that was ever given leads to the thread that has the message now.
jq -r '"\(.threadId) \(.blobId)"' threaded.jsonl | sort -R --random-source="$BUILD/bin/mail-thread" | sed 40q >given
wrong=0
while read -r id blob; do
	mail-store thread -s one "$id" | grep -q "$blob" || wrong=$((wrong + 1))
done <given
is 'older ids go on to lead to the thread' "$wrong" 0
is 'also in a search' "$(mail-store search -s one --count "thread:$(sed -n '1s/ .*//p' given)")" "$(mail-store thread -s one "$(sed -n '1s/ .*//p' given)" | wc -l)"

# While it waits for input it holds nothing up: a checkpoint can empty the log.
if command -v sqlite3 >/dev/null; then
	mkfifo pipe
	mail-thread -s one <pipe >waiting.jsonl &
	pid=$!
	exec 3>pipe
	sed -n 1,5p parsed.jsonl >&3
	ok 'it has answered' wait_for 20 grep -q "$(sed -n 5p parsed.jsonl | jq -r .blobId)" waiting.jsonl
	sqlite3 one/mail.db "INSERT INTO meta VALUES ('test', 'x')"
	is 'and keeps no read open' "$(sqlite3 one/mail.db 'PRAGMA busy_timeout = 2000; PRAGMA wal_checkpoint(TRUNCATE)' | tail -n 1)" '0|0|0'
	exec 3>&-
	wait "$pid"
else
	skip 2 'no sqlite3'
fi
done_testing
