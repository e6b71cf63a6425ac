/* SPDX-License-Identifier: Apache-2.0
 *
 * abi/draft/store.h - sf.draft.store/0: queue and ledger for several machines. A draft: may change in any release;
 * hosts load it only with [plugins] allow_draft = true. No shipped plugin implements it yet. */
#ifndef SIGNALFOUNDRY_ABI_DRAFT_STORE_H
#define SIGNALFOUNDRY_ABI_DRAFT_STORE_H
#include <signalfoundry/abi/host.h>
#ifdef __cplusplus
extern "C" {
#endif

#define SF_DRAFT_STORE "sf.draft.store/0"

typedef struct sf_draft_store { /* ABI-APPENDABLE; all [stage-thread] */
  uint32_t struct_size;
  uint32_t reserved;
  void* (*create)(const sf_host* host, sf_error* error);
  void (*destroy)(void* self);
  sf_status (*configure)(void* self, sf_str settings_json, sf_error* error);
  /* Append ledger entries (JSON array of bodies) in one transaction; SF_EXISTS when a first verdict is already there.
   */
  sf_status (*append)(void* self, sf_str entries_json, sf_error* error);
  /* Lease at most `count` waiting alerts; each is put into the sink as one JSON object. */
  sf_status (*lease)(void* self, uint32_t count, const sf_bytes_sink* sink, sf_error* error);
} sf_draft_store;

#ifdef __cplusplus
}
#endif
#endif
