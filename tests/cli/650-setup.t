#!/bin/sh
# mailpipe-setup: what it prints, writes and takes away, under a folder that stands for / and with a crontab program that keeps a file.
. "${0%/*}/../lib.sh"

setup=$TOP/contrib/mailpipe-setup
job=$TOP/contrib/mailpipe-job
mkdir fake
cat >fake/crontab <<'X'
#!/bin/sh
case $1 in
-l) if [ -e "$HOME/crontab" ]; then cat "$HOME/crontab"; else echo "no crontab for ${USER:-ann}" >&2; exit 1; fi ;;
-r) rm "$HOME/crontab" ;;
-) cat >"$HOME/crontab"; echo w >>"$HOME/writes" ;;
esac
X
chmod +x fake/crontab
PATH=$T/fake:$PATH
jobs=$(sed -n 's/^# *\([a-z]*\)  .*/\1/p' "$job" | head -n 8 | sort)

# ---- the crontab of a person ----
"$setup" --cron --user >printed
is 'prints where nothing else is said' "$(sed -n '1p;$p' printed | cut -c1-18 | tr '\n' '|')" '# mailpipe: begin |# mailpipe: end|'
is 'each job has a line' "$(sed -n 's/.*mailpipe-job //p' printed | sort)" "$jobs"
is 'and the path of its program' "$(grep -c " $job " printed)" 8
printf '%s\n' '# my own' 'PATH=/usr/bin' '30 4 * * * true 100\% # x' '' '@reboot echo "a  b"' >home/crontab
cp home/crontab mine
exits 0 "$setup" --cron --user --install
cat mine printed >want
same_file 'its block stands behind what was there' home/crontab want
echo '5 5 * * * later' >>home/crontab
cp home/crontab before
exits 0 "$setup" --cron --user --install
head -n 5 home/crontab >rest
same_file 'again: what was there stays' rest mine
is 'what came behind the block stays, too' "$(sed '/^# mailpipe: begin/,/^# mailpipe: end/d' home/crontab)" "$(cat mine)
5 5 * * * later"
is 'and the block is there once' "$(grep -c '^# mailpipe: begin' home/crontab)" 1
: >home/writes
exits 0 "$setup" --cron --user --install
is 'a third time: nothing is written' "$(cat home/writes)" ''
exits 0 "$setup" --cron --user --install --without health,check
is 'another choice replaces it' "$(grep -c mailpipe-job home/crontab)" 6
exits 0 "$setup" --cron --user --remove
is 'removed: the rest as it was' "$(cat home/crontab)" "$(cat mine)
5 5 * * * later"
exits 0 "$setup" --cron --user --remove
like 'removed again: it says so' "$(cat err)" 'no jobs are in your crontab'
rm home/crontab
exits 0 "$setup" --cron --user --install
same_file 'without a crontab: the block alone' home/crontab printed
exits 0 "$setup" --cron --user --remove
not_ok 'and nothing stays' test -e home/crontab
sed '/end$/d' printed >home/crontab
cp home/crontab before
exits 65 "$setup" --cron --user --install
exits 65 "$setup" --cron --user --remove
same_file 'a block without an end is not touched' home/crontab before
like 'and it says what to do' "$(cat err)" 'crontab -e'
is 'variables of now hold for the jobs' "$(MAILPIPE_STORE='/s/a b%' "$setup" --cron --user | sed -n "2s|$job.*||p")" "* * * * * MAILPIPE_STORE='/s/a b\\%' "
exits 64 env MAILPIPE_STORE="/s/o'b" "$setup" --cron --user
exits 64 env MAILPIPE_STORE=here "$setup" --cron --user

# ---- the whole system ----
export DESTDIR="$T/root"
exits 0 "$setup" --cron --system --install --run-as mail --mail-to root@example.com
is 'a file of cron.d' "$(grep -c "^[0-9*/ -]* mail $job [a-z]*\$" root/etc/cron.d/mailpipe) $(grep ^MAILTO root/etc/cron.d/mailpipe)" '8 MAILTO=root@example.com'
is 'that others may read' "$(stat -c %a root/etc/cron.d/mailpipe)" 644
exits 0 "$setup" --cron --system --install --run-as mail --mail-to root@example.com
is 'again: nothing is written' "$(cat err)" ''
exits 0 "$setup" --cron --system --remove
is 'removed' "$(find root -type f)" ''

# ---- systemd ----
exits 0 "$setup" --systemd --system --install
units=$T/root/etc/systemd/system
is 'a timer for each job' "$(find "$units" -name '*.timer' -printf '%f\n' | sed 's/mailpipe-//; s/.timer//' | sort)" "$jobs"
for timer in "$units"/*.timer; do
	name=${timer##*/mailpipe-}
	like "${name%.timer}: its service" "$(cat "$timer")" "^Unit=mailpipe(-local)?@${name%.timer}\.service$"
done
exits 0 "$setup" --systemd --system --install
is 'again: nothing is written' "$(cat err)" ''
for line in NoNewPrivileges=yes ProtectSystem=strict ProtectHome=yes PrivateTmp=yes CapabilityBoundingSet= ReadWritePaths=/var/lib/mailpipe; do
	is "hardened: $line" "$(grep -lx "$line" "$units"/*.service | wc -l)" 2
done
like 'no network where none is needed' "$(cat "$units/mailpipe-local@.service")" '^PrivateNetwork=yes'
XDG_CONFIG_HOME=/c "$setup" --systemd --user --install 2>err
is 'for a person: nothing that only the manager of the system can do' \
	"$(grep -hE '^(User|Protect|Private|StateDir|ReadWrite|Capability)' root/c/systemd/user/*.service)" ''
is 'and its variables' "$(MAILPIPE_BACKUP=/b/50% "$setup" --systemd --system | grep -c -e '^Environment="MAILPIPE_BACKUP=/b/50%%"' -e '^ReadWritePaths=-/b/50%%')" 4
if command -v systemd-analyze >verify; then
	for folder in "$units" "$T/root/c/systemd/user"; do
		code=0
		systemd-analyze --man=no verify "$folder"/mailpipe* >verify 2>&1 || code=$?
		is "systemd-analyze verify: ${folder#"$T/root"}" "$code $(grep -i mailpipe verify)" '0 '
	done
	exposure=$(systemd-analyze --offline=yes security "$units/mailpipe@.service" 2>verify | sed -n 's/.*exposure level for.*: \([0-9]*\)\..*/\1/p')
	ok "systemd-analyze security: exposure ${exposure:-?} of 10" test "${exposure:-9}" -le 2
else
	skip 3 'needs systemd-analyze'
fi
exits 0 "$setup" --systemd --system --remove
exits 0 env XDG_CONFIG_HOME=/c "$setup" --systemd --user --remove
is 'removed' "$(find root -type f)" ''
unset DESTDIR

# ---- the command line ----
exits 64 "$setup"
exits 64 "$setup" --cron --now
exits 64 "$setup" --cron --without lunch
exits 64 "$setup" --cron --run-as
exits 0 "$setup" -h
like 'help' "$(cat out)" '^ *--cron  '
exits 64 "$job" lunch
exits 64 "$job"
exits 0 "$job" -h
like 'help of a job' "$(cat out)" '^ *poll  '
done_testing
