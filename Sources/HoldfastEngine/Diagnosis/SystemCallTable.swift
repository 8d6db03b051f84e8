/// The names of the system calls in which a process can be stuck.
enum SystemCallTable {
  /// `read` for 0 on x86-64; `call 999` for one that is not in the table.
  static func name(of number: Int) -> String {
    names[number] ?? "call \(number)"
  }

  /// A call that a signal interrupted and that the kernel goes on with (`restart_syscall`) has lost
  /// its number; the wait channel still tells what it was.
  static func restarted(waitChannel: String) -> String {
    if waitChannel.contains("nanosleep") { return "clock_nanosleep" }
    if waitChannel.contains("futex") { return "futex" }
    if waitChannel.contains("poll") { return "poll" }
    return "restart_syscall"
  }

  /// Whether the first argument of a call is a descriptor.
  static func takesDescriptor(_ name: String) -> Bool { withDescriptor.contains(name) }

  private static let withDescriptor: Set<String> = [
    "read", "write", "close", "fstat", "ioctl", "pread64", "pwrite64", "readv", "writev",
    "sendfile", "connect", "accept", "sendto", "recvfrom", "sendmsg", "recvmsg", "fcntl", "flock",
    "fsync", "fdatasync", "ftruncate", "getdents", "getdents64", "epoll_wait", "splice", "tee",
    "sync_file_range", "epoll_pwait", "fallocate", "accept4", "preadv", "pwritev", "recvmmsg",
    "syncfs", "sendmmsg", "copy_file_range", "preadv2", "pwritev2", "io_uring_enter",
    "epoll_pwait2",
  ]

  #if arch(arm64)
    private static let names: [Int: String] = [
      4: "io_getevents", 22: "epoll_pwait", 25: "fcntl", 29: "ioctl", 32: "flock", 34: "mkdirat",
      35: "unlinkat", 38: "renameat", 43: "statfs", 45: "truncate", 46: "ftruncate",
      47: "fallocate", 56: "openat", 57: "close", 61: "getdents64", 63: "read", 64: "write",
      65: "readv", 66: "writev", 67: "pread64", 68: "pwrite64", 69: "preadv", 70: "pwritev",
      71: "sendfile", 72: "pselect6", 73: "ppoll", 76: "splice", 77: "tee", 78: "readlinkat",
      79: "newfstatat", 80: "fstat", 81: "sync", 82: "fsync", 83: "fdatasync",
      84: "sync_file_range", 94: "exit_group", 95: "waitid", 98: "futex", 101: "nanosleep",
      115: "clock_nanosleep", 117: "ptrace", 128: "restart_syscall", 133: "rt_sigsuspend",
      137: "rt_sigtimedwait", 188: "msgrcv", 189: "msgsnd", 192: "semtimedop", 193: "semop",
      202: "accept", 203: "connect", 206: "sendto", 207: "recvfrom", 211: "sendmsg",
      212: "recvmsg", 214: "brk", 215: "munmap", 220: "clone", 221: "execve", 222: "mmap",
      226: "mprotect", 227: "msync", 233: "madvise", 242: "accept4", 243: "recvmmsg",
      260: "wait4", 267: "syncfs", 269: "sendmmsg", 276: "renameat2", 285: "copy_file_range",
      286: "preadv2", 287: "pwritev2", 291: "statx", 426: "io_uring_enter", 437: "openat2",
      441: "epoll_pwait2", 449: "futex_waitv", 455: "futex_wait",
    ]
  #else
    private static let names: [Int: String] = [
      0: "read", 1: "write", 2: "open", 3: "close", 4: "stat", 5: "fstat", 6: "lstat", 7: "poll",
      9: "mmap", 10: "mprotect", 11: "munmap", 12: "brk", 16: "ioctl", 17: "pread64",
      18: "pwrite64", 19: "readv", 20: "writev", 23: "select", 26: "msync", 28: "madvise",
      34: "pause", 35: "nanosleep", 40: "sendfile", 42: "connect", 43: "accept", 44: "sendto",
      45: "recvfrom", 46: "sendmsg", 47: "recvmsg", 56: "clone", 58: "vfork", 59: "execve",
      61: "wait4", 65: "semop", 69: "msgsnd", 70: "msgrcv", 72: "fcntl", 73: "flock", 74: "fsync",
      75: "fdatasync", 76: "truncate", 77: "ftruncate", 78: "getdents", 82: "rename", 83: "mkdir",
      84: "rmdir", 87: "unlink", 89: "readlink", 101: "ptrace", 128: "rt_sigtimedwait",
      130: "rt_sigsuspend", 137: "statfs", 162: "sync", 202: "futex", 208: "io_getevents",
      217: "getdents64", 219: "restart_syscall", 220: "semtimedop", 230: "clock_nanosleep",
      231: "exit_group", 232: "epoll_wait", 247: "waitid", 257: "openat", 262: "newfstatat",
      263: "unlinkat", 264: "renameat", 267: "readlinkat", 270: "pselect6", 271: "ppoll",
      275: "splice", 276: "tee", 277: "sync_file_range", 281: "epoll_pwait", 285: "fallocate",
      288: "accept4", 295: "preadv", 296: "pwritev", 299: "recvmmsg", 306: "syncfs",
      307: "sendmmsg", 316: "renameat2", 326: "copy_file_range", 327: "preadv2", 328: "pwritev2",
      332: "statx", 426: "io_uring_enter", 437: "openat2", 441: "epoll_pwait2",
      449: "futex_waitv", 455: "futex_wait",
    ]
  #endif
}
