// What sessions hear of their desks: lines of their logs.
#include "core/log.hpp"
#include "fleet/fleet.hpp"
#include "json/parse.hpp"

namespace carrel::fleet {

using store::DeskState;

namespace {

constexpr std::chrono::seconds shortest_between_screens{1};

}  // namespace

Fleet::Along Fleet::state_change(const store::DeskRow& row, DeskState state, const Ending& ending) const {
    json::Object data{{"state", store::name_of(state)}};
    if (!ending.code.empty()) data["code"] = ending.code;
    if (!ending.reason.empty()) data["reason"] = ending.reason;
    data["timestamp"] = core::to_rfc3339(clock_.now());
    return [id = row.id, session = row.session_id, state, ending,
            text = json::to_text(data)](store::Transaction& t) {
        t.set_desk_state(id, state, ending.code, ending.reason);
        if (!session.empty()) t.append_event(session, "desk", text);
    };
}

/// Who asks for it from now on hears the same as from the store.
void Fleet::tell_state(const MemberPtr& member, DeskState state, const Ending& why) {
    member->row.state = state;
    member->row.code = why.code;
    member->row.reason = why.reason;
    store_.post(state_change(member->row, state, why));
}

void Fleet::tell_notice(const store::DeskRow& row, const Notice& notice) {
    json::Object data{{"message", notice.message}, {"code", notice.code}};
    if (notice.notification) {
        const auto& [app, summary, body, urgency] = *notice.notification;
        data = {{"app", app}, {"summary", summary}, {"body", body}, {"urgency", urgency}};
    }
    data["timestamp"] = core::to_rfc3339(clock_.now());
    const std::string event = notice.notification ? "notification" : "status";
    store_.post([session = row.session_id, event, text = json::to_text(data)](store::Transaction& t) {
        t.append_event(session, event, text);
    });
}

void Fleet::note_screen(const MemberPtr& member, ScreenSize size) {
    auto& shape = member->row.shape;
    if (shape.width == size.width && shape.height == size.height) return;
    shape.width = size.width;
    shape.height = size.height;
    if (std::exchange(member->is_storing_screen, true)) return;
    scope_.start("the screen of " + member->row.id, store_screen(member));
}

Task<> Fleet::store_screen(MemberPtr member) {
    const auto& row = member->row;
    ScreenSize stored;
    while (stored.width != row.shape.width || stored.height != row.shape.height) {
        if (!members_.contains(row.id) || member->is_ending) break;  // its end is told already
        stored = {row.shape.width, row.shape.height};
        const json::Object data{{"state", store::name_of(row.state)},
                                {"width", stored.width},
                                {"height", stored.height},
                                {"timestamp", core::to_rfc3339(clock_.now())}};
        const bool is_told = member->screen_limit.admits(NoticeLimit::Time::clock::now());
        store_.post([id = row.id, session = row.session_id, stored, is_told,
                     text = json::to_text(data)](store::Transaction& t) {
            t.set_desk_screen(id, stored.width, stored.height);
            if (is_told) t.append_event(session, "desk", text);
        });
        // A program may change it without end.
        co_await async::pause(shortest_between_screens);
    }
    member->is_storing_screen = false;
}

}  // namespace carrel::fleet
