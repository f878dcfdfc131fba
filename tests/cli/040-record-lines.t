#!/bin/sh
# What a filter makes of lines: mail-thread stands for all that read records.
. "${0%/*}/../lib.sh"
thread() { mail-thread --stateless; }

cat >in.jsonl <<'END'
{"type":"email","v":1,"messageId":["a@x"],"subject":"s","mine":{"a": [1,2]}}
{"type":"note", "v":7, "odd" : 1 }
{"mine":1,"type":"email","id":9007199254740993,"to":"A <a@b.example>","sentAt":null,"messageId":["b@x"]}
END
thread <in.jsonl >out.jsonl 2>err
is 'records pass' "$?" 0
is 'order and spacing of our own, unknown members last' "$(sed -n 1p out.jsonl | sed 's/"t[0-9a-f]*"/"T"/')" \
	'{"type":"email","v":1,"messageId":["a@x"],"threadId":"T","subject":"s","mine":{"a": [1,2]}}'
is 'another type passes as it stood' "$(sed -n 2p out.jsonl)" '{"type":"note", "v":7, "odd" : 1 }'
is 'type first, big numbers as text, null kept' "$(sed -n 3p out.jsonl | sed 's/"t[0-9a-f]*"/"T"/')" \
	'{"type":"email","v":1,"id":"9007199254740993","sentAt":null,"messageId":["b@x"],"threadId":"T","to":[{"name":"A","email":"a@b.example"}],"mine":1}'
grep -v note out.jsonl >emails.jsonl
schema_ok emails.jsonl
thread <emails.jsonl >again.jsonl
same_file 'a second pass changes nothing' emails.jsonl again.jsonl

# refused NAME LINE SENTENCE
refused() {
	printf '{"type":"email","messageId":["a@x"]}\n%s\n{"type":"email","messageId":["b@x"]}\n' "$2" >bad.jsonl
	exits 65 mail-thread --stateless <bad.jsonl
	like "$1" "$(cat err)" "line 2: $3"
	is "$1: the others are handled" "$(grep -c '"type":"email"' out)" 2
}
refused 'no JSON' '{"type":"email" "v":1}' 'a comma or } expected at octet 17'
refused 'text' 'hello' 'a value expected at octet 1'
refused 'an empty line' '' 'a value expected at octet 1'
refused 'an array' '[1]' 'an object expected'
refused 'no type' '{"v":1}' 'the record has no type'
refused 'a later version' '{"type":"email","v":2}' 'email record of version 2'
refused 'half a surrogate pair' '{"type":"email","subject":"\ud800"}' 'half a surrogate pair at octet 28'
refused 'invalid UTF-8' "$(printf '{"type":"email","subject":"\377"}')" 'invalid UTF-8 at octet 28'
refused 'a negative size' '{"type":"email","size":-1}' 'size must be an integer from 0 on'
refused 'a digest that is a path' '{"type":"email","blobId":"../../etc/passwd"}' 'blobId must be a sha256'
refused 'a line end in an account' '{"type":"email","account":"a\r\nBcc: x"}' 'account must be'
refused 'a line end in a mailbox' '{"type":"email","mailboxes":["a\n"]}' 'mailboxes must be'
refused 'too deep' "$(printf '{"type":"email","x":'; head -c 100000 /dev/zero | tr '\0' '[')" 'nested too deep at octet 84'

printf '{"type":"email","v":1}\n{"type":"email","v":1}' | mail-thread --stateless >out 2>err
is 'a cut last line: exit 65' "$?" 65
like 'a cut last line is named' "$(cat err)" 'line 2 has no end'
is 'and is not taken for a record' "$(grep -c '"type":"email"' out)" 1
done_testing
