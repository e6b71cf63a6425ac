// SPDX-License-Identifier: Apache-2.0
//
// alert_prose.hpp - an alert and the way to its verdict as Markdown lists, for summary.md and report.md. [any-thread]
//
// Every value stands in a code span of at most kShownMax bytes. What is absent is said to be absent.
#pragma once
#include <nlohmann/json.hpp>

#include "alert_view.hpp"

namespace shared {

constexpr std::size_t kStepsMax = 60;    // steps of a trail that are shown
constexpr std::size_t kTextsShown = 12;  // texts of a list that are shown
constexpr std::string_view kNotInAlert = "not in the alert";

inline std::string shown(const std::optional<std::string_view>& text, std::size_t limit = kShownMax) {
  return text && !text->empty() ? code(*text, limit) : std::string(kNotInAlert);
}
inline std::string shown(const AlertView& alert, Field field) {
  return shown(alert.text(field));
}

inline std::string shown_texts(const AlertView& alert, Field field) {
  std::string out;
  std::size_t count = 0;
  alert.each_text(field, [&](std::string_view text) {
    if (++count <= kTextsShown) out += (out.empty() ? "" : ", ") + code(text, 80);
    return true;
  });
  if (count > kTextsShown) out += ", and " + std::to_string(count - kTextsShown) + " more";
  return out.empty() ? std::string(kNotInAlert) : out;
}

// "`10.0.0.1`, port `22`"
inline std::string shown_address(const AlertView& alert, Field ip, Field port) {
  if (!alert.has(ip) && !alert.has(port)) return std::string(kNotInAlert);
  return shown(alert, ip) + (alert.has(port) ? ", port " + shown(alert, port) : "");
}

inline std::string shown_severity(const AlertView& alert) {
  const auto level = alert.integer(Field::rule_level);
  return shown(alert, Field::severity) + (level ? ", level " + std::to_string(*level) + " of 15" : "");
}

inline void write_entities(std::string& out, const AlertView& alert) {
  out += "- Host: " + shown(alert, Field::host_name) + " (id " + shown(alert, Field::host_id) + ", address " +
         shown(alert, Field::host_ip) + ")\n";
  out += "- User: " + shown(alert, Field::user_name) + "\n";
  out += "- Source: " + shown_address(alert, Field::source_ip, Field::source_port) + "\n";
  out += "- Destination: " + shown_address(alert, Field::destination_ip, Field::destination_port) + "\n";
  out += "- File: " + shown(alert, Field::file_path) + "\n";
  out += "- File hash: " + shown(alert, Field::file_hash) + "\n";
  out += "- Process: " + shown(alert, Field::process_executable) + "\n";
  out += "- Command line: " + shown(alert, Field::process_command_line) + "\n";
  out += "- Parent process: " + shown(alert, Field::process_parent) + "\n";
}

inline std::string shown_value(const nlohmann::ordered_json& value) {
  constexpr auto kReplace = nlohmann::ordered_json::error_handler_t::replace;
  return code(value.is_string() ? value.get_ref<const std::string&>() : value.dump(-1, ' ', false, kReplace), 200);
}

inline std::string shown_step(const nlohmann::ordered_json& step) {
  if (!step.is_object()) return shown_value(step);
  std::string out;
  for (const auto& [name, value] : step.items())
    out += (out.empty() ? "" : ", ") + code(name, 60) + ": " + shown_value(value);
  return out.empty() ? "an empty step" : out;
}

// The verdict's trail, one step a line. `whole_in` names the file that holds all of it.
inline void write_steps(std::string& out, std::string_view trail, std::string_view whole_in) {
  const auto steps = nlohmann::ordered_json::parse(trail, nullptr, false);
  if (!steps.is_array() || steps.empty()) {
    out += "The triage stage gave no trail.\n";
    return;
  }
  std::size_t number = 0;
  for (const auto& step : steps) {
    if (++number > kStepsMax) break;
    out += std::to_string(number) + ". " + shown_step(step) + "\n";
  }
  if (steps.size() > kStepsMax)
    out += "\nThe trail has " + std::to_string(steps.size()) + " steps; all of them are in `" + std::string(whole_in) +
           "`.\n";
}

inline void write_decider(std::string& out, const AlertView& alert) {
  const auto fact = [&](Field field) { return code(alert.text_or(field, "not known")); };
  out += "- Decided by stage " + fact(Field::stage) + ", plugin " + fact(Field::plugin) + "\n";
  out += "- Inputs: " + fact(Field::inputs) + "\n";
  out += "- Judged as of: " + fact(Field::verdict_time) + "\n";
}

}  // namespace shared
