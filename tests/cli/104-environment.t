#!/bin/sh
# The names that other programs use in the environment: each is a setting, or something whose meaning is told.
. "${0%/*}/../lib.sh"
need jq
mkdir etc
cat >etc/mailpipe.conf <<'C'
[account a]
email = a@example.com
imap.host = imap.example.com
imap.secret = file:pw
[account own]
email = own@example.com
syncInterval = 61
responseTimeout = 62
queue.maxAttempts = 63
retentionDays = 64
C
printf 'x\n' >pw
chmod 600 pw
acc() { mail-account -C etc/mailpipe.conf "$@"; }

# NAME KEY VALUE
cat >table <<'T'
EMAIL_INTEGRATION_POLL_FREQUENCY syncInterval 301
EMAIL_DEFAULT_POLL_FREQUENCY syncInterval 302
EMAIL_INTEGRATION_MAX_EMAILS_PER_POLL maxPerPoll 51
EMAIL_RETENTION_DAYS retentionDays 366
EMAIL_MAX_ATTACHMENT_SIZE maxAttachment 26214400
EMAIL_MAX_RETRY_ATTEMPTS queue.maxAttempts 4
IMAP_TIMEOUT responseTimeout 31
IMAP_TIMEOUT connectTimeout 31
IMAP_PORT service.port 8003
IMAP_HOSTNAME service.host 0.0.0.0
IMAP_MAX_WORKERS service.maxWorkers 5
IMAP_POOL_SIZE service.poolSize 11
IMAP_MAX_CONNECTIONS service.maxConnections 51
IMAP_IDLE_TIMEOUT service.idleTimeout 299
LOG_LEVEL log.level INFO
T
while read -r name key value; do
	is "$name sets $key" "$(env "$name=$value" mail-account -C etc/mailpipe.conf get a "$key")" "$value"
	is "$name: check is content" "$(env "$name=$value" mail-account -C etc/mailpipe.conf check 2>&1 | grep -c "$name")" 0
	like "$name stands among the variables" "$(env "$name=$value" mail-account variables)" "^$name	$key	$value	."
	case $value in
	*[!0-9]*) ;;
	*) like "$name: nonsense is told" "$(env "$name=soon" mail-account -C etc/mailpipe.conf check)" "variable $name: $key is " ;;
	esac
done <table
is 'IMAP_PORT is no port to read mail from' "$(IMAP_PORT=8003 acc show a | jq .imap.port)" 993
is 'what the configuration says counts' "$(EMAIL_DEFAULT_POLL_FREQUENCY=5 IMAP_TIMEOUT=5 EMAIL_MAX_RETRY_ATTEMPTS=5 EMAIL_RETENTION_DAYS=5 sh -c '
	for k in syncInterval responseTimeout queue.maxAttempts retentionDays; do mail-account -C etc/mailpipe.conf get own $k; done' | tr '\n' ' ')" '61 62 63 64 '
EMAIL_RETENTION_DAYS=365 EMAIL_MAX_ATTACHMENT_SIZE=25M acc show a >shown
is 'show has them' "$(jq -c '[.retentionDays, .maxAttachment]' shown)" '[365,"25M"]'
schema_ok shown

# Those that stand for no setting.
for name in REDIS_URL CELERY_BROKER_URL CELERY_RESULT_BACKEND STORAGE_URL JWT_SECRET_KEY; do
	exits 0 env "$name=some-thing" mail-account -C etc/mailpipe.conf check
	like "$name: check says that nobody reads it" "$(cat err)" "the variable $name is not read"
	like "$name: it is listed" "$(env "$name=some-thing" mail-account variables)" "^$name		set	not read"
done
for name in DATABASE_ENCRYPTION_KEY MAIL_KEY MAILPIPE_KEY; do
	export "$name=$(printf %064d 7)"
	printf 'hidden word\n' | acc secret set a smtp.secret -q
	is "$name opens what is sealed" "$(acc secret unseal a smtp.secret)" 'hidden word'
	unlike "$name is not shown" "$(mail-account variables)" "$(printf %064d 7)"
	unset "$name"
done

# Every name of the documents that the rows of the checklist have is known here.
if [ -d "$SHARED" ]; then
	grep -E '^\| S[0-9]-[0-9]+ \| C \| `[A-Z]' "$SHARED/checklist.md" | sed 's/^| [^|]*| [^|]*| \([^|]*\)|.*/\1/' | grep -oE '[A-Z][A-Z0-9]*(_[A-Z0-9]+)+' | sort -u >names
	ok 'there are names in the checklist' test "$(wc -l <names)" -gt 15
	mail-account variables | cut -f 1 | sort -u >known
	is 'each is known' "$(comm -23 names known)" ''
else
	skip 2 'needs ../shared'
fi

# An attachment that is larger than it may be.
head -c 3000 /dev/zero >file
exits 69 env EMAIL_MAX_ATTACHMENT_SIZE=2999 mail-compose -C etc/mailpipe.conf -a a --to b@example.com --subject x --text y --attach file --dry-run
like 'a file that is too large' "$(cat err)" 'has 3000 octets, and account a may send files of 2999; send a link'
exits 0 env EMAIL_MAX_ATTACHMENT_SIZE=3000 mail-compose -C etc/mailpipe.conf -a a --to b@example.com --subject x --text y --attach file --dry-run
done_testing
