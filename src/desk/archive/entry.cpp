#include "desk/archive/entry.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/text.hpp"

namespace carrel::desk::archive {

using core::Expected;
using core::refuse;

namespace {

constexpr std::size_t longest_name = 4096;
constexpr std::size_t longest_step = 255;
constexpr std::size_t deepest = 128;

}  // namespace

Expected<std::vector<std::string>> safe_steps(std::string_view name) {
    const auto shown = core::repair_utf8(name.substr(0, 200));
    if (name.size() > longest_name) return refuse(fmt::format("the name \"{}…\" is too long", shown));
    if (name.contains('\0')) return refuse(fmt::format("the name \"{}\" holds a NUL", shown));
    if (name.starts_with('/')) return refuse(fmt::format("the name \"{}\" is absolute", shown));
    std::vector<std::string> steps;
    for (const auto step : core::split(name, '/')) {
        if (step.empty() || step == ".") continue;
        if (step == "..")
            return refuse(fmt::format("the name \"{}\" leads out of the directory with ..", shown));
        if (step.size() > longest_step)
            return refuse(
                fmt::format("the name \"{}\" has a step of more than {} bytes", shown, longest_step));
        steps.emplace_back(step);
    }
    if (steps.size() > deepest)
        return refuse(fmt::format("the name \"{}\" is deeper than {} levels", shown, deepest));
    return steps;
}

Expected<void> judge_link(const std::vector<std::string>& steps, std::string_view target) {
    const auto leads_out = [&] {
        return refuse(fmt::format("the link \"{}\" leads out of the directory, to \"{}\"",
                                  core::repair_utf8(fmt::format("{}", fmt::join(steps, "/"))),
                                  core::repair_utf8(target.substr(0, 200))));
    };
    if (target.empty() || target.size() > longest_name || target.contains('\0'))
        return refuse("a link's target is empty, too long or holds a NUL");
    if (target.starts_with('/')) return leads_out();
    // The directory that the link stands in, from which the target goes on.
    std::size_t depth = steps.empty() ? 0 : steps.size() - 1;
    for (const auto step : core::split(target, '/')) {
        if (step.empty() || step == ".") continue;
        if (step != "..") {
            ++depth;
            continue;
        }
        if (depth == 0) return leads_out();
        --depth;
    }
    return {};
}

}  // namespace carrel::desk::archive
