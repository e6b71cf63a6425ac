/* SPDX-License-Identifier: Apache-2.0
 *
 * abi/service/run.h - sf.run/1: what the run has done so far, and the check of its books. */
#ifndef SIGNALFOUNDRY_ABI_SERVICE_RUN_H
#define SIGNALFOUNDRY_ABI_SERVICE_RUN_H
#include <signalfoundry/abi/host.h>
#ifdef __cplusplus
extern "C" {
#endif
#define SF_SERVICE_RUN "sf.run/1"
typedef struct sf_run_api { /* ABI-APPENDABLE; all [stage-thread] */
  uint32_t struct_size;
  uint32_t reserved;
  /* The report as it stands (docs/formats/heartbeat.md), one JSON object. */
  sf_status (*report)(const sf_host* host, const sf_bytes_sink* sink);
  /* Checks the books. scope "run": the sums, and this run's alerts by id against the disk; its cost grows with the
   * run's work only. scope "all": everything, as `signalfoundry reconcile`. Puts one JSON object
   * {"checked":N,"mismatches":N,"categories":{…}} and enters it in the report. SF_OK also when there are mismatches. */
  sf_status (*reconcile)(const sf_host* host, sf_str scope, const sf_bytes_sink* sink, sf_error* error);
} sf_run_api;
#ifdef __cplusplus
}
#endif
#endif
