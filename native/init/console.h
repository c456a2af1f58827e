#pragma once
// A descriptor that comes over a socket, or -1.
int receive_descriptor(int socket);
