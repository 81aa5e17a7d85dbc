// Fields that several operations have. For the files that describe operations.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "ops/desk/observe.hpp"
#include "ops/operation.hpp"

namespace carrel::ops {

// Every description is made of these.
using json::between;
using json::field;
using json::length_between;
using json::one_of;
using json::Shape;
constexpr auto view = Permission::view;
constexpr auto control = Permission::control;

template <class Request>
std::vector<json::Field<Request>> with(std::vector<json::Field<Request>> fields,
                                       std::vector<json::Field<Request>> more) {
    for (auto& entry : more) fields.push_back(std::move(entry));
    return fields;
}

/// `observe` itself: a word or a number.
template <class Request>
json::Field<Request> observe_field() {
    constexpr auto description =
        "what is awaited before the answer: none; settled: a first change, then quiet; or milliseconds";
    auto schema = observe_schema();
    schema["description"] = description;
    schema["default"] = Request{}.observe;
    return {"observe", description, false,
            [](const json::Value& from, Request& to, json::Problems& problems) {
                read_observe(from, to, problems);
            },
            std::move(schema)};
}

/// The members of Observe in a request that has them.
template <class Request>
std::vector<json::Field<Request>> observing() {
    return {observe_field<Request>(),
            json::field("first_change_ms", static_cast<int Request::*>(&Request::first_change_ms),
                        "settled: how long the first change is awaited", json::between(0, 60'000))
                .with_default(),
            json::field("quiet_ms", static_cast<int Request::*>(&Request::quiet_ms),
                        "settled: how long nothing may change then", json::between(0, 10'000))
                .with_default(),
            json::field("limit_ms", static_cast<int Request::*>(&Request::limit_ms),
                        "settled: most that is awaited in all", json::between(0, 60'000))
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
