// The browser's own port without anything of ours between: a blocking WebSocket in the desk's network.
#pragma once

#include <string>
#include <string_view>

#include "bench/client/desk.hpp"
#include "core/fd.hpp"

namespace carrel::bench {

class BareDevtools {
public:
    /// To a tab ("/devtools/page/<id>") of the desk whose first process that is. Throws.
    BareDevtools(int first_process, const std::string& path);

    /// Sends a call and awaits its answer, past events.
    std::string call(std::string_view message);

private:
    std::string next_frame();
    void fill();

    core::Fd socket_;
    std::string buffer_;
};

}  // namespace carrel::bench
