#include "image/progress.hpp"

#include <fmt/format.h>

#include <array>

#include "core/text.hpp"

namespace carrel::image {

namespace {

constexpr std::size_t kept_lines = 12;

struct Phase {
    std::string_view begins;
    std::string_view text;
};
constexpr std::array<Phase, 4> phases{{
    {"I: running apt-get update", "reading Debian's lists of packages"},
    {"I: extracting archives", "unpacking the base system"},
    {"I: installing essential packages", "installing the base system"},
    {"I: cleaning package lists", "cleaning up"},
}};

/// "0 upgraded, 334 newly installed, 0 to remove …" says 334.
std::optional<unsigned long long> newly_installed(std::string_view line) {
    const auto end = line.find(" newly installed,");
    if (end == line.npos) return std::nullopt;
    const auto start = line.substr(0, end).rfind(' ');
    return start == line.npos ? std::nullopt : core::parse_unsigned(line.substr(start + 1, end - start - 1));
}

/// "Need to get 357 MB of archives." says "357 MB"; the rest of a size that is partly there is left out.
std::optional<std::string_view> size_to_get(std::string_view line) {
    constexpr std::string_view start = "Need to get ";
    const auto end = line.find(" of archives.");
    if (!line.starts_with(start) || end == line.npos) return std::nullopt;
    return line.substr(start.size(), end - start.size());
}

}  // namespace

std::optional<std::string> ProgressReader::read(std::string_view line) {
    line = core::trim(line);
    if (line.empty()) return std::nullopt;
    last_.emplace_back(line);
    if (last_.size() > kept_lines) last_.pop_front();
    if (line.starts_with(step_mark)) return std::string{line.substr(step_mark.size())};
    for (const auto& phase : phases)
        if (line.starts_with(phase.begins)) return std::string{phase.text};
    if (const auto count = newly_installed(line)) {
        packages_ = *count;
        handled_ = shown_tenths_ = 0;
        return std::nullopt;
    }
    if (const auto size = size_to_get(line))
        return fmt::format("downloading {} packages, {}", packages_, *size);
    if (line.starts_with("Unpacking ")) return count_package("unpacked");
    if (line.starts_with("Setting up ")) return count_package("set up");
    return std::nullopt;
}

std::optional<std::string> ProgressReader::count_package(std::string_view done_word) {
    // Each package is unpacked and then set up; the two runs of apt count for themselves.
    const auto all = packages_ * 2;
    ++handled_;
    if (all == 0 || handled_ > all) return std::nullopt;
    const auto tenths = handled_ * 10 / all;
    if (tenths == shown_tenths_) return std::nullopt;
    shown_tenths_ = tenths;
    return fmt::format("installing {} packages: {} % ({})", packages_, tenths * 10, done_word);
}

std::string ProgressReader::last_lines() const { return fmt::format("{}", fmt::join(last_, "\n")); }

}  // namespace carrel::image
