#!/usr/bin/env bash
# The proof of the lab machine: makes its disk out of a pack, without a network, boots it, and does the article in it.
#
#   lab-vm/boot-test.sh        # SUITE=trixie for Debian 13; OCILAB_VM is where disks are kept
#
# Each step has its time, some four times what it takes on a machine of two processors that does nothing else, and all
# together have LIMIT seconds; PATIENCE=3 gives three times as much. A disk that was made of the same things is taken
# again; what is built from lib/ comes into the machine at each boot.
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
  local limit=$(($1 * ${PATIENCE:-1})) left=$((${LIMIT:-1500} * ${PATIENCE:-1} - SECONDS)) what=$2 started=$SECONDS status=0
  shift 2
  [ "$left" -gt "$limit" ] || limit=$left
  [ "$limit" -gt 0 ] || failed "$what: not begun, $SECONDS s are gone"
  say "$what …"
  timeout --kill-after=10 "$limit" "$@" &
  at_work=$!
  wait $at_work || status=$?
  at_work=
  [ $status = 0 ] || failed "$what: $([ $status = 124 ] && echo "not done after $limit s" || echo "exit $status")"
  say "$what: $((SECONDS - started)) s"
}
failed() {
  say "$1; the end of its console:"
  tail -n 40 "$state/console.log" >&2 || true
  exit 1
}

scratch=$(mktemp -d) at_work='' new=''
ended() {
  [ -z "$at_work" ] || kill "$at_work"
  timeout 90 "$here/qemu.sh" down >/dev/null 2>&1 || true
  rm -rf "$scratch"
}
trap ended EXIT
trap 'exit 130' INT TERM

if [ ! -f "$state/disk.ext4" ] || [ "$(cat "$state/made-of" 2>/dev/null)" != "$(made_of)" ]; then
  rm -f "$state/made-of"
  step 600 'a pack' node "$here/../dist/ocilab.cjs" pack "$scratch/pack.tar"
  tar -C "$scratch" -xf "$scratch/pack.tar"
  rm "$scratch/pack.tar"
  step 900 'a disk out of the pack' "$scratch/ocilab/lab-vm/qemu.sh" build
  made_of >"$state/made-of"
  new=1
fi

inside() { "$here/qemu.sh" shell "$1"; }
# By real cgroups of v2, and with the real runtimes beside ours.
cgroup_tests() {
  # shellcheck disable=SC2016 # the machine expands it
  inside 'cd /opt/ocilab/src && CI=1 PATH=/opt/ocilab/bin:$PATH node node_modules/vitest/vitest.mjs run --config lib/vitest.config.ts \
    --testTimeout=600000 --hookTimeout=600000 --maxWorkers=1 --reporter=dot lib/runtime/cgroup/kernel.peer.test.ts'
}
# In a network and with names of its own: two can be at work at once.
article() {
  inside "set -eo pipefail
    unshare --net sh -c 'ip link set lo up; exec ocilab tour --runtime $1 --id $1' >/tmp/$1 || { tail -n 60 /tmp/$1; exit 1; }
    echo $1: \$(grep 'checks passed' /tmp/$1)"
}
# The machine has two processors: two are at work at once, and both are heard of.
both() {
  local first status=0
  bash -euo pipefail -c "$1" &
  first=$!
  bash -euo pipefail -c "$2" || status=1
  wait $first && return $status
}
# From this machine, as a browser would: with the token, and not without.
jupyter() {
  "$here/qemu.sh" lab >"$scratch/lab" 2>&1 </dev/null &
  local server=$! url token
  until url=$(grep -ao 'http://127.0.0.1:[^[:space:]]*token=[0-9a-f]*' "$scratch/lab" | head -n 1); do
    kill -0 $server 2>/dev/null || { cat "$scratch/lab" >&2; return 1; }
    sleep 1
  done
  token=${url##*token=}
  curl -fsS --max-time 60 -o /dev/null -H "Authorization: token $token" "http://127.0.0.1:$LAB_PORT/api/contents/notebooks/en/00-start-here.ipynb"
  [ "$(curl -sS --max-time 60 -o /dev/null -w '%{http_code}' "http://127.0.0.1:$LAB_PORT/api/contents")" = 403 ]
  kill $server
}
export -f inside cgroup_tests article both jupyter
export here scratch

if [ -n "$new" ]; then
  step 240 'boot' "$here/qemu.sh" up --throw-away
else
  # This build comes as a second disk: what is in node_modules and native/ is of the first.
  tar -C "$here/.." -cf "$scratch/build" lib dist notebooks lab-vm/check.sh package.json
  step 240 'boot' "$here/qemu.sh" up --throw-away "$scratch/build"
  step 120 'this build, onto the disk' "$here/qemu.sh" shell 'tar -C /opt/ocilab/src -xf /dev/vdb --no-same-owner'
fi
step 300 'check.sh with the article by ocirun; the cgroup tests, on v2' bash -c 'both "inside /opt/ocilab/src/lab-vm/check.sh" cgroup_tests'
step 300 'the article by runc and by crun' bash -c 'both "article runc" "article crun"'
# shellcheck disable=SC2016 # the machine expands it
step 60 'nothing is left' "$here/qemu.sh" shell 'left=$(ocilab leaks); echo "$left"; [ "$left" = none ]'
step 240 'JupyterLab in the browser of this machine' bash -euo pipefail -c jupyter
say "$SUITE: all as wanted, $SECONDS s"
