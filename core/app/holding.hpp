// SPDX-License-Identifier: Apache-2.0
//
// holding.hpp - what a command that changes the books needs: the lock of the state directory, and the sources' names.
//
// Thread: main.
#pragma once
#include <string>
#include <vector>

#include "app/common.hpp"
#include "books/survey.hpp"
#include "fs/dir.hpp"

namespace signalfoundry::app {

// The lock of the state directory, until it goes. Throws Error(locked) when a run holds it.
fs::Lock hold(const fs::Dir& root, const std::string& command);
// Throws Error(locked) when somebody replaced the lock file, so that a run may have begun.
void check_held(const fs::Lock& lock);

// The sources of a pipeline with their mappings. Plugins are loaded and configured; nothing is asked of a SIEM. Throws
// Error.
std::vector<books::Origin> origins_of(const config::PipelineConfig& config,
                                      const std::vector<std::string>& plugin_path);

// "mismatch case_missing: 1" and its examples, for each category.
std::string categories_text(const char* title, const std::map<std::string, books::Category>& categories);
OrderedJson categories_json(const std::map<std::string, books::Category>& categories);

// What a survey would bring into the books: "cases" {"benign": 1, …}, "packs", "quarantined", "waiting".
OrderedJson found_json(const books::Survey& survey);
std::string found_text(const books::Survey& survey);

}  // namespace signalfoundry::app
