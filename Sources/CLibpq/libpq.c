#define _GNU_SOURCE
#include "holdfast_libpq.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

static struct hf_libpq functions;
static char failure[256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void *find(void *library, const char *name) {
  void *function = dlsym(library, name);
  if (!function && !*failure) snprintf(failure, sizeof failure, "libpq.so.5 has no %s", name);
  return function;
}

static void load(void) {
  // Its number has been the same since 2006.
  void *library = dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!library) {
    const char *why = dlerror();
    snprintf(failure, sizeof failure, "%s", why ? why : "libpq.so.5 cannot be loaded");
    return;
  }
#define HF_LIBPQ_FIND(name) functions.name = (__typeof__(name) *)find(library, #name);
  HF_LIBPQ_EACH(HF_LIBPQ_FIND)
}

const struct hf_libpq *hf_libpq_load(char *why, size_t capacity) {
  pthread_once(&once, load);
  if (!*failure) return &functions;
  snprintf(why, capacity, "%s", failure);
  return NULL;
}
