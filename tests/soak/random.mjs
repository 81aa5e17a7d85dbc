// Choices that come from the seed only: the same seed makes the same choices in the same order.

/** A number of 32 bits from a text (FNV-1a): each part of a run has a generator of its own, by its name. */
function hash(text) {
  let value = 0x811c9dc5;
  for (const byte of Buffer.from(text)) value = Math.imul(value ^ byte, 0x01000193) >>> 0;
  return value;
}

export class Random {
  #state;

  constructor(seed, part) {
    this.#state = hash(`${seed}/${part}`);
  }

  /** From 0 to below 1: a Weyl sequence through two rounds of mixing. */
  next() {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let value = this.#state;
    value = Math.imul(value ^ (value >>> 16), 0x21f0aaad);
    value = Math.imul(value ^ (value >>> 15), 0x735a2d97);
    return ((value ^ (value >>> 15)) >>> 0) / 2 ** 32;
  }

  between(least, most) {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  chance(share) {
    return this.next() < share;
  }

  pick(list) {
    return list[Math.floor(this.next() * list.length)];
  }

  /** One of the rows, each as often as its `weight` says. */
  weighted(rows) {
    let left = this.next() * rows.reduce((sum, { weight }) => sum + weight, 0);
    return rows.find(({ weight }) => (left -= weight) < 0) ?? rows.at(-1);
  }

  bytes(count) {
    const piece = Buffer.alloc(1024, `${this.next()} `);
    return Buffer.alloc(count, piece);
  }
}
