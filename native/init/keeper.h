// The process that a plan was started in, once the container's own has left it: it waits for that one to end, lends it a
// terminal if there is one, and goes when whoever started it has gone.
#pragma once
#include <sys/types.h>

void watch_with(int channel);
_Noreturn void keep_watch(pid_t child);
// In the new process: the keeper's things are not for it.
void stop_watching(void);
// The keeper's end of the pair over which the container's terminal will come.
void relay_from(int socket);
