#!/usr/bin/env bash
# int8 on an x64 CPU without VNNI, emulated (qemu's TCG has AVX2 and no AVX-512): weights whose pairs are bounded give the
# same logits by the fast products as by the exact ones; weights that are not (older bundles) get exact products by the
# automatic rule, and saturate without. /proc/cpuinfo is the emulating machine's, so the flags that the emulated CPU lacks
# are taken out of it for these runs.
set -euo pipefail
[ "$(uname -sm)" = 'Linux x86_64' ] || { echo 'expected Linux on x64, which can emulate this without a foreign C library'; exit 77; }
command -v qemu-x86_64 >/dev/null || { echo 'expected qemu-x86_64 (apt install qemu-user), found none'; exit 77; }
unshare -rm mount --bind /dev/null /proc/cpuinfo 2>/dev/null || { echo 'expected the right to mount over /proc/cpuinfo in a namespace, which this user has not'; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
sed -E '/^flags/ s/ (avx512[a-z0-9_]*|avx_vnni[a-z0-9_]*|amx_[a-z0-9_]*)//g' /proc/cpuinfo >"$folder/cpuinfo"
node --import tsx .ci/emulated-cpu.ts compile "$folder"
# tsx under emulation would compile a hundred files; this is one.
npx --no-install esbuild .ci/emulated-cpu.ts --bundle --platform=node --external:onnxruntime-node --log-level=error --outfile="$folder/run.js"
export NODE_PATH=$PWD/node_modules ORT_DISABLE_TELEMETRY=1
node "$folder/run.js" run "$folder/fp32" >"$folder/native-fp32.json"
# emulated <name> <bundle> <SULCUS_EXACT_PRODUCTS> <SULCUS_PREPACK>
emulated() {
  # With cpuinfo hidden the rule would be right by not knowing, so that is not how it is asked.
  SULCUS_EXACT_PRODUCTS=$3 SULCUS_PREPACK=$4 unshare -rm bash -c "mount --bind '$folder/cpuinfo' /proc/cpuinfo && exec qemu-x86_64 -cpu max '$(command -v node)' '$folder/run.js' run '$folder/$2'" >"$folder/$1.json"
}
emulated bounded-auto int8 auto auto
emulated bounded-off int8 off auto
emulated bounded-on int8 on auto
emulated unbounded-auto unbounded auto auto
emulated unbounded-auto-not-prepacked unbounded auto off
emulated unbounded-off unbounded off auto
node "$folder/run.js" compare "$folder"
