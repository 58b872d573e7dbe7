#!/usr/bin/env bash
# The images, built without a network and run as Lambda runs them: bench/image.ts checks size, user, walls and scores.
set -euo pipefail
for tool in podman buildah runc; do
  command -v $tool >/dev/null || { echo "expected $tool (apt install podman buildah runc), found none"; exit 77; }
done
[ "$(uname -sm)" = 'Linux x86_64' ] || { echo 'expected Linux on x64, which these images are for'; exit 77; }
source .ci/python.sh
source .ci/lambda-base.sh
npm run --silent build
lambda_base
for target in classify-upload backfill-scans classify-api; do
  buildah bud -q --isolation chroot --layers --pull-never --platform linux/amd64 --build-arg "BASE_IMAGE=$base" \
    --target $target -t localhost/sulcus-$target dist/image
done
# Where control groups or namespaces cannot be made, nothing can be run; the build above is still shown.
podman --runtime runc run --rm --pull=never --network=host --ulimit nofile=1024:1024 --ulimit nproc=1000:1000 \
  --memory=1769m --entrypoint /var/lang/bin/node localhost/sulcus-classify-api -e 0 ||
  { echo 'expected the right to run containers with runc, which this user has not; the images were built'; exit 77; }
npx --no-install tsx bench/image.ts --base "$base_kind" --scans "${SULCUS_IMAGE_SCANS:-200}" --cold 2 --json dist/ci/image.json
