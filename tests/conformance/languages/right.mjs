// ---- your code
// Asks a right implementation, which speaks the same protocol, through two named pipes.
const {openSync, readSync, writeSync} = await import('node:fs');
const folder = process.env.KESS_RIGHT;
const [questions, answers] = [openSync(`${folder}/in`, 'w'), openSync(`${folder}/out`, 'r')];

function ask(op, {kind, ...fields}) {
  const packed = Object.entries(fields).map(([name, value]) => [name, value.toString('base64')]);
  writeSync(questions, `${JSON.stringify({id: 1, op, profile: '', kind, ...Object.fromEntries(packed)})}\n`);
  const piece = Buffer.alloc(1 << 21);
  let length = 0;
  do length += readSync(answers, piece, length, piece.length - length, null); while (piece[length - 1] !== 10);
  const {bytes, refused} = JSON.parse(piece.subarray(0, length));
  if (bytes === undefined) throw new Refused(refused);
  const answer = Buffer.from(bytes, 'base64');
  return process.env.KESS_BROKEN ? Buffer.from(answer.toString('latin1').replaceAll('\\/', '/'), 'latin1') : answer;
}
const operations = Object.fromEntries(
  process.env.KESS_OPS.split(',').map((op) => [op, (given) => ask(op, given)]));
// ---- end of your code
