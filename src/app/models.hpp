// The models that this server offers, and how each is made: a row of vendors::table, a folder of src/agent
// and what the settings say come together here, and only here.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/interfaces.hpp"
#include "agent/watched.hpp"
#include "app/config.hpp"
#include "async/run_on.hpp"
#include "outbound/http_client.hpp"
#include "session/models.hpp"

namespace carrel::app {

/// A model, and how to reach it.
struct ModelChoice {
    std::string provider;  ///< name of a row of vendors::table
    std::string model;     ///< empty: the vendor's default
    VendorAccess access;   ///< no base URL: the vendor's own
};

/// Throws Error{invalid} for an unknown provider (reason "unknown_provider"), a model that we cannot serve
/// ("unsupported_model") or a base URL that is none; Error{unavailable, reason "no_model_key"} when a key is
/// needed and missing and all else is well. `http` and `pool` outlive the model. Cheap: make one per turn.
std::unique_ptr<agent::Model> make_model(ModelChoice choice, outbound::HttpClient& http, async::Pool& pool);

/// Hears of each call of a model. `model` is one that the vendor's row or the settings name, else "other":
/// whoever makes a session may name any.
using ModelObserver =
    std::function<void(const std::string& vendor, const std::string& model, const agent::EndedCall& call)>;

/// One for each vendor. `http` and `pool` outlive them; without an observer nobody is told of calls.
std::vector<session::Provider> offered_models(const Config& config, outbound::HttpClient& http,
                                              async::Pool& pool, const ModelObserver& observer = {});

}  // namespace carrel::app
