// Who looks at desks live, and who of them is in control: so that each can be told of the others.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>

namespace carrel::session {

/// Viewers of one desk, over the RFB WebSocket. One that may control need not do anything.
struct ViewerCounts {
    std::size_t watching = 0;
    std::size_t in_control = 0;
    bool operator==(const ViewerCounts&) const = default;
};

class Viewers {
public:
    /// One more, of the session with that id, for as long as the answer lives; that may be longer than this.
    std::shared_ptr<void> enter(const std::string& session, bool view_only);
    ViewerCounts of(const std::string& session) const;
    /// Of all desks together.
    ViewerCounts all() const;

private:
    /// Shared with those who have entered.
    std::shared_ptr<std::map<std::string, ViewerCounts>> counts_ =
        std::make_shared<std::map<std::string, ViewerCounts>>();
};

}  // namespace carrel::session
