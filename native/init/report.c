#include "report.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int channel = -1;
static uint32_t current;

void report_to(int fd) { channel = fd; }
void report_step(uint32_t step) { current = step; }

void stop_reporting(void) {
  close(channel);
  channel = -1;
}

void report(int fd, Kind kind, int32_t value, const char *detail) {
  struct {
    Message head;
    char detail[240];
  } message = {.head = {.kind = kind, .step = current, .value = value}};
  int length = snprintf(message.detail, sizeof message.detail, "%s", detail);
  message.head.length = length < (int)sizeof message.detail ? (uint32_t)length : sizeof message.detail - 1;
  // One write, so that messages are never mixed; nobody is left to tell when it fails.
  if (write(fd, &message, sizeof message.head + message.head.length) < 0) return;
}

void die(const char *call, const char *what) {
  char detail[240];
  int error = errno;
  snprintf(detail, sizeof detail, "%s\t%s", call, what);
  report(channel, FAILED, error, detail);
  _exit(1);
}

void end_if_alone(void) {
  struct pollfd other = {.fd = channel, .events = 0};
  if (poll(&other, 1, 0) > 0) _exit(1);
}

void mistake(const char *what) {
  errno = EINVAL;
  die("plan", what);
}

void wait_for_word(int descriptor) {
  char word;
  ssize_t got;
  report(channel, SYNC, descriptor, "");
  do got = read(channel, &word, 1);
  while (got < 0 && errno == EINTR);
  if (got != 1) _exit(1);
}
