#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "files.h"
#include "operations.h"
#include "report.h"
#include "slots.h"
#include "system.h"

static void set_attributes(int mount, int recursive, struct mount_attr attributes, const char *path) {
  if (!attributes.attr_set && !attributes.attr_clr && !attributes.propagation) return;
  if (sys_mount_setattr(mount, recursive ? AT_RECURSIVE : 0, &attributes) < 0) die("mount_setattr", path);
}

// Puts a mount that nobody sees yet where it belongs.
static void attach(int mount, const char *target, int folder, uint64_t resolve) {
  int at = look_up_or_make(target, folder, resolve);
  if (at < 0) die("openat2", target);
  if (sys_move_mount(mount, at) < 0) die("move_mount", target);
  close(at);
}

// propagation PATH RECURSIVE VALUE
void op_propagation(const Step *step) {
  int at = open(text(step, 1), O_PATH | O_CLOEXEC);
  if (at < 0) die("open", text(step, 1));
  set_attributes(at, (int)number(step, 2), (struct mount_attr){.propagation = (uint64_t)number(step, 3)}, text(step, 1));
  close(at);
}

// root PATH: the rootfs becomes a mount of its own, in which all later paths are looked up
void op_root(const Step *step) {
  const char *path = text(step, 1);
  int tree = sys_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | AT_RECURSIVE);
  if (tree < 0) die("open_tree", path);
  int at = open(path, O_PATH | O_CLOEXEC);
  if (at < 0) die("open", path);
  if (sys_move_mount(tree, at) < 0) die("move_mount", path);
  close(at);
  keep(ROOT, tree);
}

// One option of a file system: `key=value`, or a word alone.
static void set_option(int fs, char *option) {
  char *value = strchr(option, '=');
  if (value) *value++ = '\0';
  int set = sys_fsconfig(fs, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, option, value);
  if (set < 0) die("fsconfig", option);
}

// MODE, unless it is empty, is one more option.
static int new_mount(const char *type, const char *source, char **options, char *mode, unsigned attributes, const char *target) {
  int fs = sys_fsopen(type);
  if (fs < 0) die("fsopen", target);
  if (*source && sys_fsconfig(fs, FSCONFIG_SET_STRING, "source", source) < 0) die("fsconfig", target);
  for (; *options; options++) set_option(fs, *options);
  if (*mode) set_option(fs, mode);
  if (sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL) < 0) die("mount", target);
  int mount = sys_fsmount(fs, attributes);
  if (mount < 0) die("fsmount", target);
  close(fs);
  return mount;
}

// The mode of what is going to be covered, as an option; what is not there yet has none to leave.
static void mode_of(const char *path, uint64_t resolve, char option[16]) {
  struct stat is;
  int at = look_up(path, resolve);
  if (at < 0) return;
  if (fstat(at, &is) == 0) snprintf(option, 16, "mode=%o", is.st_mode & 07777);
  close(at);
}

// mount TARGET TYPE SOURCE OPTIONS ATTRIBUTES PROPAGATION RESOLVE COPY_UP INHERIT_MODE
void op_mount(const Step *step) {
  const char *target = text(step, 1);
  uint64_t resolve = (uint64_t)number(step, 7);
  int copy = (int)number(step, 8);
  unsigned attributes = (unsigned)number(step, 5);
  char mode[16] = "";
  if (number(step, 9)) mode_of(target, resolve, mode);
  int mount = new_mount(text(step, 2), text(step, 3), list(step, 4), mode, copy ? attributes & ~MOUNT_ATTR_RDONLY : attributes, target);
  if (copy) {
    int from = look_up_or_make(target, 1, resolve);
    if (from < 0) die("openat2", target);
    copy_tree(from, mount, target);
    close(from);
    set_attributes(mount, 0, (struct mount_attr){.attr_set = attributes & MOUNT_ATTR_RDONLY}, target);
  }
  set_attributes(mount, 0, (struct mount_attr){.propagation = (uint64_t)number(step, 6)}, target);
  attach(mount, target, 1, resolve);
  close(mount);
}

// bind TARGET SOURCE SLOT RECURSIVE SET CLEAR RECURSIVE_SET RECURSIVE_CLEAR PROPAGATION PROPAGATION_RECURSIVE RESOLVE
// SLOT, where it is not negative, holds the source.
void op_bind(const Step *step) {
  const char *target = text(step, 1), *source = text(step, 2);
  int64_t slot = number(step, 3);
  unsigned recursive = number(step, 4) ? AT_RECURSIVE : 0;
  int mount = slot < 0 ? sys_open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | recursive)
                       : fcntl(kept(slot), F_DUPFD_CLOEXEC, 0);
  if (mount < 0) die("open_tree", source);
  set_attributes(mount, 0, (struct mount_attr){.attr_set = (uint64_t)number(step, 5), .attr_clr = (uint64_t)number(step, 6)}, target);
  set_attributes(mount, 1, (struct mount_attr){.attr_set = (uint64_t)number(step, 7), .attr_clr = (uint64_t)number(step, 8)}, target);
  struct stat is;
  if (fstat(mount, &is) < 0) die("fstat", source);
  attach(mount, target, S_ISDIR(is.st_mode), (uint64_t)number(step, 11));
  // Only where it is attached does it have peers to be told of.
  set_attributes(mount, (int)number(step, 10), (struct mount_attr){.propagation = (uint64_t)number(step, 9)}, target);
  close(mount);
}

