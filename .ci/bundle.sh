#!/usr/bin/env bash
# The committed bundle must be reproducible from the checkpoint it names and its calibration, byte for byte (same digest).
set -euo pipefail
checkpoint=../shared/checkpoint
[ -f "$checkpoint/model.safetensors" ] || { echo 'expected the default checkpoint beside the clone, found none'; exit 77; }
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
digest() { node -p 'JSON.parse(require("fs").readFileSync(process.argv[1])).digest' "$1/manifest.json"; }
name=$(node -p 'JSON.parse(require("fs").readFileSync("layers/model/manifest.json")).name')
node bin/sulcus.js compile "$checkpoint" --out "$out/bundle" --name "$name" --skip-background 8
# Features differ in their last digits from CPU to CPU, so the calibration is not fitted anew but put on.
if [ -f layers/model/calibration.json ]; then
  node bin/sulcus.js calibrate --apply layers/model/calibration.json --model "$out/bundle" --out "$out/bundle"
fi
[ "$(digest "$out/bundle")" = "$(digest layers/model)" ]
