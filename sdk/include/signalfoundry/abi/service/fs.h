/* SPDX-License-Identifier: Apache-2.0
 *
 * abi/service/fs.h - sf.fs/1: files, where a listing is a snapshot and never a contract.
 *
 * Every call works on an entry that was listed, relative to a directory that is held open: no path is walked twice, no
 * symbolic link is followed, nothing outside the directory is reached. What an entry came to is a status >= 0
 * (SF_OK, SF_VANISHED, SF_CHANGED, SF_EXISTS, SF_TOO_LARGE) and must be handled; only real faults are < 0.
 * The host counts vanished and changed entries per stage. Names are one path component; a name with '/', "." or ".."
 * is SF_INVALID. */
#ifndef SIGNALFOUNDRY_ABI_SERVICE_FS_H
#define SIGNALFOUNDRY_ABI_SERVICE_FS_H
#include <signalfoundry/abi/record.h>
#ifdef __cplusplus
extern "C" {
#endif
#define SF_SERVICE_FS "sf.fs/1"

typedef struct sf_dir sf_dir;   /* a held directory; host-owned, lives as long as the instance */
typedef struct sf_tree sf_tree; /* a directory being built under a temporary name */

enum { SF_FILE = 0, SF_DIRECTORY = 1, SF_SYMLINK = 2, SF_OTHER = 3 };

typedef struct sf_entry { /* ABI-FROZEN; name is borrowed during the visit, copy it to keep it */
  sf_str name;
  uint64_t dev;
  uint64_t ino;
  uint64_t size;    /* 0 in a listing: only stat() fills it */
  int64_t mtime_ns; /* 0 in a listing */
  uint32_t kind;
  uint32_t reserved;
} sf_entry;

typedef struct sf_fs_api { /* ABI-APPENDABLE; all [stage-thread] */
  uint32_t struct_size;
  uint32_t reserved;
  /* A directory by name: "state", "cases", "packs", "quarantine" (of the pipeline; writable), or "setting:KEY", the
   * directory that a setting marked "x-sf-path" names (read only), or "parent:KEY", the directory that holds it. The
   * last two may be followed by "/NAME/NAME...": a directory below, through no symbolic link.
   * SF_OK, SF_ABSENT (no such directory), or an error. */
  sf_status (*open_dir)(const sf_host* host, sf_str which, const sf_dir** out, sf_error* error);
  /* Calls visit for each entry whose name ends in `suffix` ("": all), in directory order. visit != 0 stops. */
  sf_status (*list)(const sf_host* host, const sf_dir* dir, sf_str suffix,
                    int32_t (*visit)(void* impl, const sf_entry* entry), void* impl, sf_error* error);
  /* Looks at one name, following nothing. SF_OK fills out (its name is the one given), SF_VANISHED. */
  sf_status (*stat)(const sf_host* host, const sf_dir* dir, sf_str name, sf_entry* out, sf_error* error);
  /* Reads a regular file from offset, at most limit bytes. With limit 0 the whole file up to 64 MiB.
   * SF_OK (fewer bytes than limit: the end), SF_VANISHED, SF_CHANGED (entry->ino set and different, or not a regular
   * file), SF_TOO_LARGE (limit 0 only). */
  sf_status (*read)(const sf_host* host, const sf_dir* dir, const sf_entry* entry, uint64_t offset, uint64_t limit,
                    const sf_bytes_sink* sink, sf_error* error);

  /* A file that is replaced as a whole: temporary name, fsync, rename, fsync of the directory. Missing sub-directories
   * are not made. SF_OK or an error. */
  sf_status (*write_file)(const sf_host* host, const sf_dir* dir, sf_str name, sf_str bytes, sf_error* error);
  /* Appends one line, whole or not at all as far as a reader can see. Over max_bytes the file is rotated to NAME.1. */
  sf_status (*append_line)(const sf_host* host, const sf_dir* dir, sf_str name, sf_str line, uint64_t max_bytes,
                           sf_error* error);

  /* Builds a directory: begin, add files, publish. Only in batch(). Until publish nothing is visible; publish renames
   * it to `dir`/`path`, where path may have several components, made as needed ("2026/11/24/c-0011…"). What stands
   * there already without a committed verdict (a crashed attempt) is replaced. Forced to disk with the batch. */
  sf_status (*tree_begin)(const sf_host* host, const sf_dir* dir, sf_str path, sf_tree** out, sf_error* error);
  sf_status (*tree_add)(const sf_host* host, sf_tree* tree, sf_str name, sf_str bytes,
                        sf_error* error); /* name: "a.md" or "artifacts/alert.json" */
  sf_status (*tree_add_alert)(const sf_host* host, sf_tree* tree, sf_str name, const sf_record* record,
                              sf_error* error); /* its bytes as received; may be a hard link */
  sf_status (*tree_publish)(const sf_host* host, sf_tree* tree, sf_error* error); /* ends the tree in any case */
  void (*tree_abort)(const sf_host* host, sf_tree* tree);
} sf_fs_api;
#ifdef __cplusplus
}
#endif
#endif
