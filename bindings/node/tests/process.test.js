'use strict';

const assert = require('node:assert/strict');
const {execFile, execFileSync} = require('node:child_process');
const {existsSync, readFileSync} = require('node:fs');
const {join} = require('node:path');
const {promisify} = require('node:util');
const test = require('node:test');
const {Worker} = require('node:worker_threads');
const kess = require('..');
const {ROOT, key} = require('./support.js');

/** The names that nm finds, without the version behind the @. */
function symbols(file, which, filter) {
  const text = execFileSync('nm', ['-D', which, file], {encoding: 'utf8', maxBuffer: 1 << 28});
  return text.split('\n').map((line) => line.trim().split(/\s+/).at(-1)).filter(filter)
    .map((name) => name.split('@')[0]);
}

test('node exports all of the OpenSSL that libkess needs, or none of it', {skip: process.platform !== 'linux'}, () => {
  const maps = readFileSync('/proc/self/maps', 'utf8');
  const library = maps.match(/\S+\/libkess\.so\S*/)[0];
  const needed = symbols(library, '--undefined-only', (name) => name.includes('@OPENSSL'));
  assert.ok(needed.length > 30);
  const exported = new Set(symbols(process.execPath, '--defined-only', () => true));
  const there = needed.filter((name) => exported.has(name));
  assert.ok(there.length === 0 || there.length === needed.length,
    `${there.length} of ${needed.length}: a mixture of two OpenSSLs can crash`);
  assert.match(kess.opensslVersion(), /^OpenSSL 3\./);
  if (there.length > 0) {
    assert.ok(kess.opensslVersion().includes(process.versions.openssl.split('+')[0]));
  }
});

test('four workers sign and verify, and one is terminated meanwhile', {timeout: 120000}, async () => {
  const file = join(__dirname, 'worker.js');
  const work = (endless) => new Promise((resolve, reject) => {
    const worker = new Worker(file, {workerData: {endless}});
    worker.once('error', reject);
    worker.once('exit', resolve);
    // It has works in flight when it says this.
    if (endless) worker.once('message', () => worker.terminate());
  });
  const codes = await Promise.all([work(false), work(true), work(false), work(false)]);
  assert.deepEqual(codes, [0, 1, 0, 0]);
  // The addon of this thread continues.
  assert.equal(kess.canonicalize('{"a":1}').toString(), '{"a":1}');
});

test('memory does not grow', {timeout: 300000}, async () => {
  await promisify(execFile)(process.execPath,
    ['--expose-gc', '--max-semi-space-size=1', join(__dirname, 'leaks.js')]);
});

test('the example signs, verifies and shows a refusal', () => {
  const text = execFileSync(process.execPath, [join(__dirname, '..', 'example.js')], {
    encoding: 'utf8', env: {...process.env, KESSPAY_EXAMPLE_KEY: key('rsa-2048.pem')},
  });
  assert.match(text, /verified: \{.*"amount":"1\.50".*\}\nrefused: mismatch \(KESS_ERR_SIGNATURE\)\n/);
});

const python = join(ROOT, '.venv', 'bin', 'python');
const without = !existsSync(python) && process.env.KESSPAY_REQUIRE_LANGUAGES !== '1' && 'no Python of the project';

test('Python verifies what Node signs, and Node what Python signs', {skip: without}, () => {
  const parameters = '{"b":"é/","a":{"2":1,"1":[0.5,null]}}';
  const body = kess.PrivateKey.fromFile(key('rsa-2048.pem')).signedBodySync(parameters);
  const code = `
import json, pathlib, sys, kesspay
private, public = (pathlib.Path(path).read_bytes() for path in sys.argv[1:3])
parameters = json.loads(sys.argv[3])
key = kesspay.PublicKey.from_pem(public)
canonical = kesspay.verify_document(key, sys.stdin.buffer.read())
signed = kesspay.signed_body(kesspay.PrivateKey.from_pem(private), parameters)
sys.stdout.buffer.write(canonical + b"\\n" + signed)
`;
  const answer = execFileSync(python,
    ['-c', code, key('rsa-2048.pem'), key('rsa-2048.pub.pem'), parameters], {input: body, encoding: 'utf8'});
  const [canonical, signed] = answer.split('\n');
  assert.equal(canonical, kess.canonicalize(parameters).toString());
  assert.equal(signed, body.toString());
  const publicKey = kess.PublicKey.fromFile(key('rsa-2048.pub.pem'));
  assert.equal(publicKey.verifyDocument(signed).toString(), canonical);
});
