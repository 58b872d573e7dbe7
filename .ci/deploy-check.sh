#!/usr/bin/env bash
# `cdk bootstrap` and `cdk deploy` of every stack against moto, and then the deployment used as its callers use it: keys,
# the API's routes, authorizer and functions, uploads through bucket, queue and function into the table. The functions run
# from the assets that were published, with the variables they were deployed with.
set -euo pipefail
source .ci/python.sh
python_with 'moto[server]==5.2.1'
npm run --silent build
folder=$(mktemp -d)
port=$(node -e "const s=require('node:net').createServer().listen(0,'127.0.0.1',()=>{console.log(s.address().port);s.close()})")
"$python" .ci/moto-account.py "$port" >"$folder/moto.log" 2>&1 &
moto=$!
trap 'kill $moto 2>/dev/null || true; rm -rf "$folder"' EXIT
for _ in $(seq 150); do
  curl -sf -o /dev/null "http://127.0.0.1:$port/moto-api/" && break
  kill -0 $moto 2>/dev/null || { tail -n 20 "$folder/moto.log"; exit 1; }
  sleep 0.2
done

export AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test CDK_DISABLE_CLI_TELEMETRY=true
# The assembly is checked by the steps that synthesise; here it is deployed. moto takes names of hosts for buckets, so
# the CLI gets a name and the SDKs, which put the bucket before a name, an address.
cdk() { AWS_ENDPOINT_URL="http://localhost:$port" CDK_VALIDATION=false npx --no-install cdk "$@"; }
cdk bootstrap aws://123456789012/$AWS_REGION --app ''
cdk synth -q -c packaging=layers -c webhookUrl=https://hooks.invalid/scans -o "$folder/assembly"
cdk deploy --all --app "$folder/assembly" --method=direct --require-approval never --outputs-file "$folder/outputs.json"

PYTHON=$python SULCUS_TEST_OUTPUTS="$folder/outputs.json" SULCUS_TEST_DEPLOYED="http://127.0.0.1:$port" \
  npx --no-install jest test/deployed
