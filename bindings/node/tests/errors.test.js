'use strict';

const assert = require('node:assert/strict');
const {readFileSync} = require('node:fs');
const {join} = require('node:path');
const test = require('node:test');
const kess = require('..');
const native = require('../build/Release/kess.node');
const {ROOT, answered, key} = require('./support.js');

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

const HEADER = readFileSync(join(ROOT, 'csrc', 'include', 'kess.h'), 'utf8');
const KINDS = ['BackendError', 'InputError', 'CanonicalizationError', 'KeyLoadError', 'InvalidSignature', 'DocumentRefused'];

/** The error of a kess_request that libkess would have filled in. */
function errorOf({status, kind, position, code, exception = '', reason, found = '', message}) {
  return raised(() => answered((bytes, ints) => {
    bytes.fill(0, 20, 512);
    [ints[7], ints[8], ints[6]] = [status, kind, position];
    for (const [text, offset] of [[code, 36], [exception, 68], [reason, 92], [message, 116], [found, 448]]) {
      bytes.write(text, offset);
    }
  }, () => kess.canonicalize('{}')));
}

test('each kind of error that libkess names has its class', () => {
  // tests/bindings/test_status_table.py compares what libkess says of each status.
  const shared = JSON.parse(readFileSync(join(ROOT, 'bindings', 'status.json')));
  for (const {status, reason, code, exception, verifying = exception} of shared) {
    // Where there is too little room, the package asks again.
    if (code === 'KESS_ERR_BUFFER') continue;
    for (const name of [exception, verifying]) {
      const error = errorOf({status, kind: KINDS.indexOf(name), position: 7, code, exception: name, reason, message: 'what happened'});
      assert.equal(error.name, name);
      assert.ok(error instanceof kess[name] && error instanceof kess.KessError);
      assert.deepEqual([error.message, error.reason, error.code, error.position, 'found' in error],
        ['what happened', reason, code, 7, false]);
    }
  }
  assert.equal(shared.length, 35);
  const error = errorOf({status: 301, kind: 3, position: -1, code: 'KESS_ERR_KEY_KIND', exception: 'KeyLoadError',
    reason: 'kind', found: 'a public key', message: 'found a public key'});
  assert.deepEqual([error.message, error.reason, error.found, 'position' in error],
    ['found a public key', 'kind', 'a public key', false]);
});

