// Raw directory and file calls: openat2, getdents64 and statx, none of which glibc's Swift module offers.
// Each returns a negative errno instead of setting it, so that a Swift caller cannot lose it in between.
#ifndef HOLDFAST_FILES_H
#define HOLDFAST_FILES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// What statx tells of one file, in the form that a listing keeps.
struct hf_file {
  uint64_t size;
  int64_t mtime_ns;
  int64_t ctime_ns;
  uint64_t inode;
  uint64_t device;
  uint32_t mode;
  uint32_t uid;
  uint32_t gid;
};

// How hf_open_beneath treats links: refuse all of them, or follow those that stay beneath `root`.
enum { HF_NO_LINKS = 0, HF_LINKS_BENEATH = 1 };

// O_PATH, which glibc's Swift module leaves out: a descriptor that names a file without opening it.
enum { HF_O_PATH = 010000000 };

// Opens `path` without ever leaving the folder `root` (openat2 with RESOLVE_BENEATH and RESOLVE_NO_MAGICLINKS).
// A kernel without openat2 (before 5.6, or a sandbox that hides it) gives -ENOSYS.
int hf_open_beneath(int root, const char *path, int flags, int links);

// Reads directory entries into `buffer`: bytes read, 0 at the end.
long hf_read_entries(int folder, void *buffer, size_t size);

// Judges `name` in `folder` without following a link; an empty name judges the descriptor itself.
int hf_stat(int folder, const char *name, struct hf_file *file);

// Whether the process, with its effective identity, may read `name` in `folder`: 0 or a negative errno.
int hf_may_read(int folder, const char *name);

// XXH3-128 of a block.
void hf_hash128(const void *bytes, size_t count, uint64_t *high, uint64_t *low);

// XXH3-128 of a stream. hf_hash_new gives NULL when memory is short.
void *hf_hash_new(void);
void hf_hash_update(void *state, const void *bytes, size_t count);
void hf_hash_end(void *state, uint64_t *high, uint64_t *low);

#endif
