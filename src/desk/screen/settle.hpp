// When a screen counts as settled after an input. Pure: times and changed places in, a decision out.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>
#include <vector>

#include "desk/picture/picture.hpp"
#include "desk/screen/loading.hpp"

namespace carrel::desk::screen {

enum class Observed { settled, still_changing, nothing_changed, loading };
/// "settled", "still_changing", "nothing_changed", "loading".
std::string_view name_of(Observed observed);

struct SettleTimes {
    std::chrono::milliseconds first_change{150};  ///< how long the first change is awaited
    std::chrono::milliseconds quiet{40};          ///< how long nothing may change then
    std::chrono::milliseconds limit{2000};        ///< of everything
};

/// A small place that changes again and again with long pauses between, such as a blinking caret or a
/// clock, holds nothing up: its first change counts, and later ones only while they come fast.
class Settling {
public:
    Settling(Time start, SettleTimes times) : start_{start}, times_{times} {}

    /// The screen changed at `when`, within `where`; answers whether that counts. Times do not go back.
    bool changed(Time when, const picture::Region& where);

    /// What goes on behind the screen, as it is known now.
    void set_loading(const Loading::State& state) { loading_ = state; }

    /// What is known at `now`; nothing: ask again at due(), or after the next change.
    std::optional<Observed> judge(Time now) const;
    Time due() const;
    /// When the last change came that counts.
    const std::optional<Time>& last_change() const { return last_change_; }

private:
    struct Place {
        picture::Region area;
        Time last;
        bool was_blinking = false;
    };
    bool is_blinking(Time when, const picture::Region& where);
    bool is_shown() const;

    Time start_;
    SettleTimes times_;
    std::optional<Time> last_change_;
    std::optional<Time> last_shown_;  ///< of those in the area that loads
    Loading::State loading_;
    std::vector<Place> places_;  ///< small ones, the latest last
};

/// The smallest rectangle that holds both; an empty one counts for nothing.
picture::Region enclosing(const picture::Region& one, const picture::Region& other);

}  // namespace carrel::desk::screen
