#!/usr/bin/env bash
# The state machine of a backfill, run by an interpreter of the States Language that is not ours.
set -euo pipefail
source .ci/python.sh
python_with 'moto[server]==5.2.1'
npx --no-install tsx .ci/print-backfill.ts | AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x "$python" .ci/backfill-machine.py
