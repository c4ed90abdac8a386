#!/usr/bin/env bash
# The Kafka floor and the publishing protocol against a real Apache Kafka broker, judged
# by Kafka's own Java consumer under read_committed.
#
#   test/integration/test_kafka_floor.sh build/kafka_driver [ROUNDS]
#
# ROUNDS (default 10) is how many random kill -9 cycles there are.
set -uo pipefail

root=$(readlink -f "$(dirname "$0")/../..")
driver=$(readlink -f "${1:?which driver?}")
rounds=${2:-10}
dir=$(mktemp -d "${TMPDIR:-/tmp}/riverd-kafka-XXXXXX")
kafka=$root/scripts/servers/kafka
passed=0
failed=0

cleanup() {
	"$kafka" stop "$dir/broker" KILL >/dev/null
	if [ "$failed" -eq 0 ]; then rm -rf "$dir"; else echo "kept for a look: $dir"; fi
}
trap cleanup EXIT

ok() { # NAME CODE
	if [ "$2" -eq 0 ]; then
		passed=$((passed + 1))
		echo "ok   $1"
	else
		failed=$((failed + 1))
		echo "FAIL $1"
	fi
}

"$kafka" start "$dir/broker" || exit 1
# shellcheck source=/dev/null
. "$dir/broker/kafka.env"
java=$("$kafka" java)
classpath=$("$kafka" classpath)

tool() { # CLASS ARGUMENTS...
	"$java" -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dlog4j2.level=OFF -Dlog4j2.statusLoggerLevel=OFF -cp "$classpath" \
		"org.apache.kafka.tools.$1" --bootstrap-server "$BOOTSTRAP" "${@:2}" 2>>"$dir/tools.log"
}

topic() { tool TopicCommand --create --topic "$1" --partitions "$2" >/dev/null; }

produce() { # FROM TO: values into topic "in"
	seq "$1" "$2" | awk '{print $1 ":" $1}' | kcat -b "$BOOTSTRAP" -t in -P -K: -X partitioner=murmur2_random
}

relay() { # COUNT [EPOCH]; a fault by RIVERD_FAULT
	# the group keeps the shell from announcing each kill
	{ timeout 120 "$driver" relay "$BOOTSTRAP" "$dir/state.db" "$@" >>"$dir/relay.log" 2>&1; } 2>/dev/null
}

# What a read_committed reader that is not librdkafka sees: "headers TAB value" lines.
committed() {
	tool consumer.ConsoleConsumer --topic out --from-beginning --timeout-ms 3000 --isolation-level read_committed \
		--formatter-property print.headers=true
}

# expect_each_once COUNT: values p:o each once, with COUNT of them, riverd-id and riverd-seq unique.
expect_each_once() {
	local count=$1
	committed >"$dir/seen"
	awk -F'\t' -v want="$count" '
		{
			n++
			split($1, h, ",")
			for (i in h) { if (h[i] ~ /^riverd-seq:/) seq = h[i]; if (h[i] ~ /^riverd-id:/) id = h[i] }
			if (value[$2]++) { print "value twice: " $0; bad = 1 }
			if (seqs[seq]++) { print "seq twice: " $0; bad = 1 }
			if (ids[id]++) { print "id twice: " $0; bad = 1 }
		}
		END { if (n != want) { print n " records, not " want; bad = 1 } exit bad }' "$dir/seen"
}

topic in 3
"$driver" create "$BOOTSTRAP" out 2
ok "a topic is created, and creating it again is fine" $?
produce 1 900

# ---- the source ----
"$driver" consume "$BOOTSTRAP" in 0 900 >"$dir/consumed" 2>>"$dir/relay.log"
code=$?
kcat -b "$BOOTSTRAP" -t in -C -e -q -f '%p %o %s\n' | sort >"$dir/expected"
sort "$dir/consumed" | diff - "$dir/expected" >"$dir/diff" && [ $code -eq 0 ]
ok "partitions added one by one: 900 records, none lost or repeated" $?
awk '{ if (($1 in last) && $2 <= last[$1]) bad = 1; last[$1] = $2 } END { exit bad }' "$dir/consumed"
ok "each partition in order" $?

# ---- crash at every failpoint, each time a bit further ----
total=30
for fault in checkpoint.after_begin checkpoint.before_commit checkpoint.after_commit publish.after_begin publish.after_rows \
	publish.after_flush publish.before_commit publish.after_commit outbox.before_confirm outbox.after_confirm \
	resolve.after_open resolve.after_committed resolve.after_scan; do
	total=$((total + 60))
	for nth in 1 2; do
		[ "$nth:${fault%%.*}" = 2:resolve ] && continue # there is one a start
		RIVERD_FAULT="$fault:crash@$nth" relay $total 10
		[ $? -eq 137 ] || echo "     ($fault@$nth was not reached)"
	done
