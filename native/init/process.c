#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <linux/filter.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "operations.h"
#include "report.h"
#include "slots.h"
#include "system.h"

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4
#endif

// undumpable: until it runs another program nobody may trace this one, or open what it has open
void op_undumpable(const Step *) {
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) die("prctl", "PR_SET_DUMPABLE");
}

// rlimit NAME RESOURCE SOFT HARD
void op_rlimit(const Step *step) {
  struct rlimit limit = {.rlim_cur = (rlim_t)number(step, 3), .rlim_max = (rlim_t)number(step, 4)};
  if (setrlimit((int)number(step, 2), &limit) < 0) die("setrlimit", text(step, 1));
}

// umask MASK
void op_umask(const Step *step) { umask((mode_t)number(step, 1)); }

// scheduler ATTRIBUTES: a struct sched_attr
void op_scheduler(const Step *step) {
  if (syscall(SYS_sched_setattr, 0, bytes(step, 1).bytes, 0) < 0) die("sched_setattr", "");
}

// io_priority VALUE
void op_io_priority(const Step *step) {
  if (syscall(SYS_ioprio_set, 1 /* IOPRIO_WHO_PROCESS */, 0, number(step, 1)) < 0) die("ioprio_set", "");
}

// affinity MASK: one bit for each processor
void op_affinity(const Step *step) {
  Argument mask = bytes(step, 1);
  if (syscall(SYS_sched_setaffinity, 0, mask.length, mask.bytes) < 0) die("sched_setaffinity", "");
}

// personality VALUE
void op_personality(const Step *step) {
  if (personality((unsigned long)number(step, 1)) < 0) die("personality", "");
}

// memory_policy MODE MASK BITS
void op_memory_policy(const Step *step) {
  const char *mask = number(step, 3) ? bytes(step, 2).bytes : NULL;
  if (syscall(SYS_set_mempolicy, number(step, 1), mask, number(step, 3)) < 0) die("set_mempolicy", "");
}

// keyring NAME: a session keyring of its own. A kernel without keyrings has none to leak.
void op_keyring(const Step *step) {
  if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, text(step, 1)) < 0 && errno != ENOSYS) die("keyctl", text(step, 1));
}

// session
void op_session(const Step *) {
  if (setsid() < 0) die("setsid", "");
}

// groups LIST: 4 bytes each
void op_groups(const Step *step) {
  Argument groups = bytes(step, 1);
  gid_t *copy = malloc(groups.length + 1);
  if (!copy) die("malloc", "");
  memcpy(copy, groups.bytes, groups.length);
  if (setgroups(groups.length / sizeof *copy, copy) < 0) die("setgroups", "");
}

// user UID GID
void op_user(const Step *step) {
  uid_t uid = (uid_t)number(step, 1);
  gid_t gid = (gid_t)number(step, 2);
  if (setresgid(gid, gid, gid) < 0) die("setresgid", "");
  if (setresuid(uid, uid, uid) < 0) die("setresuid", "");
}

// bounding MASK: what is not in it can never be had again. A capability that this kernel does not know ends the list.
void op_bounding(const Step *step) {
  uint64_t stays = (uint64_t)number(step, 1);
  for (int i = 0; i < 64 && prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
    if (!(stays >> i & 1) && prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0) die("prctl", "PR_CAPBSET_DROP");
}

// keep_capabilities ON: over the change of user that comes next
void op_keep_capabilities(const Step *step) {
  if (prctl(PR_SET_KEEPCAPS, number(step, 1), 0, 0, 0) < 0) die("prctl", "PR_SET_KEEPCAPS");
}

// capabilities EFFECTIVE PERMITTED INHERITABLE
void op_capabilities(const Step *step) {
  uint64_t effective = (uint64_t)number(step, 1), permitted = (uint64_t)number(step, 2), inheritable = (uint64_t)number(step, 3);
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct sets[2] = {
      {(uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable},
      {(uint32_t)(effective >> 32), (uint32_t)(permitted >> 32), (uint32_t)(inheritable >> 32)},
  };
  if (syscall(SYS_capset, &header, sets) < 0) die("capset", "");
}

// ambient MASK
void op_ambient(const Step *step) {
  uint64_t mask = (uint64_t)number(step, 1);
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0) die("prctl", "PR_CAP_AMBIENT_CLEAR_ALL");
  for (int i = 0; i < 64; i++)
    if (mask >> i & 1 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) < 0) die("prctl", "PR_CAP_AMBIENT_RAISE");
}

