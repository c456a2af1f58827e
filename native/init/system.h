// System calls that C libraries of the last years do not all have, by their own names.
#pragma once
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MOVE_MOUNT_T_EMPTY_PATH
#define MOVE_MOUNT_T_EMPTY_PATH 0x40
#endif
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

static inline int sys_openat2(int dir, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
  struct open_how how = {.flags = flags | O_CLOEXEC, .mode = mode, .resolve = resolve};
  return (int)syscall(SYS_openat2, dir, path, &how, sizeof how);
}
static inline int sys_open_tree(int dir, const char *path, unsigned flags) {
  return (int)syscall(SYS_open_tree, dir, path, flags | OPEN_TREE_CLOEXEC);
}
static inline int sys_move_mount(int from, int to) {
  return (int)syscall(SYS_move_mount, from, "", to, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}
static inline int sys_fsopen(const char *type) { return (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC); }
static inline int sys_fsconfig(int fs, unsigned command, const char *key, const char *value) {
  return (int)syscall(SYS_fsconfig, fs, command, key, value, 0);
}
static inline int sys_fsmount(int fs, unsigned attributes) {
  return (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, attributes);
}
static inline int sys_mount_setattr(int dir, unsigned flags, struct mount_attr *attributes) {
  return (int)syscall(SYS_mount_setattr, dir, "", AT_EMPTY_PATH | flags, attributes, sizeof *attributes);
}
