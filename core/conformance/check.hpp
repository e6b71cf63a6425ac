// SPDX-License-Identifier: Apache-2.0
//
// check.hpp - the checks that a source is put to: their names, what each does, and where it comes from. [any-thread]
#pragma once
#include <string>
#include <vector>

#include "conformance/bench.hpp"

namespace signalfoundry::conformance {

struct Check {
  const char* name;     // kebab case, for ever
  const char* promise;  // what holds when it passes, one sentence
  const char* source;   // where the requirement comes from: a name that the docs explain
  // Throws Finding for everything but "passed".
  void (*run)(Bench& bench);
};

// In the order in which they are run and told.
const std::vector<Check>& source_checks();

// The parts of that list.
std::vector<Check> life_checks();      // life_checks.cpp: any source
std::vector<Check> position_checks();  // position_checks.cpp: any source that brings alerts here
std::vector<Check> http_checks();      // http_checks.cpp: any source that asks an HTTP server
std::vector<Check> tls_checks();       // tls_checks.cpp
std::vector<Check> search_checks();    // search_checks.cpp: sources of a search index
std::vector<Check> content_checks();   // content_checks.cpp: what stands in alerts, and when they were raised
std::vector<Check> file_checks();      // file_checks.cpp: sources of files

}  // namespace signalfoundry::conformance
