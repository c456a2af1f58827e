#!/usr/bin/env bash
# The lab machine in plain qemu: works on every Linux, also where no hardware helps (TCG; then a boot takes some 25 s).
#
#   lab-vm/qemu.sh build [--once]            # make the disk: Debian packages, then provision.sh, at this machine's own speed
#   lab-vm/qemu.sh up [--throw-away [FILE]]  # boot it, or a copy that is gone with `down`; FILE is its second disk
#   lab-vm/qemu.sh shell ['COMMAND'] | lab | down
#
# SUITE=trixie takes Debian 13. LAB_PORT is where JupyterLab is on this machine (8888). With a lab-vm/pack (ocilab pack)
# `build` needs no network.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
SUITE=${SUITE:-bookworm}
LAB_PORT=${LAB_PORT:-8888}
state=${OCILAB_VM:-${XDG_CACHE_HOME:-$HOME/.cache}/ocilab/vm}/$SUITE
disk=$state/disk.ext4
pack=$here/pack
say() { printf 'qemu.sh: %s\n' "$*" >&2; }
stop() {
  say "$*"
  exit 1
}
need() { command -v "$1" >/dev/null || stop "$1 is missing (apt-get install $2)"; }

case $SUITE in
  bookworm | trixie) ;;
  *) stop "no lab machine has Debian $SUITE (want SUITE=bookworm or SUITE=trixie)" ;;
esac
case $(uname -m) in
  x86_64) arch=amd64 qemu=qemu-system-x86_64 package=qemu-system-x86 machine=q35 console=ttyS0 ;;
  aarch64) arch=arm64 qemu=qemu-system-aarch64 package=qemu-system-arm machine=virt console=ttyAMA0 ;;
  *) stop "no lab machine for $(uname -m) (want x86_64 or aarch64)" ;;
esac

build() {
  [ "$(id -u)" = 0 ] || stop 'build needs root: it makes a Debian root with its owners (try sudo)'
  need mmdebstrap mmdebstrap
  need mke2fs e2fsprogs
  ! running || stop "it is up ($0 down, then build)"
  mkdir -p "$state"
  exec 8>"$state/lock"
  flock --nonblock 8 || stop "another build is at work in $state (wait for it)"
  local free root
  free=$(df --output=avail -m "$state" | tail -n 1)
  [ "$free" -gt 6000 ] || stop "too little room in $state (want 6000 MB, got ${free// /} MB; OCILAB_VM=/another/folder)"
  # What a build that was killed has left.
  rm -rf --one-file-system "$state"/root.*
  root=$(mktemp -d "$state/root.XXXXXX")
  # shellcheck disable=SC2064
  trap "rm -rf --one-file-system '$root' '$root'.*" EXIT
  trap 'exit 130' INT TERM
  say "Debian $SUITE, with the packages of provision.sh"
  [ ! -d "$pack" ] || [ "$(cat "$pack/for")" = "$SUITE $arch" ] || stop "$pack is for $(cat "$pack/for") (want $SUITE $arch)"
  installed | mmdebstrap --quiet --mode=root --format=directory --variant=minbase --include="$(packages | tr ' ' ',')" \
    --aptopt='Acquire::Retries "5"' --aptopt='APT::Sandbox::User "root"' --dpkgopt='path-exclude=/usr/share/doc/*' \
    "$([ -d "$pack" ] || echo "$SUITE")" "$root" - >&2
  say 'provision.sh, in the new root'
  inside "$root"
  ssh-keygen -q -t ed25519 -N '' -C ocilab -f "$root.key"
  configure "$root"
  # All is made beside and then named: a build that is cut off leaves no half machine, and no key of another disk.
  mke2fs -q -t ext4 -d "$root" -L ocilab "$root.disk" 6G
  rm -f "$disk"
  mv "$root.key" "$state/key"
  mv "$root"/boot/vmlinuz-* "$state/vmlinuz"
  mv "$root"/boot/initrd.img-* "$state/initrd"
  mv "$root.disk" "$disk"
  say "built $disk ($(du -h "$disk" | cut -f1) used)"
}

