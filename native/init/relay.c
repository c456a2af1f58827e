#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "console.h"

static int terminal = -1;  // the container's
static int input_ended;
static struct termios before;
static int raw;

static void make_raw(void) {
  if (tcgetattr(STDIN_FILENO, &before) < 0) return;  // a pipe needs none of this
  struct termios as = before;
  cfmakeraw(&as);
  // But for what becomes of a line's end: that is left to the last terminal, and nobody's where there is none.
  as.c_oflag = before.c_oflag;
  raw = tcsetattr(STDIN_FILENO, TCSANOW, &as) == 0;
}

static void leave_line_ends(int terminal_fd) {
  struct termios as;
  if (tcgetattr(terminal_fd, &as) < 0) return;
  as.c_oflag &= ~(tcflag_t)ONLCR;
  tcsetattr(terminal_fd, TCSANOW, &as);
}

void resize_relay(void) {
  struct winsize size;
  if (terminal >= 0 && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0) ioctl(terminal, TIOCSWINSZ, &size);
}

static void write_all(int to, const char *bytes, ssize_t length) {
  while (length > 0) {
    ssize_t put = write(to, bytes, (size_t)length);
    if (put < 0 && errno != EINTR) return;
    if (put > 0) bytes += put, length -= put;
  }
}

// How much was carried over; 0 at the end of the input, less than 0 where nothing is to be had.
static ssize_t carry(int from, int to) {
  char bytes[16384];
  ssize_t got = read(from, bytes, sizeof bytes);
  if (got > 0) write_all(to, bytes, got);
  return got;
}

void prepare_relay(struct pollfd *files, int socket) {
  files[0] = (struct pollfd){.fd = terminal < 0 ? socket : -1, .events = POLLIN};
  files[1] = (struct pollfd){.fd = terminal, .events = POLLIN};
  files[2] = (struct pollfd){.fd = terminal < 0 || input_ended ? -1 : STDIN_FILENO, .events = POLLIN};
}

void relay(const struct pollfd *files, int *socket) {
  if (files[0].revents) {
    terminal = receive_descriptor(*socket);
    close(*socket);
    *socket = -1;
    leave_line_ends(terminal);
    make_raw();
    resize_relay();
    return;
  }
  if (files[1].revents & POLLIN) carry(terminal, STDOUT_FILENO);
  else if (files[1].revents) {  // every program has closed it
    close(terminal);
    terminal = -1;
  }
  if (files[2].revents && carry(STDIN_FILENO, terminal) == 0) {
    char end = 4;  // ^D, as if it were typed
    write_all(terminal, &end, 1);
    input_ended = 1;
  }
}

void end_relay(void) {
  if (terminal >= 0) {
    fcntl(terminal, F_SETFL, O_NONBLOCK);
    while (carry(terminal, STDOUT_FILENO) > 0);
  }
  if (raw) tcsetattr(STDIN_FILENO, TCSANOW, &before);
}
