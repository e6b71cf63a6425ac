/* SPDX-License-Identifier: Apache-2.0
 *
 * abi/service/state.h - sf.state/1: a few small values that a stage keeps between runs, committed with the books.
 * Keys that begin with "sf." are the runner's. */
#ifndef SIGNALFOUNDRY_ABI_SERVICE_STATE_H
#define SIGNALFOUNDRY_ABI_SERVICE_STATE_H
#include <signalfoundry/abi/host.h>
#ifdef __cplusplus
extern "C" {
#endif
#define SF_SERVICE_STATE "sf.state/1"
typedef struct sf_state_api { /* ABI-APPENDABLE; all [stage-thread] */
  uint32_t struct_size;
  uint32_t reserved;
  sf_status (*get)(const sf_host* host, sf_str key, const sf_bytes_sink* sink); /* SF_OK or SF_ABSENT */
  sf_status (*put)(const sf_host* host, sf_str key, sf_str value); /* at most 64 KiB; visible to get at once */
} sf_state_api;
#ifdef __cplusplus
}
#endif
#endif
