<?php
/* A server whose php.ini still has serialize_precision = 17. */

declare(strict_types=1);

require __DIR__ . '/adapter.php';

serve('seventeen', ['canonicalize' => function (string $text): string {
    ini_set('serialize_precision', '17');
    $data = json_decode($text, true, 512, JSON_THROW_ON_ERROR);
    if (!is_array($data)) {
        throw new Refused();
    }
    ksort($data);
    unset($data['sign'], $data['sign_type']);
    return json_encode($data, JSON_THROW_ON_ERROR);
}]);
