'use strict';

const assert = require('node:assert/strict');
const {readFileSync} = require('node:fs');
const {inspect} = require('node:util');
const vm = require('node:vm');
const test = require('node:test');
const kess = require('..');
const native = require('../build/Release/kess.node');
const {key} = require('./support.js');

const privateKey = kess.PrivateKey.fromFile(key('rsa-2048.pem'));
const publicKey = kess.PublicKey.fromFile(key('rsa-2048.pub.pem'));

function circle() {
  const value = {};
  value.self = value;
  return value;
}

test('what JSON.stringify drops or changes is refused', () => {
  const hole = [1, 2];
  delete hole[0];
  const inherited = Object.create({a: 1});
  const hidden = Object.defineProperty({}, 'a', {value: 1});
  const named = Object.assign([1], {name: 1});
  const refused = {
    infinite: [NaN, Infinity, -Infinity],
    range: [2 ** 53, -(2 ** 53), 1e21],
    type: [-0, 1n, undefined, () => 1, Symbol('a'), {toJSON() { return 1; }}, new Date(0),
      new Map([[1, 2]]), new Set([1]), new Number(1), new String('a'), Buffer.from('a'), hole,
      inherited, hidden, named, {[Symbol('a')]: 1}, privateKey, Promise.resolve(1), /a/],
    surrogate: ['\ud800', 'a\udc00', {'\ud800': 1}],
    depth: [circle()],
  };
  for (const [reason, values] of Object.entries(refused)) {
    for (const value of values) {
      for (const document of [{a: value}, {a: [{b: value}]}]) {
        assert.throws(() => kess.canonicalize(document),
          (error) => error instanceof kess.CanonicalizationError && error.reason === reason &&
            (reason === 'depth' || error.path.startsWith('$.a')), `${reason}: ${inspect(value)}`);
        assert.throws(() => privateKey.signedBodySync(document), {reason});
      }
    }
  }
  for (const value of [undefined, null, 7, true, () => 1, 1n, Symbol('a'), new Float64Array(2)]) {
    assert.throws(() => kess.canonicalize(value), {reason: 'argument'});
  }
});

test('toJSON of a prototype is refused, too', () => {
  for (const prototype of [Object.prototype, Array.prototype]) {
    prototype.toJSON = () => 'another';
    try {
      assert.throws(() => kess.canonicalize({a: [{}]}), {reason: 'type'});
    } finally {
      delete prototype.toJSON;
    }
  }
});

test('a getter is asked once', () => {
  let asked = 0;
  const document = {get a() { asked += 1; return asked === 1 ? 'first' : undefined; }};
  assert.equal(kess.canonicalize(document).toString(), '{"a":"first"}');
  assert.equal(asked, 1);
});

test('plain values are the text of JSON.stringify', () => {
  const values = [{}, [], {a: null}, {a: [true, false, 'é"\\\u2028', 0.1, 1e-7, 5e-324, 123456789012345]},
    {toJSON: 'a name'}, Object.create(null), JSON.parse('{"__proto__":1}'), {b: {2: 1, 1: 2}},
    vm.runInNewContext('({a: [1, {b: 2}]})')];
  for (const value of values) {
    assert.deepEqual(kess.canonicalize(value), kess.canonicalize(JSON.stringify(value)));
  }
});

test('an object as deep as PHP takes is signed, and one level more is not', () => {
  const nested = (depth) => {
    let value = {};
    for (let level = 1; level < depth; level += 1) value = {a: value};
    return value;
  };
  assert.ok(privateKey.signDocumentSync(nested(512)));
  assert.throws(() => privateKey.signDocumentSync(nested(513)), {reason: 'depth', code: 'KESS_ERR_DEPTH'});
  // What lies in the last one is no container, and does not count.
  let value = 1;
  for (let level = 1; level <= 513; level += 1) value = [value];
  assert.throws(() => privateKey.signDocumentSync(value), {reason: 'depth', code: 'KESS_ERR_DEPTH', position: 512});
  // A message does not grow with the names of a document.
  for (const name of ['a', 'x'.repeat(10000)]) {
    const endless = {};
    endless[name] = endless;
    assert.throws(() => kess.canonicalize(endless), {reason: 'depth', path: '$',
      message: 'too many nested containers, or one that holds itself (at $)'});
  }
});