# What a machine of ours has beside the packages of provision.sh.
packages() {
  echo "systemd-sysv udev dbus openssh-server linux-image-cloud-$arch initramfs-tools $(SUITE=$SUITE "$here/provision.sh" --packages)"
}

# The lines of apt for Debian $SUITE: from where this machine, or whose file it is, has its own packages.
sources() {
  local file=${1:-/etc/apt/sources.list.d/debian.sources} mirror security
  mirror=$(uri "$file" 0)
  security=$(uri "$file" 1)
  echo "deb ${mirror:=http://deb.debian.org/debian} $SUITE main"
  echo "deb $mirror $SUITE-updates main"
  echo "deb ${security:-http://deb.debian.org/debian-security} $SUITE-security main"
}
uri() { awk -v security="$2" '/^URIs:/ && /security/ == security {print $2; exit}' "$1" 2>/dev/null || true; }

# Those for making the root: the pack, where there is one.
installed() { if [ -d "$pack" ]; then echo "deb [trusted=yes] copy:$pack/debs ./"; else sources; fi; }

# Runs provision.sh in the root: with this machine's certificates and name servers, which stay outside the disk, or, with
# a pack, in a network that has nobody in it.
inside() {
  mkdir -p "$1/lab"
  local own=(--mount --propagation private)
  [ ! -d "$pack" ] || own+=(--net)
  # shellcheck disable=SC2016 # the inner shell expands them
  unshare "${own[@]}" bash -euc '
    root=$1 source=$2
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs tmpfs "$root/run"
    mkdir "$root/run/lock"
    mount --bind "$source" "$root/lab"
    touch "$root/etc/resolv.conf"
    mount --bind "$(readlink -f /etc/resolv.conf)" "$root/etc/resolv.conf"
    mount --bind /etc/ssl/certs "$root/etc/ssl/certs"
    certificates=/etc/ssl/certs/ca-certificates.crt
    chroot "$root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
      PIP_CERT=$certificates NODE_EXTRA_CA_CERTS=$certificates OCILAB_SOURCE=/lab /lab/lab-vm/provision.sh
  ' inside "$1" "$here/.." >&2
  rmdir "$1/lab"
}

configure() {
  echo ocilab >"$1/etc/hostname"
  echo '/dev/vda / ext4 defaults 0 1' >"$1/etc/fstab"
  # The machine's own packages come from Debian, wherever those of this one did.
  sources /dev/null >"$1/etc/apt/sources.list"
  install -D -m 600 "$1.key.pub" "$1/root/.ssh/authorized_keys"
  # Only the card to the world gets an address by DHCP: the lab's bridges and cables are nobody's but the lab's.
  printf '[Match]\nName=eth0\n\n[Network]\nDHCP=ipv4\n' >"$1/etc/systemd/network/10-eth0.network"
  chroot "$1" systemctl --quiet enable systemd-networkd ssh
  # Docker starts when somebody asks for it, and does not hold the boot up.
  chroot "$1" systemctl --quiet disable docker.service containerd.service
  ln -sf /usr/share/zoneinfo/UTC "$1/etc/localtime"
}

