'use strict';

const assert = require('node:assert/strict');
const test = require('node:test');
const kess = require('..');
const {Turn} = require('../turn.js');
const {key} = require('./support.js');

const pem = (name) => kess.PrivateKey.fromFile(key(name));
const privateKey = pem('rsa-2048.pem');
const publicKey = privateKey.publicKey();

/** A Turn over works that record what they are given and answer when it is asked for. */
function recorded() {
  const works = [];
  const turn = new Turn((operation, ofKey, profile, depth, texts) => new Promise((resolve, reject) => {
    works.push({operation, key: ofKey, profile, depth, texts: texts.map(String), resolve, reject});
  }));
  return {works, turn};
}

test('what one turn asks for is shared by the threads, in works of eight at most', async () => {
  for (const [count, sizes] of [[1, [1]], [4, [1, 1, 1, 1]], [6, [2, 2, 2]], [16, [4, 4, 4, 4]],
    [36, [8, 8, 8, 8, 4]]]) {
    const {works, turn} = recorded();
    const asked = Array.from({length: count}, (_, index) => turn.ask(1, 'key', 0, 0, Buffer.from(`<${index}>`)));
    assert.deepEqual(works, []);
    await null;
    assert.deepEqual(works.map(({texts}) => texts.length), sizes);
    assert.deepEqual(works.flatMap(({texts}) => texts), asked.map((_, index) => `<${index}>`));
    for (const {texts, resolve} of works) resolve(texts.map((text) => ({bytes: text})));
    assert.deepEqual(await Promise.all(asked), asked.map((_, index) => `<${index}>`));
  }
});

test('another key, operation, profile or depth is another work', async () => {
  const {works, turn} = recorded();
  for (const given of [[1, 'a', 0, 0], [1, 'b', 0, 0], [2, 'b', 0, 0], [2, 'b', 4, 0], [2, 'b', 4, 9]]) {
    for (let count = 0; count < 2; count += 1) turn.ask(...given, Buffer.from('{}'));
  }
  await null;
  assert.deepEqual(works.map((one) => [one.operation, one.key, one.profile, one.depth, one.texts.length]),
    [[1, 'a', 0, 0, 2], [1, 'b', 0, 0, 2], [2, 'b', 0, 0, 2], [2, 'b', 4, 0, 2], [2, 'b', 4, 9, 2]]);
});

test('a work that fails rejects what it was asked for and nothing else', async () => {
  const {works, turn} = recorded();
  const first = turn.ask(1, 'a', 0, 0, Buffer.from('{}'));
  const second = turn.ask(1, 'b', 0, 0, Buffer.from('{}'));
  const third = turn.ask(1, 'b', 0, 0, Buffer.from('{'));
  await null;
  works[0].reject(new Error('no memory'));
  works[1].resolve([{bytes: 'fine'}]);
  works[2]?.resolve([{error: new Error('refused')}]);
  await assert.rejects(first, /no memory/);
  assert.equal(await second, 'fine');
  await assert.rejects(third, /refused/);
  // What asks while the others are under way is the next turn's.
  const next = turn.ask(1, 'a', 0, 0, Buffer.from('{}'));
  await null;
  works.at(-1).resolve([{bytes: 'next'}]);
  assert.equal(await next, 'next');
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
