#include "ops/desk/background.hpp"
#include "ops/desk/batch.hpp"
#include "ops/desk/browser.hpp"
#include "ops/desk/cdp.hpp"
#include "ops/desk/files.hpp"
#include "ops/desk/folders.hpp"
#include "ops/desk/input.hpp"
#include "ops/desk/page.hpp"
#include "ops/desk/processes.hpp"
#include "ops/desk/pty.hpp"
#include "ops/desk/screen.hpp"
#include "ops/desk/system.hpp"
#include "ops/desk/terminal.hpp"
#include "ops/desk/transfers.hpp"
#include "ops/desk/windows.hpp"
#include "ops/operation.hpp"
#include "ops/operations.hpp"

namespace carrel::ops {

std::span<const Operation> desk_operations() {
    static const Operations all{
        {screen_rows(), input_rows(), terminal_rows(), pty_rows(), background_rows(), files_rows(),
         folders_rows(), transfers_rows(), browser_rows(), cdp_rows(), tab_rows(), page_rows(), window_rows(),
         process_rows(), system_rows(), batch_rows()},
        "/"};
    return all.rows();
}

const Operation* find_desk_operation(std::string_view method, std::string_view path) {
    for (const auto& row : desk_operations())
        if (row.method == method && row.path == path) return &row;
    return nullptr;
}

const Operation* find_desk_operation_named(std::string_view name, bool has_input, Fits fits) {
    const auto find = [&](std::string_view method) -> const Operation* {
        for (const auto& row : desk_operations())
            if (row.name == name && row.method == method && fits(row)) return &row;
        return nullptr;
    };
    const auto* wanted = find(has_input ? "POST" : "GET");
    return wanted ? wanted : find(has_input ? "GET" : "POST");
}

}  // namespace carrel::ops
