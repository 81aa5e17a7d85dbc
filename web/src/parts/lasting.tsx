// How long something lasts that is given to somebody.

export const minute = 60;
export const hour = 60 * minute;
export const day = 24 * hour;

/** Seconds, and the words for them. */
export type Choice = readonly [seconds: number, words: string];

export function LastsField(props: { choices: readonly Choice[]; value: number }) {
  return (
    <label class="field">
      <span>Expires</span>
      <select name="lasts" defaultValue={String(props.value)}>
        {props.choices.map(([seconds, words]) => (
          <option key={seconds} value={seconds} selected={seconds === props.value}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}
