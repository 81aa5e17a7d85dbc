// Pictures in a message's raw JSON: taken out, to be kept as files, and put back byte for byte. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace carrel::store {

struct TakenPicture {
    std::size_t place = 0;  ///< how many bytes of the text that is left come before it
    std::string bytes;
    std::string_view media_type;  ///< "image/png" and the like
};

struct Parted {
    std::string text;                    ///< what is left: where a picture was, an empty string
    std::vector<TakenPicture> pictures;  ///< in order
};

/// Takes out every picture that stands as the base64 of a member "data". What would not come back byte for
/// byte stays where it is.
Parted part_pictures(std::string_view raw);

/// A picture to be put back; without bytes it is lost, and a grey pixel takes its place.
struct StoredPicture {
    std::size_t place = 0;
    std::optional<std::string> bytes;
};

/// The inverse. `pictures` are in order, with places inside of `text`; others are left out.
std::string join_pictures(std::string_view text, const std::vector<StoredPicture>& pictures);

}  // namespace carrel::store
