// What the kernel tells of other processes: `/proc` read without allocating, processor clocks, and the sockets of this network
// namespace. Every call returns a negative errno instead of setting it. A process that is gone gives -ENOENT or -ESRCH, one that this
// process may not look at -EACCES or -EPERM.
#ifndef HOLDFAST_EVIDENCE_H
#define HOLDFAST_EVIDENCE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// `/proc/PID/stat`, the fields that are read here. Times are clock ticks (sysconf(_SC_CLK_TCK)).
struct hf_process {
  pid_t pid;
  pid_t parent;
  pid_t group;
  pid_t session;
  int threads;
  // Of a zombie, as wait(2) will tell it; 0 where not permitted.
  int exit_status;
  uint64_t own_ticks;
  // Of children that have ended and been waited for, and of theirs.
  uint64_t reaped_ticks;
  // From boot to its start; tells a process from the next one under the same number.
  uint64_t start_ticks;
  uint64_t resident_pages;
  // R, S, D, T, t, Z, X.
  char state;
  // Its name, ended by 0; whatever bytes the process chose.
  char name[64];
};

// `/proc/PID/io`: bytes by any call, and bytes that reached a disk.
struct hf_process_io {
  uint64_t read_any;
  uint64_t written_any;
  uint64_t read_disk;
  uint64_t written_disk;
};

// One internet socket as sock_diag tells it.
struct hf_tcp_socket {
  uint64_t inode;
  uint64_t received;
  uint64_t sent;
};

// One local socket: its inode, its peer's, and the address it is bound to (not ended by 0, `name_length` bytes).
struct hf_unix_socket {
  uint64_t inode;
  uint64_t peer;
  uint32_t name_length;
  char name[108];
};

// Opens `/proc`.
int hf_proc_open(void);

// Reads a small file beneath the folder `proc` into `buffer`: its size, at most `capacity`.
long hf_proc_read(int proc, const char *path, char *buffer, size_t capacity);

// The target of a link beneath the folder `proc`: its size, at most `capacity`.
long hf_proc_link(int proc, const char *path, char *buffer, size_t capacity);

// Reads a whole file of unknown size, at most `limit` bytes, into memory that the caller frees.
long hf_proc_read_all(int proc, const char *path, size_t limit, char **bytes);

// The numbers that the entries of a folder beneath `proc` have as names (processes, threads, descriptors), at most `capacity`.
long hf_proc_numbers(int proc, const char *path, int32_t *numbers, size_t capacity);

// Reads a `stat` file beneath `proc`: `PID/stat` of a process, `PID/task/TID/stat` of one thread.
int hf_proc_stat(int proc, const char *path, struct hf_process *process);

// Every process of the machine: how many there are, of which the first `capacity` were stored. Those that end during the
// pass are left out.
long hf_proc_all(int proc, struct hf_process *processes, size_t capacity);

int hf_proc_io(int proc, pid_t pid, struct hf_process_io *io);

// Nanoseconds of processor time that the threads of a process have used, those that have ended included.
int64_t hf_process_cpu_ns(pid_t pid);

// The inodes of the sockets that a process has open: how many there are, of which the first `capacity` were stored. Looks at
// no more than `most` descriptors.
long hf_proc_sockets(int proc, pid_t pid, uint64_t *inodes, size_t capacity, size_t most);

// All TCP sockets of this network namespace but listening ones, with the bytes they have moved, in memory that the
// caller frees.
long hf_tcp_sockets(struct hf_tcp_socket **sockets);

// All local sockets of this network namespace, in memory that the caller frees.
long hf_unix_sockets(struct hf_unix_socket **sockets);

// Reads memory of another process (process_vm_readv): bytes read.
long hf_process_memory(pid_t pid, uint64_t address, void *buffer, size_t count);

// The device and inode of the file that a link beneath `proc` leads to; `device` as /proc/locks writes it (major << 32 | minor).
// `kind` is the file type of st_mode (S_IFMT).
int hf_proc_target(int proc, const char *path, uint64_t *device, uint64_t *inode, uint32_t *kind);

// An unsigned 64-bit store that another process may see only after everything written before it.
void hf_store_release(void *address, uint64_t value);

#endif
