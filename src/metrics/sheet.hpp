// Figures that are read when somebody asks for them: how much there is now, and what others have counted.
#pragma once

#include <prometheus/labels.h>
#include <prometheus/metric_family.h>

#include <string>
#include <utility>
#include <vector>

namespace carrel::metrics {

/// Name to value. Names are ours; a value may hold any text, but each value is a series of its own: only what
/// is bounded may be one.
using Labels = prometheus::Labels;

/// What was read at one moment. A name given several times is one family, whose labels tell its figures
/// apart.
class Sheet {
public:
    /// Throws Error{internal} for a name or a label that Prometheus does not take.
    void gauge(const std::string& name, const std::string& help, double value, const Labels& labels = {});
    /// What only rises as long as the labelled thing lives.
    void counter(const std::string& name, const std::string& help, double value, const Labels& labels = {});

    std::vector<prometheus::MetricFamily> take() { return std::exchange(families_, {}); }

private:
    prometheus::ClientMetric& add(const std::string& name, const std::string& help,
                                  prometheus::MetricType type, const Labels& labels);

    std::vector<prometheus::MetricFamily> families_;
};

/// `name` where it is among `known`, else "other".
std::string bounded(std::string_view name, const std::vector<std::string>& known);

}  // namespace carrel::metrics
