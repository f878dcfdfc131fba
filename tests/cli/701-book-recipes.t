#!/bin/sh
# Each recipe of the book, by itself, in a test bed.
. "${0%/*}/../lib.sh"
. "$TOP/tests/cli/book.sh"
book_start
"$TOP/tests/cli/book.py" recipes.md
