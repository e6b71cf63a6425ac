/* SPDX-License-Identifier: Apache-2.0
 *
 * abi/base.h - the vocabulary that every plugin interface shares. C11, no dependencies.
 *
 * Thread tags, on every function of these headers:
 *   [stage-thread]  one call at a time per instance; the OS thread may change between calls
 *   [any-thread]    may be called concurrently with anything else
 * Lifetime: a pointer that is passed in is borrowed until the call returns. Nobody frees the other
 * side's memory: results leave through sinks that the other side owns, never through buffers.
 * Growth: a struct marked ABI-FROZEN never changes; one marked ABI-APPENDABLE starts with its own
 * size and grows at its end only. Test for a late field with SF_HAS(). */
#ifndef SIGNALFOUNDRY_ABI_BASE_H
#define SIGNALFOUNDRY_ABI_BASE_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

#define SF_ABI_MAJOR 1
#define SF_ABI_MINOR 1
#define SF_EXPORT __attribute__((visibility("default")))

/* Is `field` present in the (possibly older or newer) struct at `p`, and not null? */
#define SF_HAS(p, field) ((p)->struct_size >= offsetof(__typeof__(*(p)), field) + sizeof((p)->field) && (p)->field != 0)

/* Text or bytes, not NUL-terminated. Text is UTF-8. ABI-FROZEN. */
typedef struct sf_str {
  const char* data;
  uint64_t size;
} sf_str;

/* What a call came to. >= 0: an expected outcome. < 0: an error; sf_error says which and why. */
typedef int32_t sf_status;
enum {
  SF_OK = 0,
  SF_AGAIN = 1,     /* nothing now; ask again later */
  SF_END = 2,       /* nothing more in this run */
  SF_VANISHED = 3,  /* the entry is gone: someone else took it */
  SF_FULL = 4,      /* not taken; stop and offer the same thing again */
  SF_CANCELLED = 5, /* the run is stopping */
  SF_ABSENT = 6,    /* there is no such field, key or file */
  SF_CHANGED = 7,   /* the entry is not the one that was listed */
  SF_EXISTS = 8,    /* the name is taken */
  SF_TOO_LARGE = 9, /* over the caller's limit; nothing was handed out */

  SF_UNSUPPORTED = -1, /* this host or file system cannot do that */
  SF_INVALID = -2,     /* wrong settings or arguments; retrying is pointless */
  SF_DENIED = -3,      /* credentials or permissions refused */
  SF_RETRY = -4,       /* a passing fault: unreachable, throttled, disk full */
  SF_FAILED = -5,      /* this record or call failed; others may succeed */
  SF_FATAL = -6,       /* the stage cannot go on */
  SF_PANIC = -7        /* an exception reached the boundary; set by the SDK, never by hand */
};

/* Filled by the callee when it returns < 0. The caller owns it. ABI-FROZEN, 512 bytes. */
typedef struct sf_error {
  sf_status code;
  uint32_t retry_after_ms; /* 0: the runner's own back-off */
  char where[56];          /* the operation, e.g. "poll"; NUL-terminated */
  char message[448];       /* one sentence, ending with what to do; UTF-8, NUL-terminated */
} sf_error;

enum { SF_NULL = 0, SF_BOOL = 1, SF_I64 = 2, SF_F64 = 3, SF_STR = 4, SF_OBJECT = 5, SF_ARRAY = 6 };

/* A JSON scalar, or the serialised text of an object or array. ABI-FROZEN. */
typedef struct sf_value {
  uint32_t type;
  uint32_t reserved;
  union {
    sf_str str; /* SF_STR: the text. SF_OBJECT, SF_ARRAY: compact JSON */
    int64_t i64;
    double f64;
    uint8_t boolean;
  } as;
} sf_value;

/* Takes one piece of text or bytes from the callee, copied before it returns. ABI-APPENDABLE. */
typedef struct sf_bytes_sink {
  uint32_t struct_size;
  uint32_t reserved;
  void* impl;
  /* SF_OK, or SF_CANCELLED: stop. May be called several times; pieces are appended. */
  sf_status (*put)(const struct sf_bytes_sink* sink, sf_str piece);
} sf_bytes_sink;

/* What a step of a preflight came to (abi/source.h, since ABI 1.1). */
enum {
  SF_CHECK_OK = 0,      /* what a run needs is there */
  SF_CHECK_WARN = 1,    /* a run works; someone should look at it all the same */
  SF_CHECK_FAILED = 2,  /* a run would fail here */
  SF_CHECK_SKIPPED = 3, /* not looked at, and found says why: never a reason for a run to fail */
};

/* One step: what was tried, and what came of it. Text is UTF-8, never a secret; control characters are escaped by the
 * host. ABI-APPENDABLE, since 1.1. */
typedef struct sf_check {
  uint32_t struct_size;
  uint32_t outcome; /* SF_CHECK_OK … */
  sf_status status; /* of SF_CHECK_FAILED: why a run would fail, as poll() would say it (SF_DENIED …); else SF_OK */
  uint32_t reserved;
  sf_str name;   /* the step in one word: "tls", "credentials", "index" */
  sf_str found;  /* what was tried and what came back, one sentence */
  sf_str advice; /* what to do about it; "": nothing */
} sf_check;

/* Takes the steps in their order, copied before it returns. ABI-APPENDABLE, since 1.1. */
typedef struct sf_check_sink {
  uint32_t struct_size;
  uint32_t reserved;
  void* impl;
  sf_status (*report)(const struct sf_check_sink* sink, const sf_check* check); /* SF_OK, or SF_CANCELLED: stop */
} sf_check_sink;

#ifdef __cplusplus
}
#endif
#endif
