/* SPDX-License-Identifier: Apache-2.0
 *
 * abi/service/queue.h - sf.queue/1: which waiting alerts this run works on. For a stage's begin().
 *
 * What is not admitted stays in the queue, deferred; nothing leaves it without a verdict or a quarantine entry. Without
 * a stage that admits, the runner admits by name order. */
#ifndef SIGNALFOUNDRY_ABI_SERVICE_QUEUE_H
#define SIGNALFOUNDRY_ABI_SERVICE_QUEUE_H
#include <signalfoundry/abi/host.h>
#ifdef __cplusplus
extern "C" {
#endif
#define SF_SERVICE_QUEUE "sf.queue/1"

enum { SF_SEVERITY_UNKNOWN = 255 }; /* a drop-in that was not read yet */

typedef struct sf_waiting { /* ABI-FROZEN; name is borrowed during the visit */
  sf_str name;              /* the queue file's name */
  int64_t time_ms;          /* the alert's time; 0 for a drop-in */
  uint32_t group; /* digest of (rule id, host): equal for alerts of the same kind; for a drop-in of its name's stem */
  uint32_t severity; /* 0..15, or SF_SEVERITY_UNKNOWN */
} sf_waiting;

enum { SF_SCAN_ALL = 0, SF_SCAN_NEW = 1 };

typedef struct sf_queue_api { /* ABI-APPENDABLE; all [stage-thread] */
  uint32_t struct_size;
  uint32_t reserved;
  /* SF_SCAN_ALL: every waiting alert, one enumeration. SF_SCAN_NEW: only those that this process has queued since the
   * last scan (cheap; drop-ins of other processes are not among them). visit != 0 stops. SF_OK, an error, or of
   * SF_SCAN_NEW SF_TOO_LARGE: more were queued than the runner keeps the names of (10,000), and none was visited; it
   * answers so until a scan of all. */
  sf_status (*scan)(const sf_host* host, uint32_t mode, int32_t (*visit)(void* impl, const sf_waiting* waiting),
                    void* impl, sf_error* error);
  /* Puts one into the active set of this run, in the order of the calls. SF_OK, or SF_EXISTS. */
  sf_status (*admit)(const sf_host* host, sf_str name);
  /* Tells how many the scan saw; for the heartbeat's depth. */
  sf_status (*depth)(const sf_host* host, uint64_t* out);
} sf_queue_api;
#ifdef __cplusplus
}
#endif
#endif
