#!/usr/bin/env bash
# Installs what drives the browser into a folder of its own: install.sh DIR. A second call has nothing to do.
set -euo pipefail

dir=$1 here=$(cd "$(dirname "$0")" && pwd)
stamp=$(cat "$here"/packages.txt "$here"/*.mjs | cksum)
[ "$(cat "$dir/installed" 2>/dev/null)" = "$stamp" ] && exit 0

# Built aside and moved into place, so that an installation that broke off is never taken for a whole one.
mkdir -p "$(dirname "$dir")"
new=$(mktemp -d "$dir.XXXXXX")
trap 'rm -rf "$new"' EXIT
echo '{"name":"browser","private":true,"type":"module"}' >"$new/package.json"
mapfile -t packages <"$here/packages.txt"
(cd "$new" && npm install --silent --no-audit --no-fund --ignore-scripts --fetch-retries=2 \
    --fetch-timeout=20000 "${packages[@]}")
# Modules are looked up from where the script lies.
cp "$here"/*.mjs "$new/"
echo "$stamp" >"$new/installed"
rm -rf "$dir"
mv "$new" "$dir"
