// The operations of text editors over HTTP.
#include "desk/files/files.hpp"
#include "ops/desk/files.hpp"
#include "rest/answers.hpp"
#include "rest/bindings.hpp"
#include "rest/requests.hpp"

namespace carrel::desk::files {

namespace {

/// A text of the largest size, with every character escaped, and the rest of the request.
constexpr std::size_t largest_text_body = std::size_t{40} << 20;

/// {success, output}, or {success:false, error} with what the disk or the text had against it.
Task<net::Response> answer(Task<std::string> work) {
    std::string refusal;
    try {
        co_return rest::json_answer({{"success", true}, {"output", co_await std::move(work)}});
    } catch (const core::Error& error) {
        refusal = error.message();
    }
    co_return rest::failure_answer(refusal);
}

Task<net::Response> view(Files& files, net::Request& request) {
    auto wanted = co_await rest::decode_body(request, ops::view_file_shape());
    co_return co_await answer(files.view(std::move(wanted.path), std::move(wanted.view_range)));
}

Task<net::Response> create(Files& files, net::Request& request) {
    auto wanted = co_await rest::decode_body(request, ops::create_file_shape(), largest_text_body);
    co_return co_await answer(files.create(std::move(wanted.path), std::move(wanted.file_text)));
}

Task<net::Response> write(Files& files, net::Request& request) {
    auto wanted = co_await rest::decode_body(request, ops::write_file_shape(), largest_text_body);
    if (wanted.append && wanted.offset)
        throw rest::unprocessable({"offset"}, "append says where the text goes; give one of the two");
    co_return co_await answer(
        files.write(std::move(wanted.path), std::move(wanted.file_text), {wanted.append, wanted.offset}));
}

Task<net::Response> replace(Files& files, net::Request& request) {
    auto wanted = co_await rest::decode_body(request, ops::replace_in_file_shape(), largest_text_body);
    co_return co_await answer(
        files.replace(std::move(wanted.path), std::move(wanted.old_str), std::move(wanted.new_str)));
}

Task<net::Response> insert(Files& files, net::Request& request) {
    auto wanted = co_await rest::decode_body(request, ops::insert_in_file_shape(), largest_text_body);
    co_return co_await answer(
        files.insert(std::move(wanted.path), wanted.insert_line, std::move(wanted.insert_text)));
}

Task<net::Response> undo(Files& files, net::Request& request) {
    auto wanted = co_await rest::decode_body(request, ops::named_file_shape());
    co_return co_await answer(files.undo(std::move(wanted.path)));
}

}  // namespace

std::vector<rest::Binding> bind_files(Files& files) {
    return {
        {"file/view", "POST", bound(files, view)},     {"file/create", "POST", bound(files, create)},
        {"file/write", "POST", bound(files, write)},   {"file/replace", "POST", bound(files, replace)},
        {"file/insert", "POST", bound(files, insert)}, {"file/undo_edit", "POST", bound(files, undo)},
    };
}

}  // namespace carrel::desk::files
