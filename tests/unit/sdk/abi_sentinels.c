/* SPDX-License-Identifier: Apache-2.0
 *
 * abi_sentinels.c - the layout of ABI 1.0, field by field. It stops compiling when a field is inserted, moved,
 * narrowed, widened or taken away; headers.py also shows that it does.
 *
 * A line of 1.0 is never changed. A field that is appended to an ABI-APPENDABLE struct gets a line of its own, after
 * the struct's 1.0 lines, and a line in docs/abi-policy.md; the size of such a struct is checked as "at least". */
#include <assert.h>
#include <signalfoundry/abi/all.h>

#define FIELD(type, field, offset, size)                                                  \
  static_assert(offsetof(type, field) == (offset) && sizeof(((type*)0)->field) == (size), \
                #type "." #field " moved or changed its size: ABI break")
#define FROZEN(type, size) static_assert(sizeof(type) == (size), #type " is frozen: ABI break")
#define APPENDABLE(type, size) static_assert(sizeof(type) >= (size), #type " lost a field: ABI break")
#define VALUE(name, value) static_assert((name) == (value), #name " has another value: ABI break")

/* base.h */
FROZEN(sf_str, 16);
FIELD(sf_str, data, 0, 8);
FIELD(sf_str, size, 8, 8);

FROZEN(sf_error, 512);
FIELD(sf_error, code, 0, 4);
FIELD(sf_error, retry_after_ms, 4, 4);
FIELD(sf_error, where, 8, 56);
FIELD(sf_error, message, 64, 448);

FROZEN(sf_value, 24);
FIELD(sf_value, type, 0, 4);
FIELD(sf_value, reserved, 4, 4);
FIELD(sf_value, as, 8, 16);

APPENDABLE(sf_bytes_sink, 24);
FIELD(sf_bytes_sink, struct_size, 0, 4);
FIELD(sf_bytes_sink, reserved, 4, 4);
FIELD(sf_bytes_sink, impl, 8, 8);
FIELD(sf_bytes_sink, put, 16, 8);

/* 1.1 */
APPENDABLE(sf_check, 64);
FIELD(sf_check, struct_size, 0, 4);
FIELD(sf_check, outcome, 4, 4);
FIELD(sf_check, status, 8, 4);
FIELD(sf_check, reserved, 12, 4);
FIELD(sf_check, name, 16, 16);
FIELD(sf_check, found, 32, 16);
FIELD(sf_check, advice, 48, 16);

APPENDABLE(sf_check_sink, 24);
FIELD(sf_check_sink, struct_size, 0, 4);
FIELD(sf_check_sink, reserved, 4, 4);
FIELD(sf_check_sink, impl, 8, 8);
FIELD(sf_check_sink, report, 16, 8);

/* entry.h */
APPENDABLE(sf_descriptor, 72);
FIELD(sf_descriptor, struct_size, 0, 4);
FIELD(sf_descriptor, reserved, 4, 4);
FIELD(sf_descriptor, id, 8, 8);
FIELD(sf_descriptor, version, 16, 8);
FIELD(sf_descriptor, summary, 24, 8);
FIELD(sf_descriptor, license, 32, 8);
FIELD(sf_descriptor, vendor, 40, 8);
FIELD(sf_descriptor, config_schema, 48, 8);
FIELD(sf_descriptor, kinds, 56, 8);
FIELD(sf_descriptor, needs, 64, 8);

APPENDABLE(sf_plugin_entry, 32);
FIELD(sf_plugin_entry, magic, 0, 4);
FIELD(sf_plugin_entry, struct_size, 4, 4);
FIELD(sf_plugin_entry, abi_major, 8, 2);
FIELD(sf_plugin_entry, abi_minor, 10, 2);
FIELD(sf_plugin_entry, needs_minor, 12, 2);
FIELD(sf_plugin_entry, reserved, 14, 2);
FIELD(sf_plugin_entry, descriptor, 16, 8);
FIELD(sf_plugin_entry, get_interface, 24, 8);

/* host.h */
APPENDABLE(sf_host, 48);
FIELD(sf_host, struct_size, 0, 4);
FIELD(sf_host, abi_major, 4, 2);
FIELD(sf_host, abi_minor, 6, 2);
FIELD(sf_host, name, 8, 8);
FIELD(sf_host, version, 16, 8);
FIELD(sf_host, stage, 24, 8);
FIELD(sf_host, impl, 32, 8);
FIELD(sf_host, get_service, 40, 8);

/* record.h */
APPENDABLE(sf_record_api, 40);
FIELD(sf_record_api, struct_size, 0, 4);
FIELD(sf_record_api, reserved, 4, 4);
FIELD(sf_record_api, compile_path, 8, 8);
FIELD(sf_record_api, get, 16, 8);
FIELD(sf_record_api, each_text, 24, 8);
FIELD(sf_record_api, bytes, 32, 8);

/* source.h */
APPENDABLE(sf_interval, 56);
FIELD(sf_interval, struct_size, 0, 4);
FIELD(sf_interval, pages, 4, 4);
FIELD(sf_interval, from_ms, 8, 8);
FIELD(sf_interval, to_ms, 16, 8);
FIELD(sf_interval, fetched, 24, 8);
FIELD(sf_interval, filter, 32, 16);
FIELD(sf_interval, complete, 48, 4);
FIELD(sf_interval, reserved, 52, 4);

APPENDABLE(sf_record_sink, 48);
FIELD(sf_record_sink, struct_size, 0, 4);
FIELD(sf_record_sink, reserved, 4, 4);
FIELD(sf_record_sink, impl, 8, 8);
FIELD(sf_record_sink, push, 16, 8);
FIELD(sf_record_sink, checkpoint, 24, 8);
FIELD(sf_record_sink, interval, 32, 8);
FIELD(sf_record_sink, reject, 40, 8);

APPENDABLE(sf_source, 80);
FIELD(sf_source, struct_size, 0, 4);
FIELD(sf_source, reserved, 4, 4);
FIELD(sf_source, create, 8, 8);
FIELD(sf_source, destroy, 16, 8);
FIELD(sf_source, configure, 24, 8);
FIELD(sf_source, mapping, 32, 8);
FIELD(sf_source, open, 40, 8);
FIELD(sf_source, poll, 48, 8);
FIELD(sf_source, ack, 56, 8);
FIELD(sf_source, close, 64, 8);
FIELD(sf_source, request_stop, 72, 8);
FIELD(sf_source, preflight, 80, 8); /* 1.1 */

/* triage.h */
APPENDABLE(sf_verdict_sink, 24);
FIELD(sf_verdict_sink, struct_size, 0, 4);
FIELD(sf_verdict_sink, reserved, 4, 4);
FIELD(sf_verdict_sink, impl, 8, 8);
FIELD(sf_verdict_sink, decide, 16, 8);

APPENDABLE(sf_triage, 48);
FIELD(sf_triage, struct_size, 0, 4);
FIELD(sf_triage, reserved, 4, 4);
FIELD(sf_triage, create, 8, 8);
FIELD(sf_triage, destroy, 16, 8);
FIELD(sf_triage, configure, 24, 8);
FIELD(sf_triage, triage, 32, 8);
FIELD(sf_triage, inputs, 40, 8);

/* stage.h */
APPENDABLE(sf_batch_sink, 40);
FIELD(sf_batch_sink, struct_size, 0, 4);
FIELD(sf_batch_sink, reserved, 4, 4);
FIELD(sf_batch_sink, impl, 8, 8);
FIELD(sf_batch_sink, note, 16, 8);
FIELD(sf_batch_sink, fail, 24, 8);
FIELD(sf_batch_sink, send, 32, 8);

APPENDABLE(sf_stage, 56);
FIELD(sf_stage, struct_size, 0, 4);
FIELD(sf_stage, reserved, 4, 4);
FIELD(sf_stage, create, 8, 8);
FIELD(sf_stage, destroy, 16, 8);
FIELD(sf_stage, configure, 24, 8);
FIELD(sf_stage, begin, 32, 8);
FIELD(sf_stage, batch, 40, 8);
FIELD(sf_stage, end, 48, 8);

/* notifier.h */
APPENDABLE(sf_notify, 48);
FIELD(sf_notify, struct_size, 0, 4);
FIELD(sf_notify, reserved, 4, 4);
FIELD(sf_notify, create, 8, 8);
FIELD(sf_notify, destroy, 16, 8);
FIELD(sf_notify, configure, 24, 8);
FIELD(sf_notify, notify, 32, 8);
FIELD(sf_notify, close, 40, 8);

/* service/clock.h */
APPENDABLE(sf_clock_api, 32);
FIELD(sf_clock_api, struct_size, 0, 4);
FIELD(sf_clock_api, reserved, 4, 4);
FIELD(sf_clock_api, now_ms, 8, 8);
FIELD(sf_clock_api, monotonic_ms, 16, 8);
FIELD(sf_clock_api, wait, 24, 8);

/* service/digest.h */
APPENDABLE(sf_digest_api, 16);
FIELD(sf_digest_api, struct_size, 0, 4);
FIELD(sf_digest_api, reserved, 4, 4);
FIELD(sf_digest_api, sha256, 8, 8);

/* service/fs.h */
FROZEN(sf_entry, 56);
FIELD(sf_entry, name, 0, 16);
FIELD(sf_entry, dev, 16, 8);
FIELD(sf_entry, ino, 24, 8);
FIELD(sf_entry, size, 32, 8);
FIELD(sf_entry, mtime_ns, 40, 8);
FIELD(sf_entry, kind, 48, 4);
FIELD(sf_entry, reserved, 52, 4);

APPENDABLE(sf_fs_api, 96);
FIELD(sf_fs_api, struct_size, 0, 4);
FIELD(sf_fs_api, reserved, 4, 4);
FIELD(sf_fs_api, open_dir, 8, 8);
FIELD(sf_fs_api, list, 16, 8);
FIELD(sf_fs_api, stat, 24, 8);
FIELD(sf_fs_api, read, 32, 8);
FIELD(sf_fs_api, write_file, 40, 8);
FIELD(sf_fs_api, append_line, 48, 8);
FIELD(sf_fs_api, tree_begin, 56, 8);
FIELD(sf_fs_api, tree_add, 64, 8);
FIELD(sf_fs_api, tree_add_alert, 72, 8);
FIELD(sf_fs_api, tree_publish, 80, 8);
FIELD(sf_fs_api, tree_abort, 88, 8);

/* service/http.h */
FROZEN(sf_http_header, 32);
FIELD(sf_http_header, name, 0, 16);
FIELD(sf_http_header, value, 16, 16);

APPENDABLE(sf_http_request, 184);
FIELD(sf_http_request, struct_size, 0, 4);
FIELD(sf_http_request, timeout_ms, 4, 4);
FIELD(sf_http_request, method, 8, 16);
FIELD(sf_http_request, url, 24, 16);
FIELD(sf_http_request, headers, 40, 8);
FIELD(sf_http_request, header_count, 48, 8);
FIELD(sf_http_request, body, 56, 16);
FIELD(sf_http_request, max_bytes, 72, 8);
FIELD(sf_http_request, ca_file, 80, 16);
FIELD(sf_http_request, client_cert, 96, 16);
FIELD(sf_http_request, client_key, 112, 16);
FIELD(sf_http_request, user, 128, 16);
FIELD(sf_http_request, password_secret, 144, 16);
FIELD(sf_http_request, bearer_secret, 160, 16);
FIELD(sf_http_request, connect_timeout_ms, 176, 4);
FIELD(sf_http_request, reserved, 180, 4);

APPENDABLE(sf_http_response, 40);
FIELD(sf_http_response, struct_size, 0, 4);
FIELD(sf_http_response, status, 4, 4);
FIELD(sf_http_response, headers, 8, 8);
FIELD(sf_http_response, header_count, 16, 8);
FIELD(sf_http_response, body, 24, 16);

APPENDABLE(sf_response_sink, 24);
FIELD(sf_response_sink, struct_size, 0, 4);
FIELD(sf_response_sink, reserved, 4, 4);
FIELD(sf_response_sink, impl, 8, 8);
FIELD(sf_response_sink, on_response, 16, 8);

APPENDABLE(sf_http_api, 16);
FIELD(sf_http_api, struct_size, 0, 4);
FIELD(sf_http_api, reserved, 4, 4);
FIELD(sf_http_api, request, 8, 8);
FIELD(sf_http_api, reach, 16, 8); /* 1.1 */

/* service/log.h */
APPENDABLE(sf_log_api, 16);
FIELD(sf_log_api, struct_size, 0, 4);
FIELD(sf_log_api, reserved, 4, 4);
FIELD(sf_log_api, log, 8, 8);

/* service/metrics.h */
APPENDABLE(sf_metrics_api, 32);
FIELD(sf_metrics_api, struct_size, 0, 4);
FIELD(sf_metrics_api, reserved, 4, 4);
FIELD(sf_metrics_api, add, 8, 8);
FIELD(sf_metrics_api, set, 16, 8);
FIELD(sf_metrics_api, render, 24, 8);

/* service/queue.h */
FROZEN(sf_waiting, 32);
FIELD(sf_waiting, name, 0, 16);
FIELD(sf_waiting, time_ms, 16, 8);
FIELD(sf_waiting, group, 24, 4);
FIELD(sf_waiting, severity, 28, 4);

APPENDABLE(sf_queue_api, 32);
FIELD(sf_queue_api, struct_size, 0, 4);
FIELD(sf_queue_api, reserved, 4, 4);
FIELD(sf_queue_api, scan, 8, 8);
FIELD(sf_queue_api, admit, 16, 8);
FIELD(sf_queue_api, depth, 24, 8);

/* service/run.h */
APPENDABLE(sf_run_api, 24);
FIELD(sf_run_api, struct_size, 0, 4);
FIELD(sf_run_api, reserved, 4, 4);
FIELD(sf_run_api, report, 8, 8);
FIELD(sf_run_api, reconcile, 16, 8);
FIELD(sf_run_api, watch, 24, 8);

/* service/secret.h */
APPENDABLE(sf_secret_api, 16);
FIELD(sf_secret_api, struct_size, 0, 4);
FIELD(sf_secret_api, reserved, 4, 4);
FIELD(sf_secret_api, get, 8, 8);

/* service/state.h */
APPENDABLE(sf_state_api, 24);
FIELD(sf_state_api, struct_size, 0, 4);
FIELD(sf_state_api, reserved, 4, 4);
FIELD(sf_state_api, get, 8, 8);
FIELD(sf_state_api, put, 16, 8);

/* values */
VALUE(SF_ABI_MAJOR, 1);
VALUE(SF_PLUGIN_MAGIC, 0x4c504653u);
VALUE(SF_OK, 0);
VALUE(SF_AGAIN, 1);
VALUE(SF_END, 2);
VALUE(SF_VANISHED, 3);
VALUE(SF_FULL, 4);
VALUE(SF_CANCELLED, 5);
VALUE(SF_ABSENT, 6);
VALUE(SF_CHANGED, 7);
VALUE(SF_EXISTS, 8);
VALUE(SF_TOO_LARGE, 9);
VALUE(SF_UNSUPPORTED, -1);
VALUE(SF_INVALID, -2);
VALUE(SF_DENIED, -3);
VALUE(SF_RETRY, -4);
VALUE(SF_FAILED, -5);
VALUE(SF_FATAL, -6);
VALUE(SF_PANIC, -7);
VALUE(SF_CHECK_OK, 0);
VALUE(SF_CHECK_WARN, 1);
VALUE(SF_CHECK_FAILED, 2);
VALUE(SF_CHECK_SKIPPED, 3);
VALUE(SF_NULL, 0);
VALUE(SF_BOOL, 1);
VALUE(SF_I64, 2);
VALUE(SF_F64, 3);
VALUE(SF_STR, 4);
VALUE(SF_OBJECT, 5);
VALUE(SF_ARRAY, 6);
VALUE(SF_PASS, 0);
VALUE(SF_BENIGN, 1);
VALUE(SF_KNOWN_FP, 2);
VALUE(SF_REVIEW, 3);
VALUE(SF_ESCALATED, 4);
VALUE(SF_FILE, 0);
VALUE(SF_DIRECTORY, 1);
VALUE(SF_SYMLINK, 2);
VALUE(SF_OTHER, 3);
VALUE(SF_LOG_DEBUG, 0);
VALUE(SF_LOG_INFO, 1);
VALUE(SF_LOG_WARN, 2);
VALUE(SF_LOG_ERROR, 3);
VALUE(SF_SEVERITY_UNKNOWN, 255);
VALUE(SF_SCAN_ALL, 0);
VALUE(SF_SCAN_NEW, 1);
FROZEN(sf_status, 4);

/* signatures: what offsets and sizes do not show */
#define SIGNATURE(type, field, ...)                                        \
  static_assert(_Generic(((type*)0)->field, __VA_ARGS__ : 1, default : 0), \
                #type "." #field " has another signature: ABI break")

SIGNATURE(sf_bytes_sink, put, sf_status (*)(const sf_bytes_sink*, sf_str));
SIGNATURE(sf_check_sink, report, sf_status (*)(const sf_check_sink*, const sf_check*));
SIGNATURE(sf_plugin_entry, get_interface, const void* (*)(const char*));
SIGNATURE(sf_host, get_service, const void* (*)(const sf_host*, const char*));
SIGNATURE(sf_record_api, compile_path, const sf_path* (*)(const sf_host*, sf_str));
SIGNATURE(sf_record_api, get, sf_status (*)(const sf_record*, const sf_path*, sf_value*));
SIGNATURE(sf_record_api, each_text, sf_status (*)(const sf_record*, const sf_path*, int32_t (*)(void*, sf_str), void*));
SIGNATURE(sf_record_api, bytes, sf_status (*)(const sf_record*, sf_str*));
SIGNATURE(sf_record_sink, push, sf_status (*)(const sf_record_sink*, sf_str, sf_str, sf_str));
SIGNATURE(sf_record_sink, checkpoint, sf_status (*)(const sf_record_sink*, sf_str));
SIGNATURE(sf_record_sink, interval, sf_status (*)(const sf_record_sink*, const sf_interval*));
SIGNATURE(sf_record_sink, reject, sf_status (*)(const sf_record_sink*, sf_str, sf_str));
SIGNATURE(sf_source, create, void* (*)(const sf_host*, sf_error*));
SIGNATURE(sf_source, destroy, void (*)(void*));
SIGNATURE(sf_source, configure, sf_status (*)(void*, sf_str, sf_error*));
SIGNATURE(sf_source, mapping, sf_status (*)(void*, const sf_bytes_sink*, sf_error*));
SIGNATURE(sf_source, open, sf_status (*)(void*, sf_str, sf_error*));
SIGNATURE(sf_source, poll, sf_status (*)(void*, const sf_record_sink*, uint32_t, uint32_t, sf_error*));
SIGNATURE(sf_source, ack, sf_status (*)(void*, sf_str, sf_error*));
SIGNATURE(sf_source, close, void (*)(void*));
SIGNATURE(sf_source, request_stop, void (*)(void*));
SIGNATURE(sf_source, preflight, sf_status (*)(void*, const sf_check_sink*, sf_error*));
SIGNATURE(sf_verdict_sink, decide, sf_status (*)(const sf_verdict_sink*, uint32_t, sf_str, sf_str));
SIGNATURE(sf_triage, create, void* (*)(const sf_host*, sf_error*));
SIGNATURE(sf_triage, destroy, void (*)(void*));
SIGNATURE(sf_triage, configure, sf_status (*)(void*, sf_str, sf_error*));
SIGNATURE(sf_triage, triage, sf_status (*)(void*, const sf_record*, int64_t, const sf_verdict_sink*, sf_error*));
SIGNATURE(sf_triage, inputs, sf_status (*)(void*, const sf_bytes_sink*, sf_error*));
SIGNATURE(sf_batch_sink, note, sf_status (*)(const sf_batch_sink*, uint32_t, sf_str, sf_str));
SIGNATURE(sf_batch_sink, fail, sf_status (*)(const sf_batch_sink*, uint32_t, sf_str));
SIGNATURE(sf_batch_sink, send, sf_status (*)(const sf_batch_sink*, uint32_t, sf_str));
SIGNATURE(sf_stage, create, void* (*)(const sf_host*, sf_error*));
SIGNATURE(sf_stage, destroy, void (*)(void*));
SIGNATURE(sf_stage, configure, sf_status (*)(void*, sf_str, sf_error*));
SIGNATURE(sf_stage, begin, sf_status (*)(void*, sf_error*));
SIGNATURE(sf_stage, batch, sf_status (*)(void*, const sf_record* const*, uint32_t, const sf_batch_sink*, sf_error*));
SIGNATURE(sf_stage, end, sf_status (*)(void*, sf_error*));
SIGNATURE(sf_notify, create, void* (*)(const sf_host*, sf_error*));
SIGNATURE(sf_notify, destroy, void (*)(void*));
SIGNATURE(sf_notify, configure, sf_status (*)(void*, sf_str, sf_error*));
SIGNATURE(sf_notify, notify, sf_status (*)(void*, sf_str, sf_str, uint32_t, sf_error*));
SIGNATURE(sf_notify, close, void (*)(void*));
SIGNATURE(sf_clock_api, now_ms, int64_t (*)(const sf_host*));
SIGNATURE(sf_clock_api, monotonic_ms, int64_t (*)(const sf_host*));
SIGNATURE(sf_clock_api, wait, sf_status (*)(const sf_host*, uint32_t));
SIGNATURE(sf_digest_api, sha256, sf_status (*)(const sf_host*, sf_str, char*));
SIGNATURE(sf_fs_api, open_dir, sf_status (*)(const sf_host*, sf_str, const sf_dir**, sf_error*));
SIGNATURE(sf_fs_api, list,
          sf_status (*)(const sf_host*, const sf_dir*, sf_str, int32_t (*)(void*, const sf_entry*), void*, sf_error*));
SIGNATURE(sf_fs_api, stat, sf_status (*)(const sf_host*, const sf_dir*, sf_str, sf_entry*, sf_error*));
SIGNATURE(sf_fs_api, read,
          sf_status (*)(const sf_host*, const sf_dir*, const sf_entry*, uint64_t, uint64_t, const sf_bytes_sink*,
                        sf_error*));
SIGNATURE(sf_fs_api, write_file, sf_status (*)(const sf_host*, const sf_dir*, sf_str, sf_str, sf_error*));
SIGNATURE(sf_fs_api, append_line, sf_status (*)(const sf_host*, const sf_dir*, sf_str, sf_str, uint64_t, sf_error*));
SIGNATURE(sf_fs_api, tree_begin, sf_status (*)(const sf_host*, const sf_dir*, sf_str, sf_tree**, sf_error*));
SIGNATURE(sf_fs_api, tree_add, sf_status (*)(const sf_host*, sf_tree*, sf_str, sf_str, sf_error*));
SIGNATURE(sf_fs_api, tree_add_alert, sf_status (*)(const sf_host*, sf_tree*, sf_str, const sf_record*, sf_error*));
SIGNATURE(sf_fs_api, tree_publish, sf_status (*)(const sf_host*, sf_tree*, sf_error*));
SIGNATURE(sf_fs_api, tree_abort, void (*)(const sf_host*, sf_tree*));
SIGNATURE(sf_response_sink, on_response, void (*)(const sf_response_sink*, const sf_http_response*));
SIGNATURE(sf_http_api, request,
          sf_status (*)(const sf_host*, const sf_http_request*, const sf_response_sink*, sf_error*));
SIGNATURE(sf_http_api, reach, sf_status (*)(const sf_host*, const sf_http_request*, const sf_check_sink*, sf_error*));
SIGNATURE(sf_log_api, log, void (*)(const sf_host*, int32_t, sf_str));
SIGNATURE(sf_metrics_api, add, sf_status (*)(const sf_host*, sf_str, uint64_t));
SIGNATURE(sf_metrics_api, set, sf_status (*)(const sf_host*, sf_str, double));
SIGNATURE(sf_metrics_api, render, sf_status (*)(const sf_host*, const sf_bytes_sink*));
SIGNATURE(sf_queue_api, scan,
          sf_status (*)(const sf_host*, uint32_t, int32_t (*)(void*, const sf_waiting*), void*, sf_error*));
SIGNATURE(sf_queue_api, admit, sf_status (*)(const sf_host*, sf_str));
SIGNATURE(sf_queue_api, depth, sf_status (*)(const sf_host*, uint64_t*));
SIGNATURE(sf_run_api, report, sf_status (*)(const sf_host*, const sf_bytes_sink*));
SIGNATURE(sf_run_api, reconcile, sf_status (*)(const sf_host*, sf_str, const sf_bytes_sink*, sf_error*));
SIGNATURE(sf_run_api, watch, sf_status (*)(const sf_host*, sf_str, sf_str, const sf_str*, uint64_t, sf_error*));
SIGNATURE(sf_secret_api, get, sf_status (*)(const sf_host*, sf_str, const sf_bytes_sink*, sf_error*));
SIGNATURE(sf_state_api, get, sf_status (*)(const sf_host*, sf_str, const sf_bytes_sink*));
SIGNATURE(sf_state_api, put, sf_status (*)(const sf_host*, sf_str, sf_str));