test('the numbers of this package are those of kess.h', () => {
  const kinds = [...HEADER.matchAll(/^ +KESS_KIND_\w+ = (\d),? *\/\* (\w+)/gm)].map(([, number, name]) => [Number(number), name]);
  assert.deepEqual(kinds, KINDS.map((name, number) => [number, name]));
  const names = [...HEADER.matchAll(/^ +KESS_DO_(\w+) = (\d+),?/gm)].map(([, name, number]) => [name, Number(number)]);
  const code = readFileSync(join(__dirname, '..', 'index.js'), 'utf8');
  const listed = code.match(/^const \[(.*)\] = Array\(7\)/m)[1].split(', ').map((name, index) => [name, index]);
  assert.deepEqual(listed, names.slice(0, 7));
  assert.deepEqual(names.slice(7, 9), [['LOAD_PRIVATE_FILE', 7], ['LOAD_PUBLIC_FILE', 8]]);
  assert.deepEqual(names.slice(10), [['VERSION', 10], ['OPENSSL_VERSION', 11]]);
  assert.ok(code.includes('[FROM_FILE, VERSION, OPENSSL_VERSION] = [2, 10, 11]'));
  const bits = new Map([...HEADER.matchAll(/^#define KESS_(?:PROFILE|KEY)_(\w+) (\d+)u/gm)]
    .map(([, name, value]) => [name, value]));
  assert.ok(code.includes(`[17, ${bits.get('PRECISION_17')}], [100, ${bits.get('PRECISION_100')}]`));
  assert.ok(code.includes(`['8.0', ${bits.get('KSORT_PHP_8_0')}], ['7', ${bits.get('KSORT_PHP_7')}]`));
  for (const [name, word] of [['UNESCAPED_SLASHES', 'unescapedSlashes'], ['UNESCAPED_UNICODE', 'unescapedUnicode'],
    ['PRESERVE_ZERO_FRACTION', 'preserveZeroFraction']]) {
    assert.ok(code.includes(`${word}: new Map([[false, 0], [true, ${bits.get(name)}]])`), name);
  }
  assert.equal(bits.get('ALLOW_WEAK'), '1');
});

test('the members of a request lie where kess.h has them', () => {
  const members = new Map([...HEADER.matchAll(/^ +\w+ (\w+)(?:\[\d+\])?; +\/\* +(\d+):/gm)]
    .map(([, name, offset]) => [name, Number(offset)]));
  const [, ...found] = readFileSync(join(__dirname, '..', 'index.js'), 'utf8')
    .match(/\[ROOM, LENGTH, POSITION, STATUS, WORDS, OUT\] = \[(\d+), (\d+), (\d+), (\d+), (\d+), (\d+)\]/).map(Number);
  const [room, len, pos, status, name, out] = ['room', 'len', 'pos', 'status', 'name', 'out'].map((one) => members.get(one));
  assert.deepEqual(found, [room / 4, len / 4, pos / 4, status / 4, name, out]);
  assert.deepEqual(['operation', 'profile', 'max_depth', 'policy'].map((one) => members.get(one)), [0, 4, 8, 12]);
  assert.deepEqual(['name', 'exception', 'reason', 'message', 'found'].map((one) => members.get(one)), [36, 68, 92, 116, 448]);
  assert.equal(HEADER.match(/KESS_ERR_BUFFER = (\d+)/)[1], '2');
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
  for (const kind of [0, 6, -1, 2 ** 31 - 1]) {
    // Every object has some names without being given them.
    for (const exception of ['AnotherError', 'constructor', 'toString', '__proto__']) {
      const error = errorOf({status: 406, kind, position: -1, code: 'KESS_ERR_UNKNOWN', exception,
        reason: 'unknown', message: 'an unknown status (KESS_ERR_UNKNOWN, 406)'});
      assert.ok(error instanceof kess.BackendError, `${kind} ${exception}`);
      assert.deepEqual([error.reason, 'position' in error], ['unknown', false]);
    }
  }
});

test('what gets no answer is a failure', async () => {
  const {load, run, start} = native;
  const text = '{"a":1}';
  try {
    for (const name of ['load', 'run', 'start']) native[name] = () => undefined;
    assert.throws(() => kess.canonicalize(text), {name: 'BackendError', reason: 'unknown'});
    assert.throws(() => kess.PublicKey.fromFile(key('rsa-2048.pub.pem')), {name: 'BackendError'});
    await assert.rejects(privateKey.signedBody(text), {name: 'BackendError'});
    const [{bytes, error}] = await publicKey.verifyDocuments([text]);
    assert.deepEqual([bytes, error.name], [undefined, 'BackendError']);
  } finally {
    Object.assign(native, {load, run, start});
  }
  assert.equal(kess.canonicalize(text).toString(), text);
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
  const {version} = JSON.parse(readFileSync(join(__dirname, '..', 'package.json')));
  assert.equal(kess.version(), version);
  const project = readFileSync(join(ROOT, 'src', 'kesspay', '_version.py'), 'utf8');
  assert.equal(version, project.match(/__version__: Final = "(.*)"/)[1]);
  // A package of another version, beside the addon of this one.
  const [file, settings] = [require.resolve('..'), require.resolve('../package.json')];
  const kept = require.cache[file];
  try {
    delete require.cache[file];
    require.cache[settings].exports.version = '7.2.0';
    assert.throws(() => require('..'), (error) => error.name === 'BackendError'
      && error.message.includes('7.2.0') && error.message.includes(`libkess ${version} `));
  } finally {
    require.cache[settings].exports.version = version;
    require.cache[file] = kept;
  }
});
