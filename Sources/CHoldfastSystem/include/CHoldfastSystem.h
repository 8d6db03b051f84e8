// The few kernel calls that Swift cannot make itself: variadic `syscall`, and structures that glibc's Swift module leaves out.
#ifndef CHOLDFAST_SYSTEM_H
#define CHOLDFAST_SYSTEM_H

#include <sys/types.h>

#endif
