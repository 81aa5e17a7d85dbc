// Operations of the desk's processes.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "json/fields.hpp"
#include "ops/operation.hpp"

namespace carrel::ops {

std::span<const Operation> process_rows();

struct KillProcess {
    std::optional<int> pid;  ///< this, or a name, or all
    std::optional<std::string> name;
    bool all = false;    ///< but the desk's own
    bool force = false;  ///< SIGKILL instead of SIGTERM
    bool tree = false;   ///< and all that descend from it
};
const json::Shape<KillProcess>& kill_process_shape();

}  // namespace carrel::ops
