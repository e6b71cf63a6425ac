/* SPDX-License-Identifier: Apache-2.0
 *
 * abi/all.h - the whole stable plugin ABI. */
#ifndef SIGNALFOUNDRY_ABI_ALL_H
#define SIGNALFOUNDRY_ABI_ALL_H
#include <signalfoundry/abi/base.h>
#include <signalfoundry/abi/entry.h>
#include <signalfoundry/abi/host.h>
#include <signalfoundry/abi/notifier.h>
#include <signalfoundry/abi/record.h>
#include <signalfoundry/abi/service/clock.h>
#include <signalfoundry/abi/service/digest.h>
#include <signalfoundry/abi/service/fs.h>
#include <signalfoundry/abi/service/http.h>
#include <signalfoundry/abi/service/log.h>
#include <signalfoundry/abi/service/metrics.h>
#include <signalfoundry/abi/service/queue.h>
#include <signalfoundry/abi/service/run.h>
#include <signalfoundry/abi/service/secret.h>
#include <signalfoundry/abi/service/state.h>
#include <signalfoundry/abi/source.h>
#include <signalfoundry/abi/stage.h>
#include <signalfoundry/abi/triage.h>
#endif
