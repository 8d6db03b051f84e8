#define _GNU_SOURCE
#include "holdfast_process.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static pid_t parent;

static void parent_signal(int number) {
  (void)number;
  if (getppid() != parent) _exit(75);
}

int hf_no_new_privileges(void) {
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? 0 : -errno;
}

int hf_end_with_parent(int thread_stays) {
  parent = getppid();
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = parent_signal;
  action.sa_flags = SA_RESTART;
  if (sigaction(SIGRTMIN, &action, NULL) < 0) return -errno;
  if (prctl(PR_SET_PDEATHSIG, thread_stays ? SIGKILL : SIGRTMIN, 0, 0, 0) < 0) return -errno;
  // It may have gone before the call took effect.
  return getppid() == parent ? 0 : 1;
}

void hf_close_from(int first) {
#ifdef SYS_close_range
  if (syscall(SYS_close_range, first, ~0u, 0) == 0) return;
#endif
  for (int fd = first; fd < 4096; fd++) close(fd);
}

void hf_name_thread(const char *name) {
  prctl(PR_SET_NAME, name, 0, 0, 0);
}
