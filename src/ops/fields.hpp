// Fields that several operations have. For the files that describe operations.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "ops/observe.hpp"

namespace carrel::ops {

template <class Request>
std::vector<json::Field<Request>> with(std::vector<json::Field<Request>> fields,
                                       std::vector<json::Field<Request>> more) {
    for (auto& entry : more) fields.push_back(std::move(entry));
    return fields;
}

/// The members of Observe in a request that has them.
template <class Request>
std::vector<json::Field<Request>> observing() {
    return {json::field("observe", static_cast<std::string Request::*>(&Request::observe),
                        "what is awaited before the answer: none, or settled: a first change, then quiet",
                        json::one_of({"settled", "none"}))
                .with_default(),
            json::field("first_change_ms", static_cast<int Request::*>(&Request::first_change_ms),
                        "how long the first change is awaited", json::between(0, 60'000))
                .with_default(),
            json::field("quiet_ms", static_cast<int Request::*>(&Request::quiet_ms),
                        "how long nothing may change then", json::between(0, 10'000))
                .with_default(),
            json::field("limit_ms", static_cast<int Request::*>(&Request::limit_ms),
                        "most that is awaited in all", json::between(0, 60'000))
                .with_default(),
            json::field("screenshot", static_cast<std::optional<bool> Request::*>(&Request::screenshot),
                        "whether the answer brings the screen; by default unless observe is none")};
}

const json::Shape<Point>& point_shape();

template <const auto& (*Of)()>
json::Object schema() {
    return Of().schema();
}

}  // namespace carrel::ops