// no_new_privileges
void op_no_new_privileges(const Step *) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) die("prctl", "PR_SET_NO_NEW_PRIVS");
}

// seccomp PROGRAM FLAGS: where somebody is to be asked, a descriptor for that is kept
void op_seccomp(const Step *step) {
  Argument program = bytes(step, 1);
  struct sock_filter *filter = malloc(program.length + 1);
  if (!filter) die("malloc", "");
  memcpy(filter, program.bytes, program.length);
  struct sock_fprog whole = {.len = (unsigned short)(program.length / sizeof *filter), .filter = filter};
  long listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, number(step, 2), &whole);
  if (listener < 0) die("seccomp", "");
  if (number(step, 2) & SECCOMP_FILTER_FLAG_NEW_LISTENER) keep(LISTENER, (int)listener);
}

// chdir PATH: and nowhere that is outside of the root, by a descriptor that was left open
void op_chdir(const Step *step) {
  char at[4096];
  if (chdir(text(step, 1)) < 0) die("chdir", text(step, 1));
  if (syscall(SYS_getcwd, at, sizeof at) < 0) die("getcwd", text(step, 1));
  if (at[0] != '/') {
    errno = ENOENT;
    die("getcwd", text(step, 1));
  }
}

// own_streams UID: stdin, stdout and stderr belong to the user who reads and writes them, but for /dev/null, which is everybody's
void op_own_streams(const Step *step) {
  uid_t uid = (uid_t)number(step, 1);
  const dev_t null = makedev(1, 3);
  struct stat is;
  for (int fd = 0; fd < 3; fd++) {
    if (fstat(fd, &is) < 0) continue;
    if (is.st_uid == uid || (S_ISCHR(is.st_mode) && is.st_rdev == null)) continue;
    if (fchown(fd, uid, is.st_gid) < 0 && errno != EINVAL && errno != EPERM && errno != EROFS) die("fchown", "a stream");
  }
}

// close_from FD: this one and all above are not for the program
void op_close_from(const Step *step) {
  if (syscall(SYS_close_range, (unsigned)number(step, 1), ~0U, CLOSE_RANGE_CLOEXEC) < 0) die("close_range", "");
}

// end_with_keeper: the kernel kills this process when the keeper is gone. It forgets that with every change of user, so
// this comes late, and the runtime may be gone already: then nobody holds the other end any more.
void op_end_with_keeper(const Step *) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) die("prctl", "PR_SET_PDEATHSIG");
  end_if_alone();
}

static int executable(const char *path) {
  struct stat is;
  if (stat(path, &is) < 0) return 0;
  if (S_ISDIR(is.st_mode)) {
    errno = EISDIR;
    return 0;
  }
  // What counts is what it may do, not who it is; but the call that asks so is too new for many filters.
  if (syscall(SYS_faccessat2, AT_FDCWD, path, X_OK, AT_EACCESS) == 0) return 1;
  return (errno == ENOSYS || errno == EPERM) && access(path, X_OK) == 0;
}

// find CANDIDATES: one of these must be there, or there is no point in going on
void op_find(const Step *step) {
  char **paths = list(step, 1);
  int error = ENOENT;
  for (char **path = paths; *path; path++) {
    if (executable(*path)) return;
    if (errno != ENOENT && errno != ENOTDIR) error = errno;
  }
  errno = error;
  die("find", *paths ? *paths : "");
}

// Process 1 of a container hears no signal that it has no handler for, and one that waits should.
static void leave(int number) { _exit(128 + number); }

// wait_for_start: the fifo opens when somebody reads it; what happens then is told to the reader
void op_wait_for_start(const Step *) {
  // The program that is run has none of these handlers any more.
  const int ends[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
  for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) signal(ends[i], leave);
  char name[16];
  snprintf(name, sizeof name, "%d", kept(FIFO));
  int fifo = openat(kept(DESCRIPTORS), name, O_WRONLY | O_CLOEXEC);
  if (fifo < 0) die("open", "exec.fifo");
  report_to(fifo);
  report(fifo, STARTED, 0, "");
}

// exec CANDIDATES ARGUMENTS ENVIRONMENT: the first of the candidates that can be run is
void op_exec(const Step *step) {
  char **paths = list(step, 1), **arguments = list(step, 2), **environment = list(step, 3);
  int error = ENOENT;
  for (char **path = paths; *path; path++) {
    execve(*path, arguments, environment);
    if (errno != ENOENT && errno != ENOTDIR) error = errno;
  }
  errno = error;
  die("execve", *arguments ? *arguments : "");
}
