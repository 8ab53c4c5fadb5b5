#!/usr/bin/env bash
# 1,000 cycles of 40 minutes of virtual time over 1,000 users where nothing changes, after an initial one: with the
# mapping wedo, and with scim, managers and 20 groups of 50 members. bash benches/cycles.sh [RUNS] prints a Markdown
# table, best of RUNS (3). They are to take less than five seconds; fails above that.
set -euo pipefail
cd "$(dirname "$0")/.."
. benches/common.sh

runs=${1:-3}
cycles=1000
prepare generate

"$bin/examples/generate" --users 1000 --assigned 1 --mapping wedo --out "$work/wedo"
"$bin/examples/generate" --users 1000 --groups 20 --members 50 --mapping scim --out "$work/scim"
sed -i 's/scope = "assigned"/scope = "all"/' "$work/wedo/scimulate.toml"

printf '| mapping | cycles | seconds | a cycle | requests |\n| --- | ---: | ---: | ---: | ---: |\n'
slowest=0
for mapping in wedo scim; do
    run=("$bin/scimulate" run -q --output json --config "$work/$mapping/scimulate.toml")
    "${run[@]}" >"$work/initial.json"
    TIMEFORMAT=%R
    seconds=$(for _ in $(seq "$runs"); do
        { time "${run[@]}" --simulate-clock --interval 40m --cycles "$cycles" >"$work/run.json"; } 2>&1
    done | sort -n | head -n 1)
    requests=$(python3 -c '
import json, sys
print(sum(sum(cycle["requests"].values()) for cycle in json.load(open(sys.argv[1]))["cycles"]))' "$work/run.json")
    printf '| %s | %d | %.2f | %s ms | %d |\n' "$mapping" "$cycles" "$seconds" "$(awk "BEGIN { printf \"%.2f\", $seconds * 1000 / $cycles }")" "$requests"
    slowest=$(awk "BEGIN { print ($seconds > $slowest) ? $seconds : $slowest }")
done
printf '\n* %s cores, best of %d.\n' "$(nproc)" "$runs"
awk "BEGIN { exit $slowest >= 5 }"
