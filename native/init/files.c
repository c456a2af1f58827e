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

typedef enum { MISSED, MADE, LEADS_ON } Part;

// Makes the last part of a path; that it is there already is as good. Where it is a link to what is not there, `to` says where.
static Part make_part(const char *path, int folder, uint64_t resolve, char *to) {
  int there = look_up(path, resolve);
  if (there >= 0) close(there);
  if (there >= 0 || errno != ENOENT) return there >= 0 ? MADE : MISSED;
  char parent[PATH_MAX];
  const char *slash = strrchr(path, '/');
  snprintf(parent, sizeof parent, "%.*s", slash == path ? 1 : (int)(slash - path), path);
  int above = look_up(parent, resolve);
  if (above < 0) return MISSED;
  int leads_on = follow(above, parent, slash + 1, to);
  int made = leads_on ? -1
             : folder ? mkdirat(above, slash + 1, 0755)
                      : openat(above, slash + 1, O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_WRONLY, 0644);
  int error = errno;
  close(above);
  if (!folder && made >= 0) close(made);
  errno = error;
  if (leads_on) return LEADS_ON;
  return made >= 0 || error == EEXIST ? MADE : MISSED;
}

// Part by part, and not by calling itself for each: a path may have two thousand, and the stack is not made for that.
static int make_parts(const char *path, int folder, uint64_t resolve, int links) {
  char part[PATH_MAX], to[PATH_MAX];
  int fd = look_up(path, resolve);
  if (fd >= 0 || errno != ENOENT || path[0] != '/' || links == 0) return fd;
  for (const char *end = path; *(end += strspn(end, "/"));) {
    end += strcspn(end, "/");
    int last = end[strspn(end, "/")] == '\0';
    snprintf(part, sizeof part, "%.*s", (int)(end - path), path);
    Part is = make_part(part, folder || !last, resolve, to);
    if (is == MISSED) return -1;
    if (is == MADE) continue;
    // The rest of the way goes on from where the link leads.
    if (strlen(to) + strlen(end) >= sizeof to) {
      errno = ENAMETOOLONG;
      return -1;
    }
    return make_parts(strcat(to, end), folder, resolve, links - 1);
  }
  // Looked up from the root again: what was made in the meantime, a link say, is followed inside it or not at all.
  return look_up(path, resolve);
}

int look_up_or_make(const char *path, int folder, uint64_t resolve) {
  return make_parts(path, folder, resolve, MOST_LINKS);
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
  return look_up_or_make(parent, 1, resolve);
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
