#!/usr/bin/env bash
# The embedded endpoint: bash benches/endpoint.sh [RUNS] (3), on a machine that has nothing else to do. Prints Markdown
# tables, and fails where one of these isn't so:
# * filters over 100,000 users in memory, 8 connections: at least 0.7 times what a bare axum handler (examples/bare.rs)
#   reaches that returns the same bytes, both asked by the same script of wrk, one right after the other;
# * with --data at least 5,000 creates a second, and at half the rate that was reached (examples/load.rs) 99 of 100 within
#   20 ms;
# * a million users under 1.5 GiB in memory, under 200 MiB with --data.
set -euo pipefail
cd "$(dirname "$0")/.."
. benches/common.sh

command -v wrk >/dev/null || {
    echo 'wrk is missing: apt-get install wrk' >&2
    exit 2
}
runs=${1:-3}
failed=
prepare generate bare load

# ask SEND CONNECTIONS SECONDS URL: what wrk reaches, in requests a second.
ask() {
    BENCH_SEND=$1 BENCH_PREFIX=$RANDOM$RANDOM wrk -t 1 -c "$2" -d "$3s" -s benches/endpoint.lua "$4" >"$work/wrk.log" 2>"$work/wrk.out"
    local reached errors
    read -r reached errors <"$work/wrk.out"
    [ "$errors" = 0 ] || echo "$errors of wrk's requests failed" >&2
    echo "$reached"
}

# peak PID: the most resident memory, in MiB.
peak() {
    awk '/VmHWM/ { print int($2 / 1024) }' "/proc/$1/status"
}

# must CONDITION WHAT: notes that something isn't as it is to be.
must() {
    awk "BEGIN { exit !($1) }" || failed+="* $2"$'\n'
}

"$bin/examples/generate" --users 100000 --mapping scim --format scim --out "$work/some"
export BENCH_NAMES=$work/names
python3 -c '
import json, sys, urllib.parse
for line in open(sys.argv[1]):
    print(urllib.parse.quote(json.loads(line)["userName"], safe=""))' "$work/some/scim.ndjson" >"$BENCH_NAMES"

serve --profile scim --load "$work/some/scim.ndjson"
python3 -c '
import os, sys, urllib.request
name = open(sys.argv[2]).readline().strip()
request = urllib.request.Request(sys.argv[1] + "/Users?filter=userName+eq+%22" + name + "%22")
request.add_header("Authorization", "Bearer " + os.environ["BENCH_TOKEN"])
sys.stdout.buffer.write(urllib.request.urlopen(request).read())' "$url" "$BENCH_NAMES" >"$work/answer"
"$bin/examples/bare" "$work/answer" application/scim+json >"$work/bare.url" &
helpers+=($!)
until [ -s "$work/bare.url" ]; do sleep 0.1; done
bare=$(cat "$work/bare.url")
printf '| filters over 100,000 users, 8 connections | requests a second | bare | ratio |\n| --- | ---: | ---: | ---: |\n'
ask find 8 1 "${url%/scim/v2}" >/dev/null
ratios=
for run in $(seq "$runs"); do
    before=$(ask find 8 3 "$bare")
    reached=$(ask find 8 5 "${url%/scim/v2}")
    after=$(ask find 8 3 "$bare")
    best=$(awk "BEGIN { print ($before + $after) / 2 }")
    ratio=$(awk "BEGIN { printf \"%.2f\", $reached / $best }")
    ratios+="$ratio "
    printf '| run %d | %.0f | %.0f | %s |\n' "$run" "$reached" "$best" "$ratio"
done
# shellcheck disable=SC2086
median=$(printf '%s\n' $ratios | sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }')
must "$median >= 0.7" "filters reach $median times what a bare handler does, not 0.7 times"

printf '\n| creates with --data | a second | at half that rate: p50 | p99 | p99.9 | longest |\n| --- | ---: | ---: | ---: | ---: | ---: |\n'
for sync in normal full; do
    for run in $(seq "$runs"); do
        serve --profile scim --data "$work/accounts-$sync-$run.db" --sync "$sync"
        reached=$(ask create 16 8 "${url%/scim/v2}")
        "$bin/examples/load" --url "$url" --rate $((reached / 2)) --seconds 10 --prefix paced >"$work/load.json"
        read -r p50 p99 p999 longest errors < <(python3 -c '
import json, sys
times = json.load(open(sys.argv[1]))
print(times["p50Ms"], times["p99Ms"], times["p999Ms"], times["maxMs"], times["failed"])' "$work/load.json")
        printf '| --sync %s, run %d | %d | %s ms | %s ms | %s ms | %s ms |\n' "$sync" "$run" "$reached" "$p50" "$p99" "$p999" "$longest"
        [ "$errors" = 0 ] || failed+="* $errors paced creates failed"$'\n'
        [ "$sync" = normal ] || continue
        rates+="$reached "
        lates+="$p99 "
    done
done
# shellcheck disable=SC2086
rate=$(printf '%s\n' $rates | sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }')
# shellcheck disable=SC2086
late=$(printf '%s\n' $lates | sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }')
must "$rate >= 5000" "$rate creates a second, not 5,000"
must "$late < 20" "at half the rate 99 of 100 creates take up to $late ms, not less than 20"

"$bin/examples/generate" --users 1000000 --mapping scim --format scim --out "$work/many"
patience=6000
printf '\n| a million users | loaded in | peak memory |\n| --- | ---: | ---: |\n'
begun=$SECONDS
serve --profile scim --load "$work/many/scim.ndjson"
memory=$(peak "$server")
printf '| in memory | %d s | %d MiB |\n' $((SECONDS - begun)) "$memory"
must "$memory < 1536" "a million users take $memory MiB, not less than 1,536"
begun=$SECONDS
serve --profile scim --data "$work/many.db" --load "$work/many/scim.ndjson"
ask find 8 3 "${url%/scim/v2}" >/dev/null
memory=$(peak "$server")
printf '| with --data | %d s | %d MiB |\n' $((SECONDS - begun)) "$memory"
must "$memory < 200" "a million users with --data take $memory MiB, not less than 200"

printf '\n* %s cores, shared by the endpoint and whoever asks; medians of %d runs count.\n' "$(nproc)" "$runs"
[ -z "$failed" ] || {
    printf '\nNot as it is to be:\n%s' "$failed" >&2
    exit 1
}
