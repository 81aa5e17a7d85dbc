// Which keys copy and paste, in this computer's programs and in the desk's. Pure.

/** Of a KeyboardEvent what matters here. */
export interface Chord {
  key: string;
  code: string;
  ctrlKey: boolean;
  shiftKey: boolean;
  altKey: boolean;
  metaKey: boolean;
}

/** Copies or cuts in the desk: Ctrl+C, Ctrl+X, in terminals with Shift too; Ctrl+Insert, Shift+Delete. */
export function isCopy(chord: Chord): boolean {
  if (chord.altKey || chord.metaKey) return false;
  if (chord.ctrlKey) return ["c", "x"].includes(letterOf(chord)) || chord.key === "Insert";
  return chord.shiftKey && chord.key === "Delete";
}

/** Pastes: Ctrl+V, in terminals with Shift too; Shift+Insert; Cmd+V. */
export function isPaste(chord: Chord): boolean {
  if (chord.altKey) return false;
  if (chord.ctrlKey !== chord.metaKey) return letterOf(chord) === "v";
  return chord.shiftKey && !chord.ctrlKey && chord.key === "Insert";
}

/** On a layout without Latin letters the one at the same place counts, as it does for browsers. */
function letterOf({ key, code }: Chord): string {
  return /^[a-z]$/i.test(key) ? key.toLowerCase() : (/^Key([A-Z])$/.exec(code)?.[1]?.toLowerCase() ?? "");
}
