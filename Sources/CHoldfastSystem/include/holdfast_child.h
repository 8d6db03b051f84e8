// Starting a child process and seeing its end: the parts of <spawn.h>, <sys/pidfd.h> and <sys/wait.h> that glibc's Swift
// module leaves out.
#ifndef HOLDFAST_CHILD_H
#define HOLDFAST_CHILD_H

#include <sys/types.h>

// Starts `path` as the leader of a session and process group of its own, with these three descriptors as its standard
// streams and no other one open, every signal at its default and none blocked, in the folder `/`.
// Returns 0, or the error number of what failed.
int holdfast_spawn(
    const char *path, char *const arguments[], char *const environment[], int input, int output,
    int error, pid_t *process);

// The same, with the descriptors of `more` open beside the standard streams, as 3, 4, and so on. They must be numbered above those here.
int holdfast_spawn_with(
    const char *path, char *const arguments[], char *const environment[], int input, int output,
    int error, const int *more, int more_count, pid_t *process);

// A descriptor that becomes readable when the process ends, or -1 with `errno`.
int holdfast_pidfd_open(pid_t process);

// How a child ended: `code` is CLD_EXITED (1), CLD_KILLED (2) or CLD_DUMPED (3), `status` its exit status or signal. The child
// stays a zombie, and so its id stays its own. Returns 0, or -1 with `errno`; waits until the child ends.
int holdfast_wait_without_reaping(pid_t process, int *code, int *status);

#endif
