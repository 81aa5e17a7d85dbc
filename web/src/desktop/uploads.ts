// Files on their way into a desk.
import { signal } from "@preact/signals";
import { reason, upload } from "../server/api";
import { toast } from "../state";

export interface Upload {
  key: number;
  session: string;
  name: string;
  /** Parts of one. */
  progress: number;
}

/** Where a person's files go; an absolute path, since the desk's HOME is the same everywhere. */
export const downloads = "/home/agent/Downloads";

export const uploads = signal<readonly Upload[]>([]);
let nextKey = 1;

/** Leaving the page would cut off what is on its way: the browser asks first. */
window.addEventListener("beforeunload", (event) => {
  if (uploads.value.length > 0) event.preventDefault();
});

/** Puts files into the desk's Downloads one after another; each failure is told with the file's name. */
export async function uploadAll(session: string, files: readonly File[]): Promise<void> {
  const queue = files.map((file) => ({ file, key: nextKey++ }));
  uploads.value = [
    ...uploads.value,
    ...queue.map(({ file, key }) => ({ key, session, name: file.name, progress: 0 })),
  ];
  let done = 0;
  for (const { file, key } of queue) {
    const progress = (part: number) => {
      uploads.value = uploads.value.map((entry) =>
        entry.key === key ? { ...entry, progress: part } : entry,
      );
    };
    try {
      await upload(session, file, `${downloads}/${file.name}`, progress);
      done++;
    } catch (error) {
      toast("error", `${file.name} was not uploaded: ${reason(error)}`, session);
    }
    uploads.value = uploads.value.filter((entry) => entry.key !== key);
  }
  if (done > 0)
    toast(
      "info",
      done === 1 ? `${files[0]?.name ?? "The file"} is in Downloads.` : `${done} files are in Downloads.`,
    );
}
