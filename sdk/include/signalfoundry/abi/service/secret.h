/* SPDX-License-Identifier: Apache-2.0
 *
 * abi/service/secret.h - sf.secret/1: the value of a setting that its schema marks "x-sf-secret".
 *
 * In the settings JSON such a key holds only the word "secret"; the value is read from its file or variable when it is
 * asked for, so that a rotated secret is used at the next poll. Never log it. */
#ifndef SIGNALFOUNDRY_ABI_SERVICE_SECRET_H
#define SIGNALFOUNDRY_ABI_SERVICE_SECRET_H
#include <signalfoundry/abi/host.h>
#ifdef __cplusplus
extern "C" {
#endif
#define SF_SERVICE_SECRET "sf.secret/1"
typedef struct sf_secret_api { /* ABI-APPENDABLE */
  uint32_t struct_size;
  uint32_t reserved;
  /* [any-thread] key: the setting's name, "password". SF_OK, SF_ABSENT (not set), or an error (file unreadable). */
  sf_status (*get)(const sf_host* host, sf_str key, const sf_bytes_sink* sink, sf_error* error);
} sf_secret_api;
#ifdef __cplusplus
}
#endif
#endif
