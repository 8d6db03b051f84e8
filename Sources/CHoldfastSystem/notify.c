#define _GNU_SOURCE
#include "holdfast_notify.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int hf_notify_open(char *name, size_t capacity) {
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno;
  int on = 1;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  socklen_t size = sizeof address;
  // Bound to nothing, it gets a free abstract name from the kernel.
  if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) < 0 ||
      bind(fd, (struct sockaddr *)&address, sizeof(sa_family_t)) < 0 ||
      getsockname(fd, (struct sockaddr *)&address, &size) < 0) {
    int error = errno;
    close(fd);
    return -error;
  }
  size_t length = size - offsetof(struct sockaddr_un, sun_path);
  if (length < 2 || length >= capacity) {
    close(fd);
    return -ENAMETOOLONG;
  }
  memcpy(name, address.sun_path, length);
  name[0] = '@';
  name[length] = 0;
  return fd;
}

long hf_notify_receive(int fd, void *buffer, size_t capacity) {
  union {
    char bytes[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(64 * sizeof(int))];
    struct cmsghdr align;
  } control;
  struct iovec part = {buffer, capacity};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
      .msg_controllen = sizeof control};
  ssize_t size = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (size < 0) return -errno;
  const struct ucred *sender = NULL;
  for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET) continue;
    if (header->cmsg_type == SCM_CREDENTIALS) sender = (const struct ucred *)CMSG_DATA(header);
    if (header->cmsg_type == SCM_RIGHTS) {
      // Descriptors that somebody wants kept are not.
      size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (size_t at = 0; at < count; at++) {
        int given;
        memcpy(&given, CMSG_DATA(header) + at * sizeof given, sizeof given);
        close(given);
      }
    }
  }
  if (!sender || (sender->uid != geteuid() && sender->uid != 0)) return 0;
  if (message.msg_flags & MSG_TRUNC) return -EMSGSIZE;
  return size;
}

int hf_notify_send(const char *name, const void *bytes, size_t count) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t length = strlen(name);
  if (length < 2 || length >= sizeof address.sun_path) return -EINVAL;
  memcpy(address.sun_path, name, length);
  socklen_t size = offsetof(struct sockaddr_un, sun_path) + length;
  if (name[0] == '@') address.sun_path[0] = 0;
  else size++;
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  ssize_t sent;
  do sent = sendto(fd, bytes, count, MSG_NOSIGNAL, (struct sockaddr *)&address, size);
  while (sent < 0 && errno == EINTR);
  int error = errno;
  close(fd);
  return sent < 0 ? -error : 0;
}
