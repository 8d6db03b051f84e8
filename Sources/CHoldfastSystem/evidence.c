#define _GNU_SOURCE
#include "holdfast_evidence.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

int hf_proc_open(void) {
  int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

static int open_in(int proc, const char *path, int flags) {
  int fd;
  do fd = openat(proc, path, flags | O_CLOEXEC | O_NONBLOCK);
  while (fd < 0 && errno == EINTR);
  return fd < 0 ? -errno : fd;
}

static long read_until(int fd, char *buffer, size_t capacity) {
  size_t size = 0;
  while (size < capacity) {
    ssize_t count = read(fd, buffer + size, capacity - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -errno;
    if (count == 0) break;
    size += (size_t)count;
  }
  return (long)size;
}

long hf_proc_read(int proc, const char *path, char *buffer, size_t capacity) {
  int fd = open_in(proc, path, O_RDONLY);
  if (fd < 0) return fd;
  long size = read_until(fd, buffer, capacity);
  close(fd);
  return size;
}

// One read: enough for the small files that the kernel makes in one go, and half the cost of reading to the end.
static long read_once(int proc, const char *path, char *buffer, size_t capacity) {
  int fd = open_in(proc, path, O_RDONLY);
  if (fd < 0) return fd;
  ssize_t size;
  do size = read(fd, buffer, capacity - 1);
  while (size < 0 && errno == EINTR);
  long result = size < 0 ? -errno : size;
  close(fd);
  if (result >= 0) buffer[result] = 0;
  return result;
}

long hf_proc_link(int proc, const char *path, char *buffer, size_t capacity) {
  ssize_t size = readlinkat(proc, path, buffer, capacity);
  return size < 0 ? -errno : size;
}

long hf_proc_read_all(int proc, const char *path, size_t limit, char **bytes) {
  *bytes = NULL;
  int fd = open_in(proc, path, O_RDONLY);
  if (fd < 0) return fd;
  size_t capacity = 16384, size = 0;
  char *buffer = NULL;
  long result = 0;
  for (;;) {
    if (capacity > limit) capacity = limit;
    char *larger = realloc(buffer, capacity);
    if (!larger) {
      result = -ENOMEM;
      break;
    }
    buffer = larger;
    long count = read_until(fd, buffer + size, capacity - size);
    if (count < 0) {
      result = count;
      break;
    }
    size += (size_t)count;
    if (size < capacity || size >= limit) {
      result = (long)size;
      break;
    }
    capacity *= 2;
  }
  close(fd);
  if (result < 0) free(buffer);
  else *bytes = buffer;
  return result;
}

struct entry {
  uint64_t inode;
  int64_t offset;
  unsigned short size;
  unsigned char type;
  char name[];
};

// Calls `body` with each name of the folder that is a number; stops at its first result below 0.
static long each_number(int folder, int (*body)(int32_t number, void *context), void *context) {
  char buffer[32768] __attribute__((aligned(8)));
  for (;;) {
    long size = syscall(SYS_getdents64, folder, buffer, sizeof buffer);
    if (size < 0) return -errno;
    if (size == 0) return 0;
    for (long at = 0; at < size;) {
      struct entry *entry = (struct entry *)(buffer + at);
      at += entry->size;
      int32_t number = 0;
      const char *digit = entry->name;
      while (*digit >= '0' && *digit <= '9' && number < 100000000)
        number = number * 10 + (*digit++ - '0');
      if (digit == entry->name || *digit != 0) continue;
      int result = body(number, context);
      if (result < 0) return result;
    }
  }
}

struct numbers {
  int32_t *numbers;
  size_t count, capacity;
};

static int add_number(int32_t number, void *context) {
  struct numbers *all = context;
  if (all->count < all->capacity) all->numbers[all->count] = number;
  all->count++;
  return 0;
}

long hf_proc_numbers(int proc, const char *path, int32_t *numbers, size_t capacity) {
  int folder = open_in(proc, path, O_RDONLY | O_DIRECTORY);
  if (folder < 0) return folder;
  struct numbers all = {numbers, 0, capacity};
  long result = each_number(folder, add_number, &all);
  close(folder);
  return result < 0 ? result : (long)all.count;
}

static int parse_stat(char *text, long size, struct hf_process *process) {
  // The name may hold anything, parentheses too; the fields after the last one are safe to count.
  char *open = memchr(text, '(', (size_t)size);
  char *close = memrchr(text, ')', (size_t)size);
  if (!open || !close || close < open || close[1] != ' ') return -EPROTO;
  memset(process, 0, sizeof *process);
  process->pid = (pid_t)strtol(text, NULL, 10);
  size_t length = (size_t)(close - open - 1);
  if (length >= sizeof process->name) length = sizeof process->name - 1;
  memcpy(process->name, open + 1, length);
  process->state = close[2];
  char *at = close + 3;
  uint64_t user = 0, kernel = 0, reaped_user = 0, reaped_kernel = 0;
  for (int field = 4; field <= 52; field++) {
    while (*at == ' ') at++;
    if (!*at) break;
    char *end;
    int negative = *at == '-';
    uint64_t value = strtoull(negative ? at + 1 : at, &end, 10);
    if (end == at) return -EPROTO;
    switch (field) {
      case 4: process->parent = (pid_t)value; break;
      case 5: process->group = negative ? -1 : (pid_t)value; break;
      case 6: process->session = negative ? -1 : (pid_t)value; break;
      case 14: user = value; break;
      case 15: kernel = value; break;
      case 16: reaped_user = negative ? 0 : value; break;
      case 17: reaped_kernel = negative ? 0 : value; break;
      case 20: process->threads = (int)value; break;
      case 22: process->start_ticks = value; break;
      case 24: process->resident_pages = negative ? 0 : value; break;
      case 52: process->exit_status = (int)value; break;
    }
    at = end;
  }
  process->own_ticks = user + kernel;
  process->reaped_ticks = reaped_user + reaped_kernel;
  return 0;
}

int hf_proc_stat(int proc, const char *path, struct hf_process *process) {
  char text[2048];
  long size = read_once(proc, path, text, sizeof text);
  if (size <= 0) return size < 0 ? (int)size : -ESRCH;
  return parse_stat(text, size, process);
}

struct all {
  int proc;
  struct hf_process *processes;
  size_t count, capacity;
};

static int add_process(int32_t number, void *context) {
  struct all *all = context;
  char path[32];
  snprintf(path, sizeof path, "%" PRId32 "/stat", number);
  struct hf_process process;
  if (hf_proc_stat(all->proc, path, &process) < 0) return 0;
  if (all->count < all->capacity) all->processes[all->count] = process;
  all->count++;
  return 0;
}

long hf_proc_all(int proc, struct hf_process *processes, size_t capacity) {
  int folder = open_in(proc, ".", O_RDONLY | O_DIRECTORY);
  if (folder < 0) return folder;
  struct all all = {proc, processes, 0, capacity};
  long result = each_number(folder, add_process, &all);
  close(folder);
  return result < 0 ? result : (long)all.count;
}

static uint64_t field(const char *text, const char *name) {
  const char *at = strstr(text, name);
  return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

int hf_proc_io(int proc, pid_t pid, struct hf_process_io *io) {
  char path[32], text[512];
  snprintf(path, sizeof path, "%d/io", pid);
  long size = read_once(proc, path, text, sizeof text);
  if (size < 0) return (int)size;
  io->read_any = field(text, "rchar: ");
  io->written_any = field(text, "wchar: ");
  io->read_disk = field(text, "\nread_bytes: ");
  io->written_disk = field(text, "\nwrite_bytes: ");
  return 0;
}

int64_t hf_process_cpu_ns(pid_t pid) {
  clockid_t clock;
  struct timespec time;
  int code = clock_getcpuclockid(pid, &clock);
  if (code != 0) return -code;
  if (clock_gettime(clock, &time) < 0) return -errno;
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

struct inodes {
  int folder;
  uint64_t *inodes;
  size_t count, capacity, left;
};

static int add_socket(int32_t number, void *context) {
  struct inodes *all = context;
  if (all->left-- == 0) return -E2BIG;
  char name[16], target[64];
  snprintf(name, sizeof name, "%" PRId32, number);
  ssize_t size = readlinkat(all->folder, name, target, sizeof target - 1);
  if (size < 9) return 0;
  target[size] = 0;
  if (memcmp(target, "socket:[", 8) != 0) return 0;
  if (all->count < all->capacity) all->inodes[all->count] = strtoull(target + 8, NULL, 10);
  all->count++;
  return 0;
}

long hf_proc_sockets(int proc, pid_t pid, uint64_t *inodes, size_t capacity, size_t most) {
  char path[32];
  snprintf(path, sizeof path, "%d/fd", pid);
  int folder = open_in(proc, path, O_RDONLY | O_DIRECTORY);
  if (folder < 0) return folder;
  struct inodes all = {folder, inodes, 0, capacity, most};
  long result = each_number(folder, add_socket, &all);
  close(folder);
  return result < 0 && result != -E2BIG ? result : (long)all.count;
}

// MARK: sock_diag

// Sends a dump request and calls `body` with each answer's payload until the kernel is done.
static long dump(
    const void *request, size_t size, int (*body)(struct nlmsghdr *message, void *context), void *context) {
  int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (fd < 0) return -errno;
  // A kernel that never answers must not hold this thread.
  struct timeval patience = {2, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  struct nlmsghdr head = {
      .nlmsg_len = (uint32_t)(sizeof(struct nlmsghdr) + size),
      .nlmsg_type = SOCK_DIAG_BY_FAMILY,
      .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
  };
  struct iovec parts[] = {{&head, sizeof head}, {(void *)request, size}};
  struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
  long result = sendmsg(fd, &message, 0) < 0 ? -errno : 0;
  char *buffer = malloc(65536);
  if (!buffer) result = -ENOMEM;
  int done = 0;
  while (result == 0 && !done) {
    ssize_t count = recv(fd, buffer, 65536, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      result = count < 0 ? -errno : -EPROTO;
      break;
    }
    unsigned left = (unsigned)count;
    for (struct nlmsghdr *at = (struct nlmsghdr *)buffer; NLMSG_OK(at, left); at = NLMSG_NEXT(at, left)) {
      if (at->nlmsg_type == NLMSG_DONE) {
        done = 1;
        break;
      }
      if (at->nlmsg_type == NLMSG_ERROR) {
        struct nlmsgerr *error = NLMSG_DATA(at);
        result = error->error < 0 ? error->error : -EPROTO;
        break;
      }
      result = body(at, context);
      if (result < 0) break;
    }
  }
  free(buffer);
  close(fd);
  return result;
}

// Room for one more in a block that doubles.
static int grow(void **block, size_t count, size_t *capacity, size_t size) {
  if (count < *capacity) return 0;
  size_t larger = *capacity ? *capacity * 2 : 256;
  void *moved = realloc(*block, larger * size);
  if (!moved) return -ENOMEM;
  *block = moved;
  *capacity = larger;
  return 0;
}

struct tcp_list {
  void *sockets;
  size_t count, capacity;
};

static int add_tcp(struct nlmsghdr *message, void *context) {
  struct tcp_list *list = context;
  if (message->nlmsg_len < NLMSG_LENGTH(sizeof(struct inet_diag_msg))) return 0;
  struct inet_diag_msg *about = NLMSG_DATA(message);
  if (about->idiag_inode == 0) return 0;
  int code = grow(&list->sockets, list->count, &list->capacity, sizeof(struct hf_tcp_socket));
  if (code < 0) return code;
  struct hf_tcp_socket *socket = (struct hf_tcp_socket *)list->sockets + list->count++;
  memset(socket, 0, sizeof *socket);
  socket->inode = about->idiag_inode;
  struct rtattr *attribute = (struct rtattr *)(about + 1);
  int left = (int)(message->nlmsg_len - NLMSG_LENGTH(sizeof *about));
  for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
    if (attribute->rta_type != INET_DIAG_INFO) continue;
    // Older kernels send a shorter structure.
    struct tcp_info info;
    memset(&info, 0, sizeof info);
    size_t size = RTA_PAYLOAD(attribute);
    memcpy(&info, RTA_DATA(attribute), size < sizeof info ? size : sizeof info);
    socket->received = info.tcpi_bytes_received;
    socket->sent = info.tcpi_bytes_acked;
  }
  return 0;
}

long hf_tcp_sockets(struct hf_tcp_socket **sockets) {
  *sockets = NULL;
  struct tcp_list list = {0};
  const int families[] = {AF_INET, AF_INET6};
  for (int index = 0; index < 2; index++) {
    struct inet_diag_req_v2 request = {
        .sdiag_family = (uint8_t)families[index],
        .sdiag_protocol = IPPROTO_TCP,
        .idiag_ext = 1 << (INET_DIAG_INFO - 1),
        // All states but TIME_WAIT (6), LISTEN (10) and NEW_SYN_RECV (12), which belong to no process or move no bytes.
        .idiag_states = 0xfff & ~((1u << 6) | (1u << 10) | (1u << 12)),
    };
    long result = dump(&request, sizeof request, add_tcp, &list);
    // A machine without IPv6 has no such sockets.
    if (result < 0 && !(families[index] == AF_INET6 && result == -ENOENT)) {
      free(list.sockets);
      return result;
    }
  }
  *sockets = list.sockets;
  return (long)list.count;
}

static int add_unix(struct nlmsghdr *message, void *context) {
  struct tcp_list *list = context;
  if (message->nlmsg_len < NLMSG_LENGTH(sizeof(struct unix_diag_msg))) return 0;
  struct unix_diag_msg *about = NLMSG_DATA(message);
  int code = grow(&list->sockets, list->count, &list->capacity, sizeof(struct hf_unix_socket));
  if (code < 0) return code;
  struct hf_unix_socket *socket = (struct hf_unix_socket *)list->sockets + list->count++;
  memset(socket, 0, sizeof *socket);
  socket->inode = about->udiag_ino;
  struct rtattr *attribute = (struct rtattr *)(about + 1);
  int left = (int)(message->nlmsg_len - NLMSG_LENGTH(sizeof *about));
  for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
    size_t size = RTA_PAYLOAD(attribute);
    if (attribute->rta_type == UNIX_DIAG_PEER && size >= 4) {
      uint32_t peer;
      memcpy(&peer, RTA_DATA(attribute), 4);
      socket->peer = peer;
    } else if (attribute->rta_type == UNIX_DIAG_NAME) {
      if (size > sizeof socket->name) size = sizeof socket->name;
      memcpy(socket->name, RTA_DATA(attribute), size);
      socket->name_length = (uint32_t)size;
    }
  }
  return 0;
}

long hf_unix_sockets(struct hf_unix_socket **sockets) {
  *sockets = NULL;
  struct unix_diag_req request = {
      .sdiag_family = AF_UNIX,
      .udiag_states = 0xfff,
      .udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER,
  };
  struct tcp_list list = {0};
  long result = dump(&request, sizeof request, add_unix, &list);
  if (result < 0) {
    free(list.sockets);
    return result;
  }
  *sockets = list.sockets;
  return (long)list.count;
}

long hf_process_memory(pid_t pid, uint64_t address, void *buffer, size_t count) {
  struct iovec local = {buffer, count};
  struct iovec remote = {(void *)(uintptr_t)address, count};
  ssize_t size = process_vm_readv(pid, &local, 1, &remote, 1, 0);
  return size < 0 ? -errno : size;
}

int hf_proc_target(int proc, const char *path, uint64_t *device, uint64_t *inode, uint32_t *kind) {
  struct stat facts;
  if (fstatat(proc, path, &facts, 0) < 0) return -errno;
  *device = ((uint64_t)major(facts.st_dev) << 32) | minor(facts.st_dev);
  *inode = facts.st_ino;
  *kind = facts.st_mode & S_IFMT;
  return 0;
}

void hf_store_release(void *address, uint64_t value) {
  __atomic_store_n((uint64_t *)address, value, __ATOMIC_RELEASE);
}