test('text with half of a surrogate pair is refused, not replaced', () => {
  assert.throws(() => kess.canonicalize('{"a":"\ud800"}'), {reason: 'surrogate'});
  assert.throws(() => publicKey.verifyDocument('{"a":"\udfff"}'), {reason: 'surrogate'});
});

test('empty input, NUL and 1 MiB', () => {
  assert.throws(() => kess.canonicalize(''), {reason: 'syntax'});
  assert.throws(() => publicKey.verifyDocument(Buffer.alloc(0)), {reason: 'syntax'});
  assert.throws(() => kess.canonicalize('{}\0'), {reason: 'syntax'});
  assert.equal(kess.canonicalize('{"a":"\\u0000"}').toString(), '{"a":"\\u0000"}');
  const large = {a: 'x'.repeat(1 << 20), b: '/é'.repeat(1000)};
  const body = privateKey.signedBodySync(large);
  assert.deepEqual(publicKey.verifyDocument(body), kess.canonicalize(large));
});

/** A request of kess.h with room for an output of so many bytes. */
function requestFor(operation, room) {
  const bytes = Buffer.alloc(512 + room);
  const ints = new Int32Array(bytes.buffer, bytes.byteOffset, 128);
  [ints[0], ints[4], ints[7]] = [operation, room, -1];
  return {bytes, ints};
}

test('output that is just too small signs nothing, and the room it names is enough', () => {
  const text = Buffer.from('{"a":1}');
  const rooms = [];
  const {run} = native;
  const ask = (room) => {
    const one = requestFor(1, room);
    let loaded;
    native.run = (bytes, handle) => { loaded = handle; return run(bytes, handle, text); };
    try {
      privateKey.signedBodySync('{}');
    } finally {
      native.run = run;
    }
    native.run(one.bytes, loaded, text);
    rooms.push(one.ints[5]);
    return one;
  };
  assert.equal(ask(1).ints[7], 2);
  const [room] = rooms;
  const tight = ask(room - 1);
  assert.deepEqual([tight.ints[7], tight.ints[5]], [2, room]);
  assert.ok(tight.bytes.subarray(512).every((byte) => byte === 0));
  const enough = ask(room);
  assert.equal(enough.ints[7], 0);
  assert.deepEqual(enough.bytes.subarray(512, 512 + enough.ints[5]), privateKey.signedBodySync('{"a":1}'));
  for (const size of [65023, 65024, 65025, 65535, 65536, 65537]) {
    const long = `{"a":"${'x'.repeat(size - 8)}"}`;
    assert.equal(kess.canonicalize(long).toString(), long);
    assert.equal(publicKey.verifyDocument(privateKey.signedBodySync(long)).toString(), long);
  }
});

test('a text that becomes longer than the room of a thread is done again', async () => {
  const text = JSON.stringify({a: 'é'.repeat(5000)});
  const body = await privateKey.signedBody(text);
  assert.deepEqual(body, privateKey.signedBodySync(text));
  const [{bytes}] = await publicKey.verifyDocuments([body]);
  assert.deepEqual(bytes, kess.canonicalize(text));
});

test('the result is a copy', () => {
  const first = kess.canonicalize('{"a":1}');
  kess.canonicalize('{"b":2}');
  assert.equal(first.toString(), '{"a":1}');
});

test('asynchronous work copies its input', async () => {
  const text = Buffer.from('{"a":1}');
  const promise = privateKey.signedBody(text);
  text.fill(0x20);
  assert.equal(publicKey.verifyDocument(await promise).toString(), '{"a":1}');
  const body = await privateKey.signedBody('{"a":2}');
  const verdicts = publicKey.verifyDocuments([body, body]);
  body.fill(0);
  assert.deepEqual((await verdicts).map(({bytes}) => bytes.toString()), ['{"a":2}', '{"a":2}']);
});

test('shared memory is read once', () => {
  const shared = new Uint8Array(new SharedArrayBuffer(7));
  shared.set(Buffer.from('{"a":1}'));
  assert.equal(kess.canonicalize(shared).toString(), '{"a":1}');
});

