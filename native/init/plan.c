#include "plan.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report.h"

enum { MAX_PLAN = 16 << 20 };

static void read_fully(int fd, void *into, size_t length) {
  char *at = into;
  while (length > 0) {
    ssize_t got = read(fd, at, length);
    if (got < 0 && errno == EINTR) continue;
    if (got == 0) _exit(1);  // whoever started us is gone
    if (got < 0) die("read", "the plan");
    at += got;
    length -= (size_t)got;
  }
}

// Every length is compared with what is left before it is used: nothing can point outside the plan.
static uint32_t take_number(Plan *plan) {
  uint32_t value;
  if (plan->end - plan->next < (ptrdiff_t)sizeof value) mistake("the plan ends within a step");
  memcpy(&value, plan->next, sizeof value);
  plan->next += sizeof value;
  return value;
}

Plan read_plan(int fd) {
  uint32_t length;
  read_fully(fd, &length, sizeof length);
  if (length > MAX_PLAN) mistake("the plan is longer than 16 MiB");
  char *whole = malloc(length + 1);
  if (!whole) die("malloc", "the plan");
  read_fully(fd, whole, length);
  Plan plan = {.next = whole, .end = whole + length};
  plan.count = take_number(&plan);
  return plan;
}

int next_step(Plan *plan, Step *step) {
  if (plan->done == plan->count) return 0;
  step->number = plan->done++;
  step->count = take_number(plan);
  if (step->count == 0 || step->count > MAX_ARGUMENTS) mistake("a step without a name, or of too many words");
  for (uint32_t i = 0; i < step->count; i++) {
    uint32_t length = take_number(plan);
    if (plan->end - plan->next <= (ptrdiff_t)length) mistake("the plan ends within an argument");
    if (plan->next[length] != '\0') mistake("an argument has no end");
    step->arguments[i] = (Argument){plan->next, length};
    plan->next += (size_t)length + 1;
  }
  return 1;
}

Argument bytes(const Step *step, uint32_t index) {
  if (index >= step->count) mistake("an argument is missing");
  return step->arguments[index];
}

const char *text(const Step *step, uint32_t index) {
  Argument argument = bytes(step, index);
  if (strlen(argument.bytes) != argument.length) mistake("a NUL in a text");
  return argument.bytes;
}

int64_t number(const Step *step, uint32_t index) {
  Argument argument = bytes(step, index);
  int64_t value;
  if (argument.length != sizeof value) mistake("an argument is not a number");
  memcpy(&value, argument.bytes, sizeof value);
  return value;
}

char **list(const Step *step, uint32_t index) {
  Argument argument = bytes(step, index);
  uint32_t count = 0;
  for (uint32_t i = 0; i < argument.length; i++) count += argument.bytes[i] == '\0';
  char **items = calloc(count + 1, sizeof *items);
  if (!items) die("calloc", "a list");
  const char *at = argument.bytes;
  for (uint32_t i = 0; i < count; i++, at += strlen(at) + 1) items[i] = (char *)at;
  return items;
}
