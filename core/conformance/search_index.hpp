// SPDX-License-Identifier: Apache-2.0
//
// search_index.hpp - an OpenSearch or Elasticsearch that holds a few alerts: _search, _pit and the root, as a source of
// alerts uses them. Not a server: what it is asked and what it answers are values.
//
// Thread: one at a time.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "conformance/documents.hpp"
#include "conformance/https_server.hpp"

namespace signalfoundry::conformance {

enum class Product : std::uint8_t { opensearch, elasticsearch };

class SearchIndex {
 public:
  // `now_ms` is the server's clock.
  SearchIndex(Product product, std::function<std::int64_t()> now_ms) : product_(product), now_ms_(std::move(now_ms)) {}

  void add(std::vector<Document> documents);
  // 400 not_understood for what it does not know, 404 for a point in time that it does not have.
  Reply answer(const Request& request);

  // How it is set for a check.
  std::string version;          // what `GET /` says; "": a usual one
  bool pit_forbidden = false;   // 403 for who opens a point in time
  std::size_t pit_expires = 0;  // the nth search in a point in time is its end, once; 0: none
  std::size_t short_by = 0;     // each page has so many hits less than it could (OpenSearch #9537)
  bool no_index = false;        // no pattern matches an index

  // What it was asked, for a check to judge.
  std::size_t roots = 0;
  std::size_t pits = 0;
  std::set<std::string> not_understood;

 private:
  struct Stored {
    Document document;
    std::uint64_t sequence = 0;
  };
  struct Hit {
    const Stored* stored = nullptr;
    nlohmann::json sort;
  };
  Reply root();
  Reply open_pit(const Request& request);
  Reply close_pit() const;
  Reply search(const Request& request, const nlohmann::json& body);
  std::vector<Hit> find(const nlohmann::json& body, std::uint64_t before, bool after) const;
  std::string page_of(const nlohmann::json& body, std::vector<Hit> hits, std::size_t found);
  nlohmann::json aggregations_of(const nlohmann::json& aggs, const std::vector<Hit>& hits) const;

  Product product_;
  std::function<std::int64_t()> now_ms_;
  std::vector<Stored> stored_;
  std::uint64_t next_ = 1;
  std::map<std::string, std::uint64_t> points_;  // id to the first sequence that it does not see
  std::size_t pit_searches_ = 0;
};

}  // namespace signalfoundry::conformance
