/* SPDX-License-Identifier: Apache-2.0
 *
 * abi/triage.h - sf.triage/1: one verdict, or "pass", per alert.
 *
 * A verdict is a function of the alert's bytes, the inputs that the plugin declares, and logical time; nothing else
 * may enter it (no wall clock, no network, no state), so that `replay` gives the same verdict years later. */
#ifndef SIGNALFOUNDRY_ABI_TRIAGE_H
#define SIGNALFOUNDRY_ABI_TRIAGE_H
#include <signalfoundry/abi/record.h>
#ifdef __cplusplus
extern "C" {
#endif

#define SF_TRIAGE "sf.triage/1"

/* SF_PASS: no opinion; the next triage stage decides. */
enum { SF_PASS = 0, SF_BENIGN = 1, SF_KNOWN_FP = 2, SF_REVIEW = 3, SF_ESCALATED = 4 };

typedef struct sf_verdict_sink { /* host-owned; ABI-APPENDABLE */
  uint32_t struct_size;
  uint32_t reserved;
  void* impl;
  /* Once per alert. reason: one sentence. trail: a JSON array, what was considered, in order, and what each said. */
  sf_status (*decide)(const struct sf_verdict_sink* sink, uint32_t disposition, sf_str reason, sf_str trail_json);
} sf_verdict_sink;

typedef struct sf_triage { /* ABI-APPENDABLE; all [stage-thread] */
  uint32_t struct_size;
  uint32_t reserved;
  void* (*create)(const sf_host* host, sf_error* error);
  void (*destroy)(void* self);
  sf_status (*configure)(void* self, sf_str settings_json, sf_error* error);
  /* logical_time_ms: the time that the verdict is made "at" (Unix ms); expiry is judged against it. */
  sf_status (*triage)(void* self, const sf_record* record, int64_t logical_time_ms, const sf_verdict_sink* sink,
                      sf_error* error);
  /* The digests of everything that verdicts depend on besides the alert, the plugin's file and the settings (the host
   * adds those two), as JSON: {"policy":"sha256:…"}. After configure. */
  sf_status (*inputs)(void* self, const sf_bytes_sink* sink, sf_error* error);
} sf_triage;

#ifdef __cplusplus
}
#endif
#endif
