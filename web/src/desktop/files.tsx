// The desk's files: a folder at a time, each file a link that downloads it.
import { useEffect, useState } from "preact/hooks";
import { api, downloadUrl, reason } from "../server/api";
import { size } from "../parts/format";
import type { FileEntry } from "../server/types";
import { downloads, uploads } from "./uploads";
import { Icon, IconButton } from "../parts/ui";

export function FilesPanel({ session, mayWrite }: { session: string; mayWrite: boolean }) {
  const [path, setPath] = useState(downloads);
  const [entries, setEntries] = useState<FileEntry[] | undefined>();
  const [error, setError] = useState("");
  const [reading, setReading] = useState(0);
  const arriving = uploads.value.filter((entry) => entry.session === session).length;
  useEffect(() => {
    let current = true;
    api.files(session, path).then(
      (list) => {
        if (!current) return;
        setEntries(sorted(list));
        setError("");
      },
      (failure: unknown) => {
        if (!current) return;
        setEntries(undefined);
        setError(reason(failure));
      },
    );
    return () => {
      current = false;
    };
  }, [session, path, arriving, reading]);
  return (
    <div class="files">
      <header>
        <IconButton
          icon="back"
          label="Up one folder"
          disabled={path === "/"}
          onClick={() => setPath(parent(path))}
        />
        <span class="path" title={path}>
          <bdi>{path}</bdi>
        </span>
        <IconButton icon="refresh" label="Read again" onClick={() => setReading(reading + 1)} />
      </header>
      {error && (
        <p class="form-error" role="alert">
          {error}
        </p>
      )}
      {entries?.length === 0 && (
        <p class="quiet pad">
          This folder is empty.{mayWrite && " Files that are dropped on the desktop come to Downloads."}
        </p>
      )}
      <ul>
        {entries?.map((entry) => (
          <li key={entry.path}>
            {entry.is_dir ? (
              <button type="button" class="file-row" onClick={() => setPath(entry.path)}>
                <Icon name="folder" />
                <span class="grow">{entry.name}</span>
                <Icon name="chevron" />
              </button>
            ) : (
              <a class="file-row" href={downloadUrl(session, entry.path)} download={entry.name}>
                <Icon name="file" />
                <span class="grow">{entry.name}</span>
                <span class="quiet">{size(entry.size)}</span>
                <Icon name="download" />
              </a>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}

function parent(path: string): string {
  return path.replace(/\/[^/]+\/?$/, "") || "/";
}

/** Folders first, then by name; what is hidden comes last in each. */
function sorted(entries: FileEntry[]): FileEntry[] {
  const rank = (entry: FileEntry) => (entry.is_dir ? 0 : 2) + (entry.name.startsWith(".") ? 1 : 0);
  return [...entries].sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
}
