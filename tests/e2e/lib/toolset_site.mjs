// A small site for tests of the browser toolset: pages that move, ask, alert, open others and download.
import { onPages, serveInDesk } from "./pages.mjs";

/** Its address in the desk. */
export const home = "http://127.0.0.1:8123";

/** To be called once, outside of tests: a desk that serves the site, for all tests of the file. */
export const onSite = () => onPages((pages) => serveInDesk(pages, site));

const site = {
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
  "/asking": { body: `<title>Asking</title><button onclick="window.open('/greeting')">Go</button>` },
  "/greeting": { body: `<title>Greeting</title><script>onload = () => { alert("hi"); document.title = "Greeted" }</script>` },
  "/file": {
    headers: {
      "Content-Type": "application/octet-stream",
      "Content-Disposition": "attachment; filename=f.bin",
    },
    body: "12345",
  },
};
