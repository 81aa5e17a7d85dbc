// How a desk begins: the fields that clients give for a session of theirs, and the same as the server tells
// them to the desk (internal.hpp).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/desk_beginning.hpp"
#include "json/fields.hpp"

namespace carrel::ops {

struct BeginningFile {
    std::string path;
    std::optional<std::string> text;
    std::optional<std::string> base64;
};

/// All may be absent.
struct Beginning {
    json::Object environment;
    std::optional<std::string> locale;
    std::optional<std::string> time_zone;
    std::optional<std::string> http_proxy;
    std::vector<BeginningFile> files;
    std::optional<std::string> command;
    std::optional<std::string> open_url;
};

/// Of a body that has these fields, bytes: files may come in base64.
inline constexpr std::size_t largest_beginning = std::size_t{3} << 20;

/// The body of `internal::begin`.
struct Begin : Beginning {
    std::optional<int> width;
    std::optional<int> height;
};
const json::Shape<Begin>& begin_shape();
/// A body of that shape, for who asks a desk.
json::Object to_json(const core::DeskBeginning& beginning);

/// What is asked for, over what `usual` says; or all that is wrong with it as far as that can be judged
/// outside of the desk.
json::Decoded<core::DeskBeginning> read_beginning(const Beginning& asked, core::DeskBeginning usual = {});
json::Decoded<core::DeskBeginning> read_begin(const Begin& asked);

/// Their fields in a request that has them: `Request` inherits Beginning.
std::vector<json::Field<Beginning>> beginning_fields();
template <class Request>
std::vector<json::Field<Request>> beginning_fields_of() {
    std::vector<json::Field<Request>> fields;
    for (auto& each : beginning_fields())
        fields.push_back(
            {std::move(each.name), std::move(each.description), each.is_required,
             [read = std::move(each.read)](const json::Value& from, Request& to, json::Problems& problems) {
                 read(from, to, problems);
             },
             std::move(each.schema), std::move(each.initial)});
    return fields;
}

}  // namespace carrel::ops
