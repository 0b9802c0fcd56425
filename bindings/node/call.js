'use strict';

const {fail} = require('./errors.js');
const native = require('./build/Release/kess.node');

// kess_request of kess.h. In 32 bits: operation, profile, depth and policy from 0 on, status and
// kind; in 64 bits: length and position; in bytes: the words of an error, and the output.
const [STATUS, KIND, LENGTH, POSITION, WORDS, OUT] = [10, 11, 3, 4, 48, 512];
const TOO_SMALL = 2;

class Request {
  constructor(room) {
    this.bytes = Buffer.allocUnsafe(OUT + room).fill(0, 0, OUT);
    this.ints = new Int32Array(this.bytes.buffer, this.bytes.byteOffset, OUT / 4);
    this.longs = new BigInt64Array(this.bytes.buffer, this.bytes.byteOffset, OUT / 8);
  }

  /** Ask. What gets no answer has failed. */
  ask(operation, profile, depth, policy) {
    const {ints} = this;
    [ints[0], ints[1], ints[2], ints[3], ints[STATUS], ints[KIND]] = [operation, profile, depth, policy, -1, -1];
    return this.bytes;
  }

  /** A larger request, where this one was too small: then nothing was signed or verified. */
  get larger() {
    return this.ints[STATUS] === TOO_SMALL ? new Request(Number(this.longs[LENGTH])) : undefined;
  }

  check() {
    if (this.ints[STATUS] === 0) return;
    // Zeros follow each text; "found" may be empty.
    const [code, , reason = 'unknown', ...others] = this.bytes.toString('latin1', WORDS, OUT).split(/\0+/);
    const [, message = 'libkess gave no answer', found] = others.reverse();
    const position = Number(this.longs[POSITION]);
    fail(this.ints[KIND], message, {reason, code, ...(position >= 0 && {position}), ...(found && {found})});
  }

  /** A copy of the output. */
  answer() {
    this.check();
    const copy = Buffer.allocUnsafe(Number(this.longs[LENGTH]));
    copy.set(new Uint8Array(this.bytes.buffer, this.bytes.byteOffset + OUT, copy.length));
    return copy;
  }
}

// No caller ever sees it.
const own = new Request(65536 - OUT);

/** What an operation writes for a text. */
function run(operation, key, text = Buffer.alloc(0), [profile, depth] = [0, 0], request = own) {
  native.call(request.ask(operation, profile, depth, 0), key, text);
  const {larger} = request;
  return larger ? run(operation, key, text, [profile, depth], larger) : request.answer();
}

/** Make a key of an object, and wipe the password. Returns the number of bits. */
function load(operation, key, data, password, policy) {
  const request = own.ask(operation, 0, 0, policy);
  const bits = native.load(request, key, data, request, key, password);
  password.fill(0);
  own.check();
  return bits;
}

// A work of the thread pool costs the event loop more than everything else about a signature, so
// that one has up to so many texts. The last of them waits for the others: 2 ms with RSA-2048.
const MOST = 8;
const THREADS = Number(process.env.UV_THREADPOOL_SIZE) || 4;
let asked = [];

/** Share what one turn of the event loop asked for among the threads. */
function share() {
  const all = asked;
  asked = [];
  const size = Math.min(MOST, Math.ceil(all.length / THREADS));
  while (all.length > 0) {
    const some = all.splice(0, size);
    const done = native.start(...some.flatMap(({call}) => call));
    for (const one of some) one.done = done;
  }
}

/** The same in a thread of the pool. The text does not change meanwhile. */
async function later(operation, key, text, [profile, depth], request = new Request(text.length + 1536)) {
  const turn = asked;
  const one = {call: [request.ask(operation, profile, depth, 0), key, text], done: undefined};
  turn.push(one);
  // Not queueMicrotask, which test frameworks replace with a clock of their own.
  await null;
  if (turn === asked) share();
  await one.done;
  const {larger} = request;
  return larger ? later(operation, key, text, [profile, depth], larger) : request.answer();
}

module.exports = {Request, later, load, run};
