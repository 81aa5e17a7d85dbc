#include "desk/input/keymap.hpp"

#include <algorithm>
#include <unordered_map>

namespace carrel::desk::input {

namespace {

bool is_latin_letter(Keysym keysym) {
    return (keysym >= 'a' && keysym <= 'z') || (keysym >= 0xe0 && keysym <= 0xfe && keysym != 0xf7);
}
bool is_latin_capital(Keysym keysym) {
    return (keysym >= 'A' && keysym <= 'Z') || (keysym >= 0xc0 && keysym <= 0xde && keysym != 0xd7);
}
constexpr Keysym capital_distance = 0x20;

}  // namespace

int group_of(const xcb_query_pointer_reply_t& state) {
    constexpr int group_bits = 13;
    return state.mask >> group_bits & 3;
}

Keymap::Keymap(Keycode first, int per_code, std::vector<Keysym> keysyms)
    : first_{first}, per_code_{per_code}, keysyms_{std::move(keysyms)} {
    if (per_code_ <= 0) return;
    const auto count = static_cast<int>(keysyms_.size()) / per_code_;
    for (int i = 0; i < count; ++i) {
        const auto* row = keysyms_.data() + std::ptrdiff_t{i} * per_code_;
        if (std::all_of(row, row + per_code_, [](Keysym keysym) { return keysym == 0; }))
            spares_.push_back({static_cast<Keycode>(first_ + i), 0, 0});
    }
}

Keysym Keymap::at(Keycode code, int column) const {
    return column < per_code_ ? keysyms_[std::size_t(code - first_) * per_code_ + column] : 0;
}

std::optional<Stroke> Keymap::find(Keysym keysym) const {
    // Of a third and fourth group the core protocol tells nothing.
    if (per_code_ <= 0 || keysym == 0 || group_ > 1) return std::nullopt;
    const auto count = static_cast<int>(keysyms_.size()) / per_code_;
    const int plain = 2 * group_;
    for (const bool with_shift : {false, true})
        for (int i = 0; i < count; ++i) {
            const auto code = static_cast<Keycode>(first_ + i);
            if (at(code, plain + int{with_shift}) == keysym) return Stroke{code, with_shift};
            // A letter may stand alone: its capital is then meant for Shift (X11 protocol, section 5).
            const bool is_alone = with_shift && at(code, plain + 1) == 0 && is_latin_letter(at(code, plain));
            if (is_alone && is_latin_capital(keysym) && at(code, plain) == keysym + capital_distance)
                return Stroke{code, true};
        }
    return std::nullopt;
}

std::optional<Keycode> Keymap::find_key(Keysym keysym) const {
    const auto found = std::ranges::find(keysyms_, keysym);
    if (found == keysyms_.end() || keysym == 0) return std::nullopt;
    return static_cast<Keycode>(first_ + (found - keysyms_.begin()) / per_code_);
}

bool Keymap::is_ours(Keycode code) const {
    return std::ranges::any_of(spares_,
                               [&](const Spare& spare) { return spare.code == code && spare.keysym != 0; });
}

Keymap::Spare* Keymap::find_spare(Keysym keysym) {
    const auto found = std::ranges::find(spares_, keysym, &Spare::keysym);
    return found == spares_.end() ? nullptr : &*found;
}

/// The one whose last use is longest ago, unless the current batch uses it.
Keymap::Spare* Keymap::take_spare(std::uint64_t batch_began) {
    const auto later = [](const Spare& spare) { return std::pair{spare.keepers > 0, spare.used}; };
    const auto oldest = std::ranges::min_element(spares_, {}, later);
    return oldest == spares_.end() || oldest->used > batch_began ? nullptr : &*oldest;
}

void Keymap::keep(Keycode code, int more) {
    const auto spare = std::ranges::find(spares_, code, &Spare::code);
    if (spare != spares_.end()) spare->keepers += more;
}

std::optional<Batch> Keymap::plan_next(std::span<const Keysym>& rest, std::size_t most) {
    Batch batch{.began = uses_};
    std::unordered_map<Keysym, std::optional<Stroke>> known;
    for (; !rest.empty() && batch.strokes.size() < most; rest = rest.subspan(1)) {
        const auto keysym = rest.front();
        auto place = known.find(keysym);
        if (place == known.end()) place = known.emplace(keysym, find(keysym)).first;
        if (const auto& stroke = place->second) {
            batch.strokes.push_back(*stroke);
            continue;
        }
        auto* spare = find_spare(keysym);
        if (!spare) {
            spare = take_spare(batch.began);
            if (!spare && batch.strokes.empty()) return std::nullopt;
            // Every spare is in use by what is typed before: the rest comes after that was read.
            const bool is_unread = spare && spare->keysym != 0 && spare->used > read_;
            if (!spare || (is_unread && !batch.must_wait && !batch.strokes.empty())) break;
            batch.must_wait |= is_unread;
            batch.remaps.emplace_back(spare->code, keysym);
            spare->keysym = keysym;
        }
        spare->used = ++uses_;
        batch.strokes.push_back({spare->code, false});
    }
    return batch;
}

std::vector<Batch> Keymap::plan(const std::vector<Keysym>& keysyms) {
    std::vector<Batch> batches;
    std::span<const Keysym> rest{keysyms};
    do {
        auto batch = plan_next(rest, keysyms.size());
        if (!batch) return {};
        batches.push_back(std::move(*batch));
    } while (!rest.empty());
    return batches;
}

void Keymap::replace(Keymap newer) {
    newer.uses_ = uses_;
    newer.group_ = group_;
    newer.read_ = read_;
    for (auto spare : spares_) {
        // One that means nothing again is among the newer map's own. Others may have given it another
        // meaning, or a plan may have been cut short: what counts is what the display has.
        const auto meaning = newer.at(spare.code, 0);
        if (spare.keysym == 0 || meaning == 0) continue;
        spare.keysym = meaning;
        newer.spares_.push_back(spare);
        // It is no key of the keyboard: plans to come change what it means.
        const auto row = newer.keysyms_.begin() + std::ptrdiff_t{spare.code - newer.first_} * newer.per_code_;
        std::fill(row, row + newer.per_code_, Keysym{0});
    }
    *this = std::move(newer);
}

}  // namespace carrel::desk::input
