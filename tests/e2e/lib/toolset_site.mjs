// A small site for tests of the browser toolset: pages that move, ask, alert, open others and download.
import { serveInDesk } from "./pages.mjs";

/** Serves it in the desk; answers its address. */
export function serveSite(pages) {
  return serveInDesk(pages, {
    "/": {
      body: `<title>Home</title><h1>Home</h1><a href="/second">Second</a><a href="/popup" target=_blank>Popup</a><a href="/file">File</a>`,
    },
    "/second": { body: `<title>Second</title><h1>Second page</h1>` },
    "/popup": { body: `<title>Popup</title>` },
    "/missing": { status: 404, body: `<title>Missing</title>` },
    "/moved": { status: 302, headers: { Location: "/second" } },
    "/leave": {
      body: `<title>Leave</title><p>stay</p><script>onbeforeunload = (e) => { e.preventDefault(); return "stay" }</script>`,
    },
    "/alerting": { body: `<title>Alerting</title><script>alert("hello"); document.title = "After"</script>` },
    "/file": {
      headers: {
        "Content-Type": "application/octet-stream",
        "Content-Disposition": "attachment; filename=f.bin",
      },
      body: "12345",
    },
  });
}