done
relay $total 10 && expect_each_once $total
ok "kill -9 at each failpoint: $total results, each once" $?

# ---- injected errors at every failpoint ----
for fault in publish.after_begin publish.after_rows publish.after_flush publish.before_commit publish.after_commit \
	resolve.after_open resolve.after_committed resolve.after_scan; do
	total=$((total + 5))
	RIVERD_FAULT="$fault:error@1" relay $total 5 || echo "     ($fault: exit $?)"
done
expect_each_once $total
ok "a failure at each failpoint: $total results, each once" $?

# ---- kill -9 at random instants ----
produce 901 3000
for ((i = 0; i < rounds; i++)); do
	"$driver" relay "$BOOTSTRAP" "$dir/state.db" 3000 20 >>"$dir/relay.log" 2>&1 &
	pid=$!
	sleep "0.$(printf %03d $((RANDOM % 900)))"
	kill -KILL $pid 2>/dev/null
	wait $pid 2>/dev/null
done
relay 1500 20
relay 1500 20 && expect_each_once "$(sqlite3 "$dir/state.db" 'SELECT next_seq - 1 FROM riverd_state')"
ok "$rounds x kill -9 at random instants: each once" $?

# ---- lost group offsets ----
count() { sqlite3 "$dir/state.db" 'SELECT next_seq - 1 FROM riverd_state'; }
total=$(($(count) + 40))
RIVERD_FAULT="publish.after_commit:crash@3" relay $total 10
tool consumer.group.ConsumerGroupCommand --delete --group riverd-test >/dev/null
relay $total 10 && expect_each_once $total
ok "group offsets deleted while results waited for evidence: each once" $?
tool consumer.group.ConsumerGroupCommand --describe --group riverd-test --offsets >"$dir/offsets"
awk '$2 == "in" { n++ } END { exit n != 3 }' "$dir/offsets"
ok "the group has offsets again for all partitions" $?

# ---- broker trouble ----
total=$((total + 300))
relay $total 5 &
worker=$!
sleep 0.7
"$kafka" stop "$dir/broker" KILL >/dev/null
"$kafka" start "$dir/broker" >/dev/null
wait $worker
code=$?
[ $code -eq 0 ] && expect_each_once $total
ok "broker killed and started again in the middle: each once" $?
# shellcheck source=/dev/null
. "$dir/broker/kafka.env"
total=$((total + 300))
relay $total 5 &
worker=$!
sleep 0.7
kill -STOP "$PID"
sleep 4
kill -CONT "$PID"
wait $worker
code=$?
[ $code -eq 0 ] && expect_each_once $total
ok "broker frozen for 4 s in the middle: each once" $?

# ---- states that must be refused ----
cp "$dir/state.db" "$dir/backup.db"
relay $((total + 20)) 10
cp "$dir/state.db" "$dir/newest.db"
cp "$dir/backup.db" "$dir/state.db"
relay $((total + 40)) 10
code=$?
[ $code -eq 3 ]
ok "a restored backup is refused with exit 3 (was $code)" $?
rm -f "$dir"/state.db*
relay 10 10
code=$?
[ $code -eq 3 ]
ok "a lost database is refused with exit 3 (was $code)" $?
cp "$dir/newest.db" "$dir/state.db"
total=$((total + 40))
relay $total 10 && expect_each_once $total
ok "the newest database goes on: each once" $?

# ---- two at a time ----
cp "$dir/state.db" "$dir/clone.db"
timeout 60 "$driver" relay "$BOOTSTRAP" "$dir/clone.db" $((total + 400)) 5 >"$dir/clone.log" 2>&1 &
clone=$!
relay $((total + 400)) 5
mine=$?
wait $clone
theirs=$?
[ "$mine" -eq 3 ] || [ "$theirs" -eq 3 ]
ok "a clone of a running database: one of them ends with exit 3 (were $mine, $theirs)" $?
committed | sort | uniq -d >"$dir/twice"
[ ! -s "$dir/twice" ]
ok "and no result is seen twice" $?

# ---- retention and recreation ----
cp "$dir/state.db" "$dir/refused.db"
tool TopicCommand --delete --topic in
sleep 1
topic in 3
produce 1 10
timeout 60 "$driver" relay "$BOOTSTRAP" "$dir/newest.db" 5000 5 >"$dir/recreated.log" 2>&1
code=$?
[ $code -eq 3 ]
ok "a recreated input topic is refused with exit 3 (was $code)" $?

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
