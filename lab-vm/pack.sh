#!/usr/bin/env bash
# One archive for a room without Wi-Fi: the checkout with, in lab-vm/pack, all that provision.sh and qemu.sh would fetch.
#
#   lab-vm/pack.sh [FILE]      # by default ocilab-SUITE-ARCHITECTURE.tar; SUITE=trixie for machines with Debian 13
#
# There: tar -xf FILE && sudo ocilab/lab-vm/provision.sh (or ocilab/lab-vm/qemu.sh build). Nothing here is installed.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=/dev/null
SUITE=${SUITE:-$(. /etc/os-release && echo "${VERSION_CODENAME:-}")}
say() { printf 'pack: %s\n' "$*" >&2; }
stop() {
  say "$*"
  exit 1
}
need() { command -v "$1" >/dev/null || stop "$1 is missing (want Debian 12 or 13: a lab machine is one, ocilab vm shell)"; }

for program in apt-get dpkg-deb python3 node npm; do need "$program"; done
case $SUITE in
  bookworm) python=3.11 ;;
  trixie) python=3.13 ;;
  *) stop "no lab machine has ${SUITE:-this system} (want SUITE=bookworm or SUITE=trixie)" ;;
esac
arch=$(dpkg --print-architecture)
case $arch in
  amd64) machine=x86_64 ;;
  arm64) machine=aarch64 ;;
  *) stop "no lab machine for $arch (want amd64 or arm64)" ;;
esac
[ -f "$here/../dist/ocilab.cjs" ] || stop 'ocilab is not built (run npm run setup)'
output=$(realpath -m "${1:-ocilab-$SUITE-$arch.tar}")
[ -d "$(dirname "$output")" ] || stop "no folder $(dirname "$output")"
free=$(df --output=avail -m "$(dirname "$output")" | tail -n 1)
[ "$free" -gt 3000 ] || stop "too little room in $(dirname "$output") (want 3000 MB, got ${free// /} MB)"

# All is made beside, and the archive renamed when it is whole.
work=$(mktemp -d "$output.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
pack=$work/ocilab/lab-vm/pack
mkdir -p "$pack"/{debs,wheels,npm,images}

debian() {
  # apt with a Debian of its own, in which nothing is installed yet: then nothing is left out because this machine has it.
  local apt=$work/apt
  mkdir -p "$apt"/{lists,cache/archives/partial}
  touch "$apt/status"
  SUITE=$SUITE "$here/qemu.sh" sources >"$apt/sources.list"
  local own=(
    -qq -o "Dir::State=$apt" -o "Dir::State::lists=$apt/lists" -o "Dir::State::status=$apt/status" -o "Dir::Cache=$apt/cache"
    -o "Dir::Etc::sourcelist=$apt/sources.list" -o Dir::Etc::sourceparts=-
    -o APT::Sandbox::User=root -o Acquire::Retries=5
  )
  apt-get "${own[@]}" update
  local packages
  read -ra packages <<<"$(SUITE=$SUITE "$here/qemu.sh" packages)"
  # What every Debian has, too: from it qemu.sh builds its disk.
  apt-get "${own[@]}" install -y --no-install-recommends --download-only \
    '?or(?essential,?priority(required))' apt "${packages[@]}" >&2
  mv "$apt"/cache/archives/*.deb "$pack/debs/"
  local deb
  for deb in "$pack"/debs/*.deb; do
    dpkg-deb --field "$deb"
    printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "${deb##*/}" "$(stat -c %s "$deb")" "$(sha256sum "$deb" | cut -c1-64)"
  done >"$pack/debs/Packages"
}

wheels() {
  python3 -m venv "$work/venv" || stop 'python3 makes no environment (apt-get install python3-venv)'
  local version platforms=()
  for version in manylinux1 manylinux2010 manylinux2014 manylinux_2_5 manylinux_2_12 manylinux_2_17 manylinux_2_28 manylinux_2_34; do
    platforms+=(--platform "${version}_$machine")
  done
  mapfile -t wanted < <("$here/provision.sh" --wheels)
  "$work/venv/bin/pip" download --quiet --disable-pip-version-check --retries 5 --dest "$pack/wheels" --only-binary=:all: \
    --implementation cp --python-version "$python" "${platforms[@]}" "${wanted[@]}"
}

npm_packages() {
  mkdir "$work/npm"
  cp "$here/../package.json" "$here/../package-lock.json" "$work/npm/"
  (cd "$work/npm" && npm ci --silent --ignore-scripts --no-audit --no-fund --cache "$pack/npm" >&2)
  rm -rf "$pack/npm/_logs"
}

images() {
  # As Docker has them: a walk begins with Docker's.
  local image
  for image in tiny java; do
    node "$here/../dist/ocilab.cjs" demo "$image" "dir:$pack/images/$image" --quiet >/dev/null
  done
}

say "ocilab"
"$here/provision.sh" --copy "$work/ocilab"
say "Debian $SUITE"
debian
say 'JupyterLab and Node, from PyPI'
wheels
say 'npm packages'
npm_packages
say 'demo images'
images
echo "$SUITE $arch" >"$pack/for"
tar -C "$work" --owner=0 --group=0 -cf "$work/tar" ocilab
mv "$work/tar" "$output"
say "$output ($(du -h "$output" | cut -f1)): there, tar -xf it, and sudo ocilab/lab-vm/provision.sh"
