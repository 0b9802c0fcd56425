'use strict';

// node bench.js KEY: the best of many rounds, in microseconds, of this package and
// of the crypto of Node, for a response of 701 bytes and a request of 333. Those of
// the folder KESS_BENCH, where it is set: see ../measure.
const {createPrivateKey, createPublicKey, sign, verify} = require('node:crypto');
const {readFileSync} = require('node:fs');
const kess = require('.');

const pem = readFileSync(process.argv[2]);
const privateKey = kess.PrivateKey.fromPem(pem);
const publicKey = privateKey.publicKey();

/** Parameters whose text has the given length. */
function parameters(length) {
  const value = {out_trade_no: 'T-17', amount: '1.50', currency: 'USD', note: ''};
  value.note = 'x'.repeat(length - JSON.stringify(value).length);
  return value;
}

function best(name, count, run) {
  let least = Infinity;
  for (let round = 0; round < 300; round += 1) {
    const start = process.hrtime.bigint();
    for (let index = 0; index < count; index += 1) run();
    least = Math.min(least, Number(process.hrtime.bigint() - start) / count / 1000);
  }
  console.log(`${name} ${least.toFixed(3)}`);
}

const folder = process.env.KESS_BENCH;
const request = folder ? readFileSync(`${folder}/request.json`)
  : Buffer.from(JSON.stringify(parameters(333)));
const empty = privateKey.signedBodySync({note: ''}).length;
const body = folder ? readFileSync(`${folder}/body.json`)
  : privateKey.signedBodySync({note: 'x'.repeat(701 - empty)});
const canonical = publicKey.verifyDocument(body);
const signature = Buffer.from(JSON.parse(body).sign, 'base64');
const nodePrivate = createPrivateKey(pem);
const nodePublic = createPublicKey(pem);

best('canonicalize', 2000, () => kess.canonicalize(body));
best('verify', 100, () => publicKey.verifyDocument(body));
best('sign', 8, () => privateKey.signedBodySync(request));
best('refuse', 200, () => {
  try {
    kess.canonicalize('{');
  } catch {
    // It is what is measured.
  }
});
best('crypto-verify', 100, () => verify('RSA-SHA256', canonical, nodePublic, signature));
best('crypto-sign', 8, () => sign('RSA-SHA256', request, nodePrivate));
