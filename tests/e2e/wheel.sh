#!/usr/bin/env bash
# `pip install .` into a fresh virtual environment, then the headline scenario from an empty folder elsewhere.
# Proves that catalogues, scenarios with their bases and steps, templates and pages travel in the wheel.
set -euo pipefail
repository="$(cd "$(dirname "$0")/../.." && pwd)"
place="$(mktemp -d)"
trap 'rm -rf "$place"' EXIT
"${PYTHON:-python3}" -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r "$repository/requirements/runtime.txt"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps "$repository"
mkdir "$place/empty"
cd "$place/empty"
"$place/venv/bin/dipemu" --version
"$place/venv/bin/dipemu" scenarios list --json > listed.json
find "$repository/scenarios" -mindepth 2 -name '*.yaml' -not -path '*/bases/*' -not -path '*/steps/*' | while read -r file; do
    grep -q "\"id\": \"$(basename "$file" .yaml)\"" listed.json || { echo "wheel: $file is not in it" >&2; exit 1; }
done
"$place/venv/bin/dipemu" run SITFTS0020-Smart-Single
"$place/venv/bin/python" -c "from services.qualification.web import pages; pages.asset('ui.css'); pages.problem(404, '', '')"
echo "wheel: the scenario passed from an installed package"