test('a key is not shown, cloned or serialised', () => {
  for (const value of [privateKey, publicKey]) {
    assert.deepEqual(Reflect.ownKeys(value), ['bits', 'toJSON']);
    assert.doesNotMatch(inspect(value, {showHidden: true, depth: 9}), /external|0x/i);
    assert.throws(() => structuredClone(value), {name: 'DataCloneError'});
    assert.throws(() => JSON.stringify(value), {reason: 'argument'});
    assert.throws(() => new value.constructor(), {reason: 'argument'});
    assert.throws(() => new value.constructor(undefined, {}), {reason: 'argument'});
    assert.throws(() => new value.constructor(readFileSync(key('rsa-2048.pem'))), {reason: 'argument'});
  }
});

test('a wrong object is no key', async () => {
  for (const fake of [null, undefined, {}, {bits: 2048}, [], 'key', 7, () => 1, new Proxy(publicKey, {})]) {
    assert.throws(() => kess.PublicKey.prototype.verifyDocument.call(fake, '{}'), {reason: 'argument'});
    assert.throws(() => kess.PublicKey.prototype.spki.call(fake), {reason: 'argument'});
    assert.throws(() => kess.PrivateKey.prototype.signedBodySync.call(fake, '{}'), {reason: 'argument'});
    await assert.rejects(kess.PrivateKey.prototype.signedBody.call(fake, '{}'), {reason: 'argument'});
  }
  // A public key does not sign.
  assert.throws(() => kess.PrivateKey.prototype.signedBodySync.call(publicKey, '{}'), {reason: 'argument'});
  await assert.rejects(kess.PrivateKey.prototype.signDocument.call(publicKey, '{}'), {reason: 'argument'});
});

test('the addon leaves what it cannot do without an answer', async () => {
  const text = Buffer.from('{}');
  const lacks = (bytes) => new Int32Array(bytes.buffer, bytes.byteOffset, 8)[7] === -1;
  const {bytes} = requestFor(0, 8);
  for (const given of [[bytes], [bytes, null], [bytes, null, 'x'], [bytes, text, 7], [bytes, {}, {}]]) {
    for (const name of ['run', 'start', 'load']) assert.equal(native[name](...given), undefined);
    assert.ok(lacks(bytes));
  }
  for (const given of [[], ['x', null, text], [Buffer.alloc(512), null, text], [null, null, null], [7]]) {
    for (const name of ['run', 'start', 'load']) assert.equal(native[name](...given), undefined);
  }
  // A request says how much room it has, and it must have that.
  for (const room of [0, 9, 2 ** 31 - 1, -1]) {
    const {bytes: wrong, ints} = requestFor(0, 8);
    ints[4] = room;
    for (const name of ['run', 'start', 'load']) assert.equal(native[name](wrong, null, text, text), undefined);
    assert.ok(lacks(wrong));
  }
  for (const operation of [-1, 1, 3, 5, 8, 99]) {
    for (const name of ['run', 'start', 'load']) {
      const {bytes: asked, ints} = requestFor(operation, 99);
      await native[name](asked, {}, text, text);
      assert.notEqual(ints[7], 0, `${name} ${operation}`);
      assert.notEqual(ints[7], -1, `${name} ${operation}`);
    }
  }
});

test('options are read once, also where the first room is too small', async () => {
  // Of 60,000 characters with an escape each the canonical form needs more room than both first tries have.
  const text = JSON.stringify({a: '/'.repeat(60000), b: 1});
  const profile = new kess.Profile({ksort: '7'});
  const plain = new kess.Profile({unescapedSlashes: true});
  const asked = [];
  const options = {
    get profile() { asked.push('profile'); return asked.length > 2 ? plain : profile; },
    get maxDepth() { asked.push('maxDepth'); return asked.length > 2 ? 1 : 9; },
  };
  const body = privateKey.signedBodySync(text, {profile});
  for (const run of [() => kess.canonicalize(text, options), () => privateKey.signedBodySync(text, options),
    () => privateKey.signedBody(text, options), () => publicKey.verifyDocument(body, options),
    () => publicKey.verifyDocuments([body, body], options)]) {
    asked.length = 0;
    const found = await run();
    assert.deepEqual(asked, ['profile', 'maxDepth']);
    if (Array.isArray(found)) assert.deepEqual(found.map(({error}) => error), [undefined, undefined]);
  }
  // Options that change after the call do not count: the body is that of the call.
  const nested = JSON.stringify({a: '/'.repeat(60000), b: [1.5, 'é']});
  const changed = {maxDepth: 2};
  const promise = privateKey.signedBody(nested, changed);
  Object.assign(changed, {maxDepth: 1, profile: plain});
  assert.deepEqual(await promise, privateKey.signedBodySync(nested));
});

