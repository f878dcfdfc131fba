#!/bin/sh
# The lines of the README's part "By itself", in a Debian that debootstrap makes: built, installed, set up, an account on a Dovecot out here, cron
# started; mail is in the store within a minute, and the pages show it.
#
# DEBIAN_TREE: a copy of that folder instead of a new debootstrap. DEBIAN_MIRROR (http://deb.debian.org/debian), DEBIAN_SUITE (that of this machine).
. "${0%/*}/../lib.sh"
. "$TOP/tests/net/testbed.sh"

need_root
need debootstrap unshare nsenter chroot
root=$T/debian
suite=${DEBIAN_SUITE:-$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)}
if [ -n "${DEBIAN_TREE:-}" ]; then
	cp -a "$DEBIAN_TREE" "$root"
else
	debootstrap --variant=minbase "$suite" "$root" "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" >bootstrap.log 2>&1 || {
		diag "$(tail -n 5 bootstrap.log)"
		fail 'debootstrap makes a Debian'
		done_testing
	}
fi

# ---- a machine: its own processes and mounts, our network ----
cat >machine <<X
set -e
mount --bind "$root" "$root"
cd "$root"
mount -t proc proc proc
mount -t sysfs sys sys
mount -t cgroup2 cgroup2 sys/fs/cgroup || [ "\$1" != /lib/systemd/systemd ]
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=755 tmpfs dev
mkdir dev/pts dev/shm
ln -s pts/ptmx dev/ptmx
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
for name in null zero full random urandom tty; do
	: >dev/\$name
	mount --bind /dev/\$name dev/\$name
done
mkdir -p old
pivot_root . old
umount -l old
: >/run/there
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin "\$@"
X
unshare_pid=
machine_stop() {
	end_group "$unshare_pid"
	unshare_pid=
}
at_exit machine_stop
machine_pid() { pgrep -P "$unshare_pid"; }
# machine_start PROGRAM…: its first process.
machine_start() {
	setsid setpriv --pdeathsig KILL unshare -m -p -f -C -u -i --kill-child --propagation private sh "$T/machine" "$@" >machine.log 2>&1 </dev/null &
	unshare_pid=$!
	if ! wait_for 10 machine_pid; then return 1; fi
	pid=$(machine_pid)
	wait_for 10 test -e "/proc/$pid/root/run/there"
}
inside() { nsenter -t "$pid" -m -p -C -u -i -- env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 "$@"; }
if ! machine_start /bin/sh -c 'while :; do sleep 1; done'; then
	diag "$(cat machine.log)"
	fail 'the machine starts'
	done_testing
fi
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
printf '127.0.0.1 localhost %s\n' "$(hostname)" >"$root/etc/hosts"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
# What a Debian that somebody works at has, and a minimal one has not.
inside sh -c 'apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install sudo cron systemd dbus' >apt.log 2>&1 ||
	diag "$(tail -n 5 apt.log)"
ok 'sudo and cron are there' inside sh -c 'command -v sudo cron >/dev/null'
mkdir "$root/root/mailpipe"
(cd "$TOP" && { git ls-files -z 2>"$T/git.err" || find . -path './build*' -prune -o -type f -print0; } | tar --null -T - --ignore-failed-read -cf -) 2>tar.err |
	tar -C "$root/root/mailpipe" -xf -

# ---- the account of the README, on our server ----
testbed_start
# mail N…: such as comes in now.
mail() {
	for n in "$@"; do
		printf 'From: Eve <eve%s@example.org>\r\nTo: ann@example.test\r\nSubject: Number %s\r\nDate: %s\r\nMessage-ID: <%s@example.org>\r\n\r\nHello\r\n' \
			"$n" "$n" "$(date -R)" "$n" >"$TB/mail/ann/tmp/$n"
		chown "$TB_USER:$TB_GROUP" "$TB/mail/ann/tmp/$n"
		mv "$TB/mail/ann/tmp/$n" "$TB/mail/ann/new/$(date +%s).$n.test"
	done
}
mailbox_make ann INBOX
mail 1 2 3 4
mkdir -p "$root/usr/local/share/ca-certificates"
cp "$CA" "$root/usr/local/share/ca-certificates/test.crt"

