/* SPDX-License-Identifier: Apache-2.0
 *
 * abi/service/digest.h - sf.digest/1: SHA-256 (FIPS 180-4). */
#ifndef SIGNALFOUNDRY_ABI_SERVICE_DIGEST_H
#define SIGNALFOUNDRY_ABI_SERVICE_DIGEST_H
#include <signalfoundry/abi/host.h>
#ifdef __cplusplus
extern "C" {
#endif
#define SF_SERVICE_DIGEST "sf.digest/1"
typedef struct sf_digest_api { /* ABI-APPENDABLE */
  uint32_t struct_size;
  uint32_t reserved;
  sf_status (*sha256)(const sf_host* host, sf_str bytes,
                      char out_hex[65]); /* [any-thread]; lower case, NUL-terminated */
} sf_digest_api;
#ifdef __cplusplus
}
#endif
#endif
