#!/bin/sh
# mail-store init, check, gc, migrate; stores of other versions, read-only ones, damaged ones.
. "${0%/*}/../lib.sh"
. "$TOP/tests/cli/store-records.sh"
need jq sqlite3
export MAILPIPE_STORE="$T/store"
DB="$MAILPIPE_STORE/mail.db"

exits 0 mail-store init
exits 0 mail-store init
is 'the folder is for its owner only' "$(stat -c %a "$MAILPIPE_STORE")" 700
for n in 1 2 3 4 5; do
	message $n "subject $n" "word$n Größe 日本語"
	mail-parse -q -a work -m INBOX mail/$n.eml
done | mail-store put -q
exits 0 mail-store check --full
is 'in order' "$(cat out)" ''
exits 0 mail-store check --explain
unlike 'no plan reads a whole table' "$(cat out)" 'whole table'
like 'plans are shown' "$(cat out)" 'email_received'
is 'foreign keys hold' "$(sqlite3 "$DB" 'PRAGMA foreign_key_check')" ''
not_ok 'a word that is none is refused' sqlite3 "$DB" "UPDATE email SET importance = 'urgent'" 2>/dev/null

# -- the schema up, down, up
latest=$(sqlite3 "$DB" 'PRAGMA user_version')
schema() { sqlite3 "$1" "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY type, name"; }
schema "$DB" >before
mail-store -s updown init
schema updown/mail.db >fresh
for to in 0 "$latest"; do
	exits 0 mail-store migrate -s updown --to "$to"
	is "version $to" "$(sqlite3 updown/mail.db 'PRAGMA user_version')" "$to"
done
schema updown/mail.db >again
same_file 'up, down and up: the same' again fresh
step=$((latest - 1))
mail-store migrate -s updown --to "$step" 2>err
like 'it tells where the backup is' "$(cat err)" "as it was: $T/updown/mail.db.v$latest-"
mail-store migrate -s updown 2>err
schema updown/mail.db >again
same_file 'a step down and up: the same' again fresh
is 'a backup of each' "$(find updown -name 'mail.db.v*' | wc -l)" 4
exits 0 mail-store migrate
like 'nothing to do' "$(cat err)" 'already'
exits 64 mail-store migrate --to 999
cp -r store keep
rm keep/mail.db-* 2>/dev/null
mail-store migrate -q -s keep --to "$step"
mail-store migrate -q -s keep
is 'mail outlives a step down and up' "$(mail-store list -s keep --all | jq -c 'del(.path, .threadId)')" "$(mail-store list --all | jq -c 'del(.path, .threadId)')"
mail-parse -q "$TOP"/share/sample/00*.eml | mail-thread -s keep | mail-store put -q -s keep
exits 64 mail-store migrate -s keep --to 1
like 'what would be lost is named' "$(cat err)" "version 1 has no place for threads of $T/keep; --force goes there"
is 'and nothing has changed' "$(sqlite3 keep/mail.db 'PRAGMA user_version; SELECT count(*) > 0 FROM thread')" "$latest
1"
exits 64 mail-store migrate -s keep --to 0
like 'all of it' "$(cat err)" 'threads, the mail'
cp -r keep forced
rm forced/mail.db.v*
exits 0 mail-store migrate -s forced --to 1 --force
exits 0 mail-store migrate -s forced
is 'only the backup has the threads' "$(sqlite3 forced/mail.db 'SELECT count(*) FROM thread') $(sqlite3 "$(echo forced/mail.db.v"$latest"-*)" 'SELECT count(*) > 0 FROM thread')" '0 1'
mail-store migrate -q -s keep --to "$step"

# -- another version
exits 78 mail-store list -s keep
like 'an older store: what to do' "$(cat err)" "has version $step, this program needs $latest; run mail-store migrate"
record 1 >one.jsonl
exits 78 sh -c 'mail-store put -s keep <one.jsonl'
sqlite3 keep/mail.db 'PRAGMA user_version = 999'
exits 78 mail-store list -s keep
like 'a newer one' "$(cat err)" 'install a newer mailpipe'
mkdir alien
sqlite3 alien/mail.db 'CREATE TABLE t (a)'
exits 78 mail-store list -s alien
like 'the database of another program' "$(cat err)" 'no store of mailpipe'
mkdir garbage
head -c 8192 /dev/urandom >garbage/mail.db
exits 74 mail-store list -s garbage
like 'no database at all' "$(cat err)" 'not a database'

