'use strict';

// node example.js: sign parameters, verify the body, and see a forgery refused.
// KESSPAY_EXAMPLE_KEY is the file of an RSA private key; without it, a new one
// is made.
const {generateKeyPairSync} = require('node:crypto');
const kess = require('.');

function exampleKey() {
  const file = process.env.KESSPAY_EXAMPLE_KEY;
  if (file !== undefined) return kess.PrivateKey.fromFile(file);
  const {privateKey} = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: {type: 'pkcs8', format: 'pem'},
    publicKeyEncoding: {type: 'spki', format: 'pem'},
  });
  return kess.PrivateKey.fromPem(privateKey);
}

async function main() {
  const privateKey = exampleKey();
  const publicKey = privateKey.publicKey();
  const body = await privateKey.signedBody({out_trade_no: 'T-17', amount: '1.50', currency: 'USD'});
  console.log(`verified: ${publicKey.verifyDocument(body)}`);

  const forged = body.toString().replace('1.50', '9.50');
  try {
    publicKey.verifyDocument(forged);
  } catch (error) {
    if (!(error instanceof kess.InvalidSignature)) throw error;
    console.log(`refused: ${error.reason} (${error.code})`);
  }
}

main();
