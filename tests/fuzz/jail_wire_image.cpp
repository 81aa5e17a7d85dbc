// What the jail reads of an image: whatever is accepted is bounded, and written again it is the same.
#include <cstdint>
#include <cstdlib>

#include "jail/wire/image.hpp"

using namespace carrel::jail::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto facts = parse_image_facts({reinterpret_cast<const char*>(data), size});
    if (!facts) return 0;
    if (facts->below.size() > most_layers_below) std::abort();
    for (const auto& layer : facts->below)
        if (!is_image_name(layer.image) || layer.hash.size() != 64 || layer.hash.contains('/')) std::abort();
    if (parse_image_facts(format_image_facts(*facts)).value() != *facts) std::abort();
    return 0;
}
