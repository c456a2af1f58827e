#include "keeper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "relay.h"
#include "report.h"

static int channel = -1;
static int console_socket = -1;

void watch_with(int fd) { channel = fd; }
void relay_from(int socket) { console_socket = socket; }

void stop_watching(void) {
  close(channel);
  if (console_socket >= 0) close(console_socket);
}

// The exit code as a shell has it: 128 and the signal for one that was killed.
static int exit_code(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

static void tell_if_ended(pid_t child) {
  int status;
  if (waitpid(child, &status, WNOHANG) != child) return;
  end_relay();
  report(channel, EXITED, exit_code(status), "");
  _exit(0);
}

_Noreturn void keep_watch(pid_t child) {
  sigset_t signals;
  sigfillset(&signals);  // a ^C of the terminal is for the container, who gets it from others
  sigprocmask(SIG_BLOCK, &signals, NULL);
  int notices = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  if (notices < 0) die("signalfd", "");
  close_own_end();
  stop_reporting();
  report(channel, PID, child, "");
  for (;;) {
    tell_if_ended(child);
    struct pollfd files[5] = {{.fd = channel, .events = 0}, {.fd = notices, .events = POLLIN}};
    prepare_relay(files + 2, console_socket);
    if (poll(files, 5, -1) < 0 && errno != EINTR) die("poll", "");
    if (files[0].revents) {  // nobody is left to be told
      end_relay();
      _exit(0);
    }
    for (struct signalfd_siginfo notice; read(notices, &notice, sizeof notice) > 0;)
      if (notice.ssi_signo == SIGWINCH) resize_relay();
    relay(files + 2, &console_socket);
  }
}
