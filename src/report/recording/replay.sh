#
# Sends the recorded requests again, one after the other, and says which of them get another status:
#
#   TOKEN=… sh FILE TENANT_URL
#
# An id that an answer gave is replaced by the one that the same request gets now. What was masked is sent as
# `[secret]`. To go on with the next part, set REPLAY_IDS to the name of a file that keeps the ids in between.
# Ends with 0 if every status is the recorded one, else with 1. Needs curl, which is told about certificates and
# proxies by its own variables (CURL_CA_BUNDLE, HTTPS_PROXY) and .curlrc.

set -u
umask 077
tenant=${1:?name the tenant URL to send to}
tenant=${tenant%/}
: "${TOKEN:?put the token into the variable TOKEN}"
# Whoever records goes on writing this file, above all the endpoint that it is sent to: what runs is a copy.
if [ "${REPLAY_COPY-}" = "$0" ]; then
	rm -f "$0"
elif [ -f "$0" ]; then
	REPLAY_COPY=$(mktemp) && cat "$0" >"$REPLAY_COPY" || exit 2
	export REPLAY_COPY
	exec sh "$REPLAY_COPY" "$@"
fi
origin=$(printf '%s\n' "$tenant" | sed 's|^\([A-Za-z]*://[^/]*\).*|\1|')
work=$(mktemp -d) || exit 2
sent=0
different=0

finish() {
	code=$?
	rm -rf "$work"
	echo "$sent requests, $different with another status."
	[ "$code" -ne 0 ] || [ "$different" -eq 0 ] || code=1
	exit "$code"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
printf 'Authorization: Bearer %s\n' "$TOKEN" >"$work/token"

# body TEXT: what the next request sends
body() { printf '%s' "$1" >"$work/body"; }
body64() { printf '%s' "$1" | base64 -d >"$work/body"; }

# send NUMBER METHOD URL STATUS [OPTION OF CURL…]
send() {
	number=$1 method=$2 url=$3 expected=$4
	shift 4
	[ ! -f "$work/body" ] || set -- "$@" --data-binary @"$work/body"
	[ "$method" != HEAD ] || set -- "$@" --head
	: >"$work/answer"
	status=$(curl -sS -g --path-as-is --http1.1 --max-time 60 -X "$method" -H User-Agent: -H Accept: -H Content-Type: \
		-H Expect: "$@" -o "$work/answer" -w '%{http_code}' --url "$url") || status=${status:-000}
	rm -f "$work/body"
	sent=$((sent + 1))
	if [ "$status" = "$expected" ]; then
		printf '%5s  %s  %s %s\n' "$number" "$status" "$method" "${url#"$tenant"}"
	else
		different=$((different + 1))
		printf '%5s  %s  %s %s  (recorded: %s)\n' "$number" "$status" "$method" "${url#"$tenant"}" "$expected"
	fi
}

# keep NUMBER: the first id in the last answer is what later requests mean by that of this one
keep() {
	case $status in 2??) ;; *) return ;; esac
	new=$(tr -d '\r\n' <"$work/answer" | grep -o '"id"[[:space:]]*:[[:space:]]*"[^"]*"' | sed 's/.*"\([^"]*\)"$/\1/;q')
	eval "id_$1=\$new"
	[ -z "${REPLAY_IDS-}" ] || printf '%s %s\n' "$1" "$new" >>"$REPLAY_IDS"
}

# skip NUMBER REASON
skip() { printf '%5s  left out: %s\n' "$1" "$2"; }

if [ -n "${REPLAY_IDS-}" ] && [ -f "$REPLAY_IDS" ]; then
	while read -r number new; do
		case $number in '' | *[!0-9]*) ;; *) eval "id_$number=\$new" ;; esac
	done <"$REPLAY_IDS"
fi

