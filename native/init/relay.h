// Our own terminal and the container's, joined: what is typed here is read there, what is written there is shown here.
#pragma once
#include <poll.h>

// Says what there is to wait for: the terminal itself, its output, and our input. Three entries.
void prepare_relay(struct pollfd *files, int socket);
// Does what can be done now.
void relay(const struct pollfd *files, int *socket);
void resize_relay(void);
// Shows what is left, and gives our terminal back as it was.
void end_relay(void);
// The container's end of the pair is the container's.
void close_own_end(void);
