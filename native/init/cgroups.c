#include "cgroups.h"

#include <fcntl.h>
#include <unistd.h>

#include "operations.h"
#include "report.h"

enum { MAX_TREES = 64 };  // the kernel has fewer controllers

static int files[MAX_TREES];
static int count;

// open_cgroups FILES: of v1, for whoever is going to enter
void op_open_cgroups(const Step *step) {
  for (char **path = list(step, 1); *path; path++) {
    if (count == MAX_TREES) mistake("too many cgroups");
    files[count] = open(*path, O_WRONLY | O_CLOEXEC);
    if (files[count] < 0) die("open", *path);
    count++;
  }
}

// enter_cgroups FILES: those that were opened; 0 is whoever writes it
void op_enter_cgroups(const Step *step) {
  char **path = list(step, 1);
  for (int i = 0; i < count; i++, path++)
    if (write(files[i], "0", 1) < 0) die("write", *path);
  forget_cgroups();
}

void forget_cgroups(void) {
  while (count > 0) close(files[--count]);
}
