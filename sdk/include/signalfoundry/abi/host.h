/* SPDX-License-Identifier: Apache-2.0
 *
 * abi/host.h - what the runner offers one instance: services by id. */
#ifndef SIGNALFOUNDRY_ABI_HOST_H
#define SIGNALFOUNDRY_ABI_HOST_H
#include <signalfoundry/abi/base.h>
#ifdef __cplusplus
extern "C" {
#endif

/* One per instance. Lives until the instance is destroyed. ABI-APPENDABLE. */
typedef struct sf_host {
  uint32_t struct_size;
  uint16_t abi_major;
  uint16_t abi_minor;
  const char* name;    /* "signalfoundry" */
  const char* version; /* "1.0.0" */
  const char* stage;   /* the stage's name in the pipeline, "poll" */
  void* impl;          /* the host's own */
  /* [any-thread] The service table for an id such as "sf.record/1", or NULL. Not in create(): from configure() on. */
  const void* (*get_service)(const struct sf_host* host, const char* id);
} sf_host;

#ifdef __cplusplus
}
#endif
#endif
