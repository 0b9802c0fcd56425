'use strict';

// Asks this package what the conformance kit wants to know:
//
//     kesspay conformance run --bulk -- node bindings/node/conformance/adapter.js

const {join} = require('node:path');
const {createInterface} = require('node:readline');
const kess = require('..');

const ROOT = process.env.KESSPAY_ROOT ?? join(__dirname, '..', '..', '..');
const anyKey = kess.PublicKey.fromFile(join(ROOT, 'tests', 'vectors', 'keys', 'rsa-2048.pub.pem'));

function optionsOf(words) {
  const has = (word) => words.split(',').includes(word);
  return {profile: new kess.Profile({
    serializePrecision: has('precision=17') ? 17 : has('precision=100') ? 100 : -1,
    preserveZeroFraction: has('preserve_zero_fraction'),
    unescapedSlashes: has('unescaped_slashes'),
    unescapedUnicode: has('unescaped_unicode'),
    ksort: has('ksort=8.0') ? '8.0' : has('ksort=7') ? '7' : '8.2',
  })};
}

/** What libkess reads as a signature is strict base64, whether the signature is right or not. */
function base64(text) {
  try {
    anyKey.verifyDocument(JSON.stringify({sign: text.toString()}));
  } catch (error) {
    if (!['mismatch', 'sign_length'].includes(error.reason)) throw error;
  }
  return Buffer.from(text.toString('latin1'), 'base64');
}

function publicHalf(kind, text, password) {
  if (kind === 'private') return kess.PrivateKey.fromPem(text, {password}).publicKey();
  return kess.PublicKey.fromPem(text, {password});
}

const operations = {
  canonicalize: ({text, profile}) => kess.canonicalize(text, optionsOf(profile)),
  sign: async ({text, key, profile}) =>
    Buffer.from(await kess.PrivateKey.fromPem(key).signDocument(text, optionsOf(profile))),
  body: ({text, key, profile}) => kess.PrivateKey.fromPem(key).signedBody(text, optionsOf(profile)),
  verify: ({text, key, profile}) => kess.PublicKey.fromPem(key).verifyDocument(text, optionsOf(profile)),
  key: ({kind, text, password}) => publicHalf(kind, text, password).spki(),
  base64: ({text}) => base64(text),
};

async function answer(line) {
  const {id, op, kind, profile, ...fields} = JSON.parse(line);
  if (op === 'hello') {
    return {protocol: 1, name: 'bindings/node', version: kess.version(),
      language: `Node ${process.versions.node}`, ops: Object.keys(operations),
      profiles: ['precision=17', 'precision=100', 'unescaped_slashes', 'unescaped_unicode', 'ksort=8.0',
        'ksort=7', 'preserve_zero_fraction']};
  }
  for (const name of Object.keys(fields)) fields[name] = Buffer.from(fields[name], 'base64');
  try {
    const bytes = await operations[op]({kind, profile, ...fields});
    return {id, bytes: bytes.toString('base64')};
  } catch (error) {
    const isRefusal = error instanceof kess.KessError && !(error instanceof kess.BackendError);
    return isRefusal ? {id, refused: error.reason} : {id, error: error.message};
  }
}

(async () => {
  for await (const line of createInterface({input: process.stdin})) {
    process.stdout.write(`${JSON.stringify(await answer(line))}\n`);
  }
})();
