#include "console.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <termios.h>

#include "files.h"
#include "keeper.h"
#include "operations.h"
#include "relay.h"
#include "report.h"
#include "slots.h"
#include "system.h"

enum { DEVPTS_MAGIC = 0x1cd1 };

static int own_end = -1;

// connect PATH SLOT: to somebody who waits for a terminal
void op_connect(const Step *step) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  const char *path = text(step, 1);
  int at = open(path, O_PATH | O_CLOEXEC);
  if (at < 0) die("open", path);
  // Through the descriptor: an address has room for 107 bytes only.
  snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d", at);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) die("socket", path);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) die("connect", path);
  close(at);
  keep(number(step, 2), fd);
}

// console_pair: the terminal goes to the keeper
void op_console_pair(const Step *) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) die("socketpair", "");
  own_end = pair[0];
  keep(CONSOLE, pair[0]);
  relay_from(pair[1]);
}

void close_own_end(void) {
  if (own_end >= 0) close(own_end);
}

static void send_descriptor(int socket, int fd, const char *name) {
  union {
    char room[CMSG_SPACE(sizeof fd)];
    struct cmsghdr aligned;
  } control = {0};
  struct iovec said = {.iov_base = (void *)name, .iov_len = strlen(name)};
  struct msghdr message = {.msg_iov = &said, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room};
  struct cmsghdr *part = CMSG_FIRSTHDR(&message);
  part->cmsg_level = SOL_SOCKET;
  part->cmsg_type = SCM_RIGHTS;
  part->cmsg_len = CMSG_LEN(sizeof fd);
  memcpy(CMSG_DATA(part), &fd, sizeof fd);
  if (sendmsg(socket, &message, MSG_NOSIGNAL) < 0) die("sendmsg", "the console socket");
}

int receive_descriptor(int socket) {
  char name[64];
  int fd = -1;
  union {
    char room[CMSG_SPACE(sizeof fd)];
    struct cmsghdr aligned;
  } control = {0};
  struct iovec said = {.iov_base = name, .iov_len = sizeof name};
  struct msghdr message = {.msg_iov = &said, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room};
  if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) <= 0) return -1;
  struct cmsghdr *part = CMSG_FIRSTHDR(&message);
  if (part && part->cmsg_type == SCM_RIGHTS) memcpy(&fd, CMSG_DATA(part), sizeof fd);
  return fd;
}

// A new terminal of the container's own devpts: an image may have put anything else under these names.
static int open_master(void) {
  int master = sys_openat2(kept(ROOT), "dev/pts/ptmx", O_RDWR | O_NOCTTY, 0, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
  struct statfs on;
  if (master < 0) die("open", "/dev/pts/ptmx");
  if (fstatfs(master, &on) < 0 || on.f_type != DEVPTS_MAGIC) {
    errno = EXDEV;
    die("open", "/dev/pts/ptmx");
  }
  return master;
}

// console WIDTH HEIGHT UID BIND: a terminal as stdin, stdout and stderr; with BIND it is /dev/console too
void op_console(const Step *step) {
  char name[32];
  int master = open_master(), unlock = 0;
  unsigned index = 0;
  if (ioctl(master, TIOCSPTLCK, &unlock) < 0 || ioctl(master, TIOCGPTN, &index) < 0) die("ioctl", "/dev/pts/ptmx");
  snprintf(name, sizeof name, "/dev/pts/%u", index);
  // By the master, not by its name: the name could be another's by now.
  int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (slave < 0) die("ioctl", name);
  struct winsize size = {.ws_col = (unsigned short)number(step, 1), .ws_row = (unsigned short)number(step, 2)};
  if (size.ws_col && ioctl(slave, TIOCSWINSZ, &size) < 0) die("ioctl", name);
  if (fchown(slave, (uid_t)number(step, 3), (gid_t)-1) < 0 && errno != EPERM) die("fchown", name);
  if (number(step, 4)) {
    int mount = sys_open_tree(slave, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
    int at = look_up_or_make("/dev/console", 0, RESOLVE_NO_SYMLINKS);
    if (mount < 0 || at < 0 || sys_move_mount(mount, at) < 0) die("mount", "/dev/console");
    close(mount);
    close(at);
  }
  send_descriptor(kept(CONSOLE), master, name);
  close(master);
  for (int fd = 0; fd < 3; fd++)
    if (dup2(slave, fd) < 0) die("dup2", name);
  close(slave);
  if (ioctl(STDIN_FILENO, TIOCSCTTY, 0) < 0) die("ioctl", "TIOCSCTTY");
}
