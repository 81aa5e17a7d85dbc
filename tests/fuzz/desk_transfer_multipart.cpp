// The upload parser: any bytes, in any pieces, give the same parts, and never more bytes than came in.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "desk/transfer/multipart.hpp"

namespace {

struct Reading {
    std::string log;
    std::size_t passed = 0;
    bool is_refused = false;
};

Reading read(std::string_view body, std::size_t piece) {
    Reading reading;
    carrel::desk::transfer::MultipartParser parser{"B",
                                                   {.begin =
                                                        [&](carrel::desk::transfer::PartHead head) {
                                                            reading.log +=
                                                                '<' + head.name + head.filename.value_or("?");
                                                        },
                                                    .data =
                                                        [&](std::string_view bytes) {
                                                            reading.log += bytes;
                                                            reading.passed += bytes.size();
                                                        },
                                                    .end = [&] { reading.log += '>'; }}};
    while (!body.empty() && !reading.is_refused) {
        reading.is_refused = !parser.push(body.substr(0, piece));
        body.remove_prefix(std::min(piece, body.size()));
    }
    if (!reading.is_refused) reading.is_refused = !parser.finish();
    return reading;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    (void)carrel::desk::transfer::parse_boundary(text);
    const auto body = "--B\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n" + std::string{text};
    for (const std::string_view input : {text, std::string_view{body}}) {
        const auto whole = read(input, input.size() + 1);
        const auto split = read(input, 1);
        if (whole.passed > input.size() || whole.is_refused != split.is_refused) std::abort();
        if (!whole.is_refused && whole.log != split.log) std::abort();
    }
    return 0;
}
