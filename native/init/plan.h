// The plan: a list of steps, each an operation's name and its arguments, as lib/runtime/plan/encode.ts writes it.
#pragma once
#include <stdint.h>

typedef struct {
  const char *bytes;  // a NUL follows them, so text can be used where it lies
  uint32_t length;
} Argument;

enum { MAX_ARGUMENTS = 12 };

typedef struct {
  uint32_t number;  // its place in the plan, from 0
  uint32_t count;
  Argument arguments[MAX_ARGUMENTS];  // [0] is the operation's name
} Step;

typedef struct {
  const char *next, *end;
  uint32_t count, done;
} Plan;

// Reads the whole plan from a descriptor; dies when it is not one.
Plan read_plan(int fd);
int next_step(Plan *plan, Step *step);

// Arguments count from 1. What is not there, or of another kind, is a mistake of ours: it dies.
const char *text(const Step *step, uint32_t index);
int64_t number(const Step *step, uint32_t index);
Argument bytes(const Step *step, uint32_t index);
// NUL-terminated strings, one after the other, as a NULL-terminated array that is never freed.
char **list(const Step *step, uint32_t index);
