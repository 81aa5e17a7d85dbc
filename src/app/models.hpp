// The models that this server offers, and how each is made: a row of vendors::table, a folder of src/agent
// and what the settings say come together here, and only here.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/interfaces.hpp"
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

/// One for each vendor. `http` and `pool` outlive them.
std::vector<session::Provider> offered_models(const Config& config, outbound::HttpClient& http,
                                              async::Pool& pool);

}  // namespace carrel::app
