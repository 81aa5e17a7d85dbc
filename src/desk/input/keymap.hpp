// Which keycodes produce which keysyms, and how text becomes strokes when the keyboard lacks a
// character. Pure.
#pragma once

#include <xcb/xproto.h>

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "desk/input/keys.hpp"

namespace carrel::desk::input {

using Keycode = xcb_keycode_t;

/// One press and release.
struct Stroke {
    Keycode code = 0;
    bool with_shift = false;
    bool operator==(const Stroke&) const = default;
};

/// Strokes that can go out together, after `remaps` were made. With `must_wait` a remapped keycode
/// may still be on its way to a program with its older meaning: programs look a code up when they
/// come to it, so they must have read what was typed before.
struct Batch {
    bool must_wait = false;
    std::uint64_t began = 0;  ///< how many uses of spare keycodes were planned before
    std::vector<std::pair<Keycode, Keysym>> remaps;
    std::vector<Stroke> strokes;
};

/// The keyboard's group in effect, from 0, by the state that comes with the pointer (X Keyboard Extension,
/// section 2.2).
int group_of(const xcb_query_pointer_reply_t& state);

class Keymap {
public:
    Keymap() = default;
    /// What GetKeyboardMapping answered: `per_code` keysyms for each keycode from `first` on. Two columns are
    /// used, plain and with Shift: 0 and 1 of the first group, 2 and 3 of the second.
    Keymap(Keycode first, int per_code, std::vector<Keysym> keysyms);

    /// The group that is in effect, from 0: layouts that people switch between.
    void use_group(int group) { group_ = group; }

    std::optional<Stroke> find(Keysym keysym) const;

    /// The key that has this meaning in whatever group, such as a modifier's.
    std::optional<Keycode> find_key(Keysym keysym) const;

    /// How to type the first of `rest`, which are taken from there: as many as can go out together, and at
    /// most `most`. Keycodes that mean nothing are given a meaning; those are kept for the next text and
    /// taken again in the order of their last use. Nothing when the map has no such keycode.
    std::optional<Batch> plan_next(std::span<const Keysym>& rest, std::size_t most);
    /// How to type all of them; empty when the map has no keycode for one.
    std::vector<Batch> plan(const std::vector<Keysym>& keysyms);

    /// Everything that was planned before this batch has been read: those keycodes are free for other
    /// meanings.
    void note_read(const Batch& batch) { read_ = batch.began; }

    /// Whether a plan has given this keycode a meaning.
    bool is_ours(Keycode code) const;
    /// Somebody has it down: until so many have let go it is the last one to get another meaning.
    void keep(Keycode code) { keep(code, 1); }
    void let_go(Keycode code) { keep(code, -1); }
    /// A later answer of GetKeyboardMapping, because others have changed the map: keycodes to which we gave
    /// a meaning stay ours.
    void replace(Keymap newer);

    int per_code() const { return per_code_; }

private:
    struct Spare {
        Keycode code = 0;
        Keysym keysym = 0;  ///< 0: not given a meaning yet
        std::uint64_t used = 0;
        int keepers = 0;
    };
    Keysym at(Keycode code, int column) const;
    Spare* find_spare(Keysym keysym);
    Spare* take_spare(std::uint64_t batch_began);
    void keep(Keycode code, int more);

    Keycode first_ = 8;
    int per_code_ = 0;
    int group_ = 0;
    std::vector<Keysym> keysyms_;
    std::vector<Spare> spares_;
    std::uint64_t uses_ = 0;
    std::uint64_t read_ = 0;  ///< so many of the uses are known to have been read
};

}  // namespace carrel::desk::input
