#include "ops/operation.hpp"

#include <array>
#include <utility>
#include <vector>

namespace carrel::ops {

namespace {

/// In the order of the enumerations.
constexpr std::array<std::string_view, 5> permissions{"open", "view", "control", "create", "admin"};
constexpr std::array<std::string_view, 7> bodies{"none",  "json",         "multipart", "picture",
                                                 "bytes", "event_stream", "upgrade"};

constexpr std::array of_every_desk{
    Member{"success", "boolean", "whether it has worked out"},
    Member{"error", "string", "what went wrong", false},
};

json::Object schema_of(std::span<const Member> members) {
    json::Object properties;
    json::Array required;
    for (const auto& member : members) {
        json::Object property{{"description", member.description}};
        if (member.type != "any") property["type"] = member.type;
        properties[member.name] = std::move(property);
        if (member.is_always) required.emplace_back(member.name);
    }
    return {{"type", "object"}, {"properties", std::move(properties)}, {"required", std::move(required)}};
}

}  // namespace

std::string_view name_of(Permission permission) { return permissions[std::to_underlying(permission)]; }

std::string_view name_of(Body body) { return bodies[std::to_underlying(body)]; }

std::string_view noun_of(const Operation& row) { return row.name.substr(0, row.name.find('/')); }

bool takes_query(const Operation& row) { return row.request == Body::none || row.request == Body::bytes; }

bool is_batchable(const Operation& row) {
    const bool takes_json = row.request == Body::none || row.request == Body::json;
    const bool answers_json = row.response == Body::json || row.response == Body::picture;
    return row.can_be_batched && takes_json && answers_json;
}

bool may_be_dropped(const Operation& row) {
    return row.permission == Permission::view || row.ends_with_client;
}

json::Object answer_schema(const Operation& row) { return schema_of(row.answer); }

json::Object desk_answer_schema(const Operation& row) {
    std::vector<Member> members{std::begin(of_every_desk), std::end(of_every_desk)};
    members.insert(members.end(), row.answer.begin(), row.answer.end());
    return schema_of(members);
}

}  // namespace carrel::ops
