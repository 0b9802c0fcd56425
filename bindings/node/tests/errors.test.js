'use strict';

const assert = require('node:assert/strict');
const {readFileSync} = require('node:fs');
const {join} = require('node:path');
const test = require('node:test');
const kess = require('..');
const {TABLE, errorFor} = require('../errors.js');
const native = require('../build/Release/kess.node');
const {ROOT, key} = require('./support.js');

const publicKey = kess.PublicKey.fromFile(key('rsa-2048.pub.pem'));
const privateKey = kess.PrivateKey.fromFile(key('rsa-2048.pem'));

function raised(run) {
  try {
    run();
  } catch (error) {
    return error;
  }
  return assert.fail('nothing was refused');
}

test('the table is that of all languages, and of the library', () => {
  const shared = JSON.parse(readFileSync(join(ROOT, 'bindings', 'status.json')));
  assert.equal(shared.length, TABLE.size);
  for (const row of shared) {
    for (const verifying of [false, true]) {
      const error = errorFor(native, row.status, 0, 7, verifying);
      const kind = verifying && row.verifying ? row.verifying : row.exception;
      assert.equal(error.name, kind);
      assert.ok(error instanceof kess[kind]);
      assert.equal(error.reason, row.reason);
      assert.equal(error.code, row.code);
    }
  }
  const header = readFileSync(join(ROOT, 'csrc', 'include', 'kess.h'), 'utf8');
  const values = [...header.matchAll(/^ +(KESS_ERR_\w+) = (\d+)/gm)];
  assert.deepEqual(values.map(([, name, value]) => [Number(value), name]),
    shared.map((row) => [row.status, row.code]));
});

test('a key that cannot be loaded is one statement, the same in all languages', () => {
  const shared = JSON.parse(readFileSync(join(ROOT, 'bindings', 'key_errors.json')));
  for (const {file, needed, message} of shared) {
    const kind = needed === 'a private key' ? 'PrivateKey' : 'PublicKey';
    assert.equal(raised(() => kess[kind].fromFile(key(file))).message, message);
  }
  assert.ok(shared.length > 5);
});

test('an invented status is a failure', () => {
  for (const status of [4, 199, 225, 406, 65536, 2147483647]) {
    const error = errorFor(native, status, 0, 0, true);
    assert.ok(error instanceof kess.BackendError);
    assert.equal(error.reason, 'unknown');
  }
});

test('a refusal has reason, code and position', () => {
  const syntax = raised(() => kess.canonicalize('{"a":1,}'));
  assert.ok(syntax instanceof kess.CanonicalizationError && syntax instanceof kess.InputError);
  assert.deepEqual([syntax.reason, syntax.code, syntax.position], ['syntax', 'KESS_ERR_SYNTAX', 7]);
  const utf8 = raised(() => kess.canonicalize(Buffer.from('{"a":"é\xff"}', 'latin1')));
  assert.deepEqual([utf8.reason, utf8.position], ['utf8', 6]);
  const twice = raised(() => publicKey.verifyDocument('{"a":1,"a":2,"sign":""}'));
  assert.ok(twice instanceof kess.DocumentRefused && twice instanceof kess.InvalidSignature);
  assert.equal(twice.reason, 'duplicate');
  const missing = raised(() => publicKey.verifyDocument('{"a":1}'));
  assert.deepEqual([missing.name, missing.reason, missing.position],
    ['InvalidSignature', 'sign_missing', undefined]);
});

test('a promise is rejected with the same errors', async () => {
  await assert.rejects(privateKey.signedBody('{"sign":"x"}'),
    {name: 'CanonicalizationError', reason: 'sign_present'});
  await assert.rejects(privateKey.signDocument('{'), {reason: 'syntax'});
  await assert.rejects(privateKey.signedBody(7), {name: 'InputError', reason: 'argument'});
  await assert.rejects(publicKey.verifyDocuments('x'), {name: 'InputError'});
  await assert.rejects(publicKey.verifyDocuments(['{}', , '{}']), {name: 'InputError'});
  assert.deepEqual(await publicKey.verifyDocuments([]), []);
});

test('a key that cannot be loaded says why', () => {
  const load = (name, options) => raised(() => kess.PrivateKey.fromFile(key(name), options));
  assert.deepEqual([load('rsa-2048.pub.pem').reason, load('rsa-2048.pub.pem').found],
    ['kind', 'a public key']);
  assert.equal(load('rsa-1024.pem').reason, 'size');
  assert.equal(load('absent.pem').reason, 'file');
  assert.equal(load('rsa-2048.encrypted.pem').reason, 'password');
  assert.equal(load('rsa-2048.encrypted.pem', {password: 'correct horse\0x'}).reason, 'password');
  assert.equal(load('rsa-2048.encrypted.pem', {password: ''}).reason, 'password');
  assert.equal(kess.PrivateKey.fromFile(key('rsa-2048.encrypted.pem'),
    {password: 'correct horse'}).bits, 2048);
  assert.equal(kess.PrivateKey.fromPem(readFileSync(key('rsa-2048.encrypted.der')),
    {password: Buffer.from('correct horse')}).bits, 2048);
  assert.equal(raised(() => kess.PublicKey.fromFile(key('rsa-2048.pem'))).reason, 'secret');
  for (const value of ['', Buffer.alloc(0), 'x\0y']) {
    assert.equal(raised(() => kess.PublicKey.fromPem(value)).reason, 'format');
  }
  for (const value of [undefined, null, 7, {}, [], new Float64Array(2)]) {
    assert.equal(raised(() => kess.PublicKey.fromPem(value)).reason, 'argument');
    assert.equal(raised(() => kess.PublicKey.fromFile(value)).reason, 'argument');
  }
  assert.equal(raised(() => kess.PublicKey.fromFile(`${key('rsa-2048.pub.pem')}\0`)).reason, 'argument');
});

test('index.d.ts declares what index.js exports', () => {
  const types = readFileSync(join(__dirname, '..', 'index.d.ts'), 'utf8');
  const declared = [...types.matchAll(/^export (?:class|const|function) (\w+)/gm)].map(([, name]) => name);
  assert.deepEqual(declared.sort(), Object.keys(kess).sort());
});

test('a libkess that does not fit is refused, with both versions', () => {
  kess.checkVersion('0.1.0', '0.1.9');
  kess.checkVersion('1.4.0', '1.2.0');
  for (const [loaded, built] of [['0.2.0', '0.1.0'], ['1.0.0', '0.1.0'], ['2.0.0', '1.0.0']]) {
    assert.throws(() => kess.checkVersion(loaded, built), (error) =>
      error.message.includes(loaded) && error.message.includes(built));
  }
  const {version} = JSON.parse(readFileSync(join(__dirname, '..', 'package.json')));
  assert.equal(kess.version(), version);
  const project = readFileSync(join(ROOT, 'src', 'kesspay', '_version.py'), 'utf8');
  assert.equal(version, project.match(/__version__: Final = "(.*)"/)[1]);
});
