// SPDX-License-Identifier: Apache-2.0
#include "pipeline/refusal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/digest.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "fs/read_path.hpp"

namespace signalfoundry::pipeline {

namespace {

using nlohmann::json;

constexpr std::size_t kSentenceMax = 200;
constexpr std::uint32_t kDoublings = 6;  // a minute, doubled so often, is more than an hour

std::string place_of(const std::string& path) {
  const auto info = fs::path_info(path);
  return fmt::format("{} {} {} {} {} {} {}\n", path, info.error_number, info.dev, info.ino, info.size, info.mtime_ns,
                     info.ctime_ns);
}

// "the file "/etc/x.pass"", or "" where no file holds a secret.
std::string file_of(const config::StageConfig& stage) {
  for (const auto& [name, ref] : stage.secrets)
    if (!ref.file.empty()) return fmt::format("\"{}\"", printable(ref.file));
  for (const char* name : {"client_key", "client_cert"})
    if (const auto it = stage.paths.find(name); it != stage.paths.end())
      return fmt::format("\"{}\"", printable(it->second));
  return {};
}

}  // namespace

std::string credentials_of(const config::StageConfig& stage) {
  if (stage.secrets.empty() && !stage.settings.contains("client_cert")) return "";  // a file, say, and its mode
  std::string text = stage.plugin + "\n" + stage.settings.dump() + "\n";
  for (const auto& [name, ref] : stage.secrets)
    text += name + " " + (ref.file.empty() ? "env " + ref.env + "\n" : place_of(ref.file));
  for (const auto& [name, path] : stage.paths) text += name + " " + place_of(path);
  return sha256_hex(text).substr(0, 32);
}

std::string to_state(const Refusal& refusal) {
  return json{{"v", 1},
              {"credentials", refusal.credentials},
              {"times", refusal.times},
              {"at_ms", refusal.at_ms},
              {"not_before_ms", refusal.not_before_ms},
              {"sentence", refusal.sentence}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<Refusal> refusal_from(const std::string& state) {
  const auto j = json::parse(state, nullptr, false);
  try {
    if (!j.is_object() || j.at("v") != 1) return std::nullopt;
    return Refusal{j.at("credentials").get<std::string>(), j.at("times").get<std::uint32_t>(),
                   j.at("at_ms").get<std::int64_t>(), j.at("not_before_ms").get<std::int64_t>(),
                   j.at("sentence").get<std::string>()};
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

Refusal refused_again(const std::optional<Refusal>& before, const std::string& credentials, std::int64_t now_ms,
                      const std::string& sentence) {
  Refusal out{credentials, 1, now_ms, 0, printable(sentence, kSentenceMax)};
  if (before && before->credentials == credentials && before->times < 1'000'000) out.times = before->times + 1;
  const auto pause = std::min(kFirstPauseMs << std::min(out.times - 1, kDoublings), kLongestPauseMs);
  out.not_before_ms = now_ms + pause;
  return out;
}

bool held_back(const Refusal& refusal, const std::string& credentials, std::int64_t now_ms) {
  const auto left = refusal.not_before_ms - now_ms;
  return refusal.credentials == credentials && left > 0 && left <= kLongestPauseMs;
}

std::string held_back_sentence(const Refusal& refusal, const config::StageConfig& stage) {
  const auto file = file_of(stage);
  return fmt::format(
      "stage \"{}\" (plugin {}): the credentials were refused {} at {} ({}), and are not tried again before {}, or as "
      "soon as {} changes. Correct them, or run with --try-refused once the server lets them in.",
      stage.name, printable(stage.plugin),
      refusal.times == 1 ? "once," : fmt::format("{} times, the last", refusal.times), rfc3339(refusal.at_ms),
      refusal.sentence, rfc3339(refusal.not_before_ms),
      file.empty() ? std::string("a setting of the stage") : "the file " + file);
}

}  // namespace signalfoundry::pipeline
