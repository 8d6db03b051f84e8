// How a runner fences itself in: calls that Swift cannot make because they are variadic.
#ifndef HOLDFAST_PROCESS_H
#define HOLDFAST_PROCESS_H

// Gives up for good the right to gain privileges by executing a file: 0 or a negative errno.
int hf_no_new_privileges(void);

// Ends this process as soon as the process that started it is gone: 0, a negative errno, or 1 if it is gone already.
//
// The kernel sends the parent-death signal when the *thread* that forked ends, too. The signal's handler therefore looks
// whether the parent process changed, and ends nothing when it did not.
//
// A stopped process runs no handler, and would outlive its parent for good. Where the parent says that the thread which
// forked lives as long as the child (thread_stays), the signal is SIGKILL, which ends a stopped process too.
int hf_end_with_parent(int thread_stays);

// Closes every descriptor from `first` upwards that was inherited.
void hf_close_from(int first);

// Names the calling thread, with at most 15 bytes, for whoever looks with `ps -L -o comm`.
void hf_name_thread(const char *name);

#endif
