#!/usr/bin/env bash
# An initial cycle of 10,000 users, their managers and 200 groups of 100 members against `serve --profile scim` in another
# process, and what wrk reaches there with as many connections and the same mix of requests (benches/groups.lua), in one
# go: bash benches/groups.sh [RUNS]. Prints a Markdown table with the ratio, which is to be 0.5 or more; fails below that.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v wrk >/dev/null || {
    echo 'wrk is missing: apt-get install wrk' >&2
    exit 2
}
runs=${1:-3}
connections=16
target=${CARGO_TARGET_DIR:-target}
cargo build --quiet --profile dist --bin scimulate --example generate
bin=$(cd "$target/dist" && pwd)
work=$(mktemp -d "$(cd "$target" && pwd)/groups.XXXXXX")
server=
end() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    rm -rf "$work"
}
trap end EXIT

# serve: starts an empty endpoint, whose url and token are in variables then.
serve() {
    [ -z "$server" ] || { kill "$server" && wait "$server" || true; }
    : >"$work/serve.json"
    "$bin/scimulate" serve --profile scim --listen 127.0.0.1:0 --output json >"$work/serve.json" 2>"$work/serve.log" &
    server=$!
    for _ in $(seq 100); do
        [ -s "$work/serve.json" ] && break
        sleep 0.1
    done
    read -r url token < <(python3 -c '
import json, sys
ready = json.loads(open(sys.argv[1]).readline())
print(ready["tenantUrl"], ready["token"])' "$work/serve.json")
    export TOKEN=$token
}

"$bin/examples/generate" --users 10000 --groups 200 --members 100 --mapping scim --out "$work/export"
printf '| run | requests | seconds | requests a second | wrk | ratio |\n| --- | ---: | ---: | ---: | ---: | ---: |\n'
worst=9
for run in $(seq "$runs"); do
    serve
    rm -rf "$work/export/.scimulate"
    { cat "$work/export/scimulate.toml"; printf '\n[target]\ntenant_url = "%s"\nsecret_token_env = "TOKEN"\nrate = "unlimited"\nconcurrency = %d\n' "$url" "$connections"; } >"$work/export/bench.toml"
    "$bin/scimulate" run -q --output json --config "$work/export/bench.toml" >"$work/run.json" 2>"$work/run.log"
    read -r requests seconds < <(python3 -c '
import json, sys
cycle = json.load(open(sys.argv[1]))["cycles"][0]
print(sum(cycle["requests"].values()), cycle["durationMs"] / 1000)' "$work/run.json")
    # Half the time, so that the endpoint comes to hold about as much.
    serve
    wrk -t 1 -c "$connections" -d "$(awk "BEGIN { print int($seconds / 2) + 1 }")s" -s benches/groups.lua "${url%/scim/v2}" >"$work/wrk.log" 2>"$work/wrk.out"
    read -r reached _ failed <"$work/wrk.out"
    [ "$failed" = 0 ] || echo "$failed of wrk's requests failed" >&2
    ratio=$(awk "BEGIN { printf \"%.2f\", $requests / $seconds / $reached }")
    worst=$(awk "BEGIN { print ($ratio < $worst) ? $ratio : $worst }")
    printf '| %d | %d | %.2f | %.0f | %.0f | %s |\n' "$run" "$requests" "$seconds" "$(awk "BEGIN { print $requests / $seconds }")" "$reached" "$ratio"
done
printf '\n* %s connections, %s cores.\n' "$connections" "$(nproc)"
awk "BEGIN { exit $worst < 0.5 }"
