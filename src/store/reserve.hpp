// Room that is kept for the day when the disk is full: without it, nothing could be deleted then,
// because the deletion has to be written down first.
#pragma once

#include <string>

namespace carrel::store {

/// A file that is given up when the room is needed. Used by the store's thread only.
class Reserve {
public:
    /// Takes the room; none is taken, without a word, when there is none.
    explicit Reserve(std::string path);

    /// Gives the room to whoever writes next. False when there was none.
    bool release();
    /// Takes it again if it was given away.
    void restore();
    bool is_held() const { return is_there_; }
    /// Whether somebody could store something beside it: looked up.
    bool is_room_beside() const;

private:
    std::string path_;
    bool is_there_ = false;
};

}  // namespace carrel::store
