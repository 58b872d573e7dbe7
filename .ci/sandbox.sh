#!/usr/bin/env bash
# Sandboxes hide what ONNX Runtime asks about the CPUs (Lambda has no /sys/devices/system/cpu): the same scores must come
# out there, nothing may be written to the home folder, and where ONNX Runtime would crash there must be an error instead.
set -euo pipefail
[ -e /sys/devices/system/cpu/present ] || { echo 'expected /sys/devices/system/cpu, to hide it; found none'; exit 77; }
unshare -rm mount -t tmpfs none /sys/devices/system/cpu 2>/dev/null || { echo 'expected the right to mount in a namespace, which this user has not'; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/home"
unset ORT_DISABLE_TELEMETRY XDG_CACHE_HOME
export HOME=$folder/home
classify="'$(command -v node)' bin/sulcus.js classify --json --threads 1 test/fixtures/icbm152-axial.png"
# hidden <mount commands>: the scores of the sample scan with those in place.
hidden() {
  unshare -rm bash -c "$1 && exec $classify" 2>"$folder/stderr" | node -p 'JSON.stringify(JSON.parse(require("fs").readFileSync(0)).scores)'
}
no_sys='mount -t tmpfs none /sys/devices/system/cpu'
no_cpuinfo='mount --bind /dev/null /proc/cpuinfo'

expected=$(hidden true)
for mounts in "$no_sys" "$no_cpuinfo"; do
  received=$(hidden "$mounts")
  [ "$received" = "$expected" ] || { echo "after '$mounts': expected $expected, received $received"; exit 1; }
  if grep -v 'Research use only' "$folder/stderr"; then echo "after '$mounts': expected nothing else on stderr"; exit 1; fi
done

status=0
unshare -rm bash -c "$no_sys && $no_cpuinfo && exec $classify" >"$folder/stdout" 2>"$folder/stderr" || status=$?
[ $status = 6 ] || { echo "expected exit code 6 where no CPU list is left, received $status"; cat "$folder/stderr"; exit 1; }
grep -q '^sulcus: MODEL_UNAVAILABLE: .*/proc/cpuinfo or /sys/devices/system/cpu/present' "$folder/stderr" || { cat "$folder/stderr"; exit 1; }

sleep 1 # telemetry, if there were any, starts late
left=$(find "$folder/home" -mindepth 1)
[ -z "$left" ] || { echo "expected an untouched home folder, received $left"; exit 1; }