# -- damage
cp -r store hurt
blob=$(mail-store get m1@example.com | jq -r .blobId)
file=hurt/blobs/$(echo "$blob" | cut -c1-2)/$(echo "$blob" | cut -c3-)
printf X | dd of="$file" conv=notrunc 2>/dev/null
exits 0 mail-store check -s hurt
exits 65 mail-store check -s hurt --full
like 'other octets' "$(cat out)" "blob of email 1 holds other octets.*$blob"
printf XX >>"$file"
exits 65 mail-store check -s hurt
like 'another size' "$(cat out)" 'blob of email 1 has'
rm "$file"
exits 65 mail-store check -s hurt
like 'a blob that is gone' "$(cat out)" 'blob of email 1 is missing'
exits 74 mail-store raw -s hurt m1@example.com
record 1 | mail-store put -q -s hurt

# -- gc
mkdir -p "$MAILPIPE_STORE/blobs/00"
echo orphan >"$MAILPIPE_STORE/blobs/00/$(printf %062d 1)"
echo temporary >"$MAILPIPE_STORE/blobs/new-1-1"
echo temporary >"$MAILPIPE_STORE/blobs/00/new-1-2"
echo queued >"$MAILPIPE_STORE/blobs/00/$(printf %062d 2)"
sqlite3 "$DB" "INSERT INTO submission (key, account_id, queue, blob_id, size, priority, expires_at, status, record, created_at, updated_at)
	VALUES ('k', 1, 'q', x'$(printf %064d 2)', 7, 0, 0, 'queued', '{}', 0, 0)"
exits 0 mail-store gc
like 'what is young stays' "$(cat err)" 'removed 0 messages \(0 octets\), 0 temporary'
exits 0 mail-store gc --age 0 --dry-run
like 'a dry run' "$(cat err)" 'would remove 1 messages \(7 octets\), 2 temporary'
sleep 1
exits 0 mail-store gc --age 0
like 'what is old goes' "$(cat err)" 'removed 1 messages \(7 octets\), 2 temporary'
is 'and nothing else: what is queued stays' "$(find "$MAILPIPE_STORE/blobs" -type f | wc -l)" 6
sqlite3 "$DB" 'DELETE FROM submission'
sqlite3 "$DB" 'SELECT id, index_digest FROM email WHERE id <> 2 ORDER BY id' >digests
sqlite3 "$DB" 'PRAGMA foreign_keys = ON; DELETE FROM email WHERE id = 2'
is 'a row that is gone is not found' "$(mail-store search --count word2)" 0
exits 65 mail-store check
like 'check tells that the full text knows it' "$(cat out)" 'knows 1 removed emails'
exits 0 mail-store gc
like 'gc makes the full text again' "$(cat err)" '4 emails indexed again'
sqlite3 "$DB" 'UPDATE email SET extraction = 1'
exits 65 mail-store check
like 'text of an older version' "$(cat out)" 'the full text of 4 emails is of another version: run mail-store gc'
exits 0 mail-store gc
like 'is made again' "$(cat err)" '4 emails indexed again'
exits 0 mail-store check
exits 0 mail-store check --full
is 'then all is well' "$(cat out)" ''
is 'words are found as before' "$(for q in word1 größe 日本 subject:3 from:alice; do mail-store search --count "$q"; done | tr '\n' ' ')" '1 4 4 1 4 '
is 'the texts are those that put had' "$(sqlite3 "$DB" 'SELECT id, index_digest FROM email ORDER BY id')" "$(cat digests)"
message 9
record 9 | mail-store put -q
is 'the number of a removed email is not given again' "$(mail-store get m9@example.com | jq .id)" 6

# -- what is not there is not made in order to be migrated, and what may not be seen is not called missing
exits 66 mail-store -s absent migrate
not_ok 'no store was made' test -e absent
exits 66 mail-store thread nothing-such
like 'a thread that is none is called a thread' "$(cat err)" 'there is no thread'

# -- read-only: as another user, because root may write everywhere
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
	as() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
	cp "$BUILD/bin/mail-store" "$T/reader" && chmod 755 "$T/reader"
	chmod -R a+rX "$MAILPIPE_STORE"
	mail-store list --all >mine
	mkdir closed && cp -r "$MAILPIPE_STORE" closed/store && chmod 700 closed
	exits 77 as "$T/reader" -s "$T/closed/store" list
	exits 0 as "$T/reader" list --all
	same_file 'a store that cannot be written is read' out mine
	exits 0 as "$T/reader" search word1
	exits 74 as "$T/reader" put </dev/null
	like 'put says why not' "$(cat err)" 'cannot be written'
	{ sqlite3 "$DB" "PRAGMA wal_autocheckpoint = 0; BEGIN; UPDATE email SET updated_at = 1; COMMIT;" ".shell cp store/mail.db-wal wal"; } >/dev/null
	cp wal "$DB-wal"
	chmod a+r "$DB-wal"
	exits 74 as "$T/reader" list
	like 'with changes in the -wal: a hint' "$(cat err)" 'mail-store check'
	exits 0 mail-store list
else
	skip 9 'needs root'
fi
done_testing
