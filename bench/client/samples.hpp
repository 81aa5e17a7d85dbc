// Times of one thing, taken again and again, and what becomes of them: a row of the table.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace carrel::bench {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

using Samples = std::vector<Milliseconds>;

/// How long `act` takes.
Milliseconds time_of(const std::function<void()>& act);

/// How long it takes until `act` has been called with each number below `count`, all at once, each on a
/// thread of its own. Throws Error{internal} with `failure` when one threw.
Milliseconds time_of_all(int count, std::string_view failure, const std::function<void(std::size_t)>& act);

/// `count` times of `act`, after `warm_up` that do not count.
Samples measure(int count, const std::function<void()>& act, int warm_up = 5);

double median(Samples samples);
/// Of n samples the ceil(0.99 n)th smallest; the largest when there are fewer than a hundred.
double percentile_99(Samples samples);

/// Prints one line of JSON, which run.py reads: {"name","n","median","p99","best"}.
void print_row(const std::string& name, const Samples& samples);
/// A figure that is not a time: {"name","value"}.
void print_figure(const std::string& name, double value);

}  // namespace carrel::bench
