#include <doctest/doctest.h>

#include "desk/processes/figures.hpp"

using namespace carrel::desk;
using namespace carrel::desk::processes;

TEST_CASE("figures of memory are read from the kernel's lines") {
    constexpr auto text = "MemTotal:       24684084 kB\nMemFree:  1 kB\nMemAvailable:   23981748 kB\n";
    CHECK(memory_figure(text, "MemTotal:") == 24684084ull * 1024);
    CHECK(memory_figure(text, "MemAvailable:") == 23981748ull * 1024);
    CHECK(memory_figure(text, "Swap:") == 0);
    CHECK(memory_figure("MemTotal: many kB", "MemTotal:") == 0);
    CHECK(private_pages("2146 640 600 3 0 120 0\n") == 40);
    CHECK(private_pages("2146 640 700 3 0 120 0\n") == 0);
    CHECK(private_pages("") == 0);
    CHECK(private_pages("1 x y") == 0);
}

TEST_CASE("a desk's memory is its limit, and never more than there is") {
    const DeskLimits limited{.memory = 4000};
    auto answer = memory_answer({.machine = 10000, .machine_available = 9000, .used = 1500}, limited);
    CHECK(answer.at("total_bytes") == 4000);
    CHECK(answer.at("available_bytes") == 2500);
    CHECK(answer.at("is_limited") == true);
    // The machine has less left than the desk may take.
    answer = memory_answer({.machine = 10000, .machine_available = 700, .used = 1500}, limited);
    CHECK(answer.at("available_bytes") == 700);
    // Pages that are counted twice do not make it negative.
    answer = memory_answer({.machine = 10000, .machine_available = 9000, .used = 5000}, limited);
    CHECK(answer.at("used_bytes") == 4000);
    CHECK(answer.at("available_bytes") == 0);
    answer = memory_answer({.machine = 10000, .machine_available = 9000, .used = 1500}, {});
    CHECK(answer.at("total_bytes") == 10000);
    CHECK(answer.at("is_limited") == false);
}
