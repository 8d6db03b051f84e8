// The socket on which a program tells its supervisor of itself (sd_notify). Every call returns a negative errno instead of setting it.
#ifndef HOLDFAST_NOTIFY_H
#define HOLDFAST_NOTIFY_H

#include <stddef.h>

// A datagram socket under an abstract name of the kernel's choice, which is stored as programs want it: with an `@` before it.
int hf_notify_open(char *name, size_t capacity);

// Receives one datagram without waiting: its size; 0 for an empty one and for one of another user's process; -EMSGSIZE for one that was
// larger.
long hf_notify_receive(int fd, void *buffer, size_t capacity);

// Sends one datagram to such a socket: 0.
int hf_notify_send(const char *name, const void *bytes, size_t count);

#endif
