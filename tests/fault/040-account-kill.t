#!/bin/sh
# mail-account is killed while it writes keys and settings: afterwards every secret opens, and the next run finishes what was begun.
. "${0%/*}/../lib.sh"
need python3
mkdir etc
conf=etc/mailpipe.conf
cat >"$conf" <<'C'
# a comment that stays
[account a]
email = a@example.com
imap.host = imap.example.com
[account b]
email = b@example.com
imap.host = imap.example.com
C
for a in a b; do
	for k in imap.secret smtp.secret; do printf 'word %s %s\n' "$a" "$k" | mail-account -q -C "$conf" secret set "$a" "$k" || fail 'sealed'; done
done
printf 'word a imap.secret\n' >word
cat >kill-account.py <<'PY'
"""Runs changes of the configuration, each killed after a seeded moment; all of it must be readable after each."""
import os, random, signal, subprocess, sys, time
conf, rounds, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
random.seed(seed)
wrong = killed = 0
changes = {"rotate": ["secret", "rotate"], "set": ["set", "a", "department=x"], "seal": ["secret", "seal", "b", "imap.secret"],
           "add": ["add", "c", "email=c@example.com"], "remove": ["remove", "c"], "secret set": ["secret", "set", "a", "imap.secret"]}


def run(*args, **more):
    return subprocess.run(["mail-account", "-q", "-C", conf, *args], capture_output=True, text=True, **more)


def readable(what):
    global wrong
    for account in "ab":
        for key in "imap.secret", "smtp.secret":
            done = run("secret", "unseal", account, key)
            if done.returncode or done.stdout != f"word {account} {key}\n":
                wrong += 1
                print(f"after {what}: {account} {key}: {done.stdout!r} {done.stderr}")
    text = open(conf).read()
    if not text.startswith("# a comment that stays\n") or not text.endswith("\n"):
        wrong += 1
        print(f"after {what}: the file is {text!r}")


for i in range(rounds):
    what = random.choice(list(changes))
    child = subprocess.Popen(["mail-account", "-q", "-C", conf, *changes[what]], stdin=open("word"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(random.random() * random.choice((0.002, 0.006, 0.02)))
    child.send_signal(signal.SIGKILL)
    killed += child.wait() == -signal.SIGKILL
    readable(f"{what}, round {i}, seed {seed}")
final = run("secret", "rotate")
readable("the last rotation")
left = [name for name in os.listdir(os.path.dirname(conf)) if name not in ("mailpipe.conf", "seal.key", "seal.key.old")]
print(f"{wrong} wrong, {left} left, rotate {final.returncode}")
print(f"# {killed} of {rounds} were killed", file=sys.stderr)
sys.exit(0 if killed else 1)
PY
ok 'some were killed in time' sh -c 'python3 kill-account.py "$0" 150 7 >said' "$conf"
like 'every secret opened after each, comments stayed' "$(cat said)" '^0 wrong, '
like 'the last rotation went through' "$(cat said)" 'rotate 0$'
like 'what is left beside it is temporary files of the killed at most' "$(sed -n 's/.* wrong, \[\(.*\)\] left.*/\1/p' said)" "^('(\.?[a-z.]+\.[A-Za-z0-9.]+)'(, )?)*$"
is 'private' "$(stat -c %a etc/seal.key etc/seal.key.old "$conf" | sort -u | tr '\n' ' ')" '600 644 '
done_testing
