// A control group (version 2) for a command and all that it starts: one write kills everything in it, and the kernel counts what it uses.
// Where no group may be made, callers go on without one. Every call returns a negative errno instead of setting it.
#ifndef HOLDFAST_GROUP_H
#define HOLDFAST_GROUP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { HF_GROUP_PATH_BYTES = 512 };

// What a group has used. A figure that its kernel does not count is -1.
struct hf_group_usage {
  int64_t cpu_microseconds;
  int64_t memory_peak_bytes;
  int64_t memory_kills;
  int64_t disk_read_bytes;
  int64_t disk_written_bytes;
};

// Where the group of the runner `runner` is, made or not: below the group of this process, or beside it where an ancestor has been
// delegated and holds no process itself. -EPERM on a machine whose service manager has given this process no group to divide.
int hf_group_path(pid_t runner, char path[HF_GROUP_PATH_BYTES]);

// Makes the group; one that a runner of the same number left is emptied first.
int hf_group_make(const char *path);

// Forks a process into the group (Linux 5.7), which costs nothing, where a process that moves there by itself waits some 10 ms for all
// processors to come by. Where the kernel refuses, the child moves by itself, if it may. Makes no call that a forked process may not make,
// as the next two.
pid_t hf_group_fork(const char *path);

// Kills everything in the group (Linux 5.14).
int hf_group_kill(const char *path);

// Removes the group, if nothing runs in it any more: 0, or -EBUSY.
int hf_group_remove(const char *path);

// Kills and removes the group of a runner that has ended, and whatever groups its command has made below it. Does nothing where there is
// none.
void hf_group_end(pid_t runner);

// Reads what the group has used from the files of its folder.
void hf_group_read_usage(const char *path, struct hf_group_usage *usage);

#endif
