/* SPDX-License-Identifier: Apache-2.0
 *
 * c_triage.c - a plugin in C11 with nothing but the ABI headers: benign for rule 5710, pass for the rest. */
#include <signalfoundry/abi/all.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  const sf_host* host;
  const sf_record_api* record;
  const sf_path* rule;
} instance;

static sf_str text(const char* s) {
  const sf_str out = {s, strlen(s)};
  return out;
}

static sf_status fail(sf_error* error, sf_status code, const char* where, const char* message) {
  memset(error, 0, sizeof *error);
  error->code = code;
  strncpy(error->where, where, sizeof error->where - 1);
  strncpy(error->message, message, sizeof error->message - 1);
  return code;
}

static void* create(const sf_host* host, sf_error* error) {
  instance* self = calloc(1, sizeof *self);
  if (self == NULL) {
    fail(error, SF_FATAL, "create", "out of memory; give the runner more");
    return NULL;
  }
  self->host = host;
  return self;
}

static void destroy(void* self) {
  free(self);
}

static sf_status configure(void* p, sf_str settings_json, sf_error* error) {
  instance* self = p;
  (void)settings_json;
  self->record = self->host->get_service(self->host, SF_SERVICE_RECORD);
  if (self->record == NULL) return fail(error, SF_UNSUPPORTED, "configure", "this host has no sf.record/1; upgrade it");
  self->rule = self->record->compile_path(self->host, text("rule.id"));
  if (self->rule == NULL) return fail(error, SF_FATAL, "configure", "rule.id is no field of this host; upgrade it");
  return SF_OK;
}

static sf_status triage(void* p, const sf_record* record, int64_t time_ms, const sf_verdict_sink* sink,
                        sf_error* error) {
  instance* self = p;
  sf_value rule;
  (void)time_ms;
  (void)error;
  if (self->record->get(record, self->rule, &rule) == SF_OK && rule.type == SF_STR && rule.as.str.size == 4 &&
      memcmp(rule.as.str.data, "5710", 4) == 0)
    return sink->decide(sink, SF_BENIGN, text("the scanner's own logins"), text("[{\"rule\":\"5710\"}]"));
  return sink->decide(sink, SF_PASS, text(""), text("[]"));
}

static sf_status inputs(void* self, const sf_bytes_sink* sink, sf_error* error) {
  (void)self;
  (void)error;
  return sink->put(sink, text("{}"));
}

static const sf_triage table = {sizeof(sf_triage), 0, create, destroy, configure, triage, inputs};

static const void* get_interface(const char* id) {
  return strcmp(id, SF_TRIAGE) == 0 ? &table : NULL;
}

static const char* const kinds[] = {SF_TRIAGE, NULL};
static const char* const needs[] = {SF_SERVICE_RECORD, NULL};
static const sf_descriptor self = {sizeof(sf_descriptor),
                                   0,
                                   "c_triage",
                                   "1.2.3-rc.1+c11",
                                   "A triage plugin in C",
                                   "Apache-2.0",
                                   "",
                                   "{\"type\":\"object\",\"properties\":{}}",
                                   kinds,
                                   needs};

const sf_plugin_entry signalfoundry_plugin = {
    SF_PLUGIN_MAGIC, sizeof(sf_plugin_entry), SF_ABI_MAJOR, SF_ABI_MINOR, 0, 0, &self, get_interface};
