#!/usr/bin/env bash
# The golden figures of the metrics and of logistic regression are what scikit-learn gives today.
set -euo pipefail
source .ci/python.sh
python_with 'scikit-learn==1.9.1'
"$python" test/core/metrics/scikit_learn.py --check
