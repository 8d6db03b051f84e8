#define _GNU_SOURCE
#include "holdfast_group.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

static const long cgroup2_magic = 0x63677270;

// MARK: Small files

static long read_file(const char *path, char *text, size_t capacity) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  size_t size = 0;
  while (size < capacity - 1) {
    ssize_t count = read(fd, text + size, capacity - 1 - size);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    size += (size_t)count;
  }
  close(fd);
  text[size] = 0;
  return (long)size;
}

// Builds `folder/name` without the C library's formatting, which a forked process may not use.
static int join(const char *folder, const char *name, char path[HF_GROUP_PATH_BYTES]) {
  size_t length = strlen(folder), more = strlen(name);
  if (length + more + 2 > HF_GROUP_PATH_BYTES) return -ENAMETOOLONG;
  memcpy(path, folder, length);
  path[length] = '/';
  memcpy(path + length + 1, name, more + 1);
  return 0;
}

static int write_file(const char *folder, const char *name, const char *text) {
  char path[HF_GROUP_PATH_BYTES];
  int code = join(folder, name, path);
  if (code < 0) return code;
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  ssize_t count;
  do count = write(fd, text, strlen(text));
  while (count < 0 && errno == EINTR);
  int error = errno;
  close(fd);
  return count < 0 ? -error : 0;
}

// MARK: Where

static const char *mount_point(void) {
  static const char *const candidates[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
  for (size_t at = 0; at < 2; at++) {
    struct statfs facts;
    if (statfs(candidates[at], &facts) == 0 && facts.f_type == cgroup2_magic) return candidates[at];
  }
  return NULL;
}

// The group of this process as a folder.
static int own_group(char path[HF_GROUP_PATH_BYTES], size_t *root_length) {
  const char *mount = mount_point();
  if (!mount) return -ENOENT;
  char text[8192];
  if (read_file("/proc/self/cgroup", text, sizeof text) < 0) return -ENOENT;
  const char *line = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
  if (!line) return -ENOENT;
  line += *line == '\n' ? 4 : 3;
  size_t length = strcspn(line, "\n");
  // Outside of this process's view: “/../…”.
  if (length >= 3 && strncmp(line, "/..", 3) == 0) return -EPERM;
  if (length == 1) length = 0;
  *root_length = strlen(mount);
  if (*root_length + length + 1 > HF_GROUP_PATH_BYTES) return -ENAMETOOLONG;
  memcpy(path, mount, *root_length);
  memcpy(path + *root_length, line, length);
  path[*root_length + length] = 0;
  return 0;
}

// Whether the service manager has handed the group to its processes.
static int is_delegated(const char *path) {
  char value[8];
  return getxattr(path, "user.delegate", value, sizeof value) > 0 ||
         getxattr(path, "trusted.delegate", value, sizeof value) > 0;
}

static int has_processes(const char *path) {
  char name[HF_GROUP_PATH_BYTES], text[64];
  if (join(path, "cgroup.procs", name) < 0) return 1;
  return read_file(name, text, sizeof text) != 0;
}

int hf_group_path(pid_t runner, char path[HF_GROUP_PATH_BYTES]) {
  char own[HF_GROUP_PATH_BYTES], parent[HF_GROUP_PATH_BYTES], name[64];
  size_t root;
  int code = own_group(own, &root);
  if (code < 0) return code;
  memcpy(parent, own, sizeof own);
  // The nearest delegated group above, this one included.
  while (!is_delegated(parent)) {
    char *slash = strrchr(parent, '/');
    if (!slash || (size_t)(slash - parent) < root) {
      // Without a service manager there is nobody whose groups these are.
      if (access("/run/systemd/system", F_OK) == 0) return -EPERM;
      memcpy(parent, own, sizeof own);
      break;
    }
    *slash = 0;
  }
  // A group that holds processes cannot give controllers to those below it.
  if (strcmp(parent, own) != 0 && has_processes(parent)) memcpy(parent, own, sizeof own);
  // A number is one process's in its own name space only, and another's in the next.
  struct stat space;
  if (stat("/proc/self/ns/pid", &space) < 0) return -errno;
  snprintf(name, sizeof name, "holdfast-%d-%llu", runner, (unsigned long long)space.st_ino);
  return join(parent, name, path);
}

// MARK: Making and ending

int hf_group_make(const char *path) {
  char parent[HF_GROUP_PATH_BYTES];
  snprintf(parent, sizeof parent, "%s", path);
  char *slash = strrchr(parent, '/');
  if (!slash) return -EINVAL;
  *slash = 0;
  // What cannot be counted is not: a parent with processes of its own refuses, and so does one without the controller.
  if (is_delegated(parent) && !has_processes(parent)) {
    write_file(parent, "cgroup.subtree_control", "+memory");
    write_file(parent, "cgroup.subtree_control", "+io");
    write_file(parent, "cgroup.subtree_control", "+pids");
  }
  if (mkdir(path, 0755) == 0) return 0;
  if (errno != EEXIST) return -errno;
  hf_group_kill(path);
  return hf_group_remove(path) == 0 && mkdir(path, 0755) == 0 ? 0 : -EEXIST;
}

pid_t hf_group_fork(const char *path) {
#if defined(SYS_clone3) && defined(CLONE_INTO_CGROUP)
  int folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    struct clone_args arguments;
    memset(&arguments, 0, sizeof arguments);
    arguments.flags = CLONE_INTO_CGROUP;
    arguments.exit_signal = SIGCHLD;
    arguments.cgroup = (uint64_t)folder;
    pid_t child = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
    if (child != 0) close(folder);
    if (child >= 0) return child;
  }
#endif
  // A kernel before 5.7, or a container whose filter of system calls does not know this one.
  pid_t child = fork();
  if (child == 0) write_file(path, "cgroup.procs", "0");
  return child;
}

