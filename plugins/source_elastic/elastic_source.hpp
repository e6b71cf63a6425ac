// SPDX-License-Identifier: Apache-2.0
//
// elastic_source.hpp - the source for the alerts that Elastic Security's detection rules raise. [stage-thread]
#pragma once
#include <string_view>

#include "../shared/search/source.hpp"

namespace source_elastic {

extern const search::Dialect kElastic;

class ElasticSource : public search::Source {
 protected:
  const search::Dialect& dialect(std::string_view settings_json) const override;
};

}  // namespace source_elastic
