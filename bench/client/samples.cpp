#include "bench/client/samples.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <thread>

#include "core/error.hpp"

namespace carrel::bench {

Milliseconds time_of(const std::function<void()>& act) {
    const auto began = Clock::now();
    act();
    return Clock::now() - began;
}

Milliseconds time_of_all(int count, std::string_view failure, const std::function<void(std::size_t)>& act) {
    std::atomic<bool> has_failed = false;
    const auto time = time_of([&] {
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
            threads.emplace_back([&, i] {
                try {
                    act(i);
                } catch (const std::exception&) {
                    has_failed = true;
                }
            });
    });
    if (has_failed) throw core::Error{core::Code::internal, std::string{failure}};
    return time;
}

Samples measure(int count, const std::function<void()>& act, int warm_up) {
    for (int i = 0; i < warm_up; ++i) act();
    Samples samples;
    for (int i = 0; i < count; ++i) samples.push_back(time_of(act));
    return samples;
}

double median(Samples samples) {
    std::ranges::sort(samples);
    const auto middle = samples.size() / 2;
    return samples.size() % 2 == 1 ? samples[middle].count()
                                   : (samples[middle - 1] + samples[middle]).count() / 2;
}

double percentile_99(Samples samples) {
    std::ranges::sort(samples);
    return samples[static_cast<std::size_t>(std::ceil(0.99 * static_cast<double>(samples.size()))) - 1]
        .count();
}

void print_row(const std::string& name, const Samples& samples) {
    fmt::print("{{\"name\":\"{}\",\"n\":{},\"median\":{:.4f},\"p99\":{:.4f},\"best\":{:.4f}}}\n", name,
               samples.size(), median(samples), percentile_99(samples), std::ranges::min(samples).count());
    std::fflush(stdout);
}

void print_figure(const std::string& name, double value) {
    fmt::print("{{\"name\":\"{}\",\"value\":{:.4f}}}\n", name, value);
    std::fflush(stdout);
}

}  // namespace carrel::bench
