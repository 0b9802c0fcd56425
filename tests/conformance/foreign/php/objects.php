<?php
/* Decoded as objects, since that is the default. */

declare(strict_types=1);

require __DIR__ . '/adapter.php';

serve('objects', ['canonicalize' => function (string $text): string {
    $object = json_decode($text, false, 512, JSON_THROW_ON_ERROR);
    if (!is_object($object) && !is_array($object)) {
        throw new Refused();
    }
    $data = (array) $object;
    ksort($data);
    unset($data['sign'], $data['sign_type']);
    return json_encode($data, JSON_THROW_ON_ERROR);
}]);
