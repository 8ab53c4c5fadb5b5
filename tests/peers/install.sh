#!/usr/bin/env bash
# Installs a server of others into a folder of its own: install.sh NAME DIR. A second call has nothing to do.
set -euo pipefail

name=$1 dir=$2 here=$(cd "$(dirname "$0")" && pwd)
stamp=$(cksum <"$here/$name/packages.txt")
[ "$(cat "$dir/installed" 2>/dev/null)" = "$stamp" ] && exit 0

# Built aside and moved into place, so that an installation that broke off is never taken for a whole one.
mkdir -p "$(dirname "$dir")"
new=$(mktemp -d "$dir.XXXXXX")
trap 'rm -rf "$new"' EXIT

case $name in
aiosmtpd | scim2-server | scim2-tester)
    python=python3
    if ! python3 -m pip --version >/dev/null 2>&1; then
        python3 -m venv "$new/tools"
        python=$new/tools/bin/python
    fi
    "$python" -m pip install --quiet --disable-pip-version-check --no-input --root-user-action=ignore \
        --retries 2 --timeout 20 --target "$new/packages" --requirement "$here/$name/packages.txt"
    rm -rf "$new/tools"
    ;;
scimmy)
    echo '{"name":"peer","private":true,"type":"module"}' >"$new/package.json"
    mapfile -t packages <"$here/$name/packages.txt"
    (cd "$new" && npm install --silent --no-audit --no-fund --ignore-scripts --fetch-retries=2 \
        --fetch-timeout=20000 "${packages[@]}")
    # Modules are looked up from where the script lies.
    cp "$here/$name/serve.mjs" "$new/"
    ;;
*)
    echo "no server called $name" >&2
    exit 2
    ;;
esac
echo "$stamp" >"$new/installed"
rm -rf "$dir"
mv "$new" "$dir"
