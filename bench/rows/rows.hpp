// The rows of the table, by what they measure. Each prints its lines; README of figures: docs/bench.md.
#pragma once

#include <string>

#include "bench/client/desk.hpp"

namespace carrel::bench {

/// Making desks one at a time and four at once, and ending them with every process dead. In turn with the
/// same display and window manager started by hand, so that both meet the same machine.
void measure_life(const Target& target, const std::string& image_root, int count);
/// How many desks a second come from four clients that ask without a pause.
void measure_cold_rate(const Target& target, int count);
/// Sessions whose desks were made ahead, of a pool of twelve: one, its first picture, all at once.
void measure_pool(const Target& target, int count);
/// Six sessions at once, of a pool of three.
void measure_burst(const Target& target, int count);
/// Stopping a desk's programs and letting them go on, and a call that wakes a desk that was frozen.
void measure_resting(const Target& target, int count);
/// Of all desks that the server has: pictures of any one, beside those of one alone; then their end.
void measure_random(const Target& target, int count);
/// Pictures of a page in the desk's browser that changes before each, and of a screen that does not.
void measure_pictures(const Target& target, const std::string& page, int count);
/// A screen that changes without end: what eight clients get of it, every picture looked at, and what a click
/// takes meanwhile. The desk shows the page.
void measure_changing(const Target& target, const Desk& desk, int count);
/// From a viewer's key to the pixels that it changes, through the server's WebSocket.
void measure_viewer(const Target& target, int count);
/// Clicks and typing, beside a bare X client on the same display.
void measure_input(const Target& target, int count);
/// Clicks that are answered when the screen has settled, beyond the painting and the quiet that were awaited.
void measure_observe(const Target& target, int count);
/// Shell, files and the way through the server, beside a bare shell and the desk's own socket.
void measure_calls(const Target& target, int count);
/// Scripts in a page, beside a bare connection to the browser's own port.
void measure_browser(const Target& target, int count);
/// A gigabyte in and out, and what other calls meet meanwhile.
void measure_files(const Target& target, int count);
/// What eight clients at once get in a second.
void measure_load(const Target& target, int count);
/// Calls of one desk, alone and while another does its worst.
void measure_neighbours(const Target& target, int count);
/// A program that prints `count` megabytes on a terminal, through WebSocket and on a bare one.
void measure_terminal(const Target& target, int count);

}  // namespace carrel::bench
