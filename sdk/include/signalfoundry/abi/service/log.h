/* SPDX-License-Identifier: Apache-2.0
 *
 * abi/service/log.h - sf.log/1: one line to the run's log (stderr). */
#ifndef SIGNALFOUNDRY_ABI_SERVICE_LOG_H
#define SIGNALFOUNDRY_ABI_SERVICE_LOG_H
#include <signalfoundry/abi/host.h>
#ifdef __cplusplus
extern "C" {
#endif
#define SF_SERVICE_LOG "sf.log/1"
enum { SF_LOG_DEBUG = 0, SF_LOG_INFO = 1, SF_LOG_WARN = 2, SF_LOG_ERROR = 3 };
typedef struct sf_log_api { /* ABI-APPENDABLE */
  uint32_t struct_size;
  uint32_t reserved;
  void (*log)(const sf_host* host, int32_t level, sf_str message); /* [any-thread]; control characters are escaped */
} sf_log_api;
#ifdef __cplusplus
}
#endif
#endif
