#define _GNU_SOURCE
#include "holdfast_child.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <spawn.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

static int prepare_files(
    posix_spawn_file_actions_t *files, int input, int output, int error, const int *more,
    int more_count) {
  int code = posix_spawn_file_actions_adddup2(files, input, 0);
  if (code == 0) code = posix_spawn_file_actions_adddup2(files, output, 1);
  if (code == 0) code = posix_spawn_file_actions_adddup2(files, error, 2);
  for (int at = 0; at < more_count && code == 0; at++)
    code = posix_spawn_file_actions_adddup2(files, more[at], 3 + at);
  if (code == 0) code = posix_spawn_file_actions_addclosefrom_np(files, 3 + more_count);
  if (code == 0) code = posix_spawn_file_actions_addchdir_np(files, "/");
  return code;
}

static int prepare_attributes(posix_spawnattr_t *attributes) {
  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);
  int code = posix_spawnattr_setflags(
      attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  if (code == 0) code = posix_spawnattr_setsigdefault(attributes, &all);
  if (code == 0) code = posix_spawnattr_setsigmask(attributes, &none);
  return code;
}

int holdfast_spawn(
    const char *path, char *const arguments[], char *const environment[], int input, int output,
    int error, pid_t *process) {
  return holdfast_spawn_with(
      path, arguments, environment, input, output, error, NULL, 0, process);
}

int holdfast_spawn_with(
    const char *path, char *const arguments[], char *const environment[], int input, int output,
    int error, const int *more, int more_count, pid_t *process) {
  posix_spawn_file_actions_t files;
  int code = posix_spawn_file_actions_init(&files);
  if (code != 0) return code;
  posix_spawnattr_t attributes;
  code = posix_spawnattr_init(&attributes);
  if (code == 0) {
    code = prepare_files(&files, input, output, error, more, more_count);
    if (code == 0) code = prepare_attributes(&attributes);
    if (code == 0) code = posix_spawn(process, path, &files, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
  }
  posix_spawn_file_actions_destroy(&files);
  return code;
}

int holdfast_pidfd_open(pid_t process) { return pidfd_open(process, 0); }

int holdfast_wait_without_reaping(pid_t process, int *code, int *status) {
  siginfo_t information = {0};
  int result;
  do {
    result = waitid(P_PID, (id_t)process, &information, WEXITED | WNOWAIT);
  } while (result == -1 && errno == EINTR);
  *code = information.si_code;
  *status = information.si_status;
  return result;
}
