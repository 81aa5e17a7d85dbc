// When a screen counts as settled after an input. Pure: times and changes in, a decision out.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace carrel::desk {

using Time = std::chrono::steady_clock::time_point;

enum class Observed { settled, still_changing, nothing_changed };
/// "settled", "still_changing", "nothing_changed".
std::string_view name_of(Observed observed);

struct SettleTimes {
    std::chrono::milliseconds first_change{150};  ///< how long the first change is awaited
    std::chrono::milliseconds quiet{40};          ///< how long nothing may change then
    std::chrono::milliseconds limit{2000};        ///< of everything
};

class Settling {
public:
    Settling(Time start, SettleTimes times) : start_{start}, times_{times} {}

    /// The screen changed at `when`.
    void changed(Time when) { last_change_ = when; }

    /// What is known at `now`; nothing: ask again at due(), or after the next change.
    std::optional<Observed> judge(Time now) const;
    Time due() const;

private:
    Time start_;
    SettleTimes times_;
    std::optional<Time> last_change_;
};

}  // namespace carrel::desk
