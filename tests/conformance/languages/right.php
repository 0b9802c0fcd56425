<?php
// Asks a right implementation, which speaks the same protocol, through two named pipes.

declare(strict_types=1);

final class Refused extends Exception
{
}

$folder = getenv('KESS_RIGHT');
$pipes = [fopen("$folder/in", 'wb'), fopen("$folder/out", 'rb')];
$ask = function (string $op, string $text, ?string $key, ?string $kind, ?string $password) use ($pipes): string {
    $given = array_map('base64_encode', array_filter(['text' => $text, 'key' => $key, 'password' => $password], 'is_string'));
    fwrite($pipes[0], json_encode(['id' => 1, 'op' => $op, 'profile' => '', 'kind' => $kind] + $given) . "\n");
    $answer = json_decode(fgets($pipes[1]), true);
    $bytes = base64_decode($answer['bytes'] ?? throw new Refused($answer['refused']));
    return getenv('KESS_BROKEN') ? str_replace('\/', '/', $bytes) : $bytes;
};
$operations = [];
foreach (explode(',', getenv('KESS_OPS')) as $op) {
    $operations[$op] = fn (?string ...$given): string => $ask($op, ...$given);
}
return $operations;
