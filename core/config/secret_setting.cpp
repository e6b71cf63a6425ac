// SPDX-License-Identifier: Apache-2.0
#include "config/secret_setting.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "base/error.hpp"
#include "base/text.hpp"
#include "config/path_setting.hpp"
#include "fs/read_path.hpp"

namespace signalfoundry::config {

namespace {

constexpr std::uint64_t kLargestSecret = std::uint64_t{64} << 10U;
constexpr unsigned kOthersReadOrWrite = 0006;

bool is_variable_name(const std::string& text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !text.empty() && letter(text[0]) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

class SecretChecker {
 public:
  SecretChecker(const std::string& name, const CheckOptions& options, Problems& problems)
      : name_(name), options_(options), problems_(problems) {}

  std::optional<SecretRef> check(const Value& value) {
    const std::size_t before = problems_.count();
    if (value.kind != Kind::table) {
      problems_.add(value.place, fmt::format("{0} is a secret in plain text. Put it into a file and write "
                                             "{1} = {{ file = \"...\" }}, or use {{ env = \"...\" }}.",
                                             quoted(name_), printable(name_)));
      return std::nullopt;
    }
    for (const auto& member : value.members) check_member(member);
    const bool one = (value.find("file") != nullptr) != (value.find("env") != nullptr);
    if (!one && before == problems_.count())
      add(value.place, name_,
          fmt::format("must hold either file or env. Write {0} = {{ file = \"...\" }} or "
                      "{0} = {{ env = \"...\" }}.",
                      printable(name_)));
    if (before != problems_.count()) return std::nullopt;
    return ref_;
  }

 private:
  void add(const Place& place, const std::string& subject, const std::string& rest) {
    problems_.add(place, fmt::format("{} in {} {}", quoted(subject), options_.where, rest));
  }

  void check_member(const Member& member) {
    const std::string subject = name_ + "." + member.key;
    if (member.key != "file" && member.key != "env") {
      problems_.add(member.place, fmt::format("unknown key {} in {}. A secret holds either file or env.",
                                              quoted(subject), options_.where));
    } else if (member.value.kind != Kind::string || member.value.text.find('\0') != std::string::npos) {
      add(member.value.place, subject, fmt::format("must be a string without NUL. Write {} = \"...\".", member.key));
    } else if (member.key == "env") {
      ref_.env = member.value.text;
      if (!is_variable_name(ref_.env))
        add(member.value.place, subject, "must be the name of an environment variable, not the secret itself.");
    } else {
      check_file(member.value, subject);
    }
  }

  void check_file(const Value& value, const std::string& subject) {
    const auto path = resolve_path(value, subject, options_.check_secrets, options_, problems_);
    if (!path) return;
    ref_.file = *path;
    if (!options_.check_files || !options_.check_secrets) return;
    const auto info = fs::path_info(*path);
    if (!info.regular)
      add(value.place, subject,
          fmt::format("names {}, which is not a regular file. Name a file that holds only the "
                      "secret.",
                      quoted(*path)));
    else if ((info.mode & kOthersReadOrWrite) != 0)
      add(value.place, subject,
          fmt::format("names {}, which every user may read or write (mode {:04o}). "
                      "Take that away with chmod o-rwx.",
                      quoted(*path), info.mode));
  }

  const std::string& name_;
  const CheckOptions& options_;
  Problems& problems_;
  SecretRef ref_;
};

std::string secret_text(const SecretRef& ref) {
  if (!ref.file.empty()) return fs::read_path(ref.file, kLargestSecret, kOthersReadOrWrite);
  const char* value = std::getenv(ref.env.c_str());
  if (value == nullptr)
    throw Error(Exit::config, fmt::format("the environment variable {} is not set. Set it to the secret, or refer to a "
                                          "file with {{ file = \"...\" }}.",
                                          quoted(ref.env)));
  return value;
}

}  // namespace

std::optional<SecretRef> check_secret(const Value& value, const std::string& name, const CheckOptions& options,
                                      Problems& problems) {
  return SecretChecker(name, options, problems).check(value);
}

std::string read_secret(const SecretRef& ref) {
  std::string text = secret_text(ref);
  const bool from_file = !ref.file.empty();
  if (!text.empty() && text.back() == '\n') text.pop_back();
  if (!text.empty() && text.back() == '\r') text.pop_back();
  const auto subject =
      fmt::format("the {} {}", from_file ? "file" : "environment variable", quoted(from_file ? ref.file : ref.env));
  if (text.empty()) throw Error(Exit::config, subject + " holds no secret: it is empty. Put the secret there.");
  if (text.find('\0') != std::string::npos || text.find('\n') != std::string::npos)
    throw Error(Exit::config, subject + " must hold one line, the secret. Remove the rest.");
  return text;
}

}  // namespace signalfoundry::config
