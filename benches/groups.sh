#!/usr/bin/env bash
# An initial cycle of 10,000 users, their managers and 200 groups of 100 members against `serve --profile scim` in another
# process, and what wrk reaches there with as many connections and the same mix of requests (benches/groups.lua), in one
# go: bash benches/groups.sh [RUNS]. Prints a Markdown table with the ratio, which is to be 0.5 or more; fails below that.
set -euo pipefail
cd "$(dirname "$0")/.."
. benches/common.sh

command -v wrk >/dev/null || {
    echo 'wrk is missing: apt-get install wrk' >&2
    exit 2
}
runs=${1:-3}
connections=16
prepare generate

"$bin/examples/generate" --users 10000 --groups 200 --members 100 --mapping scim --out "$work/export"
printf '| run | requests | seconds | requests a second | wrk | ratio |\n| --- | ---: | ---: | ---: | ---: | ---: |\n'
worst=9
for run in $(seq "$runs"); do
    serve --profile scim
    rm -rf "$work/export/.scimulate"
    { cat "$work/export/scimulate.toml"; target "$connections"; } >"$work/export/bench.toml"
    "$bin/scimulate" run -q --output json --config "$work/export/bench.toml" >"$work/run.json" 2>"$work/run.log"
    read -r requests seconds < <(python3 -c '
import json, sys
cycle = json.load(open(sys.argv[1]))["cycles"][0]
print(sum(cycle["requests"].values()), cycle["durationMs"] / 1000)' "$work/run.json")
    # Half the time, so that the endpoint comes to hold about as much.
    serve --profile scim
    wrk -t 1 -c "$connections" -d "$(awk "BEGIN { print int($seconds / 2) + 1 }")s" -s benches/groups.lua "${url%/scim/v2}" >"$work/wrk.log" 2>"$work/wrk.out"
    read -r reached _ failed <"$work/wrk.out"
    [ "$failed" = 0 ] || echo "$failed of wrk's requests failed" >&2
    ratio=$(awk "BEGIN { printf \"%.2f\", $requests / $seconds / $reached }")
    worst=$(awk "BEGIN { print ($ratio < $worst) ? $ratio : $worst }")
    printf '| %d | %d | %.2f | %.0f | %.0f | %s |\n' "$run" "$requests" "$seconds" "$(awk "BEGIN { print $requests / $seconds }")" "$reached" "$ratio"
done
printf '\n* %s connections, %s cores.\n' "$connections" "$(nproc)"
awk "BEGIN { exit $worst < 0.5 }"
