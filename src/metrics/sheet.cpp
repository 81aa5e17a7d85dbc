#include "metrics/sheet.hpp"

#include <fmt/format.h>
#include <prometheus/check_names.h>

#include <algorithm>

#include "core/error.hpp"

namespace carrel::metrics {

namespace {

void require_names(const std::string& name, const Labels& labels) {
    bool is_good = prometheus::CheckMetricName(name);
    for (const auto& [label, value] : labels) is_good = is_good && prometheus::CheckLabelName(label);
    if (!is_good)
        throw core::Error{core::Code::internal,
                          fmt::format("Prometheus takes no figure of the name {} with such labels", name)};
}

}  // namespace

prometheus::ClientMetric& Sheet::add(const std::string& name, const std::string& help,
                                     prometheus::MetricType type, const Labels& labels) {
    auto family = std::ranges::find(families_, name, &prometheus::MetricFamily::name);
    if (family == families_.end()) {
        require_names(name, labels);
        family = families_.insert(families_.end(), {name, help, type, {}});
    }
    auto& figure = family->metric.emplace_back();
    for (const auto& [label, value] : labels) figure.label.push_back({label, value});
    return figure;
}

void Sheet::gauge(const std::string& name, const std::string& help, double value, const Labels& labels) {
    add(name, help, prometheus::MetricType::Gauge, labels).gauge.value = value;
}

void Sheet::counter(const std::string& name, const std::string& help, double value, const Labels& labels) {
    add(name, help, prometheus::MetricType::Counter, labels).counter.value = value;
}

std::string bounded(std::string_view name, const std::vector<std::string>& known) {
    return std::ranges::find(known, name) == known.end() ? "other" : std::string{name};
}

}  // namespace carrel::metrics
