# shellcheck shell=sh disable=SC3043
# TAP for shell tests (dash or bash). A test is an executable tests/*/NNN-topic.t:
#
#     #!/bin/sh
#     . "${0%/*}/../lib.sh"
#     is "subject" "$(mail-parse "$TOP/share/sample/a.eml" | jq -r .subject)" 'Hello'
#     exits 64 mail-parse --no-such-option
#     like "names the option" "$(cat "$T/err")" 'no-such-option'
#     done_testing
#
# It runs in a fresh folder $T (HOME lies in it, mode 755), with the programs of $BUILD first on PATH; $TOP is
# the project, $SHARED what lies beside it. At the end, however it comes, what at_exit named runs, last first,
# and $T goes (KEEP=1 leaves it and says where it is). The name of a check always comes first.

TOP=${TOP:-$(cd "${0%/*}/../.." && pwd)}
BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$TOP/$BUILD ;; esac
SHARED=${MAILPIPE_SHARED:-$TOP/../shared}
PATH=$BUILD/bin:$PATH
export TOP BUILD SHARED PATH
export LC_ALL=C.UTF-8 TZ=UTC
unset SSL_CERT_FILE SSL_CERT_DIR CURL_CA_BUNDLE MAILPIPE_STORE MAILPIPE_CONFIG XDG_CONFIG_HOME XDG_DATA_HOME CDPATH

T=$(mktemp -d "${TMPDIR:-/tmp}/mailpipe-test.XXXXXX") || exit 75
chmod 755 "$T"
mkdir "$T/home"
export T HOME="$T/home"
cd "$T" || exit 75

tap_count=0
tap_failures=0
tap_planned=
tap_at_exit=:

tap_end() {
	local code=$?
	trap - EXIT HUP INT TERM PIPE
	eval "$tap_at_exit"
	cd /
	if [ -n "${KEEP:-}" ]; then echo "# kept $T" >&2; else rm -rf "$T"; fi
	exit "$code"
}
trap tap_end EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 141' PIPE

# at_exit COMMAND…: run it at the end, before what was named earlier.
at_exit() { tap_at_exit="$*; $tap_at_exit"; }

diag() { printf '%s\n' "$*" | sed 's/^/#     /' >&2; }

plan() {
	tap_planned=$1
	echo "1..$1"
}

# The last line of a test that did not begin with plan.
done_testing() {
	if [ -z "$tap_planned" ]; then echo "1..$tap_count"; fi
	if [ "$tap_failures" -gt 0 ]; then exit 1; fi
	exit 0
}

pass() {
	tap_count=$((tap_count + 1))
	printf 'ok %d - %s\n' "$tap_count" "$1"
}

fail() {
	tap_count=$((tap_count + 1))
	tap_failures=$((tap_failures + 1))
	printf 'not ok %d - %s\n' "$tap_count" "$1"
	printf '#   failed: %s: %s\n' "${0##*/}" "$1" >&2
}

# ok NAME COMMAND…: it succeeds. not_ok NAME COMMAND…: it does not.
ok() {
	local name="$1"
	shift
	if "$@"; then pass "$name"; else fail "$name"; fi
}
not_ok() {
	local name="$1"
	shift
	if "$@"; then fail "$name"; else pass "$name"; fi
}

# is NAME GOT WANT
is() {
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		fail "$1"
		diag "got : $(printf %s "$2" | head -c 2000)"
		diag "want: $(printf %s "$3" | head -c 2000)"
	fi
}

# like NAME GOT REGEX (extended, any line). unlike: no line.
like() {
	if printf '%s\n' "$2" | grep -Eq -e "$3"; then
		pass "$1"
	else
		fail "$1"
		diag "got : $(printf %s "$2" | head -c 2000)"
		diag "want: /$3/"
	fi
}
unlike() {
	if printf '%s\n' "$2" | grep -Eq -e "$3"; then
		fail "$1"
		diag "got : $(printf '%s\n' "$2" | grep -E -e "$3" | head -c 2000)"
		diag "must not match /$3/"
	else
		pass "$1"
	fi
}

# exits CODE COMMAND…: runs it with the stdin of the test; what it printed is in $T/out and $T/err.
exits() {
	local want="$1" code=0
	shift
	"$@" >"$T/out" 2>"$T/err" || code=$?
	if [ "$code" -eq "$want" ]; then
		pass "exit $want: $(printf %s "$*" | tr '\n#' '  ' | head -c 200)"
	else
		fail "exit $want: $(printf %s "$*" | tr '\n#' '  ' | head -c 200)"
		diag "exit $code, said: $(head -c 2000 "$T/err")"
	fi
}

# json_is NAME GOT WANT: the same JSON values, whatever the order of members.
json_is() {
	local got want
	if got=$(printf %s "$2" | jq -S .) && want=$(printf %s "$3" | jq -S .) && [ "$got" = "$want" ]; then
		pass "$1"
	else
		fail "$1"
		printf '%s\n' "${got:-$2}" >"$T/.got"
		printf '%s\n' "${want:-$3}" >"$T/.want"
		diag "$(diff -u --label got --label want "$T/.got" "$T/.want" | head -n 60)"
	fi
}

# same_file NAME FILE FILE: byte for byte.
same_file() {
	if cmp "$2" "$3" >"$T/.cmp" 2>&1; then
		pass "$1"
	else
		fail "$1"
		diag "$(cat "$T/.cmp")"
	fi
}

# schema_ok FILE [NAME]: every line is a record that its schema accepts (an empty file fails).
schema_ok() {
	if "$TOP/tests/schema.py" "$1" 2>"$T/.schema"; then
		pass "${2:-${1##*/} keeps to the schemas}"
	else
		fail "${2:-${1##*/} keeps to the schemas}"
		diag "$(head -n 20 "$T/.schema")"
	fi
}

# skip COUNT REASON: stands for that many checks. skip_all REASON ends the test.
skip() {
	local n="$1"
	while [ "$n" -gt 0 ]; do
		tap_count=$((tap_count + 1))
		echo "ok $tap_count # skip $2"
		n=$((n - 1))
	done
}
skip_all() {
	if [ "$tap_count" -gt 0 ]; then
		skip 1 "$1"
		done_testing
	fi
	echo "1..0 # skip $1"
	exit 0
}

# need COMMAND…: skips the whole test where one is missing. need_root, need_shared likewise.
need() {
	local c
	for c in "$@"; do
		command -v "$c" >/dev/null || skip_all "needs $c"
	done
}
need_root() { [ "$(id -u)" -eq 0 ] || skip_all "needs root"; }
need_shared() { [ -d "$SHARED" ] || skip_all "needs ../shared"; }

# wait_for SECONDS COMMAND…: try until it succeeds, every 20 ms; false when the time is over.
wait_for() {
	local tries=$(($1 * 50))
	shift
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		if [ "$tries" -le 0 ]; then return 1; fi
		sleep 0.02
	done
}
