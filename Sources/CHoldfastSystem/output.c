#include "holdfast_guard.h"

size_t hf_count_lines(const void *bytes, size_t count) {
  const char *text = bytes;
  size_t lines = 0;
  for (size_t at = 0; at < count; at++) lines += text[at] == '\n';
  return lines;
}
