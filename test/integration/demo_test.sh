#!/usr/bin/env bash
# `riverd demo --once` as a newcomer runs it: ends by itself with exit 0, prints
# targets as JSON lines with all eight fields, and the same ones every time.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
riverd=${RIVERD:-build/riverd}
passed=0
failed=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

check() { # NAME COMMAND...
	local name=$1
	shift
	if "$@"; then
		passed=$((passed + 1))
		echo "ok   $name"
	else
		failed=$((failed + 1))
		echo "FAIL $name"
	fi
}

run() {
	timeout 120 "$riverd" demo --once "${@:2}" >"$1" 2>"$1.err"
}

enough() {
	[ "$(wc -l <"$tmp/a")" -ge 20 ]
}

fields() {
	jq -e -s 'all(has("CUSTOMER_EMAIL") and has("HOTEL_ID") and has("ACTIVITY_TIME") and has("HOTEL_NAME") and
		has("HOTEL_CITY") and has("SIMILAR_HOTELS") and has("HOTEL_REVIEWS") and has("REVIEW_SUMMARY"))' "$tmp/a" >/dev/null
}

distinct() {
	[ -z "$(jq -c '[.CUSTOMER_EMAIL, .HOTEL_ID, .ACTIVITY_TIME]' "$tmp/a" | sort | uniq -d)" ]
}

check "demo --once ends with exit 0" run "$tmp/a"
check "it finds at least 20 targets" enough
check "every target has the eight fields" fields
check "no target comes twice" distinct
check "a second run ends with exit 0" run "$tmp/b"
check "and prints exactly the same" cmp -s "$tmp/a" "$tmp/b"
check "another seed gives other targets" run "$tmp/c" --seed 77
check "(they differ)" bash -c "! cmp -s '$tmp/a' '$tmp/c'"
[ "$failed" -eq 0 ] || head -n 20 "$tmp"/*.err
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
