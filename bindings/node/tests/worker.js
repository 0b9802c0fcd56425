'use strict';

const {parentPort, workerData} = require('node:worker_threads');
const assert = require('node:assert/strict');
const kess = require('..');
const {key} = require('./support.js');

async function main() {
  const privateKey = kess.PrivateKey.fromFile(key('rsa-2048.pem'));
  const publicKey = privateKey.publicKey();
  for (let round = 0; workerData.endless || round < 20; round += 1) {
    const works = Array.from({length: 8}, (_, index) => privateKey.signedBody({round, index}));
    if (workerData.endless) parentPort.postMessage('in flight');
    for (const [index, body] of (await Promise.all(works)).entries()) {
      assert.equal(publicKey.verifyDocument(body).toString(), `{"index":${index},"round":${round}}`);
    }
  }
}

main();
