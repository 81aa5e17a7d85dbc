// Deciding what becomes of the desks that an earlier server left. Pure; Fleet::recover acts on it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "fleet/driver.hpp"
#include "store/rows.hpp"

namespace carrel::fleet {

/// The code of a row whose desk is not yet as its owner asked for it: `starting` until it is.
inline constexpr std::string_view still_beginning = "still_beginning";

/// The code of a desk that was made anew after sleep: of its row until something else is to be told of it.
inline constexpr std::string_view after_sleep = "after_sleep";
/// The code of one that sleeps on because it could not be.
inline constexpr std::string_view cannot_wake = "cannot_wake";

/// One thing to do at start.
struct Remedy {
    enum class Kind {
        adopt,       ///< looks alive: check its identity, take it over
        sleep,       ///< shall sleep: makes it so where it does not
        mark_lost,   ///< its row says it lives, but there is nothing on the host
        remove,      ///< was ended, but its removal is not confirmed
        remove_odd,  ///< on the host without a row
    };
    Kind kind;
    std::string id;
    std::optional<store::DeskRow> row;  ///< none for remove_odd
};

/// Every row of a desk that may have something on the host, against what is on the host.
std::vector<Remedy> plan_recovery(const std::vector<store::DeskRow>& rows, const OnHost& on_host);

/// What GET /hello answered.
struct Hello {
    std::string desk;
    std::string nonce;
    std::string version;
    bool has_display = true;
};
core::Expected<Hello> parse_hello(std::string_view body);

/// What one attempt to take a desk over came to.
struct AdoptionStep {
    enum class Kind {
        well,      ///< it is ours and ready
        not_ours,  ///< proved, or it is dead
        unknown,   ///< it did not say: it is asked again
    };
    Kind kind;
    std::string why;  ///< a sentence, unless it is well
};

/// Why a desk that answered is not the one of the row, or nothing when it is: row,
/// identity.json and the desk's own word must agree.
std::optional<std::string> why_not_ours(const store::DeskRow& row, std::string_view identity_nonce,
                                        const Hello& hello);

}  // namespace carrel::fleet
