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

}  // namespace

void open_log(std::string_view program, Level least) {
    // No colours and no files: what supervises the program keeps the log.
    auto logger = std::make_shared<spdlog::logger>(std::string{program},
                                                   std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_level(level_of(least));
    logger->set_formatter(std::make_unique<spdlog::pattern_formatter>(
        program.empty() ? "%l: %v" : "%Y-%m-%dT%H:%M:%S.%eZ %n %l %v", spdlog::pattern_time_type::utc));
    logger->flush_on(spdlog::level::debug);
    spdlog::set_default_logger(std::move(logger));
}

void write_log(Level level, std::string_view line) {
    spdlog::default_logger_raw()->log(level_of(level), visible_text(line, false));
}

}  // namespace carrel::core
