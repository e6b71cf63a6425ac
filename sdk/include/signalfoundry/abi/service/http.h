/* SPDX-License-Identifier: Apache-2.0
 *
 * abi/service/http.h - sf.http/1: HTTP by the host's libcurl, so that TLS, proxies, deadlines and limits are the same
 * for every plugin and no plugin links its own.
 *
 * TLS 1.2 at least; certificate and host name are always verified; redirects are not followed; gzip is decoded and
 * max_bytes counts decoded bytes. Secrets, certificates and the CA are read at each request, so that a replaced file
 * counts; what an answer repeats of the credentials that were sent is hidden in it. */
#ifndef SIGNALFOUNDRY_ABI_SERVICE_HTTP_H
#define SIGNALFOUNDRY_ABI_SERVICE_HTTP_H
#include <signalfoundry/abi/host.h>
#ifdef __cplusplus
extern "C" {
#endif
#define SF_SERVICE_HTTP "sf.http/1"

typedef struct sf_http_header { /* ABI-FROZEN */
  sf_str name;
  sf_str value;
} sf_http_header;

typedef struct sf_http_request { /* ABI-APPENDABLE; zero what is not used */
  uint32_t struct_size;
  uint32_t timeout_ms; /* the whole exchange; 0: 30,000 */
  sf_str method;       /* "GET", "POST", "DELETE" */
  sf_str url;          /* https:// or, for tests, http:// */
  const sf_http_header* headers;
  uint64_t header_count;
  sf_str body;
  uint64_t max_bytes; /* decoded answer; 0: 64 MiB */
  sf_str ca_file;     /* PEM; empty: the system's store */
  sf_str client_cert; /* PEM file, with client_key */
  sf_str client_key;
  sf_str user;                 /* Basic authentication when not empty */
  sf_str password_secret;      /* the *name* of the setting that holds the password: sf.secret/1 */
  sf_str bearer_secret;        /* the *name* of a setting: "Authorization: Bearer <value>" */
  uint32_t connect_timeout_ms; /* 0: 10,000 */
  uint32_t reserved;
} sf_http_request;

typedef struct sf_http_response { /* ABI-APPENDABLE; borrowed during on_response */
  uint32_t struct_size;
  uint32_t status;               /* 200 */
  const sf_http_header* headers; /* names in lower case */
  uint64_t header_count;
  sf_str body; /* whole, decoded */
} sf_http_response;

typedef struct sf_response_sink { /* plugin-owned; ABI-APPENDABLE */
  uint32_t struct_size;
  uint32_t reserved;
  void* impl;
  void (*on_response)(const struct sf_response_sink* sink, const sf_http_response* response);
} sf_response_sink;

typedef struct sf_http_api { /* ABI-APPENDABLE */
  uint32_t struct_size;
  uint32_t reserved;
  /* [any-thread] SF_OK: an answer came whole, whatever its status; on_response was called once.
   * SF_RETRY: unreachable, timed out, cut short. SF_INVALID: TLS refused (CA, host name, version) or a bad URL or
   * file. SF_TOO_LARGE: over max_bytes. SF_CANCELLED: the run is stopping. The error's message names host and port. */
  sf_status (*request)(const sf_host* host, const sf_http_request* request, const sf_response_sink* sink,
                       sf_error* error);
  /* Since 1.1. [any-thread] Goes as far as a request would before its first byte, and tells of each step: "name",
   * "connection" and, for https://, "tls" with who signed the certificate and until when it is valid. It sends neither
   * request nor credentials. A step that fails is told as SF_CHECK_FAILED and returned like request() does; a URL that
   * request() refuses is the one step "url". */
  sf_status (*reach)(const sf_host* host, const sf_http_request* request, const sf_check_sink* sink, sf_error* error);
} sf_http_api;
#ifdef __cplusplus
}
#endif
#endif
