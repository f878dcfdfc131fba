#!/bin/sh
# The schedule under Debian's cron: in a mount namespace of its own, where /etc/crontab is empty and sendmail keeps what cron mails. While
# its minute passes, the jobs are run by hand.
. "${0%/*}/../lib.sh"
. "$TOP/tests/net/testbed.sh"

need_root
need cron crontab unshare nsenter mount flock sqlite3
unshare -m --propagation private true 2>err || skip_all "needs mount namespaces: $(cat err)"

# ---- as it is installed ----
mkdir -p "$T/prefix/bin" "$T/prefix/share/mailpipe"
cp "$BUILD"/bin/mail-* "$TOP/contrib/mailpipe-job" "$TOP/contrib/mailpipe-setup" "$T/prefix/bin"
cp -R "$TOP/share/cron" "$TOP/contrib/systemd" "$T/prefix/share/mailpipe"
job=$T/prefix/bin/mailpipe-job

# ---- cron ----
mkdir -p "$T/cron/spool" "$T/cron/d"
echo '30 4 * * * true' >"$T/cron/spool/root"
chmod 600 "$T/cron/spool/root"
mkdir -m 1777 "$T/cron/mail"
: >"$T/cron/empty"
echo "ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0}" >"$T/cron/environment"
cat >"$T/cron/sendmail" <<X
#!/bin/sh
cat >"$T/cron/mail/\$(id -un).\$\$"
X
chmod 755 "$T/cron/sendmail"
cat >"$T/cron/start" <<X
set -e
mount --bind "$T/cron/spool" /var/spool/cron/crontabs
mount --bind "$T/cron/d" /etc/cron.d
mount --bind "$T/cron/empty" /etc/crontab
mount --bind "$T/cron/environment" /etc/environment
mount --bind "$T/cron/sendmail" /usr/sbin/sendmail
mount -t tmpfs none /run
echo \$\$ >"$T/cron/pid"
exec cron -f
X
cron_pid=
cron_stop() { end_group "$cron_pid"; }
at_exit cron_stop
setsid setpriv --pdeathsig KILL unshare -m --propagation private sh "$T/cron/start" >"$T/cron/log" 2>&1 </dev/null &
cron_pid=$!
with_cron() { nsenter -t "$(cat "$T/cron/pid")" -m -- "$@"; }
if ! wait_for 10 test -s "$T/cron/pid"; then
	diag "$(cat "$T/cron/log")"
	fail 'cron starts'
	done_testing
fi

# cron tells by whole seconds whether a folder has changed since it read it.
sleep 1.1

# ---- two accounts: root's is well, that of nobody has a wrong password ----
testbed_start
mailbox_generate ann INBOX 5
mkdir root theirs
cat >root/mailpipe.conf <<X
[account ann]
imap.host = localhost
imap.port = $IMAPS
imap.user = ann@example.test
imap.secret = cmd:echo secret
tlsCaFile = $CA
X
sed 's/echo secret/echo wrong/' root/mailpipe.conf >theirs/mailpipe.conf
chown -R nobody theirs
chmod -R a+rX theirs "$T/prefix"
store=$T/root/store
MAILPIPE_CONFIG=$T/root MAILPIPE_STORE=$store with_cron "$T/prefix/bin/mailpipe-setup" --cron --user --install 2>err
is 'mailpipe-setup: the jobs are in the crontab' "$(cat err)" 'mailpipe-setup: the jobs are in your crontab'
is 'that cron reads, behind what was there' "$(with_cron crontab -l | head -n 1) $(grep -c mailpipe-job cron/spool/root)" '30 4 * * * true 8'
MAILPIPE_CONFIG=$T/theirs MAILPIPE_STORE=$T/theirs/store with_cron "$T/prefix/bin/mailpipe-setup" --cron --system --install \
	--run-as nobody --without health,dashboard 2>err
ok 'and a file of cron.d' test -s cron/d/mailpipe
began=$(date +%s)

# ---- the jobs by hand, with a store of their own ----
export MAILPIPE_STORE="$T/store" MAILPIPE_CONFIG="$T/root"
for name in queue health dashboard statistics check retention backup; do
	is "$name: nothing to do, nothing to say without a store" "$("$job" $name 2>&1; echo $?)" 0
done
is 'poll says nothing' "$("$job" poll 2>&1; echo $?)" 0
is 'and brings the mail' "$(mail-store list --all | wc -l)" 5
for name in poll queue health dashboard statistics check retention backup; do
	is "$name says nothing" "$("$job" $name 2>&1; echo $?)" 0
