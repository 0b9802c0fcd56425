'use strict';

// signer.js KEY [--print] [--deepbind]: signs, beside the crypto of Node.
// With --deepbind libkess uses the OpenSSL of the system, and not that of Node.
const {constants} = require('node:os');
const Module = require('node:module');
const {createHash} = require('node:crypto');

if (process.argv.includes('--deepbind')) {
  const file = require.resolve('../build/Release/kess.node');
  const addon = new Module(file);
  process.dlopen(addon, file, constants.dlopen.RTLD_NOW | constants.dlopen.RTLD_DEEPBIND);
  addon.loaded = true;
  require.cache[file] = addon;
}
const kess = require('..');

const key = kess.PrivateKey.fromFile(process.argv[2]);
for (let count = 0; count < 100; count += 1) {
  createHash('sha256').update(`${count}`).digest();
  key.publicKey().verifyDocument(key.signedBodySync('{"a":1}'));
}
const body = key.signedBodySync('{"a":1}').toString();
if (process.argv.includes('--print')) {
  console.log(`${kess.opensslVersion()}\n${body}`);
} else {
  process.send(body, () => process.disconnect());
}
