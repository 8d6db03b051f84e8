// PostgreSQL's client library, loaded when such a database is opened. It brings some twenty libraries along, which would cost every other
// process, each runner above all, several milliseconds at its start and a megabyte of memory.
#ifndef HOLDFAST_LIBPQ_H
#define HOLDFAST_LIBPQ_H

#include <stddef.h>

// Where a distribution keeps it: Debian in a folder of its own, most others among all headers.
#if __has_include(<libpq-fe.h>)
#include <libpq-fe.h>
#elif __has_include(<postgresql/libpq-fe.h>)
#include <postgresql/libpq-fe.h>
#else
#error "libpq's header is not there: libpq-fe.h (Debian: libpq-dev)"
#endif

// The functions that Holdfast calls.
#define HF_LIBPQ_EACH(do) \
  do(PQclear) do(PQcmdTuples) do(PQconnectdbParams) do(PQconsumeInput) do(PQerrorMessage) do(PQexec) \
  do(PQexecPrepared) do(PQfinish) do(PQfname) do(PQfreemem) do(PQgetisnull) do(PQgetlength) do(PQgetvalue) \
  do(PQnotifies) do(PQntuples) do(PQprepare) do(PQresultErrorField) do(PQresultStatus) \
  do(PQsetNoticeReceiver) do(PQsocket) do(PQstatus)

#define HF_LIBPQ_MEMBER(name) __typeof__(name) *_Nonnull name;
struct hf_libpq {
  HF_LIBPQ_EACH(HF_LIBPQ_MEMBER)
};
#undef HF_LIBPQ_MEMBER

// The library, which is loaded at the first call and stays; NULL if it cannot be, with the reason in `why`.
const struct hf_libpq *_Nullable hf_libpq_load(char *_Nonnull why, size_t capacity);

#endif
