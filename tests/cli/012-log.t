#!/bin/sh
# How messages are written: as text, as JSON and to syslog; which of them; and who has a say in it.
. "${0%/*}/../lib.sh"
need jq
unset LOG_LEVEL MAIL_LOG MAILPIPE_LOG
mkdir etc
cat >etc/mailpipe.conf <<'C'
[account a]
email = a@example.com
imap.host = 127.0.0.1
imap.port = 1
imap.secret = env:PW
C
export PW=not-to-be-seen

# ---- text, as it always was ----
exits 66 mail-store -s nowhere list
is 'text: one line, with the name of the program' "$(wc -l <err) $(cut -d ' ' -f 1 err)" '1 mail-store:'
text=$(sed 's/^mail-store: //' err)

# ---- JSON ----
exits 66 mail-store -s nowhere list --log json
schema_ok err 'json: a record'
is 'json: the same sentence and hint' "$(jq -r '.message + "; " + .hint' err)" "$text"
is 'json: who, how bad, which exit' "$(jq -c '[.type, .v, .level, .program, .exit]' err)" '["log",1,"error","mail-store",66]'
ok 'json: the process' test "$(jq .pid err)" -gt 1
like 'json: when' "$(jq -r .time err)" "^$(date -u +%Y)-"
exits 75 mail-fetch -C etc/mailpipe.conf -a a -s store --log json
schema_ok err 'mail-fetch: records'
is 'an error of an account says which' "$(jq -r 'select(.level == "error") | .account' err)" a
is 'its code and stage' "$(jq -r 'select(.level == "error") | .code + " " + .stage' err)" 'net.refused connect'
unlike 'no secret' "$(cat err)" "$PW"
for p in account compose fetch parse queue send stats store thread; do
	exits 64 "mail-$p" --log json --no-such-option </dev/null
	schema_ok err "mail-$p: a misuse is a record"
	is "mail-$p: what is wrong, and where help is" "$(jq -r '[.code, .message, .hint] | join("; ")' err)" \
		"usage; unrecognized option '--no-such-option'; try 'mail-$p -h'"
done
exits 64 mail-queue add --log json --no-such-option </dev/null
is 'a misuse of a verb' "$(jq -r .hint err)" "try 'mail-queue add -h'"
printf 'x\n' | mail-store -s store --log json put >out 2>err
schema_ok err 'before the verb, it holds for the verb' 
exits 66 mail-parse --log json "$(printf 'no\033such\\"file')"
is 'json: control characters of what others wrote' "$(jq -r .message err | grep -c "$(printf '\033')")" 0
exits 64 mail-store -s store --log json search 'is:nonsense('
schema_ok err 'a query that is none: only records'
exits 64 mail-store -s store search 'is:nonsense('
ok 'for people with a caret' grep -q '\^' err
exits 64 mail-store --log xml
like 'another word is refused' "$(cat err)" "^mail-store: --log is text, json or syslog, not 'xml'"
exits 64 mail-store --log-level loud
like 'a level, too' "$(cat err)" "^mail-store: --log-level is error, warning, info or debug, not 'loud'"

# ---- levels ----
printf 'Message-ID: <a@x>\nSubject: one\n\ntext\n' >message
mail-parse message >record
mail-store -s store put -q <record >out 2>err
# mail-store put tells what it did with level info.
is 'as it is: warning' "$(mail-store -s store put <record 2>&1 | grep -c .)" "$(mail-store -s store put --log-level warning <record 2>&1 | grep -c .)"
is 'info is -v' "$(mail-store -s store put --log-level info <record 2>&1)" "$(mail-store -s store put -v <record 2>&1)"
is 'error is -q' "$(mail-store -s store put --log-level error <record 2>&1)" ''
like 'debug says how it ended' "$(mail-store -s store put --log-level debug <record 2>&1)" '^mail-store: ends with 0 after [0-9]+ ms$'
is 'the last one counts' "$(mail-store -s store put --log-level debug -q <record 2>&1)" ''
for word in DEBUG debug trace; do
	is "LOG_LEVEL=$word" "$(LOG_LEVEL=$word mail-store -s store put <record 2>&1 | grep -c 'ends with')" 1
