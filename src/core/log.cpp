// The only file that knows spdlog.
#include "core/log.hpp"

#include "core/plain_text.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace carrel::core {

namespace {

spdlog::level::level_enum level_of(Level level) {
    switch (level) {
        case Level::debug: return spdlog::level::debug;
        case Level::info: return spdlog::level::info;
        case Level::warning: return spdlog::level::warn;
        case Level::error: return spdlog::level::err;
    }
    return spdlog::level::info;
}

/// As spdlog's own logger, of which there is one in a program.
LogFormat format_of_lines = LogFormat::text;

const char* pattern_of(std::string_view program, LogFormat format) {
    if (format == LogFormat::json) return "%v";
    return program.empty() ? "%l: %v" : "%Y-%m-%dT%H:%M:%S.%eZ %n %l %v";
}

}  // namespace

LogFormat log_format_of(std::string_view name) { return name == "json" ? LogFormat::json : LogFormat::text; }

void open_log(std::string_view program, Level least, LogFormat format) {
    format_of_lines = format;
    // No colours and no files: what supervises the program keeps the log.
    auto logger = std::make_shared<spdlog::logger>(std::string{program},
                                                   std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_level(level_of(least));
    logger->set_formatter(std::make_unique<spdlog::pattern_formatter>(pattern_of(program, format),
                                                                      spdlog::pattern_time_type::utc));
    logger->flush_on(spdlog::level::debug);
    spdlog::set_default_logger(std::move(logger));
}

void write_log(Level level, std::string_view line, const LogIds& ids) {
    auto* const logger = spdlog::default_logger_raw();
    if (!logger->should_log(level_of(level))) return;
    auto text = visible_text(line, false);
    if (format_of_lines == LogFormat::json)
        text = json_log_line(SystemClock{}.now(), logger->name(), level, text, ids);
    logger->log(level_of(level), text);
}

}  // namespace carrel::core
