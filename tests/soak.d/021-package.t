#!/bin/sh
# The Debian package on a fresh Debian: made here as make deb makes it, installed by apt, does the demo's job there as a user without rights, and
# is purged without leaving anything but what the user made.
#
# DEBIAN_TREE, DEBIAN_MIRROR, DEBIAN_SUITE: as in 020-fresh-debian.t.
. "${0%/*}/../lib.sh"
need_root
need debootstrap chroot dh lintian lowdown mandoc setsid unshare
root=$T/debian
suite=${DEBIAN_SUITE:-$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)}

umask 022
"$TOP/contrib/build-deb" "$T/deb" >build.log 2>&1 || diag "$(tail -n 20 build.log)"
package=$(echo deb/mailpipe_[0-9]*.deb)
ok 'the package builds' test -e "$package"
is 'lintian accepts it' "$(lintian --allow-root "$package" deb/*.changes 2>&1 | grep '^[EW]:')" ''
unlike 'no warning of the compilers' "$(cat build.log)" 'warning:'

if [ -n "${DEBIAN_TREE:-}" ]; then
	cp -a "$DEBIAN_TREE" "$root"
else
	debootstrap --variant=minbase "$suite" "$root" "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" >bootstrap.log 2>&1 || diag "$(tail -n 5 bootstrap.log)"
fi
ok 'a fresh Debian is there' test -x "$root/usr/bin/dpkg"
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"

# Its processes end with the test, and its mounts are its own.
inside() {
	unshare -m -p -f --kill-child --mount-proc="$root/proc" chroot "$root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@" </dev/null
}
files() {
	(cd "$root" && find . -path ./proc -prune -o -path ./dev -prune -o -path ./sys -prune -o -path ./tmp -prune -o -path ./run -prune -o \
		-path ./var/lib/dpkg -prune -o -path ./var/lib/apt -prune -o -path ./var/cache -prune -o -path ./var/log -prune -o -print | LC_ALL=C sort)
}
inside sh -c 'apt-get -q update && apt-get -q -y --no-install-recommends install jq sqlite3 libcurl4 libsqlite3-0 libssl3 man-db' >apt.log 2>&1 ||
	diag "$(tail -n 5 apt.log)"

# ---- installed ----
files >before
cp "$package" "$root/root/mailpipe.deb"
exits 0 inside apt-get -q -y --no-install-recommends install /root/mailpipe.deb
rm "$root/root/mailpipe.deb"
is 'every file is as it was packed' "$(inside dpkg -V mailpipe)" ''
like 'the programs say the version of the package' "$(inside mail-store -V)" "$(inside dpkg-query -W -f '${Version}' mailpipe)"
like 'the manual pages are found' "$(inside man -w mail-store mailpipe.conf mail-query 2>&1 | tr '\n' ' ')" 'mail-store.*mailpipe.conf.*mail-query'
inside useradd -m ann
mkdir "$root/home/ann/tree"
cp -R "$TOP/contrib" "$root/home/ann/tree/"
ln -s /usr/share/mailpipe "$root/home/ann/tree/share"
exits 0 inside setpriv --reuid=ann --regid=ann --clear-groups env HOME=/home/ann BUILD=/usr DEMO_DIR=/tmp/demo sh /home/ann/tree/contrib/demo
like 'the demo finds what it looks for' "$(cat out)" 'Invoice 2026-118'
exits 0 inside setpriv --reuid=ann --regid=ann --clear-groups env HOME=/home/ann sh -c 'mail-parse /usr/share/mailpipe/sample/*.eml | mail-thread | mail-store put'
exits 0 inside mailpipe-setup --cron --system --install
ok 'the schedule is there' test -s "$root/etc/cron.d/mailpipe"

# ---- purged ----
exits 0 inside apt-get -q -y purge mailpipe
not_ok 'the schedule went with it' test -e "$root/etc/cron.d/mailpipe"
ok 'the mail of a user stays' test -s "$root/home/ann/.local/share/mailpipe/mail.db"
inside userdel -r ann 2>/dev/null
inside userdel mailpipe 2>/dev/null
files >after
is 'nothing else is left' "$(diff before after | grep '^[<>]' | grep -v -e '/etc/\(passwd\|group\|shadow\|gshadow\|subuid\|subgid\)-\?$' -e ' \./etc/cron\.d$' \
	-e ' \./var/lib/mailpipe$' -e '/var/lib/systemd')" ''
is 'the status of dpkg knows no rest of it' "$(inside dpkg -l mailpipe 2>&1 | grep -c '^[ri][cihU]')" 0
done_testing
