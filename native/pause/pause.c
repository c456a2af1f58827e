// The first process of a pod: it does nothing, so that the namespaces it is in last. Where the others of the pod share
// its pid namespace it is their PID 1, and so has to reap those whose parents have ended.
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

int main(void) {
  sigset_t signals;
  sigemptyset(&signals);
  // The kernel keeps from a PID 1 every signal it has no handler for; blocked and waited for, these arrive.
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGCHLD);
  if (sigprocmask(SIG_BLOCK, &signals, NULL) != 0) return EXIT_FAILURE;
  for (;;) {
    // One SIGCHLD may stand for many; some may have ended before it was blocked.
    while (waitpid(-1, NULL, WNOHANG) > 0) continue;
    int signal = sigwaitinfo(&signals, NULL);
    if (signal == SIGTERM || signal == SIGINT) return EXIT_SUCCESS;
  }
}
