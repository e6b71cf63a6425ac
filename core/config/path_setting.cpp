// SPDX-License-Identifier: Apache-2.0
#include "config/path_setting.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

#include "config/paths.hpp"
#include "fs/read_path.hpp"

namespace signalfoundry::config {

std::optional<std::string> resolve_path(const Value& value, const std::string& name, bool must_exist,
                                        const CheckOptions& options, Problems& problems) {
  const auto add = [&](const std::string& rest) {
    problems.add(value.place, fmt::format("{} in {} {}", quoted(name), options.where, rest));
    return std::nullopt;
  };
  if (value.text.empty()) return add("must not be empty. Name a file or directory.");
  if (value.text == "~" || value.text.compare(0, 2, "~/") == 0)
    return add("begins with \"~\", which only a shell understands. Write the whole path.");
  const std::string path = absolute_path(value.place.origin->directory, value.text);
  if (!must_exist || !options.check_files) return path;
  const int error = fs::path_info(path).error_number;
  if (error == 0) return path;
  if (error == ENOENT || error == ENOTDIR)
    return add(fmt::format("names {}, which is not there. Create it or correct the path.", quoted(path)));
  return add(fmt::format("names {}, which cannot be looked at: {}. Check the permissions of its directories.",
                         quoted(path), std::generic_category().message(error)));
}

}  // namespace signalfoundry::config
