'use strict';

const assert = require('node:assert/strict');
const test = require('node:test');
const kess = require('..');
const native = require('../build/Release/kess.node');
const {key} = require('./support.js');

const pem = (name) => kess.PrivateKey.fromFile(key(name));
const privateKey = pem('rsa-2048.pem');
const publicKey = privateKey.publicKey();

/** Run with works that are recorded, and that only a test ends. */
async function recorded(run) {
  const works = [];
  const {start} = native;
  native.start = (...given) => new Promise((resolve, reject) => {
    const calls = [];
    for (let from = 0; from < given.length; from += 3) calls.push(given.slice(from, from + 3));
    const done = () => resolve(start(...given));
    works.push({texts: calls.map(([, , text]) => text.toString()), calls, done, reject});
  });
  try {
    await run(works);
  } finally {
    native.start = start;
  }
}

test('what one turn asks for is shared by the threads, in works of eight at most', async () => {
  for (const [count, sizes] of [[1, [1]], [4, [1, 1, 1, 1]], [6, [2, 2, 2]], [16, [4, 4, 4, 4]],
    [36, [8, 8, 8, 8, 4]]]) {
    await recorded(async (works) => {
      const texts = Array.from({length: count}, (_, index) => `{"a":${index}}`);
      const asked = texts.map((text) => privateKey.signDocument(text));
      assert.deepEqual(works, []);
      await null;
      assert.deepEqual(works.map((one) => one.texts.length), sizes);
      assert.deepEqual(works.flatMap((one) => one.texts), texts);
      for (const {done} of works) done();
      assert.deepEqual(await Promise.all(asked), texts.map((text) => privateKey.signDocumentSync(text)));
    });
  }
});

test('a work that fails rejects what it was asked for and nothing else', async () => {
  await recorded(async (works) => {
    const asked = Array.from({length: 8}, (_, index) => privateKey.signDocument(index === 7 ? '{' : '{}'));
    await null;
    assert.equal(works.length, 4);
    works[0].reject(new Error('no memory'));
    for (const {done} of works.slice(1)) done();
    const answers = await Promise.allSettled(asked);
    assert.deepEqual(answers.map(({status, reason}) => (status === 'rejected' ? reason.message.slice(0, 9) : 'signed')),
      ['no memory', 'no memory', 'signed', 'signed', 'signed', 'signed', 'signed', answers[7].reason.message.slice(0, 9)]);
    assert.equal(answers[7].reason.reason, 'syntax');
    // What asks while the others are under way is the next turn's.
    const next = privateKey.signDocument('{}');
    await null;
    works.at(-1).done();
    assert.equal(await next, privateKey.signDocumentSync('{}'));
  });
});

test('of one turn each text has its own body or its own error', async () => {
  const other = pem('rsa-3072.pem');
  const texts = Array.from({length: 40}, (_, index) => (index % 5 === 3 ? '{' : `{"index":${index}}`));
  const given = texts.map((text, index) => (index % 2 ? other : privateKey).signedBody(text));
  const answers = await Promise.allSettled(given);
  for (const [index, {status, value, reason}] of answers.entries()) {
    assert.equal(status, texts[index] === '{' ? 'rejected' : 'fulfilled');
    if (status === 'rejected') assert.equal(reason.reason, 'syntax');
    else assert.equal((index % 2 ? other.publicKey() : publicKey).verifyDocument(value).toString(), texts[index]);
  }
});

test('a body that goes to another thread takes no other along', async () => {
  const bodies = await Promise.all(Array.from({length: 40}, (_, index) => privateKey.signedBody({index})));
  try {
    structuredClone(bodies[0], {transfer: [bodies[0].buffer]});
  } catch (error) {
    assert.equal(error.name, 'DataCloneError');
  }
  for (const [index, body] of bodies.entries()) {
    assert.equal(publicKey.verifyDocument(body).toString(), `{"index":${index}}`);
  }
});

test('a test framework that stops the timers of Node does not stop a signature', async () => {
  const names = ['queueMicrotask', 'setImmediate', 'setTimeout'];
  const real = Object.fromEntries(names.map((name) => [name, globalThis[name]]));
  for (const name of names) globalThis[name] = () => {};
  const signed = privateKey.signedBody('{"a":1}');
  Object.assign(globalThis, real);
  assert.equal(publicKey.verifyDocument(await signed).toString(), '{"a":1}');
});
