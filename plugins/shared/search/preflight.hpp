// SPDX-License-Identifier: Apache-2.0
//
// preflight.hpp - what a run needs of the server, tried step by step, each once: `validate --connect`. [stage-thread]
#pragma once
#include <signalfoundry/source.hpp>

#include <atomic>

#include "indexer.hpp"

namespace search {

class Preflight {
 public:
  // All must outlive it.
  Preflight(const sf::Host& host, const Settings& settings, const sf::Checks& out, const std::atomic<bool>& stop)
      : host_(host), settings_(settings), out_(out), exchange_(host, settings, settings.who(), stop) {}

  // Tells of every step. Ends at the first without which the next ones say nothing: no connection, or credentials that
  // are refused, which are sent once only. Throws sf::Stop when the host wants no more.
  void run();

 private:
  std::optional<Problem> ask(const char* method, const std::string& path, const std::string& body, Reply& reply);
  bool credentials();
  void product();
  bool index();
  void counts();
  void tell(const char* step, const Problem& problem, const Reply& reply);
  void tell_user(const std::string& body);

  sf::Host host_;
  const Settings& settings_;
  const sf::Checks& out_;
  Exchange exchange_;
};

}  // namespace search
