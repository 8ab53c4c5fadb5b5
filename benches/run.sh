#!/usr/bin/env bash
# Measures whole runs of the program that is shipped against reading the same files (examples/baseline.rs), in one go,
# and prints a Markdown table: bash benches/run.sh [RUNS]. Best of RUNS (5), by hyperfine if it is there. Judges nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
. benches/common.sh

runs=${1:-5}
prepare generate baseline

# best COMMAND…: seconds of the fastest of some runs.
best() {
    if command -v hyperfine >/dev/null; then
        hyperfine --shell=none --warmup 1 --runs "$runs" --export-json "$work/hyperfine.json" "$(printf '%q ' "$@")" >/dev/null 2>&1
        python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["results"][0]["min"])' "$work/hyperfine.json"
        return
    fi
    local TIMEFORMAT=%R
    for _ in $(seq "$runs"); do
        { time "$@" >"$work/output" 2>&1; } 2>&1 || { cat "$work/output" >&2; return 1; }
    done | sort -n | head -n 1
}

# peak COMMAND…: the most resident memory, in MiB.
peak() {
    local most=0 now pid
    if [ -x /usr/bin/time ]; then
        /usr/bin/time -v "$@" >/dev/null 2>"$work/peak"
        most=$(awk '/Maximum resident set size/ { print $NF }' "$work/peak")
    else
        "$@" >/dev/null 2>&1 &
        pid=$!
        while now=$(awk '/VmHWM/ { print $2 }' "/proc/$pid/status" 2>/dev/null) && [ -n "$now" ]; do
            most=$now
            sleep 0.01
        done
        wait "$pid"
    fi
    echo $((most / 1024))
}

# row NAME SECONDS BASELINE MIB
row() {
    printf '| %s | %.3f s | %s | %s MiB |\n' "$1" "$2" "$(awk "BEGIN { printf \"%.2f\", $2 / $3 }")" "$4"
}

# in_cycle FILE MEMBERS…: a member of the first cycle in what `run --output json` printed.
in_cycle() {
    python3 -c '
import json, sys
value = json.load(open(sys.argv[1]))["cycles"][0]
for name in sys.argv[2:]:
    value = value[name]
print(value)' "$@"
}

for users in 100000 1000000; do
    "$bin/examples/generate" --users "$users" --out "$work/$users"
done

printf '| run | time | to its baseline | peak memory |\n| --- | ---: | ---: | ---: |\n'
for users in 100000 1000000; do
    dir=$work/$users
    base=("$bin/examples/baseline" "$dir")
    plan=("$bin/scimulate" plan --offline -q --config "$dir/scimulate.toml")
    baseline=$(best "${base[@]}")
    row "baseline, $users users" "$baseline" "$baseline" "$(peak "${base[@]}")"
    row "plan --offline -q, $users users" "$(best "${plan[@]}")" "$baseline" "$(peak "${plan[@]}")"
    [ "$users" = 100000 ] && baseline_100k=$baseline
done

# The same export, with every column that the generic mapping needs, under either mapping.
dir=$work/columns
"$bin/examples/generate" --users 100000 --mapping scim --out "$dir"
sed 's/mapping = "scim"/mapping = "wedo"/' "$dir/scimulate.toml" >"$dir/wedo.toml"
wedo=("$bin/scimulate" plan --offline -q --config "$dir/wedo.toml")
scim=("$bin/scimulate" plan --offline -q --config "$dir/scimulate.toml")
with_wedo=$(best "${wedo[@]}")
row "plan, 100000 users with 24 columns, mapping wedo" "$with_wedo" "$with_wedo" "$(peak "${wedo[@]}")"
row "plan, the same, mapping scim" "$(best "${scim[@]}")" "$with_wedo" "$(peak "${scim[@]}")"

run=("$bin/scimulate" run -q --output json --config "$work/100000/scimulate.toml")
"${run[@]}" >"$work/initial.json"
idle=$(best "${run[@]}")
"${run[@]}" >"$work/idle.json"
row "incremental cycle, 100000 unchanged users" "$idle" "$baseline_100k" "$(peak "${run[@]}")"

# 20,000 and some are in scope of these.
dir=$work/serve
"$bin/examples/generate" --users 24000 --out "$dir"
serve
target 16 >>"$dir/scimulate.toml"
baseline=$(best "$bin/examples/baseline" "$dir")
create=("$bin/scimulate" run -q --output json --config "$dir/scimulate.toml")
TIMEFORMAT=%R
seconds=$({ time "${create[@]}" >"$work/create.json" 2>"$work/create.log"; } 2>&1)
created=$(in_cycle "$work/create.json" summary create)
row "initial cycle into serve, $created users created (memory of serve)" "$seconds" "$baseline" "$(awk '/VmHWM/ { print int($2 / 1024) }' "/proc/$server/status")"

cat <<EOF

* The incremental cycle sent $(in_cycle "$work/idle.json" requests).
* Creating: $(awk "BEGIN { printf \"%d\", $created / $seconds }") users a second of the whole run, $(awk "BEGIN { printf \"%d\", $created * 1000 / $(in_cycle "$work/create.json" durationMs) }") of the cycle; it sent $(in_cycle "$work/create.json" requests).
* $(nproc) cores, best of $runs runs ($(command -v hyperfine >/dev/null && echo hyperfine || echo "bash's time")); the initial cycle ran once.
EOF
