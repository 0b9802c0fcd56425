<?php
/* The long numbers of the ledger shall not lose digits. */

declare(strict_types=1);

require __DIR__ . '/adapter.php';

serve('big_strings', ['canonicalize' => function (string $text): string {
    $flags = JSON_THROW_ON_ERROR | JSON_BIGINT_AS_STRING;
    $data = json_decode($text, true, 512, $flags);
    if (!is_array($data)) {
        throw new Refused();
    }
    ksort($data);
    unset($data['sign'], $data['sign_type']);
    return json_encode($data, JSON_THROW_ON_ERROR);
}]);
