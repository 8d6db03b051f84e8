#define _GNU_SOURCE
#include "holdfast_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "holdfast_evidence.h"
#include "holdfast_group.h"
#include "holdfast_process.h"

// A guard is forked from a process with threads: between fork and exit it calls nothing that takes a lock or allocates.

enum { MOST_PROCESSES = 65536, LOOK_MILLISECONDS = 10 };

static int64_t now_milliseconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

// MARK: Descendants

struct table {
  int proc;
  // Mapped, so that only what is used costs memory.
  struct hf_process *processes;
  long count;
};

static int open_table(struct table *table) {
  table->proc = hf_proc_open();
  if (table->proc < 0) return table->proc;
  void *memory = mmap(
      NULL, MOST_PROCESSES * sizeof(struct hf_process), PROT_READ | PROT_WRITE,
      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return -errno;
  table->processes = memory;
  return 0;
}

static const struct hf_process *find(const struct table *table, pid_t pid) {
  // The kernel lists processes by their number.
  long low = 0, high = table->count - 1;
  while (low <= high) {
    long middle = (low + high) / 2;
    if (table->processes[middle].pid == pid) return &table->processes[middle];
    if (table->processes[middle].pid < pid) low = middle + 1;
    else high = middle - 1;
  }
  return NULL;
}

static int is_below(const struct table *table, const struct hf_process *process, pid_t root) {
  for (int depth = 0; depth < 4096 && process; depth++) {
    if (process->parent == root) return 1;
    if (process->parent <= 1) return 0;
    process = find(table, process->parent);
  }
  return 0;
}

// Sends `signal` to everything below this process that still runs; how many that were.
static int signal_descendants(struct table *table, int signal) {
  if (!table->processes) return 0;
  long count = hf_proc_all(table->proc, table->processes, MOST_PROCESSES);
  table->count = count < 0 ? 0 : count > MOST_PROCESSES ? MOST_PROCESSES : count;
  pid_t self = getpid();
  int found = 0;
  for (long at = 0; at < table->count; at++) {
    const struct hf_process *process = &table->processes[at];
    if (process->state == 'Z' || process->state == 'X') continue;
    if (!is_below(table, process, self)) continue;
    found++;
    kill(process->pid, signal);
    // What is stopped would keep the signal waiting.
    if (signal != SIGKILL) kill(process->pid, SIGCONT);
  }
  return found;
}

void hf_end_descendants(void) {
  struct table table;
  if (open_table(&table) < 0) return;
  for (;;) {
    signal_descendants(&table, SIGKILL);
    pid_t ended;
    while ((ended = waitpid(-1, NULL, WNOHANG)) > 0) {}
    if (ended < 0 && errno == ECHILD) break;
    poll(NULL, 0, LOOK_MILLISECONDS);
  }
  munmap(table.processes, MOST_PROCESSES * sizeof(struct hf_process));
  close(table.proc);
}

// MARK: The command

struct failure {
  int32_t stage;
  int32_t code;
};

static void default_signals(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; number++) sigaction(number, &action, NULL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void become_command(const struct hf_guard_command *command, int report) {
  setpgid(0, 0);
  // Should somebody kill the guard, its command must not live on.
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  struct failure failure = {HF_STAGE_FOLDER, 0};
  if (command->folder && chdir(command->folder) < 0) {
    failure.code = errno;
  } else {
    dup2(command->input, 0);
    dup2(command->output, 1);
    dup2(command->error, 2);
    // `report` is closed on exec, and everything else now.
    int kept = report == 3 ? 3 : dup3(report, 3, O_CLOEXEC);
    hf_close_from(4);
    report = kept;
    default_signals();
    environ = (char **)command->environment;
    execvp(command->arguments[0], command->arguments);
    failure.stage = HF_STAGE_EXEC;
    failure.code = errno;
  }
  ssize_t ignored = write(report, &failure, sizeof failure);
  (void)ignored;
  _exit(127);
}

// MARK: The guard

struct guard {
  const struct hf_guard_command *command;
  int control;
  pid_t pid;
  int has_exited;
  int runner_is_gone;
  int kills;
  int64_t kill_at;
  struct table table;
};

static void tell(struct guard *guard, struct hf_guard_event event) {
  if (guard->runner_is_gone) return;
  struct rusage usage;
  if (getrusage(RUSAGE_CHILDREN, &usage) == 0) {
    event.cpu_microseconds =
        (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
        usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
    event.max_resident_bytes = (int64_t)usage.ru_maxrss * 1024;
    event.read_bytes = (int64_t)usage.ru_inblock * 512;
    event.written_bytes = (int64_t)usage.ru_oublock * 512;
  }
  while (send(guard->control, &event, sizeof event, MSG_NOSIGNAL) < 0 && errno == EINTR) {}
}

static int start_command(struct guard *guard) {
  int report[2];
  struct failure failure = {HF_STAGE_FORK, 0};
  if (pipe2(report, O_CLOEXEC) < 0) {
    failure.code = errno;
  } else {
    // Where it cannot be in the group, the guard goes by parents alone.
    const char *group = guard->command->group;
    guard->pid = group ? hf_group_fork(group) : fork();
    if (guard->pid == 0) become_command(guard->command, report[1]);
    if (guard->pid < 0) failure.code = errno;
    close(report[1]);
    if (guard->pid > 0) {
      // From both sides, so that whoever comes second finds it done.
      setpgid(guard->pid, guard->pid);
      ssize_t size;
      do size = read(report[0], &failure, sizeof failure);
      while (size < 0 && errno == EINTR);
      if (size <= 0) failure.code = 0;
    }
    close(report[0]);
  }
  struct hf_guard_event event = {0};
  event.pid = guard->pid;
  event.type = failure.code == 0 ? HF_GUARD_STARTED : HF_GUARD_REFUSED;
  event.value = failure.code;
  event.stage = failure.code == 0 ? 0 : failure.stage;
  tell(guard, event);
  return failure.code == 0;
}

// Collects who has ended. Returns whether anybody is left.
static int collect(struct guard *guard) {
  for (;;) {
    int status;
    pid_t ended = waitpid(-1, &status, WNOHANG);
    if (ended == 0) return 1;
    if (ended < 0) {
      if (errno == EINTR) continue;
      return 0;
    }
    if (ended != guard->pid || guard->has_exited) continue;
    guard->has_exited = 1;
    struct hf_guard_event event = {.type = HF_GUARD_EXITED, .pid = ended};
    event.stage = WIFSIGNALED(status);
    event.value = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
    tell(guard, event);
  }
}

static void answer(struct guard *guard) {
  struct hf_guard_request request;
  ssize_t size = recv(guard->control, &request, sizeof request, MSG_DONTWAIT);
  if (size < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (size != sizeof request) {
    guard->runner_is_gone = 1;
    guard->kill_at = now_milliseconds();
    return;
  }
  if (request.type == HF_GUARD_KILL) guard->kill_at = now_milliseconds();
  // Unreaped, so the group is its own.
  if (request.type == HF_GUARD_SIGNAL && !guard->has_exited) {
    kill(-guard->pid, request.value);
    if (request.value == SIGTERM || request.value == SIGHUP || request.value == SIGINT)
      kill(-guard->pid, SIGCONT);
  }
}

static _Noreturn void watch_over(struct guard *guard, int signals) {
  int was_asked_to_end = 0;
  for (;;) {
    int anybody = collect(guard);
    if (guard->has_exited && !anybody) break;
    int64_t now = now_milliseconds();
    if (guard->has_exited && !was_asked_to_end) {
      was_asked_to_end = 1;
      signal_descendants(&guard->table, SIGTERM);
      if (guard->kill_at < 0) guard->kill_at = now + guard->command->linger_milliseconds;
    }
    if (guard->kill_at >= 0 && now >= guard->kill_at) {
      if (guard->command->group) hf_group_kill(guard->command->group);
      if (!guard->has_exited) kill(-guard->pid, SIGKILL);
      guard->kills += signal_descendants(&guard->table, SIGKILL);
    }
    int is_ending = guard->has_exited || guard->kill_at >= 0;
    struct pollfd waits[2] = {
        {.fd = signals, .events = POLLIN},
        {.fd = guard->runner_is_gone ? -1 : guard->control, .events = POLLIN}};
    if (poll(waits, 2, is_ending ? LOOK_MILLISECONDS : -1) <= 0) continue;
    if (waits[0].revents) {
      struct signalfd_siginfo information;
      ssize_t ignored = read(signals, &information, sizeof information);
      (void)ignored;
    }
    if (waits[1].revents) answer(guard);
  }
  struct hf_guard_event gone = {.type = HF_GUARD_GONE, .pid = guard->pid, .value = guard->kills};
  tell(guard, gone);
  // Else the runner does, when it has read what the group has used.
  if (guard->runner_is_gone && guard->command->group) hf_group_remove(guard->command->group);
  _exit(0);
}

static void ignore_endings(void) {
  // It ends when its work is done, and by nobody's wish but its runner's.
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = SIG_IGN;
  int ignored[] = {SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGPIPE, SIGUSR1, SIGUSR2, SIGTSTP};
  for (size_t at = 0; at < sizeof ignored / sizeof *ignored; at++)
    sigaction(ignored[at], &action, NULL);
}

// Moves `*fd` above the numbers that are about to be closed or taken.
static void lift(int *fd, int lowest) {
  int higher = fcntl(*fd, F_DUPFD_CLOEXEC, lowest);
  if (higher >= 0) *fd = higher;
}

static _Noreturn void be_guard(const struct hf_guard_command *command, int control) {
  setsid();
  hf_name_thread("hf-guard");
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
  default_signals();
  ignore_endings();
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child, NULL);
  struct hf_guard_command own = *command;
  struct guard guard = {.command = &own, .control = control, .pid = -1, .kill_at = -1};
  lift(&own.input, 16);
  lift(&own.output, 16);
  lift(&own.error, 16);
  lift(&guard.control, 16);
  int is_started = start_command(&guard);
  // It must keep nobody else's pipes open: their ends tell the others of an end.
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd < 3; fd++) dup2(null, fd);
  int control_kept = dup3(guard.control, 3, O_CLOEXEC);
  guard.control = control_kept;
  hf_close_from(4);
  int signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
  if (!is_started) {
    int status;
    if (guard.pid > 0) waitpid(guard.pid, &status, 0);
    struct hf_guard_event gone = {.type = HF_GUARD_GONE, .pid = guard.pid};
    tell(&guard, gone);
    _exit(0);
  }
  // Without /proc it still ends the command's group.
  if (open_table(&guard.table) < 0) guard.table.processes = NULL;
  watch_over(&guard, signals);
}

pid_t hf_guard_start(const struct hf_guard_command *command, int *control) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) return -errno;
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  pid_t guard = fork();
  if (guard == 0) be_guard(command, ends[1]);
  int error = errno;
  close(ends[1]);
  if (guard < 0) {
    close(ends[0]);
    return -error;
  }
  *control = ends[0];
  return guard;
}

int hf_guard_next(int control, struct hf_guard_event *event) {
  ssize_t size;
  do size = recv(control, event, sizeof *event, 0);
  while (size < 0 && errno == EINTR);
  if (size < 0) return -errno;
  return size == sizeof *event;
}

int hf_guard_ask(int control, int type, int value) {
  struct hf_guard_request request = {type, value};
  ssize_t size;
  do size = send(control, &request, sizeof request, MSG_NOSIGNAL);
  while (size < 0 && errno == EINTR);
  return size < 0 ? -errno : 0;
}
