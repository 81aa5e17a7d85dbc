#include "ops/operation.hpp"

#include <utility>

namespace carrel::ops {

std::string_view name_of(Permission permission) {
    switch (permission) {
        case Permission::open: return "open";
        case Permission::view: return "view";
        case Permission::control: return "control";
        case Permission::create: return "create";
    }
    std::unreachable();
}

bool is_batchable(const Operation& row) {
    const bool takes_json = row.request == Body::none || row.request == Body::json;
    return takes_json && row.name != "batch" && (row.response == Body::json || row.response == Body::picture);
}

json::Object answer_schema(const Operation& row) {
    json::Object properties{{"success", {{"type", "boolean"}}},
                            {"error", {{"type", "string"}, {"description", "what went wrong"}}}};
    json::Array required{"success"};
    for (const auto& member : row.answer) {
        json::Object property{{"description", member.description}};
        if (member.type != "any") property["type"] = member.type;
        properties[member.name] = std::move(property);
        if (member.is_always) required.emplace_back(member.name);
    }
    return {{"type", "object"}, {"properties", std::move(properties)}, {"required", std::move(required)}};
}

}  // namespace carrel::ops
