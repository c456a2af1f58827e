// Names below a root, looked up as if it were `/`: no link and no `..` leads out of it.
#pragma once
#include <stdint.h>

// A descriptor of the path only (O_PATH). `resolve` adds to RESOLVE_IN_ROOT.
int look_up(const char *path, uint64_t resolve);
// The same, but what is missing is made: folders on the way, and at the end a folder or an empty file.
int look_up_or_make(const char *path, int folder, uint64_t resolve);
// The folder a path is in, made where it is missing; `name` is set to the last part.
int parent_of(const char *path, uint64_t resolve, const char **name);
// Copies the files below one folder into another, with owner and mode.
void copy_tree(int from, int to, const char *what);
