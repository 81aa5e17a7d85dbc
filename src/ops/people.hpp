// The requests of who lets people in: keys, links and tickets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "json/fields.hpp"
#include "ops/operation.hpp"

namespace carrel::ops {

/// POST /api/v1/keys.
struct CreateKey {
    std::string user;
    std::string role = "user";
    std::string name;
    std::optional<std::int64_t> expires_seconds;
    std::optional<int> most_desks;
    std::optional<double> cpus;
    std::optional<int> memory_mb;
    std::optional<json::Object> model_keys;
};
const json::Shape<CreateKey>& create_key_shape();

/// The query of GET /api/v1/keys.
struct ListKeys {
    std::optional<std::string> user;
    int limit = 100;
    int offset = 0;
};
const json::Shape<ListKeys>& list_keys_shape();

/// POST /api/v1/sessions/{id}/links.
struct CreateLink {
    std::string mode = "view";
    std::int64_t expires_seconds = 3600;
};
const json::Shape<CreateLink>& create_link_shape();

/// The rows of these.
std::span<const Operation> people_rows();

}  // namespace carrel::ops
