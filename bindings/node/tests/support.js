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

const key = (name) => join(VECTORS, 'keys', name);

module.exports = {ROOT, bytes, key, rows};
