// SPDX-License-Identifier: Apache-2.0
//
// Goal: docs/reference/plugins.md says of every shipped plugin what its schema says. SF_UPDATE_DOCS=1 writes the page.
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "config/reference.hpp"
#include "plugin/loader.hpp"
#include "support/catch.h"
#include "support/paths.hpp"

namespace {

std::string page() {
  std::string out =
      "# Settings of the shipped plugins\n\nGenerated from the plugins' own schemas by `SF_UPDATE_DOCS=1 "
      "build/dev/bin/unit_plugin \"[docs]\"`; a test compares. Those of the pipeline file: "
      "[formats/pipeline.md](../formats/pipeline.md).\n";
  for (const auto& found : signalfoundry::plugin::find_all({support::plugin_dir()})) {
    const auto& plugin = signalfoundry::plugin::load(found.path);
    out += "\n" + signalfoundry::config::settings_reference(plugin.id, plugin.summary,
                                                            nlohmann::json::parse(plugin.config_schema));
  }
  return out;
}

}  // namespace

TEST_CASE("reference: the page of the plugins' settings is what their schemas say", "[docs]") {
  const std::string file = support::source_dir() + "/docs/reference/plugins.md";
  if (std::getenv("SF_UPDATE_DOCS") != nullptr) std::ofstream(file) << page();
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  CHECK(text.str() == page());
}
