// SPDX-License-Identifier: Apache-2.0
//
// driver.hpp - takes a source through its life by the C ABI, as a run does, and writes down what it did.
//
// Thread: one; request_stop() from any.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "alert/mapping.hpp"
#include "conformance/transcript.hpp"
#include "plugin/plugin.hpp"

namespace signalfoundry::conformance {

// How a run goes; the defaults are the runner's own.
struct RunOptions {
  std::string position;
  Kept kept;
  std::uint32_t max_records = 1000;
  std::uint32_t wait_ms = 0;
  std::size_t polls_max = 100'000;  // a source that never comes to an end has failed
  // What the host says to the nth push, from 1, before it is written down; anything but SF_OK: it was not taken.
  std::function<sf_status(std::size_t nth)> answer;
  std::function<void(std::size_t nth)> before_fs;
};

class Driver {
 public:
  // Everything given must outlive it, and the host is its own.
  Driver(TestHost& host, const plugin::Plugin& plugin, const config::StageConfig& stage);
  ~Driver();  // close and destroy
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  // create, configure, mapping and open. False: one of them failed, and the transcript says how. Throws
  // Finding(failed) for a mapping that is none.
  bool open(const RunOptions& options);
  // poll until it does not say SF_OK.
  void drain(const RunOptions& options);
  sf_status poll(const RunOptions& options);
  sf_status ack(std::string_view position);
  void request_stop();
  bool has_ack() const;
  bool has_request_stop() const;

  const Transcript& transcript() const { return transcript_; }
  Transcript take();

 private:
  sf_status call(const char* hook, const std::function<sf_status(sf_error*)>& call);
  sf_status push(std::string_view document, std::string_view doc_id, std::string_view position);
  void commit(std::string_view position);
  void note();
  void keep_state();
  sf_record_sink sink();

  TestHost& host_;
  const plugin::Plugin& plugin_;
  const config::StageConfig& stage_;
  void* self_ = nullptr;
  bool opened_ = false;
  std::shared_ptr<const Mapping> mapping_;
  Transcript transcript_;
  const RunOptions* options_ = nullptr;  // of the present poll
  std::size_t pushes_ = 0;               // in all, the refused ones included
  std::uint32_t taken_in_poll_ = 0;
  bool refused_in_poll_ = false;
  std::string refused_;  // the document that was not taken, which must come next
  bool owed_ = false;
};

// The key under which the core knows a document, and the SIEM's id of it. What it cannot read goes by its bytes.
std::string key_of_document(std::string_view document, std::string_view doc_id, const std::string& stage,
                            const std::shared_ptr<const Mapping>& mapping, std::string* id);

}  // namespace signalfoundry::conformance
