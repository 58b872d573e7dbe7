#!/usr/bin/env bash
# cfn-lint on every synthesised template. W3005 only says that CDK's DependsOn repeats what a reference implies.
set -euo pipefail
source .ci/python.sh
python_with cfn-lint==1.51.0
for folder in "$@"; do
  "$python" -m cfnlint --ignore-checks W3005 --template "$folder"/*.template.json
done
