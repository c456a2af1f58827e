// Answers for a seccomp filter that asks, in the tests: agent SOCKET ERRNO. Prints what came with the descriptor, in one
// line; then every question is answered with that errno, until nobody can ask any more.
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int listen_at(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 1) < 0) exit(2);
  return accept(fd, NULL, NULL);
}

static int take_descriptor(int from) {
  static char words[65536];
  char room[CMSG_SPACE(sizeof(int))];
  struct iovec said = {.iov_base = words, .iov_len = sizeof words - 1};
  struct msghdr message = {.msg_iov = &said, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
  if (recvmsg(from, &message, 0) <= 0) exit(3);
  puts(words);
  fflush(stdout);
  int fd;
  memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
  return fd;
}

int main(int count, char **arguments) {
  if (count != 3) return 1;
  int asked = take_descriptor(listen_at(arguments[1]));
  struct pollfd ready = {.fd = asked, .events = POLLIN};
  while (poll(&ready, 1, -1) > 0 && (ready.revents & POLLIN)) {
    struct seccomp_notif question = {0};
    if (ioctl(asked, SECCOMP_IOCTL_NOTIF_RECV, &question) < 0) continue;
    struct seccomp_notif_resp answer = {.id = question.id, .error = -atoi(arguments[2])};
    ioctl(asked, SECCOMP_IOCTL_NOTIF_SEND, &answer);
  }
}
