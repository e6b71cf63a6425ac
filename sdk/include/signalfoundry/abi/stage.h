/* SPDX-License-Identifier: Apache-2.0
 *
 * abi/stage.h - sf.stage/1: a step of the run that is neither source nor triage nor notifier.
 *
 * Per run: begin, then batch for each batch of alerts that have a verdict, then end. Hooks that a stage does not need
 * are NULL. begin and end run once per run, on the first instance; batch runs on one instance per worker. What a batch
 * hook writes through sf.fs/1 becomes durable with the batch; the ledger entries it notes are committed with it. */
#ifndef SIGNALFOUNDRY_ABI_STAGE_H
#define SIGNALFOUNDRY_ABI_STAGE_H
#include <signalfoundry/abi/record.h>
#ifdef __cplusplus
extern "C" {
#endif

#define SF_STAGE "sf.stage/1"

typedef struct sf_batch_sink { /* host-owned; ABI-APPENDABLE */
  uint32_t struct_size;
  uint32_t reserved;
  void* impl;
  /* Record that something was made of record `index`: a ledger entry of this kind ("pack") with these JSON fields. */
  sf_status (*note)(const struct sf_batch_sink* sink, uint32_t index, sf_str kind, sf_str fields_json);
  /* Record `index` failed here; it is not committed and is tried again. The rest of the batch goes on. */
  sf_status (*fail)(const struct sf_batch_sink* sink, uint32_t index, sf_str reason);
  /* Hand a message to the outbox: delivered by the notifiers at least once, always with the same key. */
  sf_status (*send)(const struct sf_batch_sink* sink, uint32_t index, sf_str payload_json);
} sf_batch_sink;

typedef struct sf_stage { /* ABI-APPENDABLE; all [stage-thread] */
  uint32_t struct_size;
  uint32_t reserved;
  void* (*create)(const sf_host* host, sf_error* error);
  void (*destroy)(void* self);
  sf_status (*configure)(void* self, sf_str settings_json, sf_error* error);
  sf_status (*begin)(void* self, sf_error* error); /* optional */
  sf_status (*batch)(void* self, const sf_record* const* records, uint32_t count, const sf_batch_sink* sink,
                     sf_error* error);           /* optional */
  sf_status (*end)(void* self, sf_error* error); /* optional */
} sf_stage;

#ifdef __cplusplus
}
#endif
#endif
