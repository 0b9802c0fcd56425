'use strict';

// At most so many texts are one work of the thread pool. The last of them waits for the
// others: 2 ms with RSA-2048.
const MOST = 8;
const THREADS = Number(process.env.UV_THREADPOOL_SIZE) || 4;
const READY = Promise.resolve();

/**
 * What one turn of the event loop asks for, in few works: a work costs the event loop more
 * than everything else about a signature. All threads get some of it.
 */
class Turn {
  #start;
  #asked = [];

  /** start(operation, key, profile, depth, texts) promises {bytes, error} of each text. */
  constructor(start) {
    this.#start = start;
  }

  /** A promise of the bytes that the operation writes for a text, which does not change. */
  ask(operation, key, profile, depth, text) {
    return new Promise((resolve, reject) => {
      this.#asked.push({operation, key, profile, depth, text, resolve, reject});
      // Not queueMicrotask, which test frameworks replace with a clock of their own.
      if (this.#asked.length === 1) READY.then(() => this.#flush());
    });
  }

  #flush() {
    const asked = this.#asked;
    this.#asked = [];
    const most = Math.min(MOST, Math.ceil(asked.length / THREADS));
    for (let from = 0, to = 1; from < asked.length; from = to, to += 1) {
      const {operation, key, profile, depth} = asked[from];
      while (to < asked.length && to - from < most && asked[to].operation === operation &&
          asked[to].key === key && asked[to].profile === profile && asked[to].depth === depth) {
        to += 1;
      }
      this.#work(operation, key, profile, depth, asked.slice(from, to));
    }
  }

  #work(operation, key, profile, depth, asked) {
    const give = (verdicts) => verdicts.forEach(({bytes, error}, index) => {
      if (error === undefined) asked[index].resolve(bytes);
      else asked[index].reject(error);
    });
    this.#start(operation, key, profile, depth, asked.map(({text}) => text))
      .then(give, (error) => asked.forEach(({reject}) => reject(error)));
  }
}

module.exports = {Turn};
