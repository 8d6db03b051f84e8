// A guard: a small process between a runner and a command. It starts the command, tells how it ends, and ends everything that the command
// has started, also what left the process group; and does so too when the runner is gone, however it went.
#ifndef HOLDFAST_GUARD_H
#define HOLDFAST_GUARD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// What a guard tells.
enum {
  // The command runs: `pid`.
  HF_GUARD_STARTED = 1,
  // It could not be started: `value` is an errno, `stage` says what failed.
  HF_GUARD_REFUSED = 2,
  // The command itself has ended: `value` is its exit status, or, with `stage` 1, the signal that ended it.
  HF_GUARD_EXITED = 3,
  // Nothing of what it started is left. The figures are of all that has been waited for. `value` is how many processes had to be killed.
  HF_GUARD_GONE = 4,
};

// Which step of the start failed.
enum { HF_STAGE_FOLDER = 1, HF_STAGE_EXEC = 2, HF_STAGE_FORK = 3 };

struct hf_guard_event {
  int32_t type;
  int32_t value;
  int32_t stage;
  int32_t pid;
  int64_t cpu_microseconds;
  // The largest single process.
  int64_t max_resident_bytes;
  // From and to disks.
  int64_t read_bytes, written_bytes;
};

// What a guard is asked.
enum {
  // Send `value` to the command's process group.
  HF_GUARD_SIGNAL = 1,
  // Kill everything, now.
  HF_GUARD_KILL = 2,
};

struct hf_guard_request {
  int32_t type;
  int32_t value;
};

struct hf_guard_command {
  char *const *arguments;
  char *const *environment;
  const char *folder;
  int input, output, error;
  // The folder of a control group (holdfast_group.h) that the command is to be in, which stays there until the guard is gone; NULL for none.
  const char *group;
  // How long what the command leaves behind has between SIGTERM and SIGKILL.
  int64_t linger_milliseconds;
};

// Starts a guard, which starts the command. `control` becomes this process's end of a socket (SOCK_SEQPACKET) for the two structures
// above. From then on this process is the parent of whatever a dead guard leaves. Returns the guard's process id or a negative errno.
pid_t hf_guard_start(const struct hf_guard_command *command, int *control);

// Reads one event, waiting for it: 1, 0 when the guard is gone, or a negative errno.
int hf_guard_next(int control, struct hf_guard_event *event);

// Sends one request: 0 or a negative errno.
int hf_guard_ask(int control, int type, int value);

// Kills every process below this one, again and again until none is left, and collects them. For a runner whose guard was killed. It must
// have no other children.
void hf_end_descendants(void);

// How many newlines a block of bytes holds.
size_t hf_count_lines(const void *bytes, size_t count);

#endif
