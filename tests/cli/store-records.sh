# shellcheck shell=sh
# Messages and their records for the tests of mail-store, made without any other program of ours.

# message N [SUBJECT [TEXT [HEADER]]]: mail/N.eml
message() {
	mkdir -p mail
	printf 'From: Alice <alice@example.com>\r\nTo: bob@example.org\r\nSubject: %s\r\nMessage-ID: <m%s@example.com>\r\nDate: Mon, 1 Jan 2024 00:00:00 +0000\r\n%s\r\n%s\r\n' \
		"${2:-message $1}" "$1" "${4:-}" "${3:-text of $1}" >"mail/$1.eml"
}

# record N [JQ]: the record of mail/N.eml, changed by a jq expression
record() {
	jq -nc --arg path "$PWD/mail/$1.eml" --arg blob "$(sha256sum "mail/$1.eml" | cut -d' ' -f1)" \
		--argjson size "$(stat -c %s "mail/$1.eml")" --arg n "$1" \
		--arg subject "$(sed -n 's/^Subject: \(.*\)\r$/\1/p' "mail/$1.eml")" \
		--arg text "$(sed '1,/^\r$/d' "mail/$1.eml" | tr -d '\r')" '
		{type: "email", v: 1, blobId: $blob, path: $path, size: $size, account: "work", mailboxes: ["INBOX"], keywords: [],
		receivedAt: ("2024-01-01T00:" + ("0" + (($n | tonumber) / 60 % 60 | floor | tostring))[-2:] + ":" + ("0" + (($n | tonumber) % 60 | tostring))[-2:] + "Z"),
		messageId: ["m" + $n + "@example.com"], inReplyTo: null, references: null,
		from: [{name: "Alice", email: "Alice@example.com"}], to: [{name: null, email: "bob@example.org"}], cc: null, bcc: null,
		subject: $subject, preview: $text, text: $text, textFrom: "plain", textParts: 1, html: null, attachments: [], hasAttachment: false,
		structure: "text/plain", importance: "normal", list: null, direction: "inbound"} | '"${2:-.}"
}

# fetched N UID AFTER [JQ]: the same as mail-fetch gives it
fetched() {
	record "$1" ".source = {protocol: \"imap\", host: \"h\", mailbox: \"INBOX\", uidValidity: 7, uid: $2, after: $3, modseq: null, fetchedAt: \"2024-02-01T00:00:00Z\"} | ${4:-.}"
}

# poll [JQ]: the line that closes a fetch of INBOX
poll() {
	jq -nc '{type: "poll", v: 1, account: "work", protocol: "imap", host: "h", mailbox: "INBOX", uidValidity: 7, startedAt: "2024-02-01T00:00:00Z",
		endedAt: "2024-02-01T00:00:01Z", found: 1, fetched: 1, failed: 0, octets: 100, status: "ok", code: null, error: null} | '"${1:-.}"
}
