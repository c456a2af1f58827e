// What tmpcopyup asks for: the files of a folder, copied into the tmpfs that is going to cover it.
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "files.h"
#include "report.h"
#include "system.h"

static void copy_file(int from, int to, const char *name, const struct stat *is) {
  int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  int out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, is->st_mode & 07777);
  if (in < 0 || out < 0) die("open", name);
  for (ssize_t got; (got = sendfile(out, in, NULL, 1 << 20)) != 0;)
    if (got < 0) die("sendfile", name);
  if (fchown(out, is->st_uid, is->st_gid) < 0) die("fchown", name);
  if (fchmod(out, is->st_mode & 07777) < 0) die("fchmod", name);
  close(in);
  close(out);
}

static void copy_link(int from, int to, const char *name, const struct stat *is) {
  char target[PATH_MAX];
  ssize_t length = readlinkat(from, name, target, sizeof target - 1);
  if (length < 0) die("readlinkat", name);
  target[length] = '\0';
  if (symlinkat(target, to, name) < 0) die("symlinkat", name);
  if (fchownat(to, name, is->st_uid, is->st_gid, AT_SYMLINK_NOFOLLOW) < 0) die("fchownat", name);
}

static void copy_folder(int from, int to, const char *name, const struct stat *is) {
  if (mkdirat(to, name, 0700) < 0) die("mkdirat", name);
  int in = openat(from, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  int out = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (in < 0 || out < 0) die("open", name);
  copy_tree(in, out, name);
  if (fchown(out, is->st_uid, is->st_gid) < 0) die("fchown", name);
  if (fchmod(out, is->st_mode & 07777) < 0) die("fchmod", name);
  close(in);
  close(out);
}

void copy_tree(int from, int to, const char *what) {
  int reading = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (reading < 0) die("open", what);
  DIR *folder = fdopendir(reading);
  if (!folder) die("fdopendir", what);
  for (struct dirent *entry; (entry = readdir(folder));) {
    const char *name = entry->d_name;
    struct stat is;
    if (!strcmp(name, ".") || !strcmp(name, "..")) continue;
    if (fstatat(reading, name, &is, AT_SYMLINK_NOFOLLOW) < 0) die("fstatat", name);
    if (S_ISDIR(is.st_mode)) copy_folder(reading, to, name, &is);
    else if (S_ISLNK(is.st_mode)) copy_link(reading, to, name, &is);
    else if (S_ISREG(is.st_mode)) copy_file(reading, to, name, &is);
    else if (mknodat(to, name, is.st_mode, is.st_rdev) < 0) die("mknodat", name);
  }
  closedir(folder);
}
