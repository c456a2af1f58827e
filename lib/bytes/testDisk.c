// To be preloaded: counts the calls that touch what is below FAULT_BELOW, each written to FAULT_LOG by its name, and
// lets the FAULT_AT-th one called FAULT_CALL fail with FAULT_ERRNO. strace can inject by the path of a file, not of a folder.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int count;

static void say(const char *call, int injected) {
  const char *file = getenv("FAULT_LOG");
  if (!file) return;
  int fd = syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  char line[64];
  int length = snprintf(line, sizeof line, "%s%s\n", call, injected ? " (INJECTED)" : "");
  syscall(SYS_write, fd, line, length);
  syscall(SYS_close, fd);
}

static int fails(const char *call, int dir, const char *path) {
  const char *below = getenv("FAULT_BELOW");
  if (!below) return 0;
  char whole[8192] = "", link[64];
  if (!path || path[0] != '/') {
    snprintf(link, sizeof link, dir == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", dir);
    ssize_t length = readlink(link, whole, sizeof whole - 1);
    whole[length < 0 ? 0 : length] = 0;
  }
  if (path) strncat(strncat(whole, "/", 2), path, sizeof whole - strlen(whole) - 2);
  const char *found = whole;
  while (found[0] == '/' && found[1] == '/') found++;
  if (strncmp(found, below, strlen(below))) return 0;
  pthread_mutex_lock(&lock);
  const char *wanted = getenv("FAULT_CALL"), *at = getenv("FAULT_AT");
  int hit = wanted && !strcmp(wanted, call) && ++count == atoi(at);
  say(call, hit);
  pthread_mutex_unlock(&lock);
  if (hit) errno = atoi(getenv("FAULT_ERRNO"));
  return hit;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  return fails("open", AT_FDCWD, path) ? -1 : REAL(open)(path, flags, mode);
}
int open64(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  return fails("open", AT_FDCWD, path) ? -1 : REAL(open64)(path, flags, mode);
}
int openat(int dir, const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  return fails("open", dir, path) ? -1 : REAL(openat)(dir, path, flags, mode);
}
ssize_t write(int fd, const void *bytes, size_t length) { return fails("write", fd, 0) ? -1 : REAL(write)(fd, bytes, length); }
ssize_t writev(int fd, const struct iovec *pieces, int pieceCount) { return fails("write", fd, 0) ? -1 : REAL(writev)(fd, pieces, pieceCount); }
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) { return fails("write", fd, 0) ? -1 : REAL(pwrite64)(fd, bytes, length, at); }
ssize_t read(int fd, void *bytes, size_t length) { return fails("read", fd, 0) ? -1 : REAL(read)(fd, bytes, length); }
ssize_t pread64(int fd, void *bytes, size_t length, off64_t at) { return fails("read", fd, 0) ? -1 : REAL(pread64)(fd, bytes, length, at); }
int unlink(const char *path) { return fails("unlink", AT_FDCWD, path) ? -1 : REAL(unlink)(path); }
int unlinkat(int dir, const char *path, int flags) { return fails("unlink", dir, path) ? -1 : REAL(unlinkat)(dir, path, flags); }
int rmdir(const char *path) { return fails("rmdir", AT_FDCWD, path) ? -1 : REAL(rmdir)(path); }
int fsync(int fd) { return fails("sync", fd, 0) ? -1 : REAL(fsync)(fd); }
int fdatasync(int fd) { return fails("sync", fd, 0) ? -1 : REAL(fdatasync)(fd); }
int rename(const char *from, const char *to) { return fails("rename", AT_FDCWD, to) ? -1 : REAL(rename)(from, to); }
int link(const char *from, const char *to) { return fails("link", AT_FDCWD, to) ? -1 : REAL(link)(from, to); }
int linkat(int dir, const char *from, int toDir, const char *to, int flags) { return fails("link", toDir, to) ? -1 : REAL(linkat)(dir, from, toDir, to, flags); }
int symlinkat(const char *target, int dir, const char *path) { return fails("symlink", dir, path) ? -1 : REAL(symlinkat)(target, dir, path); }
int mkdir(const char *path, mode_t mode) { return fails("mkdir", AT_FDCWD, path) ? -1 : REAL(mkdir)(path, mode); }
int mkdirat(int dir, const char *path, mode_t mode) { return fails("mkdir", dir, path) ? -1 : REAL(mkdirat)(dir, path, mode); }
int fchown(int fd, uid_t uid, gid_t gid) { return fails("chown", fd, 0) ? -1 : REAL(fchown)(fd, uid, gid); }
int fchownat(int dir, const char *path, uid_t uid, gid_t gid, int flags) { return fails("chown", dir, path) ? -1 : REAL(fchownat)(dir, path, uid, gid, flags); }
int fchmod(int fd, mode_t mode) { return fails("chmod", fd, 0) ? -1 : REAL(fchmod)(fd, mode); }
int fchmodat(int dir, const char *path, mode_t mode, int flags) { return fails("chmod", dir, path) ? -1 : REAL(fchmodat)(dir, path, mode, flags); }
int futimens(int fd, const struct timespec times[2]) { return fails("utimens", fd, 0) ? -1 : REAL(futimens)(fd, times); }
int utimensat(int dir, const char *path, const struct timespec times[2], int flags) { return fails("utimens", dir, path) ? -1 : REAL(utimensat)(dir, path, times, flags); }
