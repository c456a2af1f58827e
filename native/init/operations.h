// One function for each operation a plan may name. Each returns when it is done, and dies when it cannot be.
#pragma once
#include "plan.h"

// cgroups.c
void op_open_cgroups(const Step *);
void op_enter_cgroups(const Step *);

// namespaces.c
void op_open(const Step *);
void op_tree(const Step *);
void op_close_slots(const Step *);
void op_setns(const Step *);
void op_join(const Step *);
void op_unshare(const Step *);
void op_clone(const Step *);
void op_sync(const Step *);
void op_hostname(const Step *);
void op_domainname(const Step *);
void op_loopback(const Step *);
void op_proc(const Step *);

// mounts.c
void op_propagation(const Step *);
void op_root(const Step *);
void op_mount(const Step *);
void op_bind(const Step *);
void op_idmap(const Step *);
void op_attributes(const Step *);
void op_mask(const Step *);
void op_readonly(const Step *);
void op_pivot(const Step *);
void op_move_root(const Step *);
void op_chroot(const Step *);

// files.c
void op_mkdir(const Step *);
void op_symlink(const Step *);
void op_mknod(const Step *);

// process.c
void op_undumpable(const Step *);
void op_rlimit(const Step *);
void op_umask(const Step *);
void op_scheduler(const Step *);
void op_io_priority(const Step *);
void op_affinity(const Step *);
void op_personality(const Step *);
void op_memory_policy(const Step *);
void op_keyring(const Step *);
void op_session(const Step *);
void op_groups(const Step *);
void op_user(const Step *);
void op_bounding(const Step *);
void op_capabilities(const Step *);
void op_ambient(const Step *);
void op_keep_capabilities(const Step *);
void op_no_new_privileges(const Step *);
void op_seccomp(const Step *);
void op_chdir(const Step *);
void op_own_streams(const Step *);
void op_close_from(const Step *);
void op_end_with_keeper(const Step *);
void op_find(const Step *);
void op_wait_for_start(const Step *);
void op_exec(const Step *);

// console.c
void op_connect(const Step *);
void op_console_pair(const Step *);
void op_console(const Step *);

// devices.c
void op_device_program(const Step *);
