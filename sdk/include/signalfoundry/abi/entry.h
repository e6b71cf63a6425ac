/* SPDX-License-Identifier: Apache-2.0
 *
 * abi/entry.h - the one symbol that a plugin exports, and what it says of itself. */
#ifndef SIGNALFOUNDRY_ABI_ENTRY_H
#define SIGNALFOUNDRY_ABI_ENTRY_H
#include <signalfoundry/abi/base.h>
#ifdef __cplusplus
extern "C" {
#endif

/* What a plugin says of itself. All strings are static and NUL-terminated. ABI-APPENDABLE. */
typedef struct sf_descriptor {
  uint32_t struct_size;
  uint32_t reserved;
  const char* id;            /* "queue_cap", third parties "org.example.noisy-rule"; = file name without suffix */
  const char* version;       /* semantic version, "1.0.0" */
  const char* summary;       /* one line */
  const char* license;       /* SPDX, "Apache-2.0" */
  const char* vendor;        /* may be "" */
  const char* config_schema; /* JSON Schema of the settings, subset of docs/formats/settings-schema.md; "{}": none */
  const char* const* kinds;  /* NULL-terminated interface ids, "sf.triage/1" */
  const char* const* needs;  /* NULL-terminated service ids it cannot run without, "sf.fs/1" */
} sf_descriptor;

#define SF_PLUGIN_MAGIC 0x4c504653u /* "SFPL" */

/* The first 16 bytes are ABI-FROZEN for every major, so that any host can say why it refuses. */
typedef struct sf_plugin_entry {
  uint32_t magic;
  uint32_t struct_size;
  uint16_t abi_major; /* of the headers it was built with */
  uint16_t abi_minor;
  uint16_t needs_minor; /* the oldest host minor that it runs on */
  uint16_t reserved;
  const sf_descriptor* descriptor;
  const void* (*get_interface)(const char* id); /* [any-thread] "sf.triage/1" -> const sf_triage*, or NULL */
} sf_plugin_entry;

SF_EXPORT extern const sf_plugin_entry signalfoundry_plugin; /* the only symbol that a plugin exports */

#ifdef __cplusplus
}
#endif
#endif
