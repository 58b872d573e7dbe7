#!/usr/bin/env bash
# The S3 adapter against an independent S3: moto (pip install 'moto[server]'). Skips, saying why, where there is none.
set -euo pipefail
cd "$(dirname "$0")/../.."

if ! command -v moto_server >/dev/null; then
  echo 'skipped: moto_server is not installed (pip install "moto[server]")'
  exit 0
fi

port="$(node -e "const s=require('node:net').createServer().listen(0,'127.0.0.1',()=>{console.log(s.address().port);s.close()})")"
moto_server -H 127.0.0.1 -p "$port" >/dev/null 2>&1 &
moto=$!
trap 'kill "$moto" 2>/dev/null || true' EXIT
for _ in $(seq 100); do
  if curl -sf "http://127.0.0.1:$port/moto-api/" >/dev/null; then break; fi
  sleep 0.2
done

AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test \
  SULCUS_TEST_S3_ENDPOINT="http://127.0.0.1:$port" SULCUS_TEST_S3_IS_MOTO=1 \
  npx jest test/contracts/scan-stores test/contracts/s3-notifications test/contracts/result-objects "$@"
