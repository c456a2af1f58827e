#include <errno.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/vfs.h>

#include "cgroups.h"
#include "keeper.h"
#include "operations.h"
#include "report.h"
#include "slots.h"
#include "system.h"

// open PATH SLOT FLAGS MAGIC: MAGIC, where it is not 0, is the file system it must be on
void op_open(const Step *step) {
  int fd = open(text(step, 1), (int)number(step, 3) | O_CLOEXEC);
  if (fd < 0) die("open", text(step, 1));
  int64_t magic = number(step, 4);
  struct statfs on;
  if (magic && (fstatfs(fd, &on) < 0 || on.f_type != magic)) {
    errno = EXDEV;
    die("open", text(step, 1));
  }
  keep(number(step, 2), fd);
}

// tree PATH SLOT: a copy of the mount, in which PATH is the root
void op_tree(const Step *step) {
  int tree = sys_open_tree(AT_FDCWD, text(step, 1), OPEN_TREE_CLONE);
  if (tree < 0) die("open_tree", text(step, 1));
  keep(number(step, 2), tree);
}

// close_slots KEEP: 4 bytes each
void op_close_slots(const Step *step) {
  Argument stay = bytes(step, 1);
  uint32_t slots[SLOT_COUNT];
  size_t count = stay.length / sizeof *slots;
  if (count > SLOT_COUNT) mistake("too many slots");
  memcpy(slots, stay.bytes, count * sizeof *slots);
  keep_only(slots, count);
}

// setns SLOT TYPE
void op_setns(const Step *step) {
  if (setns(kept(number(step, 1)), (int)number(step, 2)) < 0) die("setns", "");
}

// join PID FLAGS: all these namespaces of a process, at once
void op_join(const Step *step) {
  int process = (int)syscall(SYS_pidfd_open, (pid_t)number(step, 1), 0);
  if (process < 0) die("pidfd_open", "");
  if (setns(process, (int)number(step, 2)) < 0) die("setns", "");
  close(process);
}

// unshare FLAGS
void op_unshare(const Step *step) {
  if (unshare((int)number(step, 1)) < 0) die("unshare", "");
}

// clone FLAGS CGROUP: the new process goes on with the plan, this one keeps watch over it.
// CGROUP, where it is not negative, holds the folder of a cgroup2 that it begins in.
void op_clone(const Step *step) {
  struct clone_args arguments = {.flags = (uint64_t)number(step, 1), .exit_signal = SIGCHLD};
  int64_t cgroup = number(step, 2);
  if (cgroup >= 0) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = (uint64_t)kept(cgroup);
  }
  long child = syscall(SYS_clone3, &arguments, sizeof arguments);
  if (child < 0) die("clone3", "");
  if (child > 0) {
    forget_cgroups();
    keep_watch((pid_t)child);
  }
  stop_watching();
}

// sync NAME SLOT: the name is for whoever reads the plan; SLOT, where it is not negative, holds a descriptor to tell of
void op_sync(const Step *step) {
  int64_t slot = number(step, 2);
  wait_for_word(slot < 0 ? -1 : kept(slot));
}

// hostname NAME
void op_hostname(const Step *step) {
  Argument name = bytes(step, 1);
  if (sethostname(name.bytes, name.length) < 0) die("sethostname", name.bytes);
}

// domainname NAME
void op_domainname(const Step *step) {
  Argument name = bytes(step, 1);
  if (setdomainname(name.bytes, name.length) < 0) die("setdomainname", name.bytes);
}

// loopback: the one link that a new network namespace has, set up
void op_loopback(const Step *) {
  struct ifreq link = {.ifr_name = "lo"};
  int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (any < 0) die("socket", "lo");
  if (ioctl(any, SIOCGIFFLAGS, &link) < 0) die("ioctl", "lo");
  link.ifr_flags |= IFF_UP;
  if (ioctl(any, SIOCSIFFLAGS, &link) < 0) die("ioctl", "lo");
  close(any);
}

// proc PATH VALUE: writes below the proc that was opened before any of the container's files were mounted
void op_proc(const Step *step) {
  Argument value = bytes(step, 2);
  int fd = sys_openat2(kept(PROC), text(step, 1), O_WRONLY, 0, RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS);
  if (fd < 0) die("open", text(step, 1));
  if (write(fd, value.bytes, value.length) < 0) die("write", text(step, 1));
  close(fd);
}
