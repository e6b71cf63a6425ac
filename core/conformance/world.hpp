// SPDX-License-Identifier: Apache-2.0
//
// world.hpp - what stands on the other side of a source under test: a search index, files, or a scripted server.
//
// Thread: the check's.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "conformance/certificates.hpp"
#include "conformance/clock.hpp"
#include "conformance/documents.hpp"
#include "conformance/https_server.hpp"
#include "fs/dir.hpp"

namespace signalfoundry::conformance {

class SearchIndex;
class AlertFile;

// How a source is reached. files: one file of JSON lines. directory: a file for each alert. none: by nothing that the
// kit can stand in for.
enum class Protocol : std::uint8_t { opensearch, elasticsearch, files, directory, script, none };
std::optional<Protocol> protocol_of(const std::string& name);  // "opensearch"
const char* protocol_name(Protocol protocol);

class World {
 public:
  virtual ~World() = default;
  // What {url}, {file}, … in the settings stand for.
  virtual std::map<std::string, std::string> places() const = 0;
  // Puts alerts where the source looks for them. Throws Finding(skipped) where that cannot be.
  virtual void add(const std::vector<Document>& documents) = 0;
  // Before each run of the source.
  virtual void begin_run() {}
  // Null where there is none.
  virtual HttpsServer* server() { return nullptr; }
  virtual SearchIndex* index() { return nullptr; }
  virtual AlertFile* file() { return nullptr; }
  // The ids of the alerts of the present run, where the world, and not the check, has them.
  virtual const std::set<std::string>* expected_ids() const { return nullptr; }
  // Everything that the source reads goes, or its first file does, or what went comes back. Files only.
  virtual void hide() {}
  virtual void hide_first() {}
  virtual void show() {}
};

// What every world gets: a directory of its own, the kit's certificates, and the clock.
struct Ground {
  fs::Dir dir;  // its path is absolute
  const Authority& authority;
  const Certificate& certificate;  // of 127.0.0.1
  const Clock& clock;
};

std::unique_ptr<World> make_search_world(const Ground& ground, Protocol protocol);
std::unique_ptr<World> make_file_world(const Ground& ground, Protocol protocol);
// `script` is the text of a script of answers (docs/reference/conformance.md). Throws Error(config).
std::unique_ptr<World> make_script_world(const Ground& ground, const std::string& script, const std::string& name,
                                         const std::string& folder);
std::unique_ptr<World> make_empty_world(const Ground& ground);

}  // namespace signalfoundry::conformance
