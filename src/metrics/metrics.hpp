// What a server counts as it happens, for Prometheus. One object of a server; it is told of each event, and
// writes all it has counted with what was read beside it (Sheet) in Prometheus' text format 0.0.4. The module
// that knows the library: nobody below it counts anything himself.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "metrics/sheet.hpp"

namespace carrel::metrics {

using Seconds = std::chrono::duration<double>;

/// The steps of a start by their names, in order.
using Phases = std::vector<std::pair<std::string, std::chrono::duration<double, std::milli>>>;

/// One answer of a model, or the failure to get one.
struct ModelCall {
    std::string vendor;
    std::string model;         ///< bounded
    std::string_view outcome;  ///< "answered", "failed", "cancelled"
    Seconds took{};
    std::int64_t input_tokens = 0;
    std::int64_t output_tokens = 0;
    std::int64_t cache_read_tokens = 0;
    std::int64_t cache_write_tokens = 0;
};

/// "2xx" and the like; "gone" where the client went away before there was a status (0).
std::string_view class_of(int status);

class Metrics {
public:
    Metrics();
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    /// An answer to a row's operation: until its head, so of a stream only its beginning. `name` and `method`
    /// are the row's, and never a client's.
    void note_operation(std::string_view name, std::string_view method, int status, Seconds took);
    /// A session that was made. `pool`: "hit" or "miss", whether its desk waited ready in a pool.
    void note_creation(std::string_view pool, const Phases& phases, Seconds took);
    void note_model_call(const ModelCall& call);

    /// The body of an answer to a scrape, of type text_type.
    std::string write(Sheet sheet) const;

private:
    struct Families;
    std::unique_ptr<Families> families_;
};

inline constexpr std::string_view text_type = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace carrel::metrics
