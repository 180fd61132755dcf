#!/usr/bin/env bash
# Makes sure that Chromium is there for the browser tests; installs Debian's package when it is not.
set -euo pipefail
for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null && exit 0
done
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium fonts-dejavu-core >/dev/null
else
    echo "The browser tests need Chromium: install your system's package named chromium." >&2
    exit 1
fi
