#include "files.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "operations.h"
#include "report.h"
#include "slots.h"
#include "system.h"

static const uint64_t IN_ROOT = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;

int look_up(const char *path, uint64_t resolve) {
  return sys_openat2(kept(ROOT), path, O_PATH, 0, IN_ROOT | resolve);
}

enum { MOST_LINKS = 40 };  // as many as the kernel follows

// Where a link leads that nothing is at the end of: below the folder it is in, or below the root.
static int follow(int above, const char *parent, const char *name, char *to) {
  char target[PATH_MAX];
  ssize_t length = readlinkat(above, name, target, sizeof target - 1);
  if (length < 0) return 0;
  target[length] = '\0';
  int absolute = target[0] == '/';
  return snprintf(to, PATH_MAX, "%s%s%s", absolute ? "" : parent, absolute ? "" : "/", target) < PATH_MAX;
}

static int make_one(const char *path, int folder, uint64_t resolve, int links);

// Makes one part of a path below `folder`; that it is there already is as good.
static int make_folder(const char *path, uint64_t resolve) { return make_one(path, 1, resolve, MOST_LINKS); }

static int make_one(const char *path, int folder, uint64_t resolve, int links) {
  char parent[PATH_MAX], to[PATH_MAX];
  int fd = look_up(path, resolve);
  if (fd >= 0 || errno != ENOENT) return fd;
  const char *slash = strrchr(path, '/');
  if (!slash || links == 0) return -1;
  snprintf(parent, sizeof parent, "%.*s", slash == path ? 1 : (int)(slash - path), path);
  int above = make_one(parent, 1, resolve, links);
  if (above < 0) return -1;
  if (follow(above, parent, slash + 1, to)) {
    close(above);
    return make_one(to, folder, resolve, links - 1);
  }
  int made = folder ? mkdirat(above, slash + 1, 0755)
                    : openat(above, slash + 1, O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_WRONLY, 0644);
  int error = errno;
  close(above);
  if (!folder && made >= 0) close(made);
  if (made < 0 && error != EEXIST) {
    errno = error;
    return -1;
  }
  // Looked up from the root again: what was made in the meantime, a link say, is followed inside it or not at all.
  return look_up(path, resolve);
}

int parent_of(const char *path, uint64_t resolve, const char **name) {
  char parent[PATH_MAX];
  const char *slash = strrchr(path, '/');
  if (!slash || slash[1] == '\0' || !strcmp(slash, "/..") || strlen(path) >= sizeof parent) {
    errno = EINVAL;
    return -1;
  }
  *name = slash + 1;
  snprintf(parent, sizeof parent, "%.*s", slash == path ? 1 : (int)(slash - path), path);
  return make_folder(parent, resolve);
}

int look_up_or_make(const char *path, int folder, uint64_t resolve) {
  return make_one(path, folder, resolve, MOST_LINKS);
}

// mkdir PATH MODE
void op_mkdir(const Step *step) {
  int fd = look_up_or_make(text(step, 1), 1, 0);
  if (fd < 0) die("mkdirat", text(step, 1));
  close(fd);
}

// symlink PATH TARGET: what is there already stays. Like a node, a link is made just where it is said to be: by way of an
// image's link it would be made elsewhere, in a volume of the host's say.
void op_symlink(const Step *step) {
  const char *name;
  int above = parent_of(text(step, 1), RESOLVE_NO_SYMLINKS, &name);
  if (above < 0) die("openat2", text(step, 1));
  if (symlinkat(text(step, 2), above, name) < 0 && errno != EEXIST) die("symlinkat", text(step, 1));
  close(above);
}

// mknod PATH MODE MAJOR MINOR UID GID: a node that is there with the same numbers stays, with this mode and owner
void op_mknod(const Step *step) {
  const char *path = text(step, 1), *name;
  mode_t mode = (mode_t)number(step, 2);
  dev_t device = makedev((unsigned)number(step, 3), (unsigned)number(step, 4));
  int above = parent_of(path, RESOLVE_NO_SYMLINKS, &name);
  if (above < 0) die("openat2", path);
  if (mknodat(above, name, mode, device) < 0) {
    struct stat there;
    if (errno != EEXIST) die("mknodat", path);
    if (fstatat(above, name, &there, AT_SYMLINK_NOFOLLOW) < 0) die("fstatat", path);
    if ((there.st_mode & S_IFMT) != (mode & S_IFMT) || (!S_ISFIFO(mode) && there.st_rdev != device)) {
      errno = EEXIST;
      die("mknodat", path);
    }
  }
  // mknod took the umask into account; fchmodat has no way not to follow a link, so the node is opened as a path first.
  int node = openat(above, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (node < 0) die("openat", path);
  char self[64];
  snprintf(self, sizeof self, "self/fd/%d", node);
  if (fchmodat(kept(PROC), self, mode & 07777, 0) < 0) die("fchmodat", path);
  if (fchownat(node, "", (uid_t)number(step, 5), (gid_t)number(step, 6), AT_EMPTY_PATH) < 0) die("fchownat", path);
  close(node);
  close(above);
}
