// SPDX-License-Identifier: Apache-2.0
#include "cases.hpp"

SF_STAGE_PLUGIN(cases::Cases, .id = "cases", .version = "1.0.0",
                .summary = "Writes one case directory per alert: verdict, trail and the alert as received.",
                .license = "Apache-2.0", .config_schema = cases::kSchema);
