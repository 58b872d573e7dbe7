#!/usr/bin/env bash
# Checkpoints of real sizes against transformers, image processor included (four minutes and 2 GB on two CPUs). Torch is too
# large to install on the way: SULCUS_PARITY_PYTHON names an interpreter that has it, else python3 may.
set -euo pipefail
python=${SULCUS_PARITY_PYTHON:-python3}
# Transformers 5 has the processors on Pillow, and Pillow 13 the order of passes, that the product is held to.
"$python" -c '
import PIL, numpy, torch, transformers
assert int(transformers.__version__.split(".")[0]) >= 5 and int(PIL.__version__.split(".")[0]) >= 13
' 2>/dev/null || { echo 'expected a Python with torch, transformers 5 and Pillow 13 (SULCUS_PARITY_PYTHON), found none'; exit 77; }
"$python" test/parity/full_size.py
