#!/bin/sh
# The two runners of this folder do what they say.
. "${0%/*}/../lib.sh"
full_disk=$TOP/tests/fault/full-disk
kill_pipeline=$TOP/tests/fault/kill-pipeline
need unshare python3

mkdir disk
if ! "$full_disk" 64k disk true 2>/dev/null; then skip_all 'needs a tmpfs of its own'; fi
cat >fill <<'X'
head -c 100000 /dev/zero >disk/x 2>/dev/null && exit 1
mount -o remount,size=1m disk
head -c 100000 /dev/zero >disk/x || exit 2
exit 7
X
exits 7 "$full_disk" 64k disk sh ./fill
is 'nothing of it is left' "$(ls disk)" ''
exits 1 "$full_disk" --inodes 3 1m disk touch disk/1 disk/2 disk/3

# Counts to ten, a tenth of a second in all; the last keeps what came through.
slow='sh -c "for i in 1 2 3 4 5 6 7 8 9 10; do echo $i; sleep 0.02; done"'
"$kill_pipeline" --seed 3 --moments 6 --whole --before 'rm -f seen' --after 'test -n "$KILL_PROGRAM"' \
	"$slow" cat 'tee seen' >log 2>&1
is 'all moments are survived' "$?" 0
like 'the seed is printed' "$(cat log)" '^seed 3$'
is 'each program has its turns' "$(sed -n 's/^moment .: \([a-z]*\) killed.*/\1/p' log | tr '\n' ' ')" 'sh cat tee all sh cat '
"$kill_pipeline" --seed 3 --moments 6 --whole --before 'rm -f seen' "$slow" cat 'tee seen' >log2 2>&1
is 'the same seed, the same victims' "$(sed -n 's/ after .*//p' log)" "$(sed -n 's/ after .*//p' log2)"
exits 1 "$kill_pipeline" --moments 1 --after 'false' "$slow" cat
exits 1 "$kill_pipeline" --moments 1 --limit 1 "$slow" 'sh -c "cat; if [ -e second ]; then sleep 9; fi; touch second"'
like 'a program that hangs is named' "$(cat out)" 'hung for 1.0 s: sh'
done_testing
