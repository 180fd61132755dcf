#!/usr/bin/env bash
# Proof, without a Docker engine, that the compose file is sound and that the image would build:
# `docker-compose config`, every image pinned, and the Dockerfile's own steps in a fresh virtual environment.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v docker-compose >/dev/null; then
    if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
        apt-get -qq update
        DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends docker-compose >/dev/null
    else
        echo "docker-compose is needed to check the compose file: install your system's package." >&2
        exit 1
    fi
fi
docker-compose config -q
docker-compose --profile stubs config >/dev/null
echo "docker-compose.yml: sound"

unpinned="$(grep -hE '^\s*(image:|FROM )' docker-compose.yml deploy/Dockerfile | grep -vE ':[0-9$][^ ]*' || true)"
if [ -n "$unpinned" ]; then
    printf 'images without a version:\n%s\n' "$unpinned" >&2
    exit 1
fi
echo "images: all pinned"

place="$(mktemp -d)"
trap 'rm -rf "$place"' EXIT
mkdir "$place/build"
# COPY steps: whatever the Dockerfile copies must exist.
grep -E '^COPY [^-]' deploy/Dockerfile | while read -r _ from; do
    set -- $from
    while [ $# -gt 1 ]; do
        mkdir -p "$place/build/$(dirname "$1")"
        cp -R "$1" "$place/build/$1"
        shift
    done
done
# RUN steps: the same commands, in a virtual environment of their own.
"${PYTHON:-python3}" -m venv "$place/dipemu"
"$place/dipemu/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r "$place/build/requirements/runtime.txt"
"$place/dipemu/bin/pip" install --quiet --disable-pip-version-check --no-deps "$place/build"
cd "$place"
"$place/dipemu/bin/dipemu" --version
echo "Dockerfile: its steps work"
