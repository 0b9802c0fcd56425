'use strict';

// node bench.js KEY: the best of many rounds, in microseconds, of this package and
// of the crypto of Node, for a response of 701 bytes and a request of 333. Those of
// the folder KESS_BENCH, where it is set: see ../measure.
const {createPrivateKey, createPublicKey, sign, verify} = require('node:crypto');
const {readFileSync} = require('node:fs');
const {promisify} = require('node:util');
const kess = require('.');
const byHand = require('./tests/by_hand.js');

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
best('by-hand-verify', 100, () => {
  const values = JSON.parse(body);
  const written = Buffer.from(values.sign, 'base64');
  if (!verify('RSA-SHA256', byHand.textOf(values), nodePublic, written)) throw new Error('wrong');
});
best('crypto-sign', 8, () => sign('RSA-SHA256', request, nodePrivate));

/** Microseconds of the processor that this thread has used; undefined but on Linux. */
function used() {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1000;
  } catch {
    return undefined;
  }
}

/**
 * What a signature in another thread costs the thread of the event loop: of 200 that one
 * turn asks for, the call alone and all until the body is there; and all, where each is asked
 * for when the one before is there.
 */
async function main() {
  const rows = {
    'async-call': [], 'crypto-async-call': [], 'async-main-thread': [], 'crypto-async-main-thread': [],
    'async-alone-main-thread': [],
  };
  const inThread = promisify(sign);
  const timed = async (row, run) => {
    const before = used();
    await run();
    row.push((used() - before) / 200);
  };
  const all = (calls, run) => () => {
    const start = process.hrtime.bigint();
    const asked = Array.from({length: 200}, run);
    calls.push(Number(process.hrtime.bigint() - start) / 200 / 1000);
    return Promise.all(asked);
  };
  for (let round = 0; round < 20 && used() !== undefined; round += 1) {
    await timed(rows['async-main-thread'], all(rows['async-call'], () => privateKey.signedBody(request)));
    await timed(rows['crypto-async-main-thread'],
      all(rows['crypto-async-call'], () => inThread('RSA-SHA256', request, nodePrivate)));
    await timed(rows['async-alone-main-thread'], async () => {
      for (let count = 0; count < 200; count += 1) await privateKey.signedBody(request);
    });
  }
  for (const [name, times] of Object.entries(rows)) {
    if (times.length > 0) console.log(`${name} ${Math.min(...times).toFixed(3)}`);
  }
}

main();
