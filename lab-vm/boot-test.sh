#!/usr/bin/env bash
# The proof of the lab machine: makes its disk out of a pack, without a network, boots it, and does the article in it.
#
#   lab-vm/boot-test.sh        # SUITE=trixie for Debian 13; OCILAB_VM is where disks are kept
#
# Each step has its time; PATIENCE=3 gives three times as much, on a machine that others work on, too.
# A disk that was made of the same things is taken again; what is built from lib/ comes into the machine at each boot.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
export SUITE=${SUITE:-bookworm} LAB_PORT=${LAB_PORT:-18888}
export OCILAB_VM=${OCILAB_VM:-${XDG_CACHE_HOME:-$HOME/.cache}/ocilab/vm-test}
state=$OCILAB_VM/$SUITE
say() { printf 'boot-test: %s\n' "$*" >&2; }

# What the disk is made of, but for what is copied into it below.
made_of() {
  (cd "$here/.." && find package.json package-lock.json native lab-vm -path native/build -prune -o -path lab-vm/pack -prune -o \
    -type f ! -name '*.md' ! -name boot-test.sh -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -c1-64)
}

# step SECONDS WHAT COMMAND…
step() {
  local limit=$(($1 * ${PATIENCE:-1})) what=$2 started=$SECONDS
  shift 2
  say "$what …"
  timeout --kill-after=10 "$limit" "$@" || failed "$what: $([ $? = 124 ] && echo "not done after $limit s" || echo failed)"
  say "$what: $((SECONDS - started)) s"
}
failed() {
  say "$1; the end of its console:"
  tail -n 40 "$state/console.log" >&2 || true
  exit 1
}

scratch=$(mktemp -d)
ended() {
  timeout 90 "$here/qemu.sh" down >/dev/null 2>&1 || true
  rm -rf "$scratch"
}
trap ended EXIT
trap 'exit 130' INT TERM

if [ ! -f "$state/disk.ext4" ] || [ "$(cat "$state/made-of" 2>/dev/null)" != "$(made_of)" ]; then
  rm -f "$state/made-of"
  step 600 'a pack' node "$here/../dist/ocilab.cjs" pack "$scratch/pack.tar"
  tar -C "$scratch" -xf "$scratch/pack.tar"
  step 900 'a disk out of the pack' "$scratch/ocilab/lab-vm/qemu.sh" build
  made_of >"$state/made-of"
fi

inside() { "$here/qemu.sh" shell "$1"; }
# This build, onto the disk's: what is in node_modules and native/ is of the disk.
bring() {
  tar -C "$here/.." -cf - lib dist notebooks lab-vm/check.sh package.json | inside 'tar -C /opt/ocilab/src -xf - --no-same-owner'
}
# In the machine every process takes ten times as long as here: a hundred at once are left to this machine's own tests.
cgroup_tests() {
  # shellcheck disable=SC2016 # the machine expands it
  inside 'cd /opt/ocilab/src && CI=1 PATH=/opt/ocilab/bin:$PATH node node_modules/vitest/vitest.mjs run --config lib/vitest.config.ts \
    --testTimeout=300000 --hookTimeout=300000 --maxWorkers=1 --reporter=dot \
    -t "^(?!.*a hundred containers)" lib/runtime/cgroup lib/runtime/container/lifecycle.root.test.ts'
}
# From this machine, as a browser would: with the token, and not without.
jupyter() {
  "$here/qemu.sh" lab >"$scratch/lab" 2>&1 </dev/null &
  local server=$! url='' token
  for _ in $(seq 150); do
    url=$(grep -ao 'http://127.0.0.1:[^[:space:]]*token=[0-9a-f]*' "$scratch/lab" | head -n 1) && break
    kill -0 $server 2>/dev/null || break
    sleep 1
  done
  [ -n "$url" ] || { cat "$scratch/lab" >&2; return 1; }
  token=${url##*token=}
  curl -fsS --max-time 60 -o /dev/null -H "Authorization: token $token" "http://127.0.0.1:$LAB_PORT/api/contents/notebooks/en/00-start-here.ipynb"
  [ "$(curl -sS --max-time 60 -o /dev/null -w '%{http_code}' "http://127.0.0.1:$LAB_PORT/api/contents")" = 403 ]
  kill $server
}
export -f inside bring cgroup_tests jupyter
export here scratch

step 240 'boot' "$here/qemu.sh" up --throw-away
step 120 'this build, onto the disk' bash -euo pipefail -c bring
step 240 'check.sh, and the article with ocirun' "$here/qemu.sh" shell /opt/ocilab/src/lab-vm/check.sh
for runtime in runc crun; do
  step 180 "the article with $runtime" bash -c "inside 'set -eo pipefail; ocilab tour --runtime $runtime | tail -n 1; test \"\$(ocilab leaks)\" = none'"
done
step 420 'the cgroup tests of the runtime, on v2' bash -c cgroup_tests
step 200 'JupyterLab in the browser of this machine' bash -euo pipefail -c jupyter
say "$SUITE: all as wanted, $SECONDS s"
