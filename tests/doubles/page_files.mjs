// A desk's files, as the page's double keeps them: a map in the memory of its session.
import { body, find, invalid, json, Refusal } from "./page_answers.mjs";

export async function upload(state, { request, response, id }) {
  const session = find(state, id);
  const parts = [];
  for await (const part of request) parts.push(part);
  const type = request.headers["content-type"] ?? "";
  if (!type.startsWith("multipart/form-data")) throw new Refusal(415, "An upload is multipart/form-data.");
  const form = await new Response(Buffer.concat(parts), {
    headers: { "Content-Type": type },
  }).formData();
  if ([...form.keys()].join() !== "dest_path,file")
    throw invalid("file", "the parts must be dest_path, then file");
  session.files.set(form.get("dest_path"), Buffer.from(await form.get("file").arrayBuffer()));
  json(response, 200, { success: true });
}

export async function list(state, { request, response, id }) {
  const session = find(state, id);
  const { path } = await body(request, ["path"]);
  const prefix = path === "/" ? "/" : `${path}/`;
  const rows = new Map();
  for (const [name, content] of session.files) {
    if (!name.startsWith(prefix)) continue;
    const [first, ...deeper] = name.slice(prefix.length).split("/");
    rows.set(first, {
      name: first,
      path: prefix + first,
      is_dir: deeper.length > 0,
      size: deeper.length > 0 ? 0 : content.length,
    });
  }
  json(response, 200, { success: true, entries: [...rows.values()] });
}

export function download(state, { response, url, id }) {
  const content = find(state, id).files.get(url.searchParams.get("path"));
  if (!content) throw new Refusal(404, "There is no such file on the desk.");
  response.writeHead(200, {
    "Content-Type": "application/octet-stream",
    "Content-Disposition": "attachment",
  });
  response.end(content);
}
