<?php
/*
 * Lets the programs of this folder speak the protocol of the conformance kit: each
 * gives one function for each operation, which returns bytes or throws.
 */

declare(strict_types=1);

/** The words of a warning become an exception where a program asks for it. */
final class Refused extends RuntimeException
{
}

function reply(array $answer): void
{
    fwrite(STDOUT, json_encode($answer, JSON_UNESCAPED_SLASHES) . "\n");
}

/** @param array<string, callable> $operations */
function serve(string $name, array $operations): void
{
    ini_set('display_errors', 'stderr');
    error_reporting(E_ALL & ~E_DEPRECATED & ~E_WARNING);
    while (($line = fgets(STDIN)) !== false) {
        $request = json_decode($line, true);
        if ($request['op'] === 'hello') {
            reply([
                'protocol' => 1,
                'name' => $name,
                'version' => '1',
                'language' => 'PHP ' . PHP_MAJOR_VERSION . '.' . PHP_MINOR_VERSION,
                'ops' => array_keys($operations),
                'profiles' => [],
            ]);
            continue;
        }
        $operation = $operations[$request['op']] ?? null;
        if ($operation === null) {
            reply(['id' => $request['id'], 'unsupported' => 'no such operation']);
            continue;
        }
        try {
            $arguments = [base64_decode($request['text'] ?? '', true)];
            if (isset($request['key'])) {
                $arguments[] = base64_decode($request['key'], true);
            }
            $bytes = $operation(...$arguments);
            reply(['id' => $request['id'], 'bytes' => base64_encode($bytes)]);
        } catch (Throwable $error) {
            reply(['id' => $request['id'], 'refused' => get_class($error)]);
        }
    }
}
