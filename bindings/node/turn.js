'use strict';

const {markAsUntransferable} = require('node:worker_threads');

// At most so many texts are one work of the thread pool. The last of them waits for the
// others: 2 ms with RSA-2048.
const MOST = 8;
const THREADS = Number(process.env.UV_THREADPOOL_SIZE) || 4;
const ROOM = 65536;
const READY = Promise.resolve();

/**
 * What one turn of the event loop asks for, in few works: a work costs the event loop more
 * than everything else about a signature. All threads get some of it.
 */
class Turn {
  #native;
  #distribute;
  // Texts as they were when they were given: the caller may change his own afterwards.
  #texts = Buffer.allocUnsafeSlow(ROOM);
  #filled = 0;
  #groups = [];
  #isPlanned = false;
  #planned = () => {
    this.#isPlanned = false;
    this.#flush();
  };

  /** distribute(raw, count, operation, done) reads what native.start promises. */
  constructor(native, distribute) {
    this.#native = native;
    this.#distribute = distribute;
  }

  /** A promise of the bytes that the operation writes for a text. */
  ask(operation, key, profile, depth, text) {
    const length = text.byteLength;
    if (length > ROOM - this.#filled) this.#flush();
    const one = {resolve: undefined, reject: undefined, end: length};
    const promise = new Promise((resolve, reject) => {
      one.resolve = resolve;
      one.reject = reject;
    });
    if (length > ROOM) {
      this.#work({operation, key, profile, depth}, Buffer.from(text), [one]);
      return promise;
    }
    this.#texts.set(text, this.#filled);
    this.#filled += length;
    one.end = this.#filled;
    let group = this.#groups.at(-1);
    if (group === undefined || group.key !== key || group.operation !== operation ||
        group.profile !== profile || group.depth !== depth) {
      group = {operation, key, profile, depth, asked: []};
      this.#groups.push(group);
    }
    group.asked.push(one);
    if (!this.#isPlanned) {
      this.#isPlanned = true;
      // Not queueMicrotask, which test frameworks replace with a clock of their own.
      READY.then(this.#planned);
    }
    return promise;
  }

  /** Give everything to the threads. */
  #flush() {
    const groups = this.#groups;
    this.#groups = [];
    this.#filled = 0;
    let from = 0;
    for (const group of groups) {
      const {asked} = group;
      const size = Math.min(MOST, Math.ceil(asked.length / THREADS));
      for (let index = 0; index < asked.length; index += size) {
        const some = asked.slice(index, index + size);
        const to = some[some.length - 1].end;
        for (const one of some) one.end -= from;
        this.#work(group, this.#texts.subarray(from, to), some);
        from = to;
      }
    }
  }

  /** Start one work, which copies the texts at once. */
  #work({operation, key, profile, depth}, texts, asked) {
    const failed = (error) => {
      for (const {reject} of asked) reject(error);
    };
    const ends = new Float64Array(asked.length);
    asked.forEach((one, index) => {
      ends[index] = one.end;
    });
    try {
      this.#native.start(operation, key, texts, ends, profile, depth).then((raw) => {
        // Several results lie in it: none of them takes the others to another thread.
        if (asked.length > 1) markAsUntransferable(raw.buffer);
        this.#distribute(raw, asked.length, operation, (index, bytes, error) => {
          if (error === undefined) asked[index].resolve(bytes);
          else asked[index].reject(error);
        });
      }, failed);
    } catch (error) {
      failed(error);
    }
  }
}

module.exports = {Turn};
