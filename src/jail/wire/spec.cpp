#include "jail/wire/spec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "core/desk_shape.hpp"
#include "core/id.hpp"
#include "jail/wire/image.hpp"

namespace carrel::jail::wire {

namespace {

struct Bound {
    std::string_view field;
    std::uint64_t value;
    std::uint64_t least;
    std::uint64_t most;
};

std::optional<core::Error> find_fault_in(std::span<const Bound> bounds) {
    for (const auto& [field, value, least, most] : bounds)
        if (value < least || value > most)
            return core::Error{core::Code::invalid, fmt::format("{} is {}, but must be between {} and {}",
                                                                field, value, least, most)};
    return std::nullopt;
}

}  // namespace

std::string_view name_of(Network network) {
    switch (network) {
        case Network::none: return "none";
        case Network::internet: return "internet";
    }
    std::unreachable();
}

bool is_hex(std::string_view text, std::size_t digits) {
    return text.size() == digits &&
           std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::optional<core::Error> find_fault(const Limits& limits) {
    const Bound bounds[] = {{"memory", limits.memory, 64 * core::mebibyte, core::mebibyte * core::mebibyte},
                            {"cpu", limits.cpu, 5, std::uint64_t{100} * 1024},
                            {"processes", limits.processes, 16, most_processes}};
    if (auto fault = find_fault_in(bounds)) return fault;
    if (limits.disk == 0) return std::nullopt;
    const Bound disk[] = {{"disk", limits.disk, smallest_disk, largest_disk}};
    return find_fault_in(disk);
}

bool is_workspace_name(std::string_view name) {
    constexpr std::size_t longest = 64;
    const auto is_plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    return !name.empty() && name.size() <= longest && is_plain(name.front()) &&
           std::ranges::all_of(name, [&](char c) { return is_plain(c) || c == '.' || c == '_' || c == '-'; });
}

std::optional<core::Error> find_fault(const Workspace& workspace) {
    if (!is_hex(workspace.owner, 64))
        return core::Error{core::Code::invalid, "workspace_owner must be 64 hexadecimal digits"};
    if (!is_workspace_name(workspace.name))
        return core::Error{
            core::Code::invalid,
            fmt::format("workspace is '{}', but must be 1 to 64 of a-z, 0-9, '.', '_' and '-', "
                        "the first a letter or digit",
                        workspace.name)};
    return std::nullopt;
}

core::Expected<Spec> judge(Spec spec) {
    if (!core::is_id("desk_", spec.id))
        return core::refuse(fmt::format("id is '{}', but must be desk_ and 12 hexadecimal digits", spec.id));
    if (!is_image_name(spec.image))
        return core::refuse(fmt::format("image is '{}', but must be 1 to 32 of a-z, 0-9 and -", spec.image));
    if (!is_hex(spec.image_hash, 64))
        return core::refuse(
            fmt::format("image_hash is '{}', but must be 64 hexadecimal digits", spec.image_hash));
    if (!is_hex(spec.nonce, 32)) return core::refuse("nonce must be 32 hexadecimal digits");
    const Bound bounds[] = {
        {"slot", spec.slot, 0, max_slot}, {"width", spec.width, 64, 8192}, {"height", spec.height, 64, 8192}};
    for (auto& fault : {find_fault_in(bounds), find_fault(spec.limits)})
        if (fault) return std::unexpected{*fault};
    if (spec.workspace)
        if (const auto fault = find_fault(*spec.workspace)) return std::unexpected{*fault};
    return spec;
}

}  // namespace carrel::jail::wire
