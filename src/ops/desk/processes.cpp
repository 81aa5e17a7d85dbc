#include "ops/desk/processes.hpp"

#include <array>

#include "ops/fields.hpp"

namespace carrel::ops {

namespace {

/// PID_MAX_LIMIT of the kernel.
constexpr double largest_pid = 4'194'304;

constexpr std::array process_list_members{
    Member{
        "processes", "array",
        "by pid, each {pid, ppid, name, cpu_percent, memory_mb, status, cmdline, threads, age_seconds}: "
        "cpu_percent is of one processor, over the process's whole life; memory_mb is what is in RAM, shared "
        "pages included, in MiB; status is running, sleeping, disk_sleep, stopped, traced, zombie or idle; "
        "cmdline is cut after 1,000 bytes"},
    Member{"total", "integer", "how many there are"},
};
constexpr std::array kill_members{
    Member{"output", "string", "what was done, in a sentence"},
    Member{"pids", "array", "the processes that got the signal"},
    Member{"ended", "boolean", "whether all of them had ended within two seconds"},
};

constexpr std::array process_table{
    Operation{
        .name = "process/list",
        .method = "GET",
        .permission = Permission::view,
        .summary = "The processes of the desk.",
        .answer = process_list_members,
    },
    Operation{
        .name = "process/kill",
        .method = "POST",
        .request = Body::json,
        .summary = "Ends a process, by SIGTERM or with force by SIGKILL, and says whether it has ended; one "
                   "that is not there is 404, the desk's own two programs are refused. With \"all\": true "
                   "everything ends at once, a fork bomb too, and only display, window manager, panel, "
                   "message bus and tool server live on.",
        .request_schema = schema<kill_process_shape>,
        .answer = kill_members,
        .example = R"({"name":"xterm"})",
    },
};

}  // namespace

std::span<const Operation> process_rows() { return process_table; }

const Shape<KillProcess>& kill_process_shape() {
    static const Shape<KillProcess> shape{
        field("pid", &KillProcess::pid, "which process, as process/list tells; this, name or all",
              between(1, largest_pid)),
        field("name", &KillProcess::name, "every process of exactly this name, such as \"chromium\"",
              length_between(1, 255)),
        field("all", &KillProcess::all,
              "every process but the desk's own programs, by SIGKILL: for certain, and however fast they "
              "multiply")
            .with_default(),
        field("force", &KillProcess::force, "SIGKILL, which no program can refuse, instead of SIGTERM")
            .with_default(),
        field("tree", &KillProcess::tree, "also all processes that descend from it").with_default()};
    return shape;
}

}  // namespace carrel::ops
