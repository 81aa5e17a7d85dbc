// Streams of events that a POST answers with, such as terminal/execute/stream.
import http from "node:http";

/** Opens one without reading it; `request.destroy()` goes away. */
export function openStream(server, target, wish) {
  const body = JSON.stringify(wish);
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  const request = http.request(server.url + target, { method: "POST", agent: false, headers });
  const answer = new Promise((resolve, reject) => request.on("response", resolve).on("error", reject));
  answer.catch(() => {});
  request.end(body);
  return { request, answer };
}

/** Its events, as they come; comments are left out. */
export async function* eachEvent(answer) {
  let text = "";
  answer.setEncoding("utf8");
  for await (const piece of answer) {
    const frames = (text + piece).split("\n\n");
    text = frames.pop();
    for (const frame of frames) if (frame.startsWith("data: ")) yield JSON.parse(frame.slice(6));
  }
}

/** All of them, to the end. */
export async function events(answer) {
  const all = [];
  for await (const event of eachEvent(answer)) all.push(event);
  return all;
}
