#include "metrics/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <iterator>

namespace carrel::metrics {

namespace {

using prometheus::BuildCounter;
using prometheus::BuildHistogram;
using prometheus::Counter;
using prometheus::Family;
using prometheus::Histogram;
using Bounds = Histogram::BucketBoundaries;

// Seconds.
/// A call: from what a router alone costs to what waits for a desk.
Bounds call_bounds() { return {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30}; }
/// A start: from a desk of a pool to one on a machine that is busy.
Bounds start_bounds() { return {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 5, 30}; }
/// A model's answer.
Bounds answer_bounds() { return {0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300}; }

}  // namespace

/// The registry owns the families, and those their figures.
struct Metrics::Families {
    prometheus::Registry registry;
    Family<Counter>& operations = BuildCounter()
                                      .Name("carrel_operations_total")
                                      .Help("Answers to operations, by the class of their status.")
                                      .Register(registry);
    Family<Histogram>& operation_times = BuildHistogram()
                                             .Name("carrel_operation_seconds")
                                             .Help("Until the head of an operation's answer.")
                                             .Register(registry);
    Family<Histogram>& creations = BuildHistogram()
                                       .Name("carrel_session_create_seconds")
                                       .Help("Making a session, until its desk can be used.")
                                       .Register(registry);
    Family<Histogram>& creation_phases = BuildHistogram()
                                             .Name("carrel_session_create_phase_seconds")
                                             .Help("The same by its steps.")
                                             .Register(registry);
    Family<Histogram>& model_calls = BuildHistogram()
                                         .Name("carrel_model_call_seconds")
                                         .Help("Answers of models, with all that was tried again.")
                                         .Register(registry);
    Family<Counter>& model_tokens = BuildCounter()
                                        .Name("carrel_model_tokens_total")
                                        .Help("Tokens of models' answers, as their vendors count them.")
                                        .Register(registry);
};

Metrics::Metrics() : families_{std::make_unique<Families>()} {
    // There from the first scrape on: a rate of what appears with its first event misses that.
    for (const auto* pool : {"hit", "miss"}) families_->creations.Add({{"pool", pool}}, start_bounds());
}

Metrics::~Metrics() = default;

std::string_view class_of(int status) {
    constexpr std::array<std::string_view, 6> classes{"gone", "1xx", "2xx", "3xx", "4xx", "5xx"};
    const auto place = static_cast<std::size_t>(status / 100);
    return status < 0 || place >= classes.size() ? classes.back() : classes[place];
}

void Metrics::note_operation(std::string_view name, std::string_view method, int status, Seconds took) {
    Labels labels{{"operation", std::string{name}}, {"method", std::string{method}}};
    families_->operation_times.Add(labels, call_bounds()).Observe(took.count());
    labels["status"] = class_of(status);
    families_->operations.Add(labels).Increment();
}

void Metrics::note_creation(std::string_view pool, const Phases& phases, Seconds took) {
    Labels labels{{"pool", std::string{pool}}};
    families_->creations.Add(labels, start_bounds()).Observe(took.count());
    for (const auto& [phase, lasted] : phases) {
        labels["phase"] = phase;
        families_->creation_phases.Add(labels, start_bounds()).Observe(Seconds{lasted}.count());
    }
}

void Metrics::note_model_call(const ModelCall& call) {
    Labels labels{{"vendor", call.vendor}, {"model", call.model}};
    for (const auto& [kind, tokens] :
         {std::pair{"input", call.input_tokens}, std::pair{"output", call.output_tokens},
          std::pair{"cache_read", call.cache_read_tokens},
          std::pair{"cache_write", call.cache_write_tokens}}) {
        auto of_kind = labels;
        of_kind["kind"] = kind;
        // A vendor's number: what is not one adds nothing.
        families_->model_tokens.Add(of_kind).Increment(tokens > 0 ? static_cast<double>(tokens) : 0);
    }
    labels["outcome"] = call.outcome;
    families_->model_calls.Add(labels, answer_bounds()).Observe(call.took.count());
}

std::string Metrics::write(Sheet sheet) const {
    auto all = families_->registry.Collect();
    auto read = sheet.take();
    all.insert(all.end(), std::make_move_iterator(read.begin()), std::make_move_iterator(read.end()));
    return prometheus::TextSerializer{}.Serialize(all);
}

}  // namespace carrel::metrics
