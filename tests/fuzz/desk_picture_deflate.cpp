// What a screen shows is anybody's: whatever the bytes, the parts join to a stream that inflates to them.
#include <libdeflate.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "desk/picture/deflate.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 3) return 0;
    const std::size_t step = 1 + data[0] % 4;
    const std::size_t stride = step * (1 + data[1] % 64);
    const std::size_t first = data[2] * (size - 3) / 255;
    const std::span bytes{data + 3, size - 3};

    carrel::desk::picture::Deflater deflater;
    std::string stream;
    deflater.append_part(stream, bytes.first(first), stride, step);
    deflater.append_part(stream, bytes.subspan(first), stride, step);
    carrel::desk::picture::Deflater::append_end(stream);

    std::vector<std::uint8_t> inflated(bytes.size() + 1);
    std::size_t count = 0;
    auto* decompressor = libdeflate_alloc_decompressor();
    const auto result = libdeflate_deflate_decompress(decompressor, stream.data(), stream.size(),
                                                      inflated.data(), inflated.size(), &count);
    libdeflate_free_decompressor(decompressor);
    inflated.resize(count);
    if (result != LIBDEFLATE_SUCCESS || !std::ranges::equal(inflated, bytes)) std::abort();
    return 0;
}
