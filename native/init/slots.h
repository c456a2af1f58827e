// Descriptors that steps make and later steps use, by number. All are closed on exec.
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { SLOT_COUNT = 256 };

void keep(long slot, int fd);
int kept(long slot);
// Closes all slots but these.
void keep_only(const uint32_t *these, size_t count);
// The slots with a meaning of their own.
enum { PROC = 0, ROOT = 1, CONSOLE = 2, FIFO = 3, NULL_DEVICE = 4, LISTENER = 5, CGROUP = 6, DESCRIPTORS = 7 };
