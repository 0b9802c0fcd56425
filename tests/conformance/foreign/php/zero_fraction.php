<?php
/* The author wants an amount of 10.0 to stay a fraction. */

declare(strict_types=1);

require __DIR__ . '/adapter.php';

serve('zero_fraction', ['canonicalize' => function (string $text): string {
    $data = json_decode($text, true, 512, JSON_THROW_ON_ERROR);
    if (!is_array($data)) {
        throw new Refused();
    }
    ksort($data);
    unset($data['sign'], $data['sign_type']);
    return json_encode($data, JSON_PRESERVE_ZERO_FRACTION | JSON_THROW_ON_ERROR);
}]);