test('options that are inherited are refused, or do not count', async () => {
  for (const options of [Object.create({maxDepth: 1}), new Map([['maxDepth', 1]]), new (class { maxDepth = 1; })(), [],
    Object.defineProperty({}, 'maxDepth', {value: 1}), {[Symbol('maxDepth')]: 1}]) {
    assert.throws(() => kess.canonicalize('{}', options), {reason: 'argument'});
    await assert.rejects(publicKey.verifyDocuments(['{}'], options), {reason: 'argument'});
    assert.throws(() => kess.PublicKey.fromFile(key('rsa-2048.pub.pem'), options), {reason: 'argument'});
  }
  // What other code may do to all objects of the program.
  Object.assign(Object.prototype, {allowWeak: true, maxDepth: 1, profile: new kess.Profile({ksort: '7'}), ksort: '7'});
  try {
    assert.throws(() => kess.PrivateKey.fromFile(key('rsa-1024.pem'), {}), {reason: 'size'});
    assert.throws(() => kess.PrivateKey.fromFile(key('rsa-1024.pem')), {reason: 'size'});
    assert.equal(kess.canonicalize('{"a":[[]]}', {}).toString(), '{"a":[[]]}');
    assert.equal(new kess.Profile().ksort, '8.2');
  } finally {
    for (const name of ['allowWeak', 'maxDepth', 'profile', 'ksort']) delete Object.prototype[name];
  }
});

test('where libkess names too little room twice, that is a failure', async () => {
  const {run, start} = native;
  const tooSmall = (bytes) => {
    bytes.fill(0, 20, 512);
    [[5, 9], [7, 2]].forEach(([at, value]) => { new Int32Array(bytes.buffer, bytes.byteOffset, 8)[at] = value; });
    bytes.write('KESS_ERR_BUFFER', 36);
    bytes.write('BackendError', 68);
    bytes.write('buffer', 92);
    bytes.write('too small', 116);
  };
  let calls = 0;
  try {
    native.run = (bytes) => { calls += 1; tooSmall(bytes); };
    native.start = async (bytes) => { calls += 1; tooSmall(bytes); if (calls > 9) throw new Error('endless'); };
    assert.throws(() => kess.canonicalize('{}'), {name: 'BackendError', code: 'KESS_ERR_BUFFER'});
    assert.equal(calls, 2);
    await assert.rejects(privateKey.signedBody('{}'), {name: 'BackendError', code: 'KESS_ERR_BUFFER'});
    assert.equal(calls, 4);
  } finally {
    Object.assign(native, {run, start});
  }
});

test('no copy of a key or password stays in memory that Buffers share', () => {
  const secrets = [readFileSync(key('rsa-2048.encrypted.pem'), 'latin1'), 'correct horse'];
  const {load} = native;
  const copies = [];
  native.load = (...given) => { copies.push(given[2], given[3]); return load(...given); };
  try {
    const [pem, password] = secrets;
    kess.PrivateKey.fromPem(pem, {password});
    assert.throws(() => kess.PrivateKey.fromPem(pem, {password: 'wrong'}), {reason: 'password'});
    const [sharedPem, sharedPassword] = secrets.map((text) => {
      const shared = new Uint8Array(new SharedArrayBuffer(text.length));
      shared.set(Buffer.from(text));
      return shared;
    });
    kess.PrivateKey.fromPem(sharedPem, {password: sharedPassword});
    assert.equal(copies.length, 6);
    for (const copy of copies) assert.ok(copy.length > 4 && copy.every((byte) => byte === 0));
    // Bytes of the caller stay as they are.
    const own = secrets.map((text) => Buffer.from(text));
    kess.PrivateKey.fromPem(own[0], {password: own[1]});
    assert.deepEqual(own.map(String), secrets);
  } finally {
    native.load = load;
  }
});

