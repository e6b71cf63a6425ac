// SPDX-License-Identifier: Apache-2.0
//
// refusal.hpp - credentials that a server refused are not tried again and again: what is kept of a refusal between
// runs, and when they are tried again (docs/adr/0012-secrets.md). [any-thread]
//
// A credential is known by where it stands, never by what it is: device, inode, size and times of its file. Nothing
// that is kept here tells anything of a secret.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "config/pipeline_config.hpp"

namespace signalfoundry::pipeline {

constexpr std::int64_t kFirstPauseMs = 60'000;
constexpr std::int64_t kLongestPauseMs = 3'600'000;
constexpr const char* kRefusalKey = "sf.refused";  // of sf.state/1; the host's own

struct Refusal {
  std::string credentials;  // credentials_of() when they were tried
  std::uint32_t times = 0;  // in a row
  std::int64_t at_ms = 0;   // the last time; Unix
  std::int64_t not_before_ms = 0;
  std::string sentence;  // why, as the source said it; printable
};

// What a stage logs in with, as a digest: its settings (which hold no secret), and for each secret, certificate, key
// and CA the file's device, inode, size, and times of change; of a variable only its name. It changes whenever one of
// them is written, replaced, or given other permissions.
std::string credentials_of(const config::StageConfig& stage);

// The text that the stage's state keeps; "" for none. Nothing for text that is none.
std::string to_state(const Refusal& refusal);
std::optional<Refusal> refusal_from(const std::string& state);

// They were refused at `now_ms`: a pause of a minute, twice as long with each refusal of the same credentials, an hour
// at most.
Refusal refused_again(const std::optional<Refusal>& before, const std::string& credentials, std::int64_t now_ms,
                      const std::string& sentence);
// Are these credentials to be left alone now? Never for longer than the longest pause, whatever the clock does.
bool held_back(const Refusal& refusal, const std::string& credentials, std::int64_t now_ms);

// What a run says that leaves them alone: since when, until when, and what makes it try at once.
std::string held_back_sentence(const Refusal& refusal, const config::StageConfig& stage);

}  // namespace signalfoundry::pipeline
