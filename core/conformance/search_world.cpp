// SPDX-License-Identifier: Apache-2.0
#include "conformance/search_index.hpp"
#include "conformance/world.hpp"

namespace signalfoundry::conformance {

namespace {

class SearchWorld final : public World {
 public:
  SearchWorld(const Ground& ground, Product product)
      : ground_(ground),
        index_(product, [&clock = ground.clock] { return clock.now_ms(); }),
        server_(ground.certificate, [this](const Request& request) { return index_.answer(request); }) {}

  std::map<std::string, std::string> places() const override { return {{"url", server_.url()}}; }
  void add(const std::vector<Document>& documents) override { index_.add(documents); }
  HttpsServer* server() override { return &server_; }
  SearchIndex* index() override { return &index_; }

 private:
  Ground ground_;
  SearchIndex index_;
  HttpsServer server_;  // last: its threads end before what they use
};

}  // namespace

std::unique_ptr<World> make_search_world(const Ground& ground, Protocol protocol) {
  return std::make_unique<SearchWorld>(
      ground, protocol == Protocol::elasticsearch ? Product::elasticsearch : Product::opensearch);
}

}  // namespace signalfoundry::conformance
