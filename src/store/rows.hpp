// What the store keeps, as plain values. Every row that somebody owns names its principal.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/desk_shape.hpp"

namespace carrel::store {

/// A desk's life as it is stored; fleet/fleet.hpp draws the state machine.
enum class DeskState {
    starting,
    ready,
    failed,
    lost,
    stopped,
    warm,    ///< made ahead, frozen, of no session
    frozen,  ///< nobody used it: any call wakes it
    paused,  ///< its owner stopped it, and goes on with it when he says so
    asleep,  ///< nobody used it: its processes have ended, its files are kept, and any call makes it anew
};

/// Whether none of its processes runs, although it can go on.
constexpr bool is_resting(DeskState state) {
    return state == DeskState::warm || state == DeskState::frozen || state == DeskState::paused ||
           state == DeskState::asleep;
}

/// "starting" and the like: stable, part of the API.
std::string_view name_of(DeskState state);
DeskState desk_state_of(std::string_view name);

struct DeskRow {
    std::string id;          ///< "desk_" + 12 hex
    std::string session_id;  ///< empty: warm
    std::string principal;   ///< empty then, too
    /// What its driver has set aside for it, in a number that only the driver understands; unique among rows
    /// that are not removed.
    unsigned reservation = 0;
    core::DeskShape shape{.image = {}, .width = 0, .height = 0};
    std::string nonce;  ///< 32 hex
    DeskState state = DeskState::starting;
    std::string code;         ///< why it failed or was lost, for programs; empty while it lives
    std::string reason;       ///< the same as a sentence
    bool has_display = true;  ///< not stored: what is known of one that lives
    /// The driver confirmed that nothing of it is left, but for the files of one that is asleep.
    bool is_removed = false;
    core::Instant created_at;
};

/// What becomes of a desk that nobody uses.
enum class OnIdle {
    freeze,   ///< its memory is kept; any call wakes it
    destroy,  ///< the session is archived
    sleep,    ///< only its files are kept; any call makes it anew of them
};
/// "freeze", "destroy" or "sleep": stable, part of the API.
std::string_view name_of(OnIdle what);
OnIdle on_idle_of(std::string_view name);

/// How long a session's desk lives; what is absent is the server's setting, 0 seconds is for ever.
struct Lifetime {
    std::optional<OnIdle> on_idle;
    std::optional<std::chrono::seconds> idle;
    std::optional<std::chrono::seconds> max_age;
};

struct SessionRow {
    std::string id;  ///< "sess_" + 12 hex
    std::string principal;
    std::optional<std::string> key;  ///< by which its owner gets it again
    Lifetime lifetime;
    std::optional<std::string> paused_picture;  ///< a blob
    std::optional<std::string> title;
    std::string provider;
    std::string model;
    std::string system_prompt_suffix;
    core::Instant created_at;
    core::Instant updated_at;
    std::optional<core::Instant> archived_at;
    bool is_purged = false;           ///< it is no more; what is left of it is being removed
    std::optional<std::string> turn;  ///< the message that is being worked on, or was when a crash came
    DeskRow desk;                     ///< its newest
};

struct SessionPage {
    std::vector<SessionRow> sessions;  ///< newest first
    std::int64_t total = 0;            ///< of all pages
};

/// One line of a session's log. `seq` rises, may skip, never repeats.
struct Event {
    std::int64_t seq = 0;
    std::string name;
    std::string data;  ///< a JSON object
};

/// What models have said to a session, in tokens as their vendors count them.
struct ModelUsage {
    std::int64_t answers = 0;
    std::int64_t input_tokens = 0;
    std::int64_t output_tokens = 0;
    std::int64_t cache_read_input_tokens = 0;
    std::int64_t cache_creation_input_tokens = 0;
};

/// A picture or other file of a session.
struct Blob {
    std::string bytes;
    std::string media_type;
};

}  // namespace carrel::store
