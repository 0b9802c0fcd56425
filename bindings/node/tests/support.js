'use strict';

const {readFileSync} = require('node:fs');
const {join} = require('node:path');
const {gunzipSync} = require('node:zlib');

const ROOT = process.env.KESSPAY_ROOT ?? join(__dirname, '..', '..', '..');
const VECTORS = join(ROOT, 'tests', 'vectors');

/** The rows of a file of stored answers, without the first, which states the origin. */
function rows(name) {
  const text = gunzipSync(readFileSync(join(VECTORS, name))).toString();
  return text.trimEnd().split('\n').slice(1).map((line) => JSON.parse(line));
}

function bytes(row, field) {
  return field in row ? Buffer.from(row[field]) : Buffer.from(row[`${field}_base64`], 'base64');
}

/** Run with the addon answering by what writes into the request: its bytes and its numbers. */
function answered(write, run) {
  const native = require('../build/Release/kess.node');
  const {run: real} = native;
  native.run = (bytes) => write(bytes, new Int32Array(bytes.buffer, bytes.byteOffset, 128));
  try {
    return run();
  } finally {
    native.run = real;
  }
}

const key = (name) => join(VECTORS, 'keys', name);

module.exports = {ROOT, answered, bytes, key, rows};
