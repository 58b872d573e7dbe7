#!/usr/bin/env bash
# cfn-lint on every synthesised template.
set -euo pipefail
source .ci/python.sh
python_with cfn-lint==1.51.0
for folder in "$@"; do
  "$(dirname "$python")/cfn-lint" "$folder"/*.template.json
done
