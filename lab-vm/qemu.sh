#!/usr/bin/env bash
# The lab machine in plain qemu: works on every Linux, also where no hardware helps (TCG; then a boot takes some 25 s).
#
#   lab-vm/qemu.sh build [--once] # make the disk: Debian packages, then provision.sh, at this machine's own speed
#   lab-vm/qemu.sh run 'COMMAND'  # boot a throw-away copy, run the command as root, exit with its status
#   lab-vm/qemu.sh up | shell ['COMMAND'] | down
#
# SUITE=trixie takes Debian 13. LAB_PORT is where JupyterLab is on this machine (8888).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
SUITE=${SUITE:-bookworm}
LAB_PORT=${LAB_PORT:-8888}
state=${OCILAB_VM:-${XDG_CACHE_HOME:-$HOME/.cache}/ocilab/vm}/$SUITE
disk=$state/disk.ext4
say() { printf 'qemu.sh: %s\n' "$*" >&2; }
stop() {
  say "$*"
  exit 1
}
need() { command -v "$1" >/dev/null || stop "$1 is missing (apt-get install $2)"; }

case $(uname -m) in
  x86_64) arch=amd64 qemu=qemu-system-x86_64 machine=q35 console=ttyS0 ;;
  aarch64) arch=arm64 qemu=qemu-system-aarch64 machine=virt console=ttyAMA0 ;;
  *) stop "no lab machine for $(uname -m) (want x86_64 or aarch64)" ;;
esac

build() {
  [ "$(id -u)" = 0 ] || stop 'build needs root: it makes a Debian root with its owners (try sudo)'
  need mmdebstrap mmdebstrap
  need mke2fs e2fsprogs
  [ -f "$here/../dist/cli/ocilab.js" ] || node "$here/setup.mjs" setup
  mkdir -p "$state"
  local free root mirror
  free=$(df --output=avail -m "$state" | tail -n 1)
  [ "$free" -gt 6000 ] || stop "too little room in $state (want 6000 MB, got ${free// /} MB)"
  root=$(mktemp -d "$state/root.XXXXXX")
  # shellcheck disable=SC2064
  trap "rm -rf --one-file-system '$root' '$disk.part'" EXIT
  # The machine's own source of packages, be it a mirror or Debian's.
  mirror=$(awk '/^URIs:/ {print $2; exit}' /etc/apt/sources.list.d/debian.sources 2>/dev/null || true)
  say "Debian $SUITE, with the packages of provision.sh"
  mmdebstrap --quiet --mode=root --format=directory --variant=minbase \
    --dpkgopt='path-exclude=/usr/share/doc/*' \
    --include="$(packages)" "$SUITE" "$root" "deb ${mirror:-http://deb.debian.org/debian} $SUITE main" >&2
  say 'provision.sh, in the new root'
  inside "$root"
  rm -f "$state/key" "$state/key.pub"
  ssh-keygen -q -t ed25519 -N '' -C ocilab -f "$state/key"
  configure "$root"
  cp "$root"/boot/vmlinuz-* "$state/vmlinuz"
  cp "$root"/boot/initrd.img-* "$state/initrd"
  # Written beside and renamed: a build that is cut off leaves no half disk.
  mke2fs -q -t ext4 -d "$root" -L ocilab "$disk.part" 5G
  mv "$disk.part" "$disk"
  say "built $disk ($(du -h "$disk" | cut -f1) used)"
}

packages() {
  local own="systemd-sysv udev dbus openssh-server linux-image-cloud-$arch initramfs-tools"
  echo "$own $("$here/provision.sh" --packages)" | tr ' ' ','
}

