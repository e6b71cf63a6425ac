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
  /* Since 1.1; SF_HAS(). What this stage watches over: the member `name` of the report ([a-z_], at most 32, none that
   * the report has already), one JSON object of at most 256 KiB, and what is wrong with it, at most 100 sentences: with
   * any the run is degraded, and `status` says each. A later call replaces both, so that what the last pass of a drain
   * found counts. A run without a call shows what the last one put, with its `as_of_run_id`. */
  sf_status (*watch)(const sf_host* host, sf_str name, sf_str json, const sf_str* findings, uint64_t count,
                     sf_error* error);
} sf_run_api;
#ifdef __cplusplus
}
#endif
#endif
