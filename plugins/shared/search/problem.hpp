// SPDX-License-Identifier: Apache-2.0
//
// problem.hpp - what a server answered, and why that may not be what was asked for. [any-thread]
#pragma once
#include <signalfoundry/abi/base.h>

#include <cstdint>
#include <string>

namespace search {

struct Reply {
  unsigned status = 0;  // of HTTP
  std::string body;
};

struct Problem {
  enum class Act : std::uint8_t { retry, retry_smaller, stop };
  Act act = Act::retry;
  sf_status status = SF_RETRY;
  std::string what;    // "the indexer at 127.0.0.1:9200 is not ready (503: …)"
  std::string remedy;  // "see the cluster's health"
  // The server is there, and it was this search that it could not do: another stretch of time may go well.
  bool of_search = false;
};

}  // namespace search
