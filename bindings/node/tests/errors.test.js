'use strict';

const assert = require('node:assert/strict');
const {readFileSync} = require('node:fs');
const {join} = require('node:path');
const test = require('node:test');
const kess = require('..');
const {errorFor} = require('../errors.js');
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

test('each kind of error that libkess names has its class', () => {
  // tests/bindings/test_status_table.py compares what libkess says of each status.
  const shared = JSON.parse(readFileSync(join(ROOT, 'bindings', 'status.json')));
  for (const row of shared) {
    for (const kind of [row.exception, row.verifying ?? row.exception]) {
      const error = errorFor([kind, 'what happened', row.reason, row.code, '', 7]);
      assert.equal(error.name, kind);
      assert.ok(error instanceof kess[kind] && error instanceof kess.KessError);
      assert.deepEqual([error.reason, error.code, error.position, 'found' in error], [row.reason, row.code, 7, false]);
    }
  }
  assert.equal(shared.length, 35);
});

test('the numbers of index.js are those of kess.h', () => {
  const header = readFileSync(join(ROOT, 'csrc', 'include', 'kess.h'), 'utf8');
  const names = [...header.matchAll(/^ +KESS_DO_(\w+) = (\d),?/gm)].map(([, name], index) => [name, index]);
  const code = readFileSync(join(__dirname, '..', 'index.js'), 'utf8');
  const listed = code.match(/^const \[(.*)\] = Array\(7\)/m)[1].split(', ').map((name, index) => [name, index]);
  assert.deepEqual(listed, names.slice(0, 7));
  assert.deepEqual(names.slice(7), [['LOAD_PRIVATE_FILE', 7], ['LOAD_PUBLIC_FILE', 8]]);
  const bits = new Map([...header.matchAll(/^#define KESS_(?:PROFILE|KEY)_(\w+) (\d+)u/gm)]
    .map(([, name, value]) => [name, value]));
  assert.match(code, new RegExp(`PRECISION = .*17, ${bits.get('PRECISION_17')}\\], \\[100, ${bits.get('PRECISION_100')}\\]`));
  assert.match(code, new RegExp(`KSORT = .*'8.0', ${bits.get('KSORT_PHP_8_0')}\\], \\['7', ${bits.get('KSORT_PHP_7')}\\]`));
  for (const [name, word] of [['UNESCAPED_SLASHES', 'unescapedSlashes'], ['UNESCAPED_UNICODE', 'unescapedUnicode'],
    ['PRESERVE_ZERO_FRACTION', 'preserveZeroFraction']]) {
    assert.ok(code.includes(`${word}: ${bits.get(name)}`), name);
  }
  assert.equal(bits.get('ALLOW_WEAK'), '1');
});

test('a key that cannot be loaded is one statement, the same in all languages', () => {
  const shared = JSON.parse(readFileSync(join(ROOT, 'bindings', 'key_errors.json')));
  for (const {file, needed, message} of shared) {
    const kind = needed === 'a private key' ? 'PrivateKey' : 'PublicKey';
    assert.equal(raised(() => kess[kind].fromFile(key(file))).message, message);
  }
  assert.ok(shared.length > 5);
});

test('what libkess does not know is a failure', () => {
  for (const name of ['BackendError', 'AnotherError', 'toString', '', undefined]) {
    const error = errorFor([name, 'an unknown status (KESS_ERR_UNKNOWN, 406)', 'unknown', 'KESS_ERR_UNKNOWN', '', -1]);
    assert.ok(error instanceof kess.BackendError, name);
    assert.deepEqual([error.reason, 'position' in error], ['unknown', false]);
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
  kess.checkVersion({fits: true, version: '0.1.0', header: '0.1.9'});
  assert.throws(() => kess.checkVersion({fits: false, version: '0.2.0', header: '0.1.0'}), (error) =>
    error.message.includes('0.2.0') && error.message.includes('0.1.0'));
  const {version} = JSON.parse(readFileSync(join(__dirname, '..', 'package.json')));
  assert.equal(kess.version(), version);
  const project = readFileSync(join(ROOT, 'src', 'kesspay', '_version.py'), 'utf8');
  assert.equal(version, project.match(/__version__: Final = "(.*)"/)[1]);
});
