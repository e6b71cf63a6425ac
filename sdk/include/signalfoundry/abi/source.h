/* SPDX-License-Identifier: Apache-2.0
 *
 * abi/source.h - sf.source/1: brings the SIEM's alerts to the runner, page by page, resumable.
 *
 * Order: create, configure, open, poll ... poll, close, destroy. The runner makes each alert durable, then the
 * cursor; after a crash it opens the source at the last durable position, so alerts may be offered again: the runner
 * recognises them by key. The source keeps nothing on disk. */
#ifndef SIGNALFOUNDRY_ABI_SOURCE_H
#define SIGNALFOUNDRY_ABI_SOURCE_H
#include <signalfoundry/abi/host.h>
#ifdef __cplusplus
extern "C" {
#endif

#define SF_SOURCE "sf.source/1"

/* One question that was put to the SIEM, and what came of it. Times are Unix milliseconds, [from, to). ABI-APPENDABLE.
 */
typedef struct sf_interval {
  uint32_t struct_size;
  uint32_t pages; /* answers read */
  int64_t from_ms;
  int64_t to_ms;
  uint64_t fetched;  /* alerts pushed for it */
  sf_str filter;     /* digest or text of the filter that was asked with */
  uint32_t complete; /* 1: every alert of the interval was pushed. 0: it must be asked again */
  uint32_t reserved;
} sf_interval;

typedef struct sf_record_sink { /* host-owned; ABI-APPENDABLE */
  uint32_t struct_size;
  uint32_t reserved;
  void* impl;
  /* Hand over one alert: the document's bytes as the SIEM gave them, copied before return. doc_id is the SIEM's
   * storage id (OpenSearch _id) or "". position resumes after this alert; "" when it cannot be resumed here.
   * SF_OK. SF_FULL: not taken, return from poll(). SF_CANCELLED: stop. */
  sf_status (*push)(const struct sf_record_sink* sink, sf_str document, sf_str doc_id, sf_str position);
  /* Everything before this position was pushed; resume here. */
  sf_status (*checkpoint)(const struct sf_record_sink* sink, sf_str position);
  /* Report an interval asked. It is recorded in the same transaction as the alerts pushed before it. */
  sf_status (*interval)(const struct sf_record_sink* sink, const sf_interval* interval);
  /* Hand over something that is not an alert (a broken line): kept in quarantine with the reason. */
  sf_status (*reject)(const struct sf_record_sink* sink, sf_str bytes, sf_str reason);
} sf_record_sink;

typedef struct sf_source { /* ABI-APPENDABLE; [stage-thread] unless tagged */
  uint32_t struct_size;
  uint32_t reserved;
  void* (*create)(const sf_host* host, sf_error* error); /* no host services yet; NULL: failed */
  void (*destroy)(void* self);
  sf_status (*configure)(void* self, sf_str settings_json, sf_error* error);
  /* The mapping from this SIEM's documents to the canonical view, as JSON (docs/formats/alert.md). After configure. */
  sf_status (*mapping)(void* self, const sf_bytes_sink* sink, sf_error* error);
  sf_status (*open)(void* self, sf_str position, sf_error* error); /* "": the very first run */
  /* Push at most max_records. SF_OK: more is there. SF_AGAIN: none for now. SF_END: done for this run. */
  sf_status (*poll)(void* self, const sf_record_sink* sink, uint32_t max_records, uint32_t wait_ms, sf_error* error);
  sf_status (*ack)(void* self, sf_str position, sf_error* error); /* optional: durable downstream up to here */
  void (*close)(void* self);                                      /* optional */
  void (*request_stop)(void* self);                               /* optional; [any-thread] unblock a waiting poll() */
  /* Optional, since 1.1: tries what a run needs, step by step, each once, and tells of each (`validate --connect`).
   * After configure, instead of open and poll; it pushes nothing and moves no position. Credentials that are refused
   * end it: they are sent once. SF_OK: every step was told, the failed ones too. SF_ABSENT: there is none; the host
   * asks for the first page instead. */
  sf_status (*preflight)(void* self, const sf_check_sink* sink, sf_error* error);
} sf_source;

#ifdef __cplusplus
}
#endif
#endif
