// Carries out a plan, step by step: what a container is made of is decided in lib/runtime/plan, not here.
// It runs with two descriptors, one for itself and what it becomes, one for the keeper it leaves behind.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "keeper.h"
#include "operations.h"
#include "report.h"
#include "system.h"

static const struct {
  const char *name;
  void (*carry_out)(const Step *);
} OPERATIONS[] = {
    {"open", op_open},
    {"tree", op_tree},
    {"closeSlots", op_close_slots},
    {"undumpable", op_undumpable},
    {"setns", op_setns},
    {"join", op_join},
    {"unshare", op_unshare},
    {"clone", op_clone},
    {"openCgroups", op_open_cgroups},
    {"enterCgroups", op_enter_cgroups},
    {"sync", op_sync},
    {"hostname", op_hostname},
    {"domainname", op_domainname},
    {"loopback", op_loopback},
    {"proc", op_proc},
    {"propagation", op_propagation},
    {"root", op_root},
    {"mount", op_mount},
    {"bind", op_bind},
    {"idmap", op_idmap},
    {"attributes", op_attributes},
    {"mask", op_mask},
    {"readonly", op_readonly},
    {"pivot", op_pivot},
    {"moveRoot", op_move_root},
    {"chroot", op_chroot},
    {"mkdir", op_mkdir},
    {"symlink", op_symlink},
    {"mknod", op_mknod},
    {"rlimit", op_rlimit},
    {"umask", op_umask},
    {"scheduler", op_scheduler},
    {"ioPriority", op_io_priority},
    {"affinity", op_affinity},
    {"personality", op_personality},
    {"memoryPolicy", op_memory_policy},
    {"keyring", op_keyring},
    {"session", op_session},
    {"groups", op_groups},
    {"user", op_user},
    {"bounding", op_bounding},
    {"capabilities", op_capabilities},
    {"ambient", op_ambient},
    {"keepCapabilities", op_keep_capabilities},
    {"noNewPrivileges", op_no_new_privileges},
    {"seccomp", op_seccomp},
    {"chdir", op_chdir},
    {"ownStreams", op_own_streams},
    {"closeFrom", op_close_from},
    {"endWithKeeper", op_end_with_keeper},
    {"find", op_find},
    {"connect", op_connect},
    {"consolePair", op_console_pair},
    {"console", op_console},
    {"deviceProgram", op_device_program},
    {"waitForStart", op_wait_for_start},
    {"exec", op_exec},
};

static void carry_out(const Step *step) {
  for (size_t i = 0; i < sizeof OPERATIONS / sizeof *OPERATIONS; i++)
    if (!strcmp(OPERATIONS[i].name, text(step, 0))) {
      OPERATIONS[i].carry_out(step);
      return;
    }
  mistake(text(step, 0));
}

// A container that could open the file this program runs from could write into it, and the next one would run that:
// it runs from a sealed copy in memory, or not at all.
static void insist_on_sealed_copy(void) {
  int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  int seals = self < 0 ? -1 : fcntl(self, F_GET_SEALS);
  if (seals < 0 || !(seals & F_SEAL_WRITE)) {
    errno = EPERM;
    die("seals", "/proc/self/exe");
  }
  close(self);
}

// Node ignores SIGPIPE, and whoever started Node may have blocked signals: the program starts with none of that.
static void default_signals(void) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  // signal() keeps two of them for itself; the kernel does not.
  const struct {
    void (*handler)(int);
    unsigned long flags, restorer, mask;
  } by_default = {SIG_DFL, 0, 0, 0};
  for (int i = 1; i < NSIG; i++) syscall(SYS_rt_sigaction, i, &by_default, NULL, sizeof(uint64_t));
}

int main(int count, char **arguments) {
  if (count != 3) return 2;
  int channel = atoi(arguments[1]), watch = atoi(arguments[2]);
  report_to(channel);
  watch_with(watch);
  fcntl(channel, F_SETFD, FD_CLOEXEC);
  fcntl(watch, F_SETFD, FD_CLOEXEC);
  prctl(PR_SET_NAME, "ocirun-init");
  default_signals();
  insist_on_sealed_copy();
  Plan plan = read_plan(channel);
  for (Step step; next_step(&plan, &step);) {
    report_step(step.number);
    carry_out(&step);
  }
  // A plan that has no program to end in is done when its last step is.
  return 0;
}
