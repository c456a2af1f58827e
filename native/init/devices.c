#include <linux/bpf.h>
#include <string.h>

#include "operations.h"
#include "report.h"
#include "system.h"

// device_program CGROUP PROGRAM: an eBPF program that answers which devices may be opened in a cgroup2
void op_device_program(const Step *step) {
  Argument program = bytes(step, 2);
  union bpf_attr load = {0};
  load.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  load.insns = (uintptr_t)program.bytes;
  load.insn_cnt = program.length / sizeof(struct bpf_insn);
  load.license = (uintptr_t) "Apache-2.0";
  // No log is asked for: one that is too short for what a newer kernel has to say is ENOSPC, for a program that is right.
  int loaded = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof load);
  if (loaded < 0) die("bpf", "BPF_PROG_LOAD");
  int cgroup = open(text(step, 1), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (cgroup < 0) die("open", text(step, 1));
  union bpf_attr attach = {0};
  attach.target_fd = (uint32_t)cgroup;
  attach.attach_bpf_fd = (uint32_t)loaded;
  attach.attach_type = BPF_CGROUP_DEVICE;
  attach.attach_flags = BPF_F_ALLOW_MULTI;
  if (syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof attach) < 0) die("bpf", "BPF_PROG_ATTACH");
  close(cgroup);
  close(loaded);
}