done
for word in ERROR critical fatal; do
	is "LOG_LEVEL=$word" "$(LOG_LEVEL=$word mail-store -s store put <record 2>&1)" ''
done
is 'a word that is none changes nothing' "$(LOG_LEVEL=loud mail-store -s store put <record 2>&1)" "$(mail-store -s store put <record 2>&1)"
is 'MAIL_LOG' "$(MAIL_LOG=debug mail-store -s store put <record 2>&1 | grep -c 'ends with')" 1
is 'MAILPIPE_LOG: form and level' "$(MAILPIPE_LOG=json,debug mail-store -s store put <record 2>&1 | jq -r .level | sort -u | grep -x debug)" debug
is 'an option counts over the environment' "$(MAILPIPE_LOG=json,debug mail-store -s store put --log text -q <record 2>&1)" ''

exits 75 mail-account -C etc/mailpipe.conf test a --log json --log-level info
schema_ok err 'a program that it starts is told'
is 'it is mail-fetch that speaks' "$(jq -r .program err | sort -u)" mail-fetch

# ---- the configuration ----
printf '[defaults]\nlog.format = json\nlog.level = debug\n' >>etc/mailpipe.conf
exits 75 mail-fetch -C etc/mailpipe.conf -a a -s store
schema_ok err 'log.format = json'
is 'log.level = debug' "$(jq -r 'select(.level == "debug") | .message' err | grep -c 'ends with 75')" 1
exits 75 mail-fetch -C etc/mailpipe.conf -a a -s store --log text --log-level error
is 'an option counts' "$(wc -l <err) $(cut -d ' ' -f 1 err)" '1 mail-fetch:'
LOG_LEVEL=error mail-fetch -C etc/mailpipe.conf -a a -s store >out 2>err
is 'the configuration counts over the environment' "$(jq -r .level err | sort -u | tr '\n' ' ')" 'debug error '
sed -i 's/= debug/= loud/' etc/mailpipe.conf
exits 78 mail-account -C etc/mailpipe.conf check
like 'check tells a wrong one' "$(cat out)" 'log.level is error, warning, info or debug'
exits 64 mail-account -C etc/mailpipe.conf set a log.format=xml

# ---- syslog: /dev/log of a namespace of its own ----
if [ "$(id -u)" -ne 0 ] || ! unshare -m true 2>/dev/null || ! command -v python3 >/dev/null; then
	skip 4 'needs root and mount namespaces'
	done_testing
fi
cat >listen <<'PY'
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("/dev/log")
s.settimeout(10)
os.close(os.open("ready", os.O_CREAT | os.O_WRONLY))
with open("syslog", "w") as out:
    for _ in range(int(sys.argv[1])):
        print(s.recv(8192).decode(), file=out, flush=True)
PY
cat >inside <<'SH'
mkdir dev
mount -t tmpfs none dev
for d in null zero urandom random full; do touch dev/$d; mount --bind /dev/$d dev/$d; done
ln -s /proc/self/fd dev/fd
if [ -d /dev/shm ]; then mkdir dev/shm && mount --bind /dev/shm dev/shm; fi # where TMPDIR may be
mount --move dev /dev
python3 listen 3 &
while [ ! -e ready ]; do sleep 0.05; done
mail-store -s nowhere list --log syslog >out 2>err
echo $? >code
mail-fetch -C etc/mailpipe.conf -a a -s store --log syslog --log-level error >out 2>>err
mail-parse --log syslog no-such-file >out 2>>err
wait
SH
sed -i 's/= loud/= info/' etc/mailpipe.conf
unshare -m sh inside
is 'syslog: nothing on stderr, the same exit' "$(cat err code)" 66
like 'syslog: facility mail, severity, program and process' "$(cat syslog)" '^<19>.* mail-store\[[0-9]+\]: .*nowhere'
like 'syslog: mail-fetch' "$(cat syslog)" '^<19>.* mail-fetch\[[0-9]+\]: a: '
like 'syslog: out of a sandbox, too' "$(cat syslog)" '^<19>.* mail-parse\[[0-9]+\]: .*no-such-file'
done_testing
