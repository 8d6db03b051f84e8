#define _GNU_SOURCE
#include "holdfast_files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

_Static_assert(HF_O_PATH == O_PATH, "O_PATH has another value on this architecture");

int hf_open_beneath(int root, const char *path, int flags, int links) {
  struct open_how how;
  memset(&how, 0, sizeof how);
  how.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  if (links == HF_NO_LINKS) {
    how.flags |= O_NOFOLLOW;
    how.resolve |= RESOLVE_NO_SYMLINKS;
  }
  for (int tries = 0;; tries++) {
    long fd = syscall(SYS_openat2, root, path, &how, sizeof how);
    if (fd >= 0) return (int)fd;
    // EAGAIN: something was renamed or mounted during the walk down, and the kernel cannot vouch for it. It asks for
    // another try; a tree that is renamed without pause must not keep us here for ever.
    if ((errno != EAGAIN && errno != EINTR) || tries >= 1000) return -errno;
  }
}

long hf_read_entries(int folder, void *buffer, size_t size) {
  long count = syscall(SYS_getdents64, folder, buffer, size);
  return count < 0 ? -errno : count;
}

int hf_stat(int folder, const char *name, struct hf_file *file) {
  struct statx facts;
  unsigned mask =
      STATX_TYPE | STATX_MODE | STATX_UID | STATX_GID | STATX_INO | STATX_SIZE | STATX_MTIME | STATX_CTIME;
  int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | (*name ? 0 : AT_EMPTY_PATH);
  if (statx(folder, name, flags, mask, &facts) < 0) return -errno;
  file->size = facts.stx_size;
  // Wrapping: a time after the year 2262 is still compared right.
  file->mtime_ns = (int64_t)((uint64_t)facts.stx_mtime.tv_sec * 1000000000u + facts.stx_mtime.tv_nsec);
  file->ctime_ns = (int64_t)((uint64_t)facts.stx_ctime.tv_sec * 1000000000u + facts.stx_ctime.tv_nsec);
  file->inode = facts.stx_ino;
  file->device = ((uint64_t)facts.stx_dev_major << 32) | facts.stx_dev_minor;
  file->mode = facts.stx_mode;
  file->uid = facts.stx_uid;
  file->gid = facts.stx_gid;
  return 0;
}

int hf_may_read(int folder, const char *name) {
  int flags = AT_EACCESS | AT_SYMLINK_NOFOLLOW;
#ifdef SYS_faccessat2
  if (syscall(SYS_faccessat2, folder, name, R_OK, flags) == 0) return 0;
  if (errno != ENOSYS) return -errno;
#endif
  return faccessat(folder, name, R_OK, flags) == 0 ? 0 : -errno;
}

void hf_hash128(const void *bytes, size_t count, uint64_t *high, uint64_t *low) {
  XXH128_hash_t hash = XXH3_128bits(bytes, count);
  *high = hash.high64;
  *low = hash.low64;
}

void *hf_hash_new(void) {
  XXH3_state_t *state = XXH3_createState();
  if (state) XXH3_128bits_reset(state);
  return state;
}

void hf_hash_update(void *state, const void *bytes, size_t count) {
  XXH3_128bits_update(state, bytes, count);
}

void hf_hash_end(void *state, uint64_t *high, uint64_t *low) {
  XXH128_hash_t hash = XXH3_128bits_digest(state);
  *high = hash.high64;
  *low = hash.low64;
  XXH3_freeState(state);
}
