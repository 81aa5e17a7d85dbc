// carrel-bench PORT DATA IMAGE_ROOT PAGE SCALE ROWS...: measures a running server; bench/run.py starts it.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "bench/rows/rows.hpp"
#include "core/text.hpp"

namespace {

using namespace carrel::bench;

struct Group {
    std::string_view name;
    std::function<void()> measure;
};

int run(const std::vector<std::string>& words) {
    const Target target{static_cast<std::uint16_t>(carrel::core::parse_unsigned(words[0]).value_or(0)),
                        words[1]};
    const auto scale = std::max(1, static_cast<int>(carrel::core::parse_unsigned(words[4]).value_or(100)));
    const auto times = [&](int count) { return std::max(3, count * scale / 100); };
    const std::array groups{
        Group{"life", [&] { measure_life(target, words[2], times(40)); }},
        Group{"cold", [&] { measure_cold_rate(target, times(10)); }},
        Group{"pool", [&] { measure_pool(target, times(40)); }},
        Group{"burst", [&] { measure_burst(target, times(10)); }},
        Group{"resting", [&] { measure_resting(target, times(60)); }},
        Group{"random", [&] { measure_random(target, times(300)); }},
        Group{"pictures", [&] { measure_pictures(target, words[3], times(60)); }},
        Group{"viewer", [&] { measure_viewer(target, times(200)); }},
        Group{"input", [&] { measure_input(target, times(1000)); }},
        Group{"observe", [&] { measure_observe(target, times(60)); }},
        Group{"calls", [&] { measure_calls(target, times(1000)); }},
        Group{"browser", [&] { measure_browser(target, times(1000)); }},
        Group{"files", [&] { measure_files(target, times(5)); }},
        Group{"load", [&] { measure_load(target, times(2000)); }},
        Group{"neighbours", [&] { measure_neighbours(target, times(400)); }},
        Group{"terminal", [&] { measure_terminal(target, times(200)); }},
    };
    for (const auto& group : groups)
        if (words.size() == 5 || std::ranges::find(words.begin() + 5, words.end(), group.name) != words.end())
            group.measure();
    return 0;
}

}  // namespace

int main(int count, char** words) {
    if (count < 6) {
        fmt::print(stderr,
                   "usage: carrel-bench PORT DATA IMAGE_ROOT PAGE SCALE [GROUP...]; see ./dev bench\n");
        return 2;
    }
    try {
        return run({words + 1, words + count});
    } catch (const std::exception& error) {
        fmt::print(stderr, "carrel-bench: {}\n", error.what());
        return 1;
    }
}
