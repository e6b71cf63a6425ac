/* SPDX-License-Identifier: Apache-2.0
 *
 * abi/service/clock.h - sf.clock/1: the only clock of a plugin, so that tests and replay can set it. */
#ifndef SIGNALFOUNDRY_ABI_SERVICE_CLOCK_H
#define SIGNALFOUNDRY_ABI_SERVICE_CLOCK_H
#include <signalfoundry/abi/host.h>
#ifdef __cplusplus
extern "C" {
#endif
#define SF_SERVICE_CLOCK "sf.clock/1"
typedef struct sf_clock_api { /* ABI-APPENDABLE; all [any-thread] */
  uint32_t struct_size;
  uint32_t reserved;
  int64_t (*now_ms)(const sf_host* host);       /* Unix milliseconds, UTC */
  int64_t (*monotonic_ms)(const sf_host* host); /* for durations */
  /* Sleeps at most `ms`. SF_OK: slept. SF_CANCELLED: the run is stopping. */
  sf_status (*wait)(const sf_host* host, uint32_t ms);
} sf_clock_api;
#ifdef __cplusplus
}
#endif
#endif
