/* SPDX-License-Identifier: Apache-2.0
 *
 * abi/record.h - sf.record/1: reading one alert through paths compiled once.
 *
 * A path is either
 *   a JSON pointer into the SIEM's document:  "/data/win/eventdata/image"   (RFC 6901)
 *   a field of the canonical view:            "rule.level", "host.name"     (docs/formats/alert.md)
 *   a fact the runner keeps about the alert:  "alert.key", "case.id", "verdict.disposition"
 * A canonical field is filled by the mapping that the alert's source declares. */
#ifndef SIGNALFOUNDRY_ABI_RECORD_H
#define SIGNALFOUNDRY_ABI_RECORD_H
#include <signalfoundry/abi/host.h>
#ifdef __cplusplus
extern "C" {
#endif

#define SF_SERVICE_RECORD "sf.record/1"

typedef struct sf_record sf_record; /* one alert; opaque; valid until the hook returns */
typedef struct sf_path sf_path;     /* a compiled path; host-owned, lives as long as the instance */

typedef struct sf_record_api { /* ABI-APPENDABLE */
  uint32_t struct_size;
  uint32_t reserved;
  /* [stage-thread] In configure(). NULL: neither a JSON pointer nor a known field. */
  const sf_path* (*compile_path)(const sf_host* host, sf_str path);
  /* [stage-thread] SF_OK, or SF_ABSENT. Views stay valid until the hook returns. Objects and arrays come as
   * compact JSON text. */
  sf_status (*get)(const sf_record* record, const sf_path* path, sf_value* out);
  /* [stage-thread] Calls visit for each text of an array of strings, or once for a single string; numbers are
   * given as text. SF_OK, or SF_ABSENT. visit returning non-zero stops. */
  sf_status (*each_text)(const sf_record* record, const sf_path* path, int32_t (*visit)(void* impl, sf_str text),
                         void* impl);
  /* [stage-thread] The SIEM's document, its bytes as received. */
  sf_status (*bytes)(const sf_record* record, sf_str* out);
} sf_record_api;

#ifdef __cplusplus
}
#endif
#endif
