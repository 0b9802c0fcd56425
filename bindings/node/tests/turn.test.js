'use strict';

const assert = require('node:assert/strict');
const test = require('node:test');
const kess = require('..');
const {key} = require('./support.js');

const pem = (name) => kess.PrivateKey.fromFile(key(name));
const privateKey = pem('rsa-2048.pem');
const publicKey = privateKey.publicKey();

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
