#!/usr/bin/env bash
# The training package on generated slices, end to end: its tests where pytest is, then a tiny random ViT trained for two
# epochs with an interruption, compiled, and one slice classified with it as transformers would.
set -euo pipefail
python=${SULCUS_PARITY_PYTHON:-python3}
"$python" -c '
import accelerate, numpy, PIL, safetensors, torch, transformers
assert transformers.__version__.split(".")[0] >= "5" and int(PIL.__version__.split(".")[0]) >= 13
' 2>/dev/null || { echo 'expected a Python with torch, transformers 5, accelerate and Pillow 13 (SULCUS_PARITY_PYTHON), found none'; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HF_HUB_OFFLINE=1 PYTHONPATH="$PWD/training" PYTHONDONTWRITEBYTECODE=1
step() { "$python" -m "sulcus_training.$1" "${@:2}"; }

if "$python" -c 'import pytest' 2>/dev/null; then (cd training && "$python" -m pytest -q -p no:cacheprovider); fi
step generate_data --out "$work/data"
run=(train --data "$work/data" --base random --tiny --recipe dinov2-small --learning-rate 1e-3 --epochs 2
  --protocol card --half --device cpu --out "$work/run")
status=0
step "${run[@]}" --minutes 0 || status=$?
[ $status -eq 75 ] && [ ! -e "$work/run/run.json" ] && [ -n "$(ls -d "$work"/run/checkpoint-*)" ]
step "${run[@]}"
step evaluate --data "$work/data" --model "$work/run/model" --out "$work/again" --id again --protocol card \
  --trained-on 'nine tenths' --evaluated-on 'everything'

node bin/sulcus.js compile "$work/run/model" --out "$work/bundle" --name smoke
scan="$work/data/images/Non_Demented/0-0.png"
node bin/sulcus.js classify "$scan" --model "$work/bundle" --json >"$work/result.json"
"$python" .ci/same_logits.py "$work/run/model" "$work/bundle/manifest.json" "$scan" "$work/result.json"

# Two folds as they would be served: by the compiled models, which differ from the checkpoints by their rounding alone.
for fold in 0 1; do
  step train --data "$work/data" --base random --tiny --epochs 4 --learning-rate 3e-3 --protocol subject-folds \
    --fold $fold --device cpu --out "$work/fold-$fold"
done
step pool_served "$work/fold-0" "$work/fold-1" --data "$work/data" --sulcus bin/sulcus.js --out "$work/folds"
"$python" -c '
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1])))
own = {row["file"]: row for fold in sys.argv[2:] for row in csv.DictReader(open(fold))}
assert len(rows) == len(own) > 0
columns = [c for c in rows[0] if c.startswith("logit_")]
gap = max(abs(float(row[c]) - float(own[row["file"]][c])) for row in rows for c in columns)
spread = max(float(row[columns[0]]) for row in rows) - min(float(row[columns[0]]) for row in rows)
assert 0 < gap < spread / 10, (gap, spread)
' "$work/folds/logits.csv" "$work/fold-0/logits.csv" "$work/fold-1/logits.csv"
