// Operations of programs that run beside the terminal: their requests and rows.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "json/fields.hpp"
#include "ops/operation.hpp"

namespace carrel::ops {

std::span<const Operation> background_rows();

struct StartProcess {
    std::string command;
    std::string cwd;   ///< empty: the home directory
    json::Object env;  ///< strings
    bool stdin_pipe = false;
    std::string process_id;  ///< empty: a new one is made up
};
const json::Shape<StartProcess>& start_process_shape();

struct WriteProcess {
    std::string process_id;
    std::optional<std::string> data;
    std::optional<std::string> data_base64;
    bool eof = false;
    double timeout = 30;  ///< seconds
};
const json::Shape<WriteProcess>& write_process_shape();

struct ProcessOutput {
    std::string process_id;
    std::string stream = "stdout";
    std::int64_t offset = 0;  ///< negative: so many bytes before the end
    int limit = 256 * 1024;   ///< bytes
    double wait = 0;          ///< seconds
    std::string encoding = "text";
};
const json::Shape<ProcessOutput>& process_output_shape();

struct FollowProcess {
    std::string process_id;
    std::string stream = "stdout";
    std::int64_t offset = 0;
    std::string encoding = "text";
};
const json::Shape<FollowProcess>& follow_process_shape();

struct SignalProcess {
    std::string process_id;
    std::string signal = "SIGTERM";
};
const json::Shape<SignalProcess>& signal_process_shape();

struct WaitProcess {
    std::string process_id;
    double timeout = 30;  ///< seconds
};
const json::Shape<WaitProcess>& wait_process_shape();

struct RemoveProcess {
    std::string process_id;
};
const json::Shape<RemoveProcess>& remove_process_shape();

}  // namespace carrel::ops
