#!/bin/sh
# make deb: a package that lintian accepts, with everything in it, and programs that do the demo's job from where it puts them.
# Compiled without optimization, which takes half the time; make soak installs the real one on a fresh Debian.
. "${0%/*}/../lib.sh"
need dh lintian lowdown mandoc jq dpkg-deb
umask 022
version=$(mail-parse -V | sed 's/.* //')
if ! DEB_BUILD_OPTIONS='noautodbgsym noopt' "$TOP/contrib/build-deb" "$T/deb" >build.log 2>&1; then
	fail 'it builds'
	diag "$(tail -n 20 build.log)"
	done_testing
fi
package=$(echo deb/mailpipe_"$version"_*.deb)
ok 'its version is that of the programs' test -e "$package"
is 'lintian accepts it' "$(lintian --no-tag-display-limit --allow-root "$package" deb/*.changes 2>&1 | grep '^[EW]:')" ''

dpkg-deb -x "$package" root
dpkg-deb -e "$package" control
like 'it depends on the libraries' "$(grep '^Depends' control/control)" 'libc6.*libcurl4.*libsqlite3-0.*libssl3'
is 'nothing outside of /usr' "$(ls root)" usr
is 'no program changes its user' "$(find root -perm /7000 -o ! -type d -perm /022)" ''
missing=$(
	cd root/usr || exit
	for name in $(cd "$TOP/cmd" && ls -d mail-*) mailpipe-setup mailpipe-job; do
		for file in "bin/$name" "share/man/man1/$name.1.gz"; do [ -e "$file" ] || echo "$file"; done
	done
	for name in $(cd "$TOP/cmd" && ls -d mail-*); do
		for file in "share/bash-completion/completions/$name" "share/zsh/vendor-completions/_$name"; do [ -s "$file" ] || echo "$file"; done
	done
	for file in "$TOP"/schema/*.json; do [ -e "share/mailpipe/schema/${file##*/}" ] || echo "$file"; done
	for file in "$TOP"/doc/*.md; do [ -e "share/doc/mailpipe/${file##*/}" ] || echo "$file"; done
	for file in share/mailpipe/providers.json share/mailpipe/templates/ack share/mailpipe/cron/mailpipe.cron \
		share/mailpipe/systemd/mailpipe@.service libexec/mailpipe/sendmail share/doc/mailpipe/html/index.html \
		share/man/man7/mail-query.7.gz share/man/man5/mail-template.5.gz; do [ -e "$file" ] || echo "$file"; done
)
is 'programs, manual pages, completions, schemas, the book and the schedule are in it' "$missing" ''

# ---- it works from there ----
PATH=$T/root/usr/bin:$PATH
exits 0 mailpipe-setup --cron --user --print
like 'the schedule names the program that is installed' "$(cat out)" "$T/root/usr/bin/mailpipe-job poll"
exits 0 mailpipe-setup --systemd --system --print
like 'units are found beside it' "$(cat out)" "ExecStart=$T/root/usr/bin/mailpipe-job"
exits 0 mail-account providers
like 'the providers are found beside it' "$(cat out)" '^gmail '
mkdir contrib && cp "$TOP/contrib/demo" contrib/ && ln -s "$T/root/usr/share/mailpipe" share
exits 0 env BUILD="$T/root/usr" DEMO_DIR="$T/demo" contrib/demo
like 'the demo finds what it looks for' "$(cat out)" 'Invoice 2026-118'
is 'and it has stored the sample' "$(mail-store -s "$T/demo/store" search --count)" 64

# ---- what dpkg runs when it goes ----
ok 'it removes the schedule that is there' grep -q 'mailpipe-setup --cron --system --remove' control/prerm
exits 0 sh -n control/prerm
ok 'nothing is left to be purged: no postrm, no conffiles' test ! -e control/postrm -a ! -e control/conffiles
done_testing
