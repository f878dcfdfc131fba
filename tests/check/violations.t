#!/bin/sh
# The checks of the tree find what they look for: each is tried on a small tree that breaks its rules.
. "${0%/*}/../lib.sh"

mkdir -p tree/lib/mem tree/lib/store tree/lib/mime tree/lib/imap tree/lib/net tree/lib/attic tree/cmd/mail-bad tree/build/bin
cp "$TOP/lib/README.md" tree/lib/
cd tree || exit 1
echo '#include "str/str.h"' >lib/mem/mem.h
echo '#include <sqlite3.h>' >lib/store/store.h
echo '#include "imap/parse.h"' >lib/store/put.c
echo '/* "DELETE FROM email" */ const char *q = "SELECT id FROM email";' >lib/mime/mime.c
echo '#include "header/header.h" // allowed' >lib/mime/mime.h
echo '#include <curl/curl.h>' >lib/imap/imap.h
echo '#include "store/store.h"' >>lib/imap/imap.h
echo '#include "pop3/pop3.h"' >>lib/imap/imap.h
echo 'void net(void);' >lib/net/net.c
echo 'void old(void);' | tee lib/attic/attic.h >cmd/mail-bad/own.h
{
	printf '#include <openssl/evp.h>\n#include "nowhere.h"\n#include "mail-bad/own.h"\n#include "mail-good/good.h"\nstatic int option_table_of(int a,\n                   int b) {\n'
	yes '    a++; // "' | head -n 120
	printf '    return a + b;\n}\n\nint small(void) {\n    return 1; // } {\n}\n'
	printf 'struct option o[] = {{"good", no_argument, 0, 1}, {"secret-knob", no_argument, 0, 2}};\n'
} >cmd/mail-bad/main.c
printf '.Dd January 1, 2026\n.Dt MAIL-BAD 1\n.Os\n.Sh NAME\n.Nm mail-bad\n.Sh DESCRIPTION\n.Bl -tag\n.It Fl Fl good\n.It Fl Fl gone\n.El\n' >cmd/mail-bad/mail-bad.1
printf '// TO%s later\nvoid f(void) { printf("x"); }\n' DO >lib/net/string_util.c
yes '//' | head -n 901 >lib/net/long.c
cd ..

export BUILD=build
"$TOP/tests/check/rooms.t" "$T/tree" >rooms 2>&1
like 'rooms: private header of another room' "$(cat rooms)" 'lib/store/put.c:1: "imap/parse.h" is private'
like 'rooms: upwards' "$(cat rooms)" 'lib/imap/imap.h:2: "store/store.h": layer 4 from layer 3'
like 'rooms: sideways' "$(cat rooms)" 'lib/imap/imap.h:3: "pop3/pop3.h": layer 3 from layer 3'
like 'rooms: sideways, one direction only' "$(cat rooms)" 'lib/mem/mem.h:1: "str/str.h"'
like 'rooms: curl outside lib/net' "$(cat rooms)" 'lib/imap/imap.h:1: <curl/curl.h> belongs to lib/net'
like 'rooms: openssl in a program' "$(cat rooms)" 'cmd/mail-bad/main.c:1: <openssl/evp.h>'
like 'rooms: a header without a room' "$(cat rooms)" 'cmd/mail-bad/main.c:2: "nowhere.h" names no room'
like 'rooms: a header of another program' "$(cat rooms)" 'cmd/mail-bad/main.c:4: "mail-good/good.h"'
like 'rooms: SQL outside lib/store' "$(cat rooms)" 'lib/mime/mime.c:1: SQL outside'
like 'rooms: no public header' "$(cat rooms)" 'lib/net/net.h, its public header, is missing'
like 'rooms: a room without a row' "$(cat rooms)" 'lib/attic is missing in lib/README.md'
unlike 'rooms: what the table allows' "$(cat rooms)" 'lib/mime/mime.h|<sqlite3.h>|own.h'
is 'rooms: seven bad folders' "$(grep -c '^not ok' rooms)" 7

"$TOP/tests/check/style.t" "$T/tree" >style 2>&1
like 'style: a long file' "$(cat style)" 'lib/net/long.c has 901 lines'
like 'style: a long function, its head over two lines' "$(cat style)" 'main.c:6: option_table_of has 123 lines'
like 'style: a name that says nothing' "$(cat style)" 'lib/net/string_util.c says nothing'
like 'style: a leftover' "$(cat style)" 'lib/net/string_util.c:1: '
like 'style: printing in lib/' "$(cat style)" 'lib/net/string_util.c:2: printf\(\)'
like 'style: an option that the page lacks' "$(cat style)" 'does not mention --secret-knob'
like 'style: an option that only the page has' "$(cat style)" 'describes --gone'
like 'style: a section that the page lacks' "$(cat style)" 'no section EXIT STATUS'
unlike 'style: what is in order' "$(cat style)" '--good|small has'

printf 'int main(void) { return 0; }\n' >p.c
mkdir -p tree/cmd/mail-parse
cc -no-pie -Wl,--no-as-needed -o tree/build/bin/mail-parse p.c -lcurl
cp tree/build/bin/mail-parse tree/build/bin/mail-bad
"$TOP/tests/check/needed.t" "$T/tree" >needed 2>&1
like 'needed: a library too many' "$(cat needed)" 'mail-parse links libcurl'
like 'needed: not hardened' "$(cat needed)" 'mail-parse is not position independent'
like 'needed: no row' "$(cat needed)" 'mail-bad is missing'

printf '{"type":"nothing-known"}\n{"type":"email","type":"email"}\n{"type":"email","subject":"\\ud800"}\n{"type":"email"' >bad.jsonl
"$TOP/tests/schema.py" bad.jsonl 2>schema
like 'schema: a type without a schema' "$(cat schema)" '^bad.jsonl:1: no nothing-known.schema.json'
like 'schema: a member twice' "$(cat schema)" '^bad.jsonl:2: a member stands twice: type'
like 'schema: a lone surrogate' "$(cat schema)" '^bad.jsonl:3: .*surrogate'
like 'schema: a cut line' "$(cat schema)" '^bad.jsonl:4: the line is cut'
done_testing
