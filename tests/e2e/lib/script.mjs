// What the scripted model does in a turn, written as the message that asks for it.

/** The message: one turn a step. */
export const script = (...turns) => JSON.stringify(turns);
/** A step that runs a command. */
export const bash = (command) => ({ tool_uses: [{ name: "bash", input: { command } }] });
