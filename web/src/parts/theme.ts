// Light or dark: as the system says, or as chosen here and remembered by this browser.
import { effect, signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";

const order: readonly Theme[] = ["system", "light", "dark"];
const stored = order.find((value) => value === remembered("theme"));

export const theme = signal<Theme>(stored ?? "system");

export function nextTheme(): void {
  theme.value = order[(order.indexOf(theme.value) + 1) % order.length] ?? "system";
}

/** A choice that this browser remembers; none where storage is refused. */
export function remembered(name: string): string | undefined {
  try {
    return localStorage.getItem(`carrel.${name}`) ?? undefined;
  } catch {
    return undefined;
  }
}

export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(`carrel.${name}`, value);
  } catch {
    // Without storage the choice holds until the page is closed.
  }
}

effect(() => {
  document.documentElement.dataset["theme"] = theme.value;
  remember("theme", theme.value);
});
