// What the desk's owner wishes of it first: screen, environment, files, a command, a page. Told once, when
// the desk runs already, by the server and no client (ops/internal).
#pragma once

#include <exception>
#include <string>
#include <vector>

#include "async/turns.hpp"
#include "core/desk_beginning.hpp"
#include "desk/background/background.hpp"
#include "desk/browser/browser.hpp"
#include "desk/desktop/desktop.hpp"
#include "desk/files/files.hpp"
#include "desk/notices/notices.hpp"
#include "net/http.hpp"

namespace carrel::desk {

using async::Task;

class Beginning {
public:
    /// What it acts on; all must outlive it.
    struct Parts {
        async::Pool& pool;
        notices::Link& link;
        desktop::Display& display;
        files::Files& files;
        background::Background& background;
        browser::Browser& browser;
    };

    /// A tool server after the first takes over that its desk has begun.
    Beginning(async::Executor executor, Parts parts);

    /// POST /begin. All that can be judged is judged before anything is done. Throws Unprocessable;
    /// Error{conflict, "already_begun"} for another wish than the first; and what its steps throw: whoever
    /// asked ends the desk then.
    Task<net::Response> begin(net::Request& request);

private:
    Task<> judge(const core::DeskBeginning& wish);
    Task<> carry_out(const core::DeskBeginning& wish, const std::string& digest);
    Task<> give_environment(std::vector<std::string> lines, picture::Size screen, const std::string& digest);
    Task<> write_files(const core::DeskBeginning& wish);
    Task<> open_page(const core::DeskBeginning& wish);

    Parts parts_;
    async::Turns turns_;
    std::string begun_;           ///< the digest of what was wished; empty: nothing yet
    std::exception_ptr failure_;  ///< how that ended
};

/// What programs are told of the wish, as lines "NAME=value". What the environment itself says wins. Pure.
std::vector<std::string> environment_of(const core::DeskBeginning& wish);

/// Whether `available` (as `locale -a` prints it) has a locale that glibc finds by that name. Pure.
bool has_locale(std::string_view available, std::string_view name);

}  // namespace carrel::desk
