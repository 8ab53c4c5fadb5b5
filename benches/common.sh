# What the benchmarks of whole runs share; they source it at the root of the project.
# shellcheck shell=bash

# prepare EXAMPLE…: builds the program that is shipped and these examples; bin is where they are, work a folder that
# goes away at the end, with the endpoint if one was started.
prepare() {
    local target=${CARGO_TARGET_DIR:-target} name
    name=$(basename "$0" .sh)
    cargo build --quiet --profile dist --bin scimulate "${@/#/--example=}"
    bin=$(cd "$target/dist" && pwd)
    work=$(mktemp -d "$(cd "$target" && pwd)/$name.XXXXXX")
    server=
    trap end EXIT
}

end() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    rm -rf "$work"
}

# serve OPTION…: starts an empty endpoint in another process; url is its address, BENCH_TOKEN its token.
serve() {
    [ -z "$server" ] || { kill "$server" && wait "$server" || true; }
    : >"$work/serve.json"
    "$bin/scimulate" serve --listen 127.0.0.1:0 --output json "$@" >"$work/serve.json" 2>"$work/serve.log" &
    server=$!
    for _ in $(seq 100); do
        [ -s "$work/serve.json" ] && break
        sleep 0.1
    done
    read -r url BENCH_TOKEN < <(python3 -c '
import json, sys
ready = json.loads(open(sys.argv[1]).readline())
print(ready["tenantUrl"], ready["token"])' "$work/serve.json")
    export BENCH_TOKEN
}

# target CONNECTIONS: the [target] section of a config for that endpoint.
target() {
    printf '\n[target]\ntenant_url = "%s"\nsecret_token_env = "BENCH_TOKEN"\nrate = "unlimited"\nconcurrency = %d\n' "$url" "$1"
}
