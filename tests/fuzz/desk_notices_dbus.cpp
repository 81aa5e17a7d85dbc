// Whatever the message bus sends: the head and fields of a message, and a call's arguments.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "desk/notices/notifications.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace carrel;
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    desk::notices::NotificationMethods methods;
    desk::notices::dbus::Message call;
    call.member = "Notify";
    call.signature = "susssasa{sv}i";
    call.body = bytes;
    methods.handle(call, false, {});
    call.is_big_endian = true;
    methods.handle(call, false, {});

    const auto head = desk::notices::dbus::parse_head(bytes);
    if (!head || size < desk::notices::dbus::head_bytes + head->fields) return 0;
    auto message =
        desk::notices::dbus::parse_fields(bytes.substr(0, desk::notices::dbus::head_bytes + head->fields));
    if (!message) return 0;
    message->body = bytes.substr(desk::notices::dbus::head_bytes + head->fields);
    for (const auto& answer : methods.handle(*message, false, {}).answers) {
        const auto again = desk::notices::dbus::to_bytes(answer);
        // What we write, we can read.
        if (!desk::notices::dbus::parse_head(again)) __builtin_trap();
    }
    return 0;
}
