// Who asks: the operator, whose key the server is started with, and users, whose keys come and go while they work.

export class Principal {
  clients = [];
  /** Keys that were taken from the user, as {id, key}: none of them opens anything again. */
  revoked = [];
  /** The one that is about to be: calls that show it still are answered, or are told that it was revoked. */
  leaving = undefined;
  /** A key of the same user with which one may only look. */
  viewer = undefined;
  current = undefined;

  constructor(name, current) {
    Object.assign(this, { name, current });
  }

  /** What it shows at this moment. */
  get headers() {
    return { authorization: `Bearer ${this.current.key}` };
  }

  /** Whether what was open because of that key may have been cut, or is to be. */
  hasLost(id) {
    return this.leaving?.id === id || this.revoked.some((key) => key.id === id);
  }
}

/** Who shows something else than a user's own key. */
export const shows = (headers) => ({ headers });
export const bearer = (key) => shows({ authorization: `Bearer ${key}` });
