'use strict';

const {documentOf, settingsOf} = require('./arguments.js');
const {fail} = require('./errors.js');
const native = require('./build/Release/kess.node');

// kess_request of kess.h. In 32 bits: operation, profile, depth and policy from 0 on, status and
// kind; in 64 bits: length and position; in bytes: the words of an error, and the output.
const [STATUS, KIND, LENGTH, POSITION, WORDS, OUT] = [10, 11, 3, 4, 48, 512];
const [TOO_SMALL, UNANSWERED] = [2, -1];

class Request {
  constructor(room) {
    this.bytes = Buffer.allocUnsafe(OUT + room);
    this.ints = new Int32Array(this.bytes.buffer, this.bytes.byteOffset, OUT / 4);
    this.longs = new BigInt64Array(this.bytes.buffer, this.bytes.byteOffset, OUT / 8);
  }

  ask(operation, [profile, depth], policy) {
    const {ints} = this;
    [ints[0], ints[1], ints[2], ints[3], ints[STATUS]] = [operation, profile, depth, policy, UNANSWERED];
    return this.bytes;
  }

  /** A larger request, where this one was too small: then nothing was signed or verified. */
  get larger() {
    return this.ints[STATUS] === TOO_SMALL ? new Request(Number(this.longs[LENGTH])) : undefined;
  }

  check() {
    if (this.ints[STATUS] === 0) return;
    if (this.ints[STATUS] === UNANSWERED) fail(0, 'there is no answer', {reason: 'unknown', code: 'KESS_ERR_UNKNOWN'});
    // Zeros follow each text; "found" may be empty.
    const [code, , reason, ...others] = this.bytes.toString('latin1', WORDS, OUT).split(/\0+/);
    const [, message, found] = others.reverse();
    const position = Number(this.longs[POSITION]);
    fail(this.ints[KIND], message, {reason, code, ...(position >= 0 && {position}), ...(found && {found})});
  }

  get output() {
    this.check();
    return this.bytes.subarray(OUT, OUT + Number(this.longs[LENGTH]));
  }
}

// For calls in this thread. No caller ever sees it.
const own = new Request(65536 - OUT);

/** What an operation writes for a text. */
function run(operation, key, text = Buffer.alloc(0), options = undefined, request = own) {
  native.call(request.ask(operation, settingsOf(options), 0), key, text);
  const {larger} = request;
  if (larger) return run(operation, key, text, options, larger);
  request.check();
  const copy = Buffer.allocUnsafe(Number(request.longs[LENGTH]));
  copy.set(new Uint8Array(request.bytes.buffer, request.bytes.byteOffset + OUT, copy.length));
  return copy;
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
  for (let from = 0; from < all.length; from += size) {
    const some = all.slice(from, from + size);
    const done = native.start(...some.flatMap(({call}) => call));
    for (const one of some) one.done = done;
  }
}

/** The same in a thread of the pool. The caller may change the document meanwhile. */
async function later(operation, key, document, options, larger = undefined) {
  const text = Buffer.from(documentOf(document));
  // Room for most texts and for a signature.
  const request = larger ?? new Request(text.length + (key?.bits >> 1) + 64);
  const one = {call: [request.ask(operation, settingsOf(options), 0), key, text], done: undefined};
  const turn = asked;
  turn.push(one);
  // Not queueMicrotask, which test frameworks replace with a clock of their own.
  await null;
  if (turn === asked) share();
  // Key and text, which are used below, are not collected meanwhile.
  await one.done;
  const {larger: next} = request;
  return next ? later(operation, key, text, options, next) : request.output;
}

module.exports = {Request, later, own, run};
