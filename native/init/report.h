// What is told to whoever started us: every message is four numbers and a text.
#pragma once
#include <stdint.h>

typedef enum { SYNC = 'S', FAILED = 'E', PID = 'P', EXITED = 'X', STARTED = 'G' } Kind;

typedef struct {
  uint32_t kind;
  uint32_t step;
  int32_t value;  // an errno, a process id, a descriptor, or an exit code
  uint32_t length;
} Message;

// Where messages go, and which step they speak of.
void report_to(int fd);
void report_step(uint32_t step);
// This process has no more to say: that the other end hears of the program's exec depends on nobody else keeping it open.
void stop_reporting(void);

// Ends this process if nobody listens to it any more.
void end_if_alone(void);

void report(int fd, Kind kind, int32_t value, const char *detail);
// Says which call failed on what, with errno, and ends the process.
_Noreturn void die(const char *call, const char *what);
// The plan itself is wrong.
_Noreturn void mistake(const char *what);
// Says that this step is reached, and a descriptor of ours or -1, and waits for the word to go on; without one it ends.
void wait_for_word(int descriptor);
