/* SPDX-License-Identifier: Apache-2.0
 *
 * abi/notifier.h - sf.notify/1: delivers one outbox message. At least once, always with the same delivery_id. */
#ifndef SIGNALFOUNDRY_ABI_NOTIFIER_H
#define SIGNALFOUNDRY_ABI_NOTIFIER_H
#include <signalfoundry/abi/host.h>
#ifdef __cplusplus
extern "C" {
#endif

#define SF_NOTIFY "sf.notify/1"

typedef struct sf_notify { /* ABI-APPENDABLE; all [stage-thread] */
  uint32_t struct_size;
  uint32_t reserved;
  void* (*create)(const sf_host* host, sf_error* error);
  void (*destroy)(void* self);
  sf_status (*configure)(void* self, sf_str settings_json, sf_error* error);
  /* SF_OK: accepted by the other side. SF_RETRY: the other side is away; all messages wait for the next run.
   * SF_AGAIN: this one cannot be delivered now, others may; error's message says why. SF_FAILED: to dead letters. The
   * id is the same each time. attempt from 1. */
  sf_status (*notify)(void* self, sf_str payload_json, sf_str delivery_id, uint32_t attempt, sf_error* error);
  void (*close)(void* self); /* optional */
} sf_notify;

#ifdef __cplusplus
}
#endif
#endif
