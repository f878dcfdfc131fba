#!/bin/sh
# What every program does alike: options, usage and a reader that goes, standard descriptors that are closed, messages without
# control characters.
. "${0%/*}/../lib.sh"
need jq

programs='mail-account mail-fetch mail-parse mail-store mail-thread'
for p in $programs; do
	exits 64 "$p" --no-such-option </dev/null
	is "$p: a wrong option is said in one line, with its name" "$(wc -l <err) $(head -n 1 err | grep -c no-such-option)" '2 1'
	like "$p: and where help is" "$(sed -n 2p err)" "^$p: try '$p -h'\$"
	for option in -h -V; do
		{
			sleep 0.05
			"$p" $option 2>err
			echo $? >code
		} | true
		is "$p $option: nobody reads it" "$(cat code err)" 0
	done
	exits 0 "$p" -h
done
exits 64 mail-store put --no-such-option </dev/null
like 'an option of a verb is refused with its verb' "$(head -n 1 err)" '^mail-store put: '

# A closed descriptor must not become that of a file of the store.
exits 0 mail-store -s store init
printf 'Message-ID: <a@x>\nSubject: one\n\ntext\n' >message
mail-parse message -a a -m INBOX | mail-store -s store put -q
before=$(sha256sum <store/mail.db)
sh -c 'exec mail-store -s store put <&-' >out 2>err
is 'put without stdin' "$?" 74
sh -c 'exec mail-store -s store list >&-' 2>err
is 'list without stdout' "$?" 74
sh -c 'exec mail-store -s store put --events >&- 2>&-' </dev/null
is 'put with nothing to say, without stdout and stderr' "$?" 0
is 'and the store is as it was' "$(sha256sum <store/mail.db)" "$before"
is 'and in order' "$(mail-store -s store check --full)" ''

# What somebody else wrote must not steer the terminal of who reads the message.
exits 66 mail-store -s store get "$(printf 'a\033]0;x\007b')"
unlike 'no escape in an error' "$(cat err)" "$(printf '\033')"
exits 64 mail-store "$(printf '\033[2J')"
unlike 'nor in what a wrong argument is called' "$(cat err)" "$(printf '\033')"
done_testing
