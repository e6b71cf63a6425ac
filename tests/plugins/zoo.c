/* SPDX-License-Identifier: Apache-2.0
 *
 * zoo.c - one plugin that is wrong in one way. Each animal is this file with one definition (CMakeLists.txt). Without
 * any it is a triage plugin that passes every alert. */
#include <signalfoundry/abi/all.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef ZOO_MAGIC
#define ZOO_MAGIC SF_PLUGIN_MAGIC
#endif
#ifndef ZOO_SIZE
#define ZOO_SIZE sizeof(sf_plugin_entry)
#endif
#ifndef ZOO_MAJOR
#define ZOO_MAJOR SF_ABI_MAJOR
#endif
#ifndef ZOO_NEEDS_MINOR
#define ZOO_NEEDS_MINOR 0
#endif
#ifndef ZOO_DESCRIPTOR
#define ZOO_DESCRIPTOR &self
#endif
#ifndef ZOO_DESCRIPTOR_SIZE
#define ZOO_DESCRIPTOR_SIZE sizeof(sf_descriptor)
#endif
#ifndef ZOO_ID
#define ZOO_ID ZOO_FILE
#endif
#ifndef ZOO_VERSION
#define ZOO_VERSION "1.0.0"
#endif
#ifndef ZOO_SUMMARY
#define ZOO_SUMMARY "An animal of the zoo"
#endif
#ifndef ZOO_SCHEMA
#define ZOO_SCHEMA "{\"type\":\"object\",\"properties\":{}}"
#endif
#ifndef ZOO_KIND
#define ZOO_KIND SF_TRIAGE
#endif
#ifndef ZOO_NEED
#define ZOO_NEED SF_SERVICE_RECORD
#endif
#ifndef ZOO_TABLE_SIZE
#define ZOO_TABLE_SIZE sizeof(sf_triage)
#endif
#ifndef ZOO_TABLE
#define ZOO_TABLE &table
#endif
#ifndef ZOO_CONFIGURE
#define ZOO_CONFIGURE configure
#endif

void crash(void);
void crash(void) {
  volatile int* const nowhere = (volatile int*)8;
  *nowhere = 1;
}

#ifdef ZOO_CONSTRUCTOR_CRASHES
__attribute__((constructor)) static void construct(void) {
  crash();
}
#endif
#ifdef ZOO_CONSTRUCTOR_HANGS
__attribute__((constructor)) static void construct(void) {
  for (;;) pause();
}
#endif
#ifdef ZOO_CONSTRUCTOR_EXITS
__attribute__((constructor)) static void construct(void) {
  _exit(3);
}
#endif
#ifdef ZOO_CONSTRUCTOR_PRINTS
__attribute__((constructor)) static void construct(void) {
  static const char noise[] = "noise\n";
  for (int fd = 1; fd <= 2; ++fd) {
    const ssize_t n = write(fd, noise, sizeof noise - 1);
    (void)n;
  }
}
#endif

#ifdef ZOO_CONSTRUCTOR_REMOVES_ITSELF
#include <dlfcn.h>
__attribute__((constructor)) static void construct(void) {
  Dl_info info;
  if (dladdr((const void*)ZOO_FILE, &info) != 0) unlink(info.dli_fname);
}
#endif

#ifdef ZOO_CALLS_MISSING
void a_function_of_no_library(void);
#endif
#ifdef ZOO_CALLS_LIBRARY
void a_function_of_a_library(void);
#endif

static void* create(const sf_host* host, sf_error* error) {
  (void)host;
  (void)error;
#ifdef ZOO_CALLS_MISSING
  a_function_of_no_library();
#endif
#ifdef ZOO_CALLS_LIBRARY
  a_function_of_a_library();
#endif
  return malloc(1);
}
static void destroy(void* p) {
  free(p);
}
static sf_status configure(void* p, sf_str settings, sf_error* error) {
  (void)p;
  (void)settings;
  (void)error;
#ifdef ZOO_CONFIGURE_CRASHES
  crash();
#endif
#ifdef ZOO_CONFIGURE_EXITS
  _exit(0);
#endif
  return SF_OK;
}
static sf_status inputs(void* p, const sf_bytes_sink* sink, sf_error* error) {
  const sf_str none = {"{}", 2};
  (void)p;
  (void)error;
  return sink->put(sink, none);
}
static sf_status triage(void* p, const sf_record* r, int64_t time_ms, const sf_verdict_sink* sink, sf_error* error) {
  const sf_str reason = {"", 0};
  const sf_str trail = {"[]", 2};
  (void)p;
  (void)r;
  (void)time_ms;
  (void)error;
#ifdef ZOO_TRIAGE_CRASHES
  crash();
#endif
#ifdef ZOO_TRIAGE_STATUS
  return ZOO_TRIAGE_STATUS;
#endif
  return sink->decide(sink, SF_PASS, reason, trail);
}
__attribute__((unused)) static const sf_triage table = {ZOO_TABLE_SIZE, 0,      create, destroy,
                                                        ZOO_CONFIGURE,  triage, inputs};

static sf_status batch(void* p, const sf_record* const* r, uint32_t n, const sf_batch_sink* sink, sf_error* error) {
  (void)p;
  (void)r;
  (void)n;
  (void)sink;
  (void)error;
  crash();
  return SF_OK;
}
static const sf_stage stage_table = {sizeof(sf_stage), 0, create, destroy, configure, NULL, batch, NULL};

static const void* get_interface(const char* id) {
  if (strcmp(id, SF_STAGE) == 0) return &stage_table;
  return strcmp(id, SF_TRIAGE) == 0 ? ZOO_TABLE : NULL;
}

#ifdef ZOO_ENDLESS
static const char* const kinds[] = {ZOO_KIND, "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a",
                                    "a",      "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a",
                                    "a",      "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a",
                                    "a",      "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a",
                                    "a",      "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", NULL};
#else
static const char* const kinds[] = {ZOO_KIND, NULL};
#endif
static const char* const needs[] = {ZOO_NEED, NULL};
__attribute__((unused)) static const sf_descriptor self = {
    ZOO_DESCRIPTOR_SIZE, 0, ZOO_ID, ZOO_VERSION, ZOO_SUMMARY, "Apache-2.0", "", ZOO_SCHEMA, kinds, needs};

#ifdef ZOO_TINY
/* Eight bytes and nothing behind them. */
struct tiny {
  uint32_t words[2];
};
SF_EXPORT extern const struct tiny tiny_entry __asm__("signalfoundry_plugin");
const struct tiny tiny_entry = {{SF_PLUGIN_MAGIC, 8}};
#endif
#if defined(ZOO_TINY) || defined(ZOO_NO_ENTRY)
#define signalfoundry_plugin some_other_symbol
extern const sf_plugin_entry some_other_symbol;
#endif

const sf_plugin_entry signalfoundry_plugin = {ZOO_MAGIC,       ZOO_SIZE, ZOO_MAJOR,      9,
                                              ZOO_NEEDS_MINOR, 0,        ZOO_DESCRIPTOR, get_interface};