test('a batch of long and short texts has room for each', async () => {
  const texts = Array.from({length: 60}, (_, index) => `{"a":"${'x'.repeat(index * index * 40)}"}`);
  const bodies = await Promise.all(texts.map((text) => privateKey.signedBody(text)));
  assert.deepEqual((await publicKey.verifyDocuments(bodies)).map(({bytes}) => bytes.toString()), texts);
});

test('a long batch is verified as it was given, and the event loop turns meanwhile', async () => {
  const body = privateKey.signedBodySync('{"a":[]}');
  const bodies = Array.from({length: 600}, (_, index) => (index % 100 === 99 ? `{"a":${index}}` : Buffer.from(body)));
  const options = {maxDepth: 2};
  const verdicts = publicKey.verifyDocuments(bodies, options);
  options.maxDepth = 1;
  for (const one of bodies) one.fill?.(0);
  let turns = 0;
  setImmediate(() => { turns += 1; });
  const found = await verdicts;
  assert.ok(turns > 0);
  assert.deepEqual(found.map(({bytes, error}) => bytes?.toString() ?? error.reason),
    bodies.map((one) => (typeof one === 'string' ? 'sign_missing' : '{"a":[]}')));
});

test('options are checked', () => {
  for (const profile of [null, {}, 1, 'PHP_8']) {
    assert.throws(() => kess.canonicalize('{}', {profile}), {reason: 'argument'});
  }
  for (const maxDepth of [0, 513, 1.5, '3', NaN]) {
    assert.throws(() => kess.canonicalize('{}', {maxDepth}), {reason: 'argument'});
  }
  assert.throws(() => kess.canonicalize('{"a":[[]]}', {maxDepth: 2}), {reason: 'depth'});
  for (const options of [null, 5, 'PHP_8', {maxdepth: 2}, {password: 'x'}]) {
    assert.throws(() => kess.canonicalize('{}', options), {reason: 'argument'});
    assert.throws(() => publicKey.verifyDocument('{}', options), {reason: 'argument'});
  }
  for (const options of [null, 5, 'correct horse', {pasword: 'x'}, {password: 5}, {allowWeak: 1}]) {
    assert.throws(() => kess.PrivateKey.fromFile(key('rsa-2048.pem'), options), {reason: 'argument'});
    assert.throws(() => kess.PublicKey.fromFile(key('rsa-2048.pub.pem'), options), {reason: 'argument'});
  }
  assert.throws(() => new kess.Profile({kSort: '7'}), {reason: 'argument'});
  assert.throws(() => new kess.Profile(null), {reason: 'argument'});
  assert.throws(() => new kess.Profile({ksort: '9'}), {reason: 'argument'});
  assert.throws(() => new kess.Profile({serializePrecision: 14}), {reason: 'argument'});
  assert.throws(() => new kess.Profile({unescapedSlashes: 1}), {reason: 'argument'});
  assert.throws(() => new kess.Profile({preserveZeroFraction: 1}), {reason: 'argument'});
});

test('the functions take any signer and verifier', async () => {
  const body = await kess.signedBody({a: 1}, privateKey);
  assert.deepEqual(kess.verifyDocument(body, publicKey), kess.canonicalize({a: 1}));
  const [{bytes, error}] = await kess.verifyDocuments([body], publicKey);
  assert.deepEqual([bytes.toString(), error], ['{"a":1}', undefined]);
  assert.equal(await kess.signDocument({a: 1}, privateKey), JSON.parse(body).sign);
  for (const other of [undefined, null, {}, 'key']) {
    assert.throws(() => kess.verifyDocument('{}', other), {reason: 'argument'});
    await assert.rejects(kess.verifyDocuments([], other), {reason: 'argument'});
    await assert.rejects(kess.signedBody({}, other), {reason: 'argument'});
    await assert.rejects(kess.signDocument({}, other), {reason: 'argument'});
  }
});