# command PATTERN: runs the lines of the part that match, as they stand there, but for the names of the server.
lines() { sed -n '/^## By itself$/,/^## What/s/^    //p' "$TOP/README.md" | grep -e "$1"; }
run_line() {
	line=$(echo "$1" | sed -e 's/support@example.com/ann@example.test/' -e "s/imap.host=imap.example.com/imap.host=localhost imap.port=$IMAPS/")
	echo "\$ $line" >>session
	echo "${2:-}" | inside sh -c "cd /root/mailpipe && $line" >out 2>err
	code=$?
	head -n 12 out err >>session
	return "$code"
}
is 'the part has its nine commands' "$(lines . | wc -l)" 9
run_line "$(lines 'contrib/install-deps')"
code=$?
is 'install-deps, make, make install' "$code" 0
if [ "$code" -ne 0 ]; then
	diag "$(tail -n 20 session)"
	done_testing
fi
inside update-ca-certificates >ca.log 2>&1
ok 'mailpipe-setup' run_line "$(lines 'mailpipe-setup')"
run_line "$(lines 'mailpipe-setup')"
is 'mailpipe-setup again: nothing to do' "$? $(cat err)" '0 '
ok 'mail-account add' run_line "$(lines 'mail-account add')"
ok 'mail-account secret set' run_line "$(lines 'secret set')" secret
ok 'mail-account test' run_line "$(lines 'mail-account test')"
unlike 'the password lies nowhere in plain words' "$(inside grep -rc '^.*secret$' /var/lib/mailpipe/.config/mailpipe/mailpipe.conf)" '^[1-9]'

# ---- cron ----
inside cron
started=$(date +%s)
store=$root/var/lib/mailpipe/.local/share/mailpipe
arrived() { [ -s "$store/mail.db" ] && run_line "$(lines 'mail-store list' | sed 's/-n 5/-n 50/')" && [ "$(wc -l <out)" -ge "$1" ]; }
ok 'the mail is in the store' wait_for 90 arrived 4
took=$(($(date +%s) - started))
ok "within a minute: $took s" test "$took" -le 65
mail 5
ok 'a page comes' wait_for 400 test -s "$store/html/dashboard.html"
ok 'what came meanwhile is in the store, too' wait_for 400 arrived 5
run_line "$(lines 'mail-stats health')"
is 'health is content' "$?" 0
ok 'mail-stats dash' run_line "$(lines 'mail-stats dash')"
like 'it shows the account' "$(cat out)" support
like 'and who wrote' "$(cat out)" 'eve[1-5]@example\.org'
ok 'the page' run_line "$(lines 'dashboard.html')"
like 'shows the account, too' "$(cat out)" support
like 'and who wrote' "$(cat out)" 'eve[1-5]@example\.org'
is 'cron had nothing to mail' "$(find "$root/var/mail" "$root/var/spool" -type f ! -path '*/cron/*' -size +0 | wc -l)" 0
ok 'mailpipe-setup --remove' inside sudo mailpipe-setup --cron --system --remove
not_ok 'and cron.d is as before' test -e "$root/etc/cron.d/mailpipe"

# ---- the same by systemd: its units are hardened, and the jobs do all the same what they do ----
machine_stop
mail 6 7
if machine_start /lib/systemd/systemd --log-target=console && wait_for 30 inside systemctl is-system-running --quiet; then
	ok 'systemd: mailpipe-setup' inside mailpipe-setup --systemd --system --install
	is 'systemd: eight timers' "$(inside systemctl list-timers --no-legend --no-pager 'mailpipe*' | wc -l)" 8
	inside sudo -u mailpipe -H mail-account set support syncInterval=30 2>err
	ok 'systemd: the mail is in the store' wait_for 90 arrived 7
	for name in queue health; do ok "systemd: $name" inside systemctl start "mailpipe@$name"; done
	rm -f "$store/html/dashboard.html"
	for name in dashboard statistics backup retention check; do ok "systemd: $name" inside systemctl start "mailpipe-local@$name"; done
	ok 'systemd: there is a page' test -s "$store/html/dashboard.html"
	is 'systemd: nothing failed' "$(inside systemctl --failed --no-legend --no-pager)" ''
	ok 'systemd: --remove' inside mailpipe-setup --systemd --system --remove
	is 'systemd: no unit is left' "$(find "$root/etc/systemd" -name 'mailpipe*')" ''
else
	skip 13 "needs systemd in a namespace: $(head -n 1 machine.log)"
fi
sed 's/^/# /' session
done_testing
