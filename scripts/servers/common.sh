# shellcheck shell=bash
# What the server scripts share: the cache, Maven, free ports, starting and stopping by pid.

cache=${RIVERD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/riverd}

say() { echo "${0##*/}: $*"; }
die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

# need PROGRAM PACKAGE...: ends with the name of the Debian packages when it is missing.
need() {
	command -v "$1" >/dev/null || die "needs $1; on Debian: apt-get install ${*:2}"
}

# java_at_least MAJOR: the path of a Java that is new enough.
java_at_least() {
	local want=$1 candidate version
	for candidate in ${JAVA_HOME:+"$JAVA_HOME/bin/java"} java /usr/lib/jvm/*/bin/java; do
		version=$("$candidate" -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p') || continue
		if [ -n "$version" ] && [ "$version" -ge "$want" ]; then
			echo "$candidate"
			return
		fi
	done
	die "needs Java $want or newer; on Debian: apt-get install openjdk-17-jre-headless"
}

# free_port: a loopback port nobody listens on, below the range of outgoing connections.
free_port() {
	local port
	while :; do
		port=$((16000 + (RANDOM * 32768 + RANDOM) % 16000))
		if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
			echo "$port"
			return
		fi
	done
}

# fetch_once NAME FUNCTION: runs FUNCTION DIR once to fill $cache/NAME. Concurrent
# callers wait for each other; a broken download leaves nothing behind.
fetch_once() {
	local name=$1 fill=$2
	mkdir -p "$cache"
	[ -e "$cache/$name/.complete" ] && return
	(
		flock 9
		[ -e "$cache/$name/.complete" ] && exit 0
		say "installing $name into $cache (once)"
		rm -rf "${cache:?}/${name:?}" "$cache/$name.part"
		mkdir -p "$cache/$name.part"
		"$fill" "$cache/$name.part" || exit 1
		touch "$cache/$name.part/.complete"
		mv "$cache/$name.part" "$cache/$name"
	) 9>"$cache/$name.lock" || die "could not install $name"
}

# maven DIR ARGUMENTS...: quiet, in DIR, three attempts; its output is shown when all fail.
maven() {
	local dir=$1 attempt
	shift
	need mvn maven
	for attempt in 1 2 3; do
		if (cd "$dir" && mvn -B -q "$@") >"$dir/maven.log" 2>&1; then
			return 0
		fi
		[ "$attempt" = 3 ] || sleep $((attempt * 3))
	done
	cat "$dir/maven.log" >&2
	return 1
}

# running PID: whether it is alive and not merely waiting to be reaped.
running() {
	[ -n "${1:-}" ] && [ -r "/proc/$1/stat" ] && ! grep -q ') Z ' "/proc/$1/stat"
}

# value FILE NAME: what NAME=... says in FILE, or nothing.
value() {
	[ -r "$1" ] && sed -n "s/^$2=//p" "$1"
}

# stop_pid PID SECONDS [SIGNAL]: asks, waits, then kills that one process.
stop_pid() {
	local pid=$1 seconds=$2 signal=${3:-TERM} i
	running "$pid" || return 0
	kill -"$signal" "$pid" 2>/dev/null || return 0
	for ((i = 0; i < seconds * 10; i++)); do
		running "$pid" || return 0
		sleep 0.1
	done
	kill -KILL "$pid" 2>/dev/null
	sleep 0.2
}
