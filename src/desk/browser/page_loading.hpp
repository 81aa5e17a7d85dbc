// What the browser's pages load, for who waits until the screen shows it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "async/run_on.hpp"
#include "desk/cdp/tabs.hpp"
#include "desk/screen/loading.hpp"

namespace carrel::desk::browser {

using async::Task;

/// What is known of pages from one wait to the next.
struct PageMemory {
    /// Who did not answer before: nobody waits for them again until they have.
    screen::Time browser_until{};
    std::set<std::string, std::less<>> silent;  ///< ids of tabs
    /// By a tab's id, when the document that it has shown came.
    std::map<std::string, screen::Time, std::less<>> shown;

    /// Whether the document that it has now is known to have been on the screen.
    bool has_shown(cdp::Tab& tab) const;
    void note_silent(const cdp::Tab& tab);
    void note_shown(cdp::Tab& tab, const std::optional<screen::Time>& document);
};

class PageLoading {
public:
    /// `tabs` must outlive it and its watches.
    PageLoading(async::Executor executor, cdp::Tabs& tabs) : executor_{std::move(executor)}, tabs_{tabs} {}

    /// What the tab in front loads from now on, and tabs that are opened from now on; an input that starts
    /// the browser counts too. Takes no longer than a moment, whatever state the browser is in; where none
    /// runs, it is a connection that the kernel refuses at once. A browser or page that does not answer
    /// counts as one that loads, the first time.
    Task<std::unique_ptr<screen::Loading>> watch();

private:
    async::Executor executor_;
    cdp::Tabs& tabs_;
    std::shared_ptr<PageMemory> memory_ = std::make_shared<PageMemory>();
};

}  // namespace carrel::desk::browser