int hf_group_kill(const char *path) { return write_file(path, "cgroup.kill", "1"); }

int hf_group_remove(const char *path) {
  // Processes that were killed are in it until the kernel has let go of them.
  for (int look = 0; look < 50; look++) {
    if (rmdir(path) == 0 || errno == ENOENT) return 0;
    if (errno != EBUSY) return -errno;
    poll(NULL, 0, 10);
  }
  return -EBUSY;
}

static int remove_folder(const char *path, const struct stat *facts, int type, struct FTW *place) {
  (void)facts;
  (void)place;
  if (type == FTW_DP) hf_group_remove(path);
  return 0;
}

void hf_group_end(pid_t runner) {
  char path[HF_GROUP_PATH_BYTES];
  if (hf_group_path(runner, path) < 0 || access(path, F_OK) < 0) return;
  hf_group_kill(path);
  nftw(path, remove_folder, 16, FTW_DEPTH | FTW_PHYS);
}

// MARK: What it has used

// The number after `key` at the beginning of a line; -1 without one.
static int64_t number_after(const char *text, const char *key) {
  size_t length = strlen(key);
  for (const char *line = text; line && *line; line = strchr(line, '\n')) {
    if (*line == '\n') line++;
    if (strncmp(line, key, length) == 0) return strtoll(line + length, NULL, 10);
  }
  return -1;
}

// The sum of all “key=number”; -1 where the file is not there.
static int64_t sum_of(const char *text, const char *key) {
  int64_t sum = 0;
  for (const char *found = strstr(text, key); found; found = strstr(found + 1, key))
    sum += strtoll(found + strlen(key), NULL, 10);
  return sum;
}

static int read_group_file(const char *folder, const char *name, char *text, size_t capacity) {
  char path[HF_GROUP_PATH_BYTES];
  return join(folder, name, path) == 0 && read_file(path, text, capacity) >= 0;
}

void hf_group_read_usage(const char *path, struct hf_group_usage *usage) {
  struct hf_group_usage nothing = {-1, -1, -1, -1, -1};
  *usage = nothing;
  char text[16384];
  if (read_group_file(path, "cpu.stat", text, sizeof text))
    usage->cpu_microseconds = number_after(text, "usage_usec ");
  if (read_group_file(path, "memory.peak", text, sizeof text) && *text)
    usage->memory_peak_bytes = strtoll(text, NULL, 10);
  if (read_group_file(path, "memory.events", text, sizeof text))
    usage->memory_kills = number_after(text, "oom_kill ");
  if (read_group_file(path, "io.stat", text, sizeof text)) {
    usage->disk_read_bytes = sum_of(text, " rbytes=");
    usage->disk_written_bytes = sum_of(text, " wbytes=");
  }
}
