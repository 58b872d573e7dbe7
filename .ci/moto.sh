#!/usr/bin/env bash
# The stores' contract suites against an AWS stand-in that is nobody's code here.
set -euo pipefail
source .ci/python.sh
python_with 'moto[server]==5.2.1'
export PYTHON=$python
node test/contracts/run-on-moto.js
