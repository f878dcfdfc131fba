#!/bin/sh
# mail-thread --tree: numbers, text for people, thread records; a chain that is very deep.
. "${0%/*}/../lib.sh"
need jq

# mail ID SUBJECT FROM-NAME DAY [REFERENCE]
mail() {
	references=null
	if [ -n "${5:-}" ]; then references="[\"$5@x\"]"; fi
	printf '{"type":"email","v":1,"blobId":"%064d","receivedAt":"2026-03-%02dT10:00:00Z","messageId":["%s@x"],' 0 "$4" "$1"
	printf '"references":%s,"from":[{"name":"%s","email":"someone@example.com"}],"subject":"%s"}\n' "$references" "$3" "$2"
}
{
	mail a 'Press stops' Ann 1
	mail b 'Re: Press stops' 'Bob \u001b[31mred\u202e\u0007' 2 a
	mail d 'Fwd: Press stops (new)' '日本語の長い長い長い名前です' 4 a
	mail c 'Re: Press stops' Ann 3 b
	echo '{"type":"note","v":1}'
	mail f 'Left' Eve 5 gone
	mail g 'Right\nback\u0085' '' 6 gone
} >in.jsonl

is 'imap: numbers in the order of the input' "$(mail-thread --tree imap <in.jsonl)" '(1 (2 4)(3))((5)(6))'
is 'refs' "$(mail-thread --tree imap --algorithm refs <in.jsonl)" '(1 (2 4)(3))((5)(6))'
is 'orderedsubject' "$(mail-thread --tree imap --algorithm orderedsubject <in.jsonl)" '(1 (2)(4))(3)(5)(6)'
is 'nothing: an empty line' "$(mail-thread --tree imap </dev/null | od -An -c | tr -d ' ')" '\n'
is 'text: nothing' "$(mail-thread --tree text </dev/null)" ''

mail-thread --tree text <in.jsonl >out
cat >want <<'END'
2026-03-01 10:00  Ann                   Press stops
2026-03-02 10:00  Bob [31mred           ├─
2026-03-03 10:00  Ann                   │  └─
2026-03-04 10:00  日本語の長い長い長い  └─ Fwd: Press stops (new)
                                        (a message that is not here)
2026-03-05 10:00  Eve                   ├─ Left
2026-03-06 10:00  someone@example.com   └─ Right back
END
same_file 'text: for people, without controls' out want

if command -v python3 >/dev/null; then
	/usr/bin/python3 - >out <<'END'
import fcntl, os, pty, struct, sys, termios
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 50, 0, 0))
    os.dup2(os.open("in.jsonl", os.O_RDONLY), 0)
    os.execlp("mail-thread", "mail-thread", "--tree", "text")
data = b""
try:
    while chunk := os.read(fd, 4096):
        data += chunk
except OSError:
    pass
os.waitpid(pid, 0)
sys.stdout.write(data.decode().replace("\r\n", "\n"))
END
	is 'text: cut to the terminal' "$(sed -n 1p out)" '2026-03-01 10:00  Ann                   Press stop'
	is 'text: also behind branches' "$(sed -n 4p out)" '2026-03-04 10:00  日本語の長い長い長い  └─ Fwd: Pr'
else
	skip 2 'no python3'
fi

mail-thread --tree json <in.jsonl >out
schema_ok out
is 'json: a record for each tree' "$(jq -c '[.type, (.emails | map([.n, .parent]))]' out | tr -d '\n')" \
	'["thread",[[1,null],[2,1],[4,2],[3,1]]]["thread",[[5,null],[6,null]]]'
is 'json: under the id that the messages get' "$(jq -r .id out | sort)" "$(mail-thread --stateless <in.jsonl |
	jq -rs 'map(select(.threadId)) | .[2].threadId, .[5].threadId' | sort)"
is 'json: subjects as they are' "$(jq -r '.emails[] | select(.n == 6) | .subject' out)" "$(printf 'Right\nback\302\205')"

awk 'BEGIN { for (i = 0; i < 200000; i++) printf "{\"type\":\"email\",\"v\":1,\"receivedAt\":\"2026-03-01T10:00:00Z\",\"messageId\":[\"%d@x\"],\"references\":%s,\"subject\":\"s\"}\n",
	i, i ? "[\"" i - 1 "@x\"]" : "null" }' >deep.jsonl
for form in imap text json; do
	exits 0 timeout 100 mail-thread --tree "$form" <deep.jsonl
	cp out "deep.$form"
done
is 'a chain of 200,000: imap' "$(cut -c 1-21 deep.imap)$(tail -c 9 deep.imap)" '(1 2 3 4 5 6 7 8 9 10 200000)'
is 'text: a line for each' "$(wc -l <deep.text)" 200000
is 'json: every message once, in lines that are not too long' \
	"$(jq -c '.emails | length' deep.json | awk '{ n += $1 } END { print n }') $(awk 'length > 16777216' deep.json | wc -l)" '200000 0'
is 'parts are numbered' "$(jq -c '.part // 1' deep.json | tr '\n' ' ' | cut -c 1-4)" '1 2 '

if [ -d "$SHARED" ] && [ -x "$BUILD/bin/mail-parse" ]; then
	"$SHARED/tools/score-thread" "$SHARED/corpora/mail" "$BUILD/bin" >out 2>&1
	like 'RFC 5256 and Dovecot: every case the same tree' "$(cat out)" 'cases: ([0-9]+) exact, \1 the same tree, of \1$'
	# Two messages have References twice: Dovecot takes the first field, mail-parse all.
	is 'the 12,000-message list: the same parents' "$(awk '/ of 12000 messages/ { n += $3 >= 11996 } END { print n }' out)" 2
else
	skip 2 'needs ../shared'
fi
done_testing
