/* SPDX-License-Identifier: Apache-2.0
 *
 * abi/service/metrics.h - sf.metrics/1: counters and gauges of a stage, in metrics.prom. */
#ifndef SIGNALFOUNDRY_ABI_SERVICE_METRICS_H
#define SIGNALFOUNDRY_ABI_SERVICE_METRICS_H
#include <signalfoundry/abi/host.h>
#ifdef __cplusplus
extern "C" {
#endif
#define SF_SERVICE_METRICS "sf.metrics/1"
typedef struct sf_metrics_api { /* ABI-APPENDABLE; all [any-thread] */
  uint32_t struct_size;
  uint32_t reserved;
  /* name: [a-z_]+ without prefix; the host adds "signalfoundry_", a "_total" for counters, and the stage as label. */
  sf_status (*add)(const sf_host* host, sf_str name, uint64_t by);  /* a counter of this run */
  sf_status (*set)(const sf_host* host, sf_str name, double value); /* a gauge */
  /* All metrics of the run in Prometheus text format. */
  sf_status (*render)(const sf_host* host, const sf_bytes_sink* sink);
} sf_metrics_api;
#ifdef __cplusplus
}
#endif
#endif
