'use strict';

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const {readFileSync} = require('node:fs');
const test = require('node:test');
const kess = require('..');
const {bytes, key, rows} = require('./support.js');

test('every stored document has the answer of PHP', () => {
  let count = 0;
  for (const name of ['canonical.jsonl.gz', 'ksort.jsonl.gz']) {
    for (const row of rows(name)) {
      const document = bytes(row, 'document');
      count += 1;
      if ('ok' in row) {
        assert.equal(kess.canonicalize(document).toString(), row.ok, row.group);
      } else {
        assert.throws(() => kess.canonicalize(document), kess.CanonicalizationError, row.group);
      }
    }
  }
  assert.equal(count, 13017);
});

test('every other profile has the answer of its PHP', () => {
  for (const name of ['profiles.jsonl.gz', 'ksort_old.jsonl.gz']) {
    for (const row of rows(name)) {
      for (const answer of row.answers) {
        const code = answer.settings;
        const profile = new kess.Profile({
          serializePrecision: code.includes('p') ? 17 : code.includes('h') ? 100 : -1,
          preserveZeroFraction: code.includes('z'),
          unescapedSlashes: code.includes('s'),
          unescapedUnicode: code.includes('u'),
          ksort: code.includes('7') ? '7' : code.includes('8') ? '8.0' : '8.2',
        });
        const document = bytes(row, 'document');
        if ('ok' in answer) {
          assert.equal(kess.canonicalize(document, {profile}).toString(), answer.ok, code);
        } else {
          assert.throws(() => kess.canonicalize(document, {profile}), kess.CanonicalizationError);
        }
      }
    }
  }
});

test('every stored signature has the verdict of PHP, one by one and in a batch', async () => {
  const byKey = new Map();
  for (const row of rows('signatures.jsonl.gz')) {
    byKey.set(row.key, [...(byKey.get(row.key) ?? []), row]);
  }
  let valid = 0;
  let forged = 0;
  for (const [name, cases] of byKey) {
    const options = {allowWeak: true};
    const publicKey = kess.PublicKey.fromFile(key(`${name}.pub.pem`), options);
    const privateKey = kess.PrivateKey.fromFile(key(`${name}.pem`), options);
    const bodies = cases.map((row) => bytes(row, 'body'));
    const verdicts = await publicKey.verifyDocuments(bodies);
    for (const [index, row] of cases.entries()) {
      const {bytes: verified, error} = verdicts[index];
      if (row.valid) {
        valid += 1;
        assert.equal(publicKey.verifyDocument(bodies[index]).toString(), row.canonical);
        assert.equal(verified.toString(), row.canonical);
        // Equal bytes: what Node signs verifies wherever the stored one does.
        assert.equal(privateKey.signDocumentSync(bytes(row, 'document')), row.sign);
      } else {
        forged += 1;
        assert.throws(() => publicKey.verifyDocument(bodies[index]), kess.InvalidSignature, row.why);
        assert.ok(error instanceof kess.InvalidSignature, row.why);
        assert.equal(verified, undefined);
      }
    }
  }
  assert.ok(valid > 20 && forged > 20, `${valid} valid, ${forged} forged`);
});

test('the public half is what Node writes', () => {
  for (const name of ['rsa-2048', 'rsa-2048-e3', 'rsa-4096']) {
    const expected = crypto.createPublicKey(readFileSync(key(`${name}.pem`)))
      .export({type: 'spki', format: 'der'});
    const own = kess.PrivateKey.fromFile(key(`${name}.pem`), {allowWeak: true}).publicKey();
    assert.deepEqual(own.spki(), expected);
    assert.deepEqual(kess.PublicKey.fromPem(expected, {allowWeak: true}).spki(), expected);
  }
});

test('the crypto of Node agrees with a signed body', async () => {
  const privateKey = kess.PrivateKey.fromFile(key('rsa-2048.pem'));
  const body = await privateKey.signedBody({b: 1, a: 'é/'});
  const {sign, sign_type: type, ...rest} = JSON.parse(body);
  assert.equal(type, 'RSA2');
  assert.ok(crypto.verify('RSA-SHA256', kess.canonicalize(rest),
    readFileSync(key('rsa-2048.pub.pem')), Buffer.from(sign, 'base64')));
  assert.deepEqual(privateKey.publicKey().verifyDocument(body), kess.canonicalize(rest));
  assert.deepEqual(privateKey.signedBodySync({b: 1, a: 'é/'}), body);
});
