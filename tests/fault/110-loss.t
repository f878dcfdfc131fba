#!/bin/sh
# A full disk, a line that is cut, a filter that drops records: the next run brings what is missing.
. "${0%/*}/../lib.sh"
. "$TOP/tests/fault/pipeline.sh"
need jq python3 unshare
pipeline_setup 120
pipeline
listing >calm.jsonl
is 'undisturbed' "$(wc -l <calm.jsonl | tr -d ' ')" 120

# -- a filter in the middle of the pipe
rm -rf "$STORE"
cat >drop <<'X'
#!/bin/sh
exec jq -c --unbuffered 'select(.type != "email" or .source.uid % 7 != 3)'
X
chmod +x drop
pipeline ./drop
dropped=$((120 - $(mail-store list -s "$STORE" --all | wc -l)))
ok 'a filter dropped some' test "$dropped" -gt 10
ok 'they are holes' test "$(mail-store mailboxes -s "$STORE" | jq -s '[.[].holes // [] | .[] | .last - .first + 1] | add')" -ge "$dropped"
mail-fetch -q -C "$CONF" -s "$STORE" --all >second.jsonl
is 'the next run asks for just these' "$(grep -c '"type":"email"' second.jsonl)" "$dropped"
pipeline
is 'and is fine' "$?" 0
listing >after.jsonl
same_file 'then nothing is missing' calm.jsonl after.jsonl
is 'no hole is left' "$(mail-store mailboxes -s "$STORE" | jq -s '[.[].holes // [] | .[]] | length')" 0

# -- dropped on purpose
rm -rf "$STORE"
mail-fetch -q -C "$CONF" -s "$STORE" --all | mail-parse | ./drop | mail-thread -s "$STORE" | mail-store put -q --skip-gaps -s "$STORE"
mail-fetch -q -C "$CONF" -s "$STORE" --all >second.jsonl
is '--skip-gaps: what was dropped is not asked for again' "$(grep -c '"type":"email"' second.jsonl)" 0

# -- the server drops the line in the middle of a message, again and again
rm -rf "$STORE"
proxy_start "$IMAPS" --cut-after 40000
sed "s/^imap.port = .*/imap.port = $PROXY/" "$CONF" >cut.conf
mail-fetch -q -C cut.conf -s "$STORE" --all 2>err | mail-parse | mail-thread -s "$STORE" | mail-store put -q -s "$STORE" 2>put.err
is 'a cut line: try again later' "$?" 75
proxy_stop
pipeline
is 'the next run is fine' "$?" 0
listing >after.jsonl
same_file 'and nothing is missing' calm.jsonl after.jsonl

# -- a full disk
rm -rf "$STORE"
mkdir disk
cat >on-disk <<X
#!/bin/sh
TOP=$TOP T=$T
STORE=$T/disk/store CONF=$CONF
$(sed -n '/^pipeline()/,/^}/p; /^listing()/,/^}/p' "$TOP/tests/fault/pipeline.sh")
pipeline 2>full.err
echo \$? >full.code
mount -o remount,size=256m $T/disk || exit 77
pipeline || exit 1
listing >after.jsonl
mail-store check -q -s "\$STORE"
X
"$TOP/tests/fault/full-disk" 400k "$T/disk" sh ./on-disk >disk.log 2>&1
code=$?
if [ "$code" -eq 77 ]; then
	skip 'a full disk' 'needs a tmpfs of its own'
else
	is 'with room again the next run is fine' "$code" 0
	is 'a full disk is an I/O error' "$(cat full.code)" 74
	like 'and says so' "$(cat full.err)" 'No space left|disk is full'
	sed 's,/disk/store,/store,g' after.jsonl >moved.jsonl
	sed 's,/disk/store,/store,g' calm.jsonl >calm2.jsonl
	same_file 'and nothing is missing' calm2.jsonl moved.jsonl
fi
done_testing
