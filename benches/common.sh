# What the benchmarks of whole runs share; they source it at the root of the project.
# shellcheck shell=bash

# prepare EXAMPLE…: builds the program that is shipped and these examples; bin is where they are, work a folder that
# goes away at the end, with the endpoint if one was started, and the processes in helpers.
prepare() {
    local target=${CARGO_TARGET_DIR:-target} name
    name=$(basename "$0" .sh)
    cargo build --quiet --profile dist --bin scimulate "${@/#/--example=}"
    bin=$(cd "$target/dist" && pwd)
    work=$(mktemp -d "$(cd "$target" && pwd)/$name.XXXXXX")
    server=
    helpers=()
    trap end EXIT
}

end() {
    for process in $server ${helpers[@]+"${helpers[@]}"}; do
        kill "$process" 2>/dev/null || true
    done
    rm -rf "$work"
}

# serve OPTION…: starts an endpoint in another process; url is its address, BENCH_TOKEN its token. patience is how long it
# may take, in tenths of a second.
serve() {
    [ -z "$server" ] || { kill "$server" && wait "$server" || true; }
    : >"$work/serve.json"
    "$bin/scimulate" serve --listen 127.0.0.1:0 --output json "$@" >"$work/serve.json" 2>"$work/serve.log" &
    server=$!
    for _ in $(seq "${patience:-100}"); do
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