done
like 'the dashboard is a page' "$(head -c 100 store/html/dashboard.html)" '^<!DOCTYPE html>'
like 'and so is the report' "$(head -c 100 store/html/report.html)" '^<!DOCTYPE html>'
is 'that nobody else can read' "$(stat -c %a store/html store/html/dashboard.html | tr '\n' ' ')" '700 600 '
is 'a second poll has nothing to do' "$("$job" poll 2>&1; echo $?) $(sqlite3 store/mail.db 'SELECT count(*) FROM poll')" '0 1'
is 'options go on: --force' "$("$job" poll --force 2>&1; echo $?) $(sqlite3 store/mail.db 'SELECT count(*) FROM poll')" '0 2'

# ---- a backup is a store ----
MAILPIPE_BACKUP="$T/safe" "$job" backup 2>err
is 'backup: all that the store has' "$(mail-store list -s safe --all | jq -r .blobId | sort | sha256sum)" "$(mail-store list --all | jq -r .blobId | sort | sha256sum)"
exits 0 mail-store check -s safe --full
for day in 1 2 3 4 5 6 7 8; do : >"safe/mail-2026-01-0$day.db"; done
blob=$(cd store && find blobs -type f | sort | head -n 1)
truncate -s 10 "safe/$blob"
MAILPIPE_BACKUP="$T/safe" "$job" backup 2>err
is 'backup: seven are kept' "$(find safe -name 'mail-*.db' | wc -l) $(cat err)" '7 '
same_file 'backup: what was cut short comes again' "safe/$blob" "store/$blob"
is 'backup: without sqlite3 it says so' "$(mkdir -p none && ln -sf /bin/false none/sqlite3 && cp "$job" none/ && none/mailpipe-job backup 2>&1; echo $?)" \
	"mailpipe-job: no backup of $T/store in $T/store/backup; is sqlite3 installed, and is there room?
74"

# ---- a job that is still running ----
cat >slow <<X
#!/bin/sh
echo s >>"$T/started"
cat >>"$T/in"
sleep 2
X
chmod +x slow
mail-account add out email=ann@example.test smtp.host=localhost smtp.port=1
printf 'Hi' | mail-compose -a out --to bob@example.test --subject Hi | mail-queue add >added
"$job" queue --with "$T/slow" >first 2>&1 &
first=$!
wait_for 5 test -s started
is 'the second one ends at once, and says nothing' "$(timeout 1 "$job" queue --with "$T/slow" 2>&1; echo $?)" 0
wait "$first"
is 'and has not started anything' "$(wc -l <started)" 1
flock store/fetch-ann.lock "$job" poll --force >out 2>&1
is 'poll: an account that is held is passed over' "$? $(cat out)" '0 '

# ---- what is wrong is said in one line ----
sed -i 's/echo secret/echo wrong/' root/mailpipe.conf
"$job" poll --force -a ann >out 2>err
is 'a wrong password: 77' "$? $(cat out)" '77 '
is 'in one line' "$(wc -l <err)" 1
like 'that says what and where' "$(cat err)" '^mail-fetch: ann: .*localhost'
for _ in 1 2; do "$job" poll --force -a ann >out 2>err; done
like 'three in a row: health says it, in one line' "$("$job" health 2>&1 | tee said)" '^mail-stats: critical: ann: INBOX: 3 polls .*refuses the login.*; mail-account '
is 'one' "$(wc -l <said)" 1
is 'and only once' "$("$job" health 2>&1)" ''
sed -i 's/echo wrong/echo secret/' root/mailpipe.conf
"$job" poll --force -a ann >out 2>err
like 'until it is well again' "$("$job" health 2>&1 | head -n 1)" '^mail-stats: well again: ann: '

# ---- cron's minute ----
# Only where the store is: sqlite3 would make an empty file.
filled() { [ -s "$1/mail.db" ] && [ "$(sqlite3 -readonly "$1/mail.db" "SELECT count(*) FROM $2")" -ge "$3" ]; }
ok "cron: the mail is in the store" wait_for $((100 - $(date +%s) + began)) filled "$store" email 5
ok "cron: as another user, too" wait_for 20 filled "$T/theirs/store" poll 1
ok "cron: the output of what is wrong is mailed" wait_for 20 sh -c 'test -s cron/mail/nobody.*'
is 'cron: the store of the other belongs to it' "$(stat -c %U theirs/store/mail.db)" nobody
is 'cron: what is wrong is one line' "$(sed '1,/^$/d' cron/mail/nobody.* | wc -l)" 1
like 'cron: of mail-fetch' "$(sed '1,/^$/d' cron/mail/nobody.*)" '^mail-fetch: ann: '
is 'cron: what is well says nothing' "$(find cron/mail -name 'root.*' -exec cat {} +)" ''

# ---- it goes without a trace ----
with_cron "$T/prefix/bin/mailpipe-setup" --cron --user --remove 2>err
with_cron "$T/prefix/bin/mailpipe-setup" --cron --system --remove 2>err
is 'removed: what was there before is there' "$(with_cron crontab -l) $(ls cron/d)" '30 4 * * * true '
done_testing