# Runs provision.sh in the root with this machine's certificates and name servers, which stay outside the disk.
inside() {
  mkdir -p "$1/lab"
  # shellcheck disable=SC2016 # the inner shell expands them
  unshare --mount --propagation private bash -euc '
    root=$1 source=$2
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
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
  printf 'deb http://deb.debian.org/debian %s main\n' "$SUITE" >"$1/etc/apt/sources.list"
  install -D -m 600 "$state/key.pub" "$1/root/.ssh/authorized_keys"
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

# boot SSH-PORT FORWARDS [more options of qemu]
boot() {
  need $qemu "qemu-system-${qemu#qemu-system-}"
  [ -f "$disk" ] || stop "no disk for $SUITE yet (run $0 build)"
  local port=$1 forwards=$2 accel
  shift 2
  read -ra accel <<<"$(accelerator)"
  exec $qemu -machine $machine -accel "${accel[@]}" -smp 2 -m "${MEMORY:-2048}" -display none -nodefaults -no-reboot \
    -kernel "$state/vmlinuz" -initrd "$state/initrd" \
    -append "root=/dev/vda rw console=$console net.ifnames=0 quiet" -serial "file:$state/console-$port.log" \
    -drive "file=$disk,format=raw,if=virtio,cache=unsafe" -device virtio-rng-pci \
    -netdev "user,id=net,hostfwd=tcp:127.0.0.1:$port-:22$forwards" -device virtio-net-pci,netdev=net,romfile= "$@"
}

guest() {
  local port=$1
  shift
  ssh -q -i "$state/key" -p "$port" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=5 \
    -o BatchMode=yes -o ServerAliveInterval=15 root@127.0.0.1 "$@"
}

# await PORT PID: until the machine answers; one that ended or is late says what its console said last.
await() {
  for _ in $(seq 180); do
    guest "$1" true 2>/dev/null && return
    kill -0 "$2" 2>/dev/null || break
    sleep 1
  done
  tail -n 5 "$state/console-$1.log" >&2 || true
  stop 'the machine did not come up (its console is above)'
}

run() {
  local port pid status=0
  port=$(free_port)
  boot "$port" '' -snapshot &
  pid=$!
  # shellcheck disable=SC2064
  trap "kill $pid 2>/dev/null || true; wait $pid 2>/dev/null || true; rm -f '$state/console-$port.log'" EXIT
  await "$port" "$pid"
  guest "$port" "${1:?the command to run}" || status=$?
  guest "$port" 'systemctl poweroff --force --force' 2>/dev/null || true
  wait "$pid" || true
  return $status
}

running() { [ -f "$state/pid" ] && kill -0 "$(cat "$state/pid")" 2>/dev/null; }

up() {
  ! running || stop "it is up already: $0 shell, $0 down"
  ! (exec 3<>"/dev/tcp/127.0.0.1/$LAB_PORT") 2>/dev/null || stop "port $LAB_PORT is taken (set LAB_PORT to another)"
  local port
  port=$(free_port)
  # A session of its own: it goes on when this terminal is closed.
  setsid --fork "$0" boot "$port" </dev/null >/dev/null 2>"$state/qemu.log"
  echo "$port" >"$state/port"
  for _ in $(seq 20); do
    running && break
    sleep 0.5
  done
  running || stop "qemu did not start: $(tail -n 1 "$state/qemu.log")"
  await "$port" "$(cat "$state/pid")"
  say "up: $0 shell; JupyterLab will be on 127.0.0.1:$LAB_PORT"
}

shell() {
  running || stop "it is not up (run $0 up)"
  guest "$(cat "$state/port")" ${1:+"$1"}
}

down() {
  running || stop 'it is not up'
  shell 'systemctl poweroff' || true
  for _ in $(seq 60); do
    running || break
    sleep 1
  done
  ! running || kill "$(cat "$state/pid")"
  rm -f "$state/pid" "$state/port"
  say down
}

case ${1:-} in
  build)
    # --once: a disk that is there is taken as it is.
    if [ "${2:-}" != --once ] || [ ! -f "$disk" ]; then build; fi
    ;;
  run) run "${2:-}" ;;
  up | down) "$1" ;;
  shell) shell "${2:-}" ;;
  boot) boot "$2" ",hostfwd=tcp:127.0.0.1:$LAB_PORT-:8888" -pidfile "$state/pid" ;;
  *)
    sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
    exit 64
    ;;
esac
