// The few kernel calls that Swift cannot make itself: variadic `syscall`, and structures that glibc's Swift module leaves out.
#ifndef CHOLDFAST_SYSTEM_H
#define CHOLDFAST_SYSTEM_H

#include <spawn.h>
#include <sys/types.h>

// A pipe whose ends (reading, writing) are closed on exec and numbered from `lowest` on. Returns 0, or -1 with `errno`.
int holdfast_pipe(int ends[2], int lowest);

// Lets a spawned child keep no descriptor from `first` on (glibc 2.34). Returns 0, or the error number.
int holdfast_close_from(posix_spawn_file_actions_t *actions, int first);
#include "holdfast_files.h"
#include "holdfast_process.h"
#include "holdfast_child.h"
#include "holdfast_evidence.h"
#include "holdfast_group.h"
#include "holdfast_guard.h"
#include "holdfast_notify.h"

#endif
