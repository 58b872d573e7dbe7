#!/usr/bin/env bash
# The golden figures of the metrics and of logistic regression are what scikit-learn gives today, and so is the classifier
# that `sulcus train-head` puts into a graph, on features as they are served.
set -euo pipefail
source .ci/python.sh
python_with 'scikit-learn==1.9.1'
"$python" test/core/metrics/scikit_learn.py --check
npx tsx .ci/served-head.ts | "$python" .ci/same_head.py