# Hardware help is tested, not assumed: /dev/kvm may be there and only emulate.
accelerator() {
  if [ -w /dev/kvm ] && [ ! -d /sys/module/kvm_pvm ] && { [ $arch = arm64 ] || grep -qE '\b(vmx|svm)\b' /proc/cpuinfo; }; then
    echo kvm -cpu host
  else
    echo tcg,thread=multi -cpu max
  fi
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# boot SSH-PORT [more options of qemu]
boot() {
  local port=$1 accel mitigations=
  shift
  read -ra accel <<<"$(accelerator)"
  # An emulated processor guesses nothing ahead that could be spied on: what Linux does against that only takes time.
  [ "${accel[0]}" = kvm ] || mitigations=mitigations=off
  exec $qemu -machine $machine -accel "${accel[@]}" -smp "${CPUS:-2}" -m "${MEMORY:-2048}" -display none -nodefaults -no-reboot \
    -kernel "$state/vmlinuz" -initrd "$state/initrd" \
    -append "root=/dev/vda rw console=$console net.ifnames=0 panic=-1 quiet $mitigations" -serial "file:$state/console.log" \
    -drive "file=$disk,format=raw,if=virtio,cache=unsafe" -device virtio-rng-pci -pidfile "$state/pid" \
    -netdev "user,id=net,hostfwd=tcp:127.0.0.1:$port-:22" -device virtio-net-pci,netdev=net,romfile= "$@"
}

# guest [OPTIONS OF SSH --] [COMMAND]
guest() {
  ssh -o LogLevel=ERROR -i "$state/key" -p "$(cat "$state/port")" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
    -o ConnectTimeout=60 -o BatchMode=yes -o ServerAliveInterval=15 -o ExitOnForwardFailure=yes "$@"
}

# Not whoever has got the number of a machine that is gone.
running() { [ -f "$state/pid" ] && grep -qzF "$state/console.log" "/proc/$(cat "$state/pid")/cmdline" 2>/dev/null; }

up() {
  need $qemu $package
  need ssh openssh-client
  [ -f "$disk" ] || stop "no disk for $SUITE yet (run $0 build)"
  if running; then
    [ -z "${1:-}" ] || stop "it is up already, and no copy: $0 down"
    say "it is up already: $0 shell, $0 down"
    return
  fi
  [ "$(accelerator)" != 'tcg,thread=multi -cpu max' ] || say 'no hardware help here (KVM): all is emulated, and slow'
  local port started=$SECONDS
  port=$(free_port)
  echo "$port" >"$state/port"
  rm -f "$state/pid" "$state/console.log"
  trap 'stop_machine; exit 130' INT TERM
  # A session of its own: it goes on when this terminal is closed.
  setsid --fork "$0" boot "$port" ${1:+-snapshot} ${2:+-drive "file=$2,format=raw,if=virtio,readonly=on"} </dev/null >/dev/null 2>"$state/qemu.log"
  for _ in $(seq 20); do
    running && break
    sleep 0.5
  done
  running || stop "qemu did not start: $(tail -n 1 "$state/qemu.log")"
  while running && [ $((SECONDS - started)) -lt 600 ]; do
    if timeout --foreground 20 "$0" shell true </dev/null 2>/dev/null; then
      say "up after $((SECONDS - started)) s: $0 shell, $0 lab"
      return
    fi
    sleep 1
  done
  tail -n 20 "$state/console.log" >&2 || true
  stop_machine
  stop "the machine did not come up (its console is above; $0 build makes a new disk)"
}

shell() {
  running || stop "it is not up (run $0 up)"
  guest root@127.0.0.1 ${1:+"$1"}
}

# The port is forwarded as long as JupyterLab runs, and only from this machine's own address.
lab() {
  running || stop "it is not up (run $0 up)"
  ! (exec 3<>"/dev/tcp/127.0.0.1/$LAB_PORT") 2>/dev/null || stop "port $LAB_PORT is taken here (set LAB_PORT to another)"
  guest -tt -L "127.0.0.1:$LAB_PORT:127.0.0.1:$LAB_PORT" root@127.0.0.1 "ocilab lab --no-browser --port $LAB_PORT"
}

down() {
  running || stop 'it is not up'
  shell 'systemctl poweroff' </dev/null || true
  for _ in $(seq 60); do
    running || break
    sleep 1
  done
  stop_machine
  say down
}

stop_machine() {
  ! running || kill "$(cat "$state/pid")"
  rm -f "$state/pid" "$state/port"
}

case ${1:-}:${2:-} in
  build:) build ;;
  # A disk that is there is taken as it is.
  build:--once) [ -f "$disk" ] || build ;;
  up: | up:--throw-away) up "${@:2}" ;;
  shell:*) shell "${2:-}" ;;
  lab: | down: | packages: | sources:) "$1" ;;
  boot:*) boot "${@:2}" ;;
  *)
    sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
    exit 64
    ;;
esac
