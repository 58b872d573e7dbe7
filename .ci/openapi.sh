#!/usr/bin/env bash
# The document that the API serves, checked by a validator that is not ours.
set -euo pipefail
source .ci/python.sh
python_with openapi-spec-validator==0.9.0
mkdir -p dist/ci
npx --no-install tsx .ci/print-openapi.ts >dist/ci/openapi.json
"$python" -m openapi_spec_validator dist/ci/openapi.json
