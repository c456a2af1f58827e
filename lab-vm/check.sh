#!/usr/bin/env bash
# Is this machine a lab? One line for each thing that must be so; exit 1 when one is not. Run as root: lab-vm/check.sh
set -uo pipefail
failed=0
check() {
  local what=$1 seen
  shift
  if seen=$("$@" 2>&1); then
    printf '  ✔ %-44s %s\n' "$what" "$(head -n 1 <<<"$seen" | cut -c1-70)"
  else
    printf '  ✘ %-44s %s\n' "$what" "$(tail -n 1 <<<"$seen" | cut -c1-200)"
    failed=$((failed + 1))
  fi
}

is_systemd() { [ "$(cat /proc/1/comm)" = systemd ]; }
is_cgroup2() { [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]; }
has_controllers() {
  local have
  have=$(cat /sys/fs/cgroup/cgroup.controllers)
  for controller in cpu cpuset io memory pids; do
    [[ " $have " == *" $controller "* ]] || { echo "no $controller (got $have)"; return 1; }
  done
  echo "$have"
}
has_capabilities() {
  # CAP_SYS_ADMIN (21), CAP_NET_ADMIN (12) and CAP_SYS_RESOURCE (24), which a container’s root often lacks.
  local effective
  effective=$((16#$(awk '/^CapEff/ {print $2}' /proc/self/status)))
  (((effective >> 21 & 1) && (effective >> 12 & 1) && (effective >> 24 & 1)))
}
is_node24() { [[ $(node --version) == v2[4-9].* ]] && node --version; }
bridge_and_veth() {
  # In a namespace of its own, so that nothing of the machine's is touched.
  unshare --net sh -ec 'ip link add ocilab0 type bridge; ip link add ocilab1 type veth peer name ocilab2; ip link set ocilab1 master ocilab0'
}
managers_leave_it_alone() {
  ip link add runc-check type bridge && ip addr add 10.254.254.1/30 dev runc-check && ip link set runc-check up || return 1
  # What takes addresses away does so within a moment.
  sleep 2
  ip -o addr show dev runc-check | grep -o '10.254.254.1/30'
  local rc=$?
  ip link del runc-check
  return $rc
}
tour() {
  local report
  report=$(unshare --net sh -c 'ip link set lo up; exec ocilab tour' 2>&1) || { tail -n 3 <<<"$report"; return 1; }
  [ "$(ocilab leaks)" = none ] || { echo "left behind: $(ocilab leaks)"; return 1; }
  grep 'checks passed' <<<"$report"
}

check 'systemd is process 1' is_systemd
check 'cgroup v2 alone' is_cgroup2
check 'its controllers' has_controllers
check 'root may make namespaces and raise limits' has_capabilities
check 'Node 24' is_node24
for tool in runc crun skopeo umoci docker nft; do check "$tool" "$tool" --version; done
check 'busybox' sh -c 'busybox | head -n 1'
check 'ip' ip -V
check 'brctl' brctl --version
check 'ocirun' ocirun --version
check 'bridge and veth' bridge_and_veth
check 'no network manager takes our addresses' managers_leave_it_alone
check 'the whole article' tour
[ $failed = 0 ] || { echo "$failed not as wanted: run lab-vm/provision.sh again, then see lab-vm/README.md"; exit 1; }
