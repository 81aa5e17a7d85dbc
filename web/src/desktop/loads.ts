// From two measurements of a desk to what is shown of it. Pure.
import { size } from "../parts/format";

/** What was told at one moment: `at` in milliseconds, processor time in seconds, memory in bytes. */
export interface Measured {
  at: number;
  processor: number | undefined;
  memory: number | undefined;
}

/** `processor` in parts of one core; what is not known is missing. */
export interface Load {
  processor?: number;
  memory?: number;
}

/** Nothing is known of the processor at first, nor of a new desk in the place of another. */
export function loadOf(last: Measured | undefined, now: Measured): Load {
  const load: Load = {};
  if (now.memory !== undefined) load.memory = now.memory;
  const seconds = last ? (now.at - last.at) / 1000 : 0;
  if (last?.processor === undefined || now.processor === undefined || seconds <= 0) return load;
  if (now.processor >= last.processor) load.processor = (now.processor - last.processor) / seconds;
  return load;
}

/** "12 % · 340 MB"; empty when nothing is known. */
export function loadText({ processor, memory }: Load): string {
  const parts: string[] = [];
  if (processor !== undefined) parts.push(`${Math.round(processor * 100)} %`);
  if (memory !== undefined) parts.push(size(memory));
  return parts.join(" · ");
}
