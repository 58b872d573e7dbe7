#!/usr/bin/env bash
# The stores' contract suites, and real S3 notifications into the upload handler, on an AWS stand-in that is not ours.
set -euo pipefail
source .ci/python.sh
python_with 'moto[server]==5.2.1'
PYTHON=$python node test/contracts/run-on-moto.js
PATH="$(dirname "$python"):$PATH" bash test/contracts/run-s3-on-moto.sh
