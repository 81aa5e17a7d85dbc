#include "agent/anthropic/models.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/error.hpp"
#include "vendors/vendors.hpp"

namespace carrel::agent::anthropic {

namespace {

constexpr ModelTraits current(std::string_view name, std::size_t most_pictures = 600) {
    return {name, ToolKind::toolset, Thinking::adaptive, large_pictures, most_pictures, 32'000};
}

/// They exist, but take only a dated computer tool.
constexpr ModelTraits dated(std::string_view name) {
    return {name, ToolKind::dated, Thinking::none, standard_pictures, 100, 8'000};
}

// Vendor's model and tool documentation, November 2026. Newest first within a family.
constexpr std::array table{
    current("claude-opus-5"),   current("claude-sonnet-5"),     current("claude-fable-5"),
    current("claude-mythos-5"), current("claude-haiku-5", 100), current("claude-opus-4-8"),
    dated("claude-opus-4"),     dated("claude-sonnet-4"),       dated("claude-haiku-4"),
    dated("claude-3"),
};

constexpr ModelTraits newest = current("");

std::string plain_id(std::string_view id) {
    for (const std::string_view region : {"us.", "eu.", "apac.", "global."})
        if (id.starts_with(region)) id.remove_prefix(region.size());
    if (constexpr std::string_view vendor = "anthropic."; id.starts_with(vendor))
        id.remove_prefix(vendor.size());
    std::string plain{id};
    std::ranges::replace(plain, '@', '-');
    return plain;
}

}  // namespace

FoundModel find_model(std::string_view id) {
    const auto plain = plain_id(id);
    const ModelTraits* best = nullptr;
    for (const auto& row : table)
        if (plain.starts_with(row.name) && (!best || row.name.size() > best->name.size())) best = &row;
    if (!best) return {newest, false};
    return {*best, true};
}

void check_model(std::string_view id) {
    if (find_model(id).traits.tools != ToolKind::dated) return;
    throw core::Error{
        core::Code::invalid,
        fmt::format("{} takes only a dated computer tool, which Carrel does not speak; choose a "
                    "model that takes computer_toolset_20260801, such as {}",
                    id, vendors::find_vendor("anthropic")->default_model),
        "unsupported_model"};
}

}  // namespace carrel::agent::anthropic
