/*
 * Runs canon.php under an old version of PHP, compiled to WebAssembly.
 *
 *   node php_wasm.mjs DIRECTORY PACKAGE < requests > answers
 *
 * DIRECTORY is where `npm install` put the package, PACKAGE its name:
 * @php-wasm/node-7-4 or @php-wasm/node-8-1 (with @php-wasm/universal). They
 * are tools for making the stored vectors, licensed under the GPL, and never
 * part of this project. The first line of the output is the version of PHP,
 * the others are canon.php's answers.
 */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const [directory, name] = process.argv.slice(2);
const requireThere = createRequire(join(resolve(directory), 'package.json'));
const importThere = (spec) => import(pathToFileURL(requireThere.resolve(spec)));
const { getPHPLoaderModule } = await importThere(name);
const { PHP, loadPHPRuntime } = await importThere('@php-wasm/universal');

const php = new PHP(await loadPHPRuntime(await getPHPLoaderModule()));
const here = dirname(fileURLToPath(import.meta.url));
for (const script of ['canon.php', 'tree.php']) {
    php.writeFile(`/${script}`, readFileSync(join(here, script)));
}
php.writeFile('/requests', readFileSync(0));
const code = `<?php
    echo PHP_VERSION, "\\n";
    $argv = ['canon.php', '/requests'];
    require '/canon.php';`;
const { bytes, errors, exitCode } = await php.run({ code });
if (exitCode !== 0 || errors) {
    process.stderr.write(`PHP ended with status ${exitCode}: ${errors}\n`);
    process.exit(1);
}
process.stdout.write(bytes, () => process.exit(0));
