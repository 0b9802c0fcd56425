'use strict';

const assert = require('node:assert/strict');
const {execFileSync, fork} = require('node:child_process');
const {createPrivateKey, sign} = require('node:crypto');
const {existsSync, readFileSync} = require('node:fs');
const {join} = require('node:path');
const test = require('node:test');
const kess = require('..');
const {key} = require('./support.js');

const privateKey = kess.PrivateKey.fromFile(key('rsa-2048.pem'));
const publicKey = privateKey.publicKey();
const LINUX = existsSync(`/proc/self/task/${process.pid}/stat`);

/** Ticks of the processor that this thread has used; it is the first of the process. */
function ticks() {
  const fields = readFileSync(`/proc/self/task/${process.pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

/** Ticks of the thread and of the whole process that some work takes. */
async function spent(work) {
  const [before, {user, system}] = [ticks(), process.cpuUsage()];
  await work();
  const all = process.cpuUsage();
  // A tick is a hundredth of a second.
  return [ticks() - before, (all.user - user + all.system - system) / 10000];
}

test('signatures are made in other threads, and the event loop turns meanwhile', {skip: !LINUX}, async () => {
  let turns = 0;
  let isDone = false;
  const turn = () => {
    turns += 1;
    if (!isDone) setImmediate(turn);
  };
  turn();
  for (let count = 0; count < 200; count += 1) await privateKey.signedBody('{"a":1}');
  isDone = true;
  // One at least while each is made; a call that blocked would leave none.
  assert.ok(turns > 200, `${turns} turns`);

  const [main, all] = await spent(async () => {
    for (let round = 0; round < 20; round += 1) {
      await Promise.all(Array.from({length: 100}, () => privateKey.signedBody('{"a":1}')));
    }
  });
  // Counted in time of the processor, not of the clock: on a busy machine it is the same.
  assert.ok(main < all / 4, `the thread of the event loop took ${main} of ${all} ticks`);
  const [blocked, whole] = await spent(() => {
    for (let count = 0; count < 2000; count += 1) privateKey.signedBodySync('{"a":1}');
  });
  assert.ok(blocked > whole / 2, `what stops the event loop took ${blocked} of ${whole} ticks in it`);
});

test('a thousand signatures in flight are each over their own text', async () => {
  const texts = Array.from({length: 1000}, (_, index) => `{"index":${index}}`);
  const works = texts.map((text) => privateKey.signedBody(text));
  // Meanwhile the same key signs and verifies in this thread.
  const body = privateKey.signedBodySync('{"now":true}');
  assert.equal(publicKey.verifyDocument(body).toString(), '{"now":true}');
  const bodies = await Promise.all(works);
  for (const [index, text] of texts.entries()) {
    assert.equal(publicKey.verifyDocument(bodies[index]).toString(), text);
  }
  const batches = await Promise.all(Array.from({length: 8}, () => publicKey.verifyDocuments(bodies)));
  for (const batch of batches) {
    assert.deepEqual(batch.map((one) => one.bytes?.toString()), texts);
  }
});

test('a key lives while a signature of it is in flight', async () => {
  const works = [];
  for (let count = 0; count < 50; count += 1) {
    works.push(kess.PrivateKey.fromFile(key('rsa-2048.pem')).signedBody('{"a":1}'));
  }
  global.gc?.();
  const [first, ...others] = (await Promise.all(works)).map(String);
  assert.ok(others.every((body) => body === first));
});

test('eight processes sign beside works that are in flight', {timeout: 120000}, async () => {
  const expected = privateKey.signedBodySync('{"a":1}').toString();
  const works = Array.from({length: 100}, () => privateKey.signedBody('{"a":1}'));
  const children = Array.from({length: 8}, () => new Promise((resolve, reject) => {
    const child = fork(join(__dirname, 'signer.js'), [key('rsa-2048.pem')]);
    child.once('error', reject);
    child.once('message', resolve);
    // The message comes before that, also where the process has ended meanwhile.
    child.once('close', (code, signal) => reject(new Error(`no answer: ${signal ?? code}`)));
  }));
  assert.deepEqual(new Set(await Promise.all(children)), new Set([expected]));
  assert.deepEqual(new Set((await Promise.all(works)).map(String)), new Set([expected]));
});

test('both OpenSSLs give the same bytes, side by side', {skip: !LINUX}, () => {
  const signer = join(__dirname, 'signer.js');
  const run = (...options) => execFileSync(process.execPath, [signer, key('rsa-2048.pem'), ...options], {encoding: 'utf8'}).split('\n');
  const [, plain] = run('--print');
  const [version, deep] = run('--print', '--deepbind');
  assert.equal(plain, deep);
  // RTLD_DEEPBIND: libkess has the libcrypto that it was built for, whatever Node has.
  const libcrypto = readFileSync('/proc/self/maps', 'utf8').match(/\S+\/libcrypto\.so\.3/)[0];
  assert.ok(readFileSync(libcrypto).includes(version), version);
  const {sign: signature} = JSON.parse(deep);
  const ofNode = sign('RSA-SHA256', Buffer.from('{"a":1}'), createPrivateKey(readFileSync(key('rsa-2048.pem'))));
  assert.equal(signature, ofNode.toString('base64'));
});