// idmap SOURCE SLOT RECURSIVE MAP_RECURSIVE NAMESPACE_SLOT: a copy of the source in which owners are mapped, kept for a bind
void op_idmap(const Step *step) {
  const char *source = text(step, 1);
  unsigned recursive = number(step, 3) ? AT_RECURSIVE : 0;
  int mount = sys_open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | recursive);
  if (mount < 0) die("open_tree", source);
  struct mount_attr mapped = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)kept(number(step, 5))};
  if (sys_mount_setattr(mount, number(step, 4) ? AT_RECURSIVE : 0, &mapped) < 0) die("mount_setattr", source);
  keep(number(step, 2), mount);
}

// attributes PATH RECURSIVE SET CLEAR: of a mount that is there
void op_attributes(const Step *step) {
  const char *path = text(step, 1);
  int at = look_up(path, 0);
  if (at < 0) die("openat2", path);
  set_attributes(at, (int)number(step, 2), (struct mount_attr){.attr_set = (uint64_t)number(step, 3), .attr_clr = (uint64_t)number(step, 4)}, path);
  close(at);
}

// mask PATH OPTIONS: what is not there needs no mask
void op_mask(const Step *step) {
  const char *path = text(step, 1);
  int at = look_up(path, 0);
  if (at < 0 && (errno == ENOENT || errno == ENOTDIR)) return;
  if (at < 0) die("openat2", path);
  struct stat is;
  if (fstat(at, &is) < 0) die("fstat", path);
  int mount = S_ISDIR(is.st_mode) ? new_mount("tmpfs", "tmpfs", list(step, 2), "", MOUNT_ATTR_RDONLY, path)
                                  : sys_open_tree(kept(NULL_DEVICE), "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
  if (mount < 0) die("open_tree", "/dev/null");
  if (sys_move_mount(mount, at) < 0) die("move_mount", path);
  close(mount);
  close(at);
}

// readonly PATH: bound onto itself, and that mount is read-only with all below it. What is not there needs none of this.
void op_readonly(const Step *step) {
  const char *path = text(step, 1);
  int at = look_up(path, 0);
  if (at < 0 && (errno == ENOENT || errno == ENOTDIR)) return;
  if (at < 0) die("openat2", path);
  int mount = sys_open_tree(at, "", OPEN_TREE_CLONE | AT_EMPTY_PATH | AT_RECURSIVE);
  if (mount < 0) die("open_tree", path);
  set_attributes(mount, 1, (struct mount_attr){.attr_set = MOUNT_ATTR_RDONLY}, path);
  if (sys_move_mount(mount, at) < 0) die("move_mount", path);
  close(mount);
  close(at);
}

// pivot: the rootfs becomes `/`, and what was `/` is gone
void op_pivot(const Step *) {
  int old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (old < 0) die("open", "/");
  if (fchdir(kept(ROOT)) < 0) die("fchdir", "rootfs");
  if (syscall(SYS_pivot_root, ".", ".") < 0) die("pivot_root", "rootfs");
  // The old root now lies on the new one. As a slave, its going is not told to the host's mounts.
  struct mount_attr slave = {.propagation = MS_SLAVE};
  if (fchdir(old) < 0 || sys_mount_setattr(old, AT_RECURSIVE, &slave) < 0) die("mount_setattr", "the old root");
  if (syscall(SYS_umount2, ".", 2 /* MNT_DETACH */) < 0) die("umount2", "the old root");
  close(old);
  if (chdir("/") < 0) die("chdir", "/");
}

// move_root: for a root that cannot be pivoted (an initramfs): it is moved over `/`
void op_move_root(const Step *) {
  int old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (old < 0) die("open", "/");
  if (fchdir(kept(ROOT)) < 0) die("fchdir", "rootfs");
  if (sys_move_mount(kept(ROOT), old) < 0) die("move_mount", "/");
  close(old);
  if (chroot(".") < 0) die("chroot", ".");
  if (chdir("/") < 0) die("chdir", "/");
}

// chroot PATH
void op_chroot(const Step *step) {
  if (chdir(text(step, 1)) < 0) die("chdir", text(step, 1));
  if (chroot(".") < 0) die("chroot", text(step, 1));
}
